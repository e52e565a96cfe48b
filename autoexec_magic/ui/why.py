"""`why`: the last failure of this notebook, or the newest failed run of this workspace, explained.

In a kernel the last cell that failed is explained, plain or marked, by what is
known of the notebook; a run of this kernel that failed since then (`sh`,
`script`, `test`) comes before it. A command line has only the runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import api, diagnosis, failures
from ..api import Caller
from ..errors import AutoexecError, Cancelled, UsageError
from ..failures import Explained
from ..history import short_id
from ..orchestrator import Report
from ..redact import cleaned, secrets_in
from ..values import Diagnosis, Frame, Result, Verdict, as_record
from . import executed, situation
from .executed import Executed, Failed
from .meant import fixing_of
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

NOTHING = "nothing failed here: there is nothing to explain"


def why(call: Call, caller: Caller) -> Spoken:
    """Explain the newest failed run of this workspace.

    Raises
    ------
    UsageError
        It is to be fixed: a command line does not know what a notebook has.
    """
    if fixing_of(call.options) is not None:
        raise UsageError(
            "why --fix needs a notebook",
            why="what failed is run again in the kernel it failed in",
            fix="type it in a cell of the notebook that failed; a script is fixed here with script --fix",
        )
    found = api.why(caller)
    return of_run(found) if found is not None else _nothing()


def here(shell: Any, caller: Caller, options: argparse.Namespace) -> Spoken:
    """Explain the last failure of the notebook of `shell`; with `--fix` its cell is fixed after this one."""
    log = executed.of(shell)
    failed = log.failed if log is not None else None
    after = int(failed.run.at * 1000) if failed is not None else 0
    run = failures.newest(lambda meta: _is_here(meta, caller), after_ms=after)
    if run is not None:
        spoken = of_run(run)
        if fixing_of(options) is None:
            return spoken
        again = "a run is fixed while it is one: run it again with --fix, as %%autoexec script --fix"
        return dataclasses.replace(spoken, text=f"{spoken.text}\n{again}")
    if log is None or failed is None:
        return _nothing()
    spoken = of_cell(shell, log, failed)
    if fixing_of(options) is None or not isinstance(spoken.value, Diagnosis):
        return spoken
    from .fixing_cell import Broken, fix_last  # which few lines need

    broken = Broken(raw=failed.run.source, found=spoken.value, options=options)
    return dataclasses.replace(spoken, text=f"{spoken.text}\n{fix_last(shell, broken)}")


def of_run(found: Explained) -> Spoken:
    """Return what there is to say of a run that failed."""
    run, said = found.run, found.said
    head = f"{run.verb} {run.title} · run {short_id(run.run_id)}"
    added: dict[str, object] = {"explained": run.run_id, "cell": None, "said": said}
    return _spoken([head, *([said] if said else [])], found.diagnosis, added)


def of_cell(shell: Any, log: Executed, failed: Failed) -> Spoken:
    """Return what there is to say of a cell that failed."""
    found = cleaned(explained(shell, failed), secrets_in(os.environ))
    said = cleaned(failed.run.error, secrets_in(os.environ))
    later = [run for run in log.runs if run.at > failed.run.at and not _is_ours(run.source)]
    lines = [said]
    if later:
        again = next((run for run in reversed(later) if run.source == failed.run.source), None)
        is_passed = again is not None and again.ran == "passed"
        passed = f", and passed as [{again.number}]" if again is not None and is_passed else ""
        lines = [f"the last cell passed; cell [{failed.run.number}] failed{passed}:", said]
    report = getattr(failed.error, "report", None) if isinstance(failed.error, AutoexecError) else None
    run_id = report.run_id if isinstance(report, Report) else ""
    added: dict[str, object] = {"explained": run_id, "cell": failed.run.number, "said": said}
    return _spoken(lines, found, added)


def explained(shell: Any, failed: Failed) -> Diagnosis:
    """Return why a cell failed, with its place by the cell's number and id."""
    error = failed.error
    if isinstance(error, AutoexecError | Cancelled):
        if isinstance(error.report, Report) and error.report.diagnosis is not None:
            return error.report.diagnosis
        reason = f"{error.what}: {error.why}" if error.why else error.what
        return Diagnosis(code=error.code, why=reason, fix=error.fix, confidence="certain")
    log = executed.of(shell)
    files = log.files if log is not None else {}
    found = diagnosis.diagnose_exception(
        error, is_user_frame=files.__contains__, around=situation.around(shell, error)
    )
    return placed(found, files, {run.number: run for run in log.runs} if log is not None else {})


def placed(found: Diagnosis, files: Mapping[str, int], runs: Mapping[int, executed.OneRun]) -> Diagnosis:
    """Return a diagnosis whose place is named by its cell: number, id and line of code."""
    file, _, line = found.where.rpartition(":")
    number = files.get(file, 0)
    if not number or not line.isdecimal():
        return found
    frame = found.frame or Frame(file=file, line=int(line))
    run = runs.get(number)
    source = frame.source or (_line(run.source, int(line)) if run is not None else "")
    frame = dataclasses.replace(
        frame, cell=str(number), cell_id=run.cell_id if run is not None else "", source=source
    )
    return dataclasses.replace(found, where=f"In [{number}]:{line}", frame=frame)


def _spoken(lines: list[str], found: Diagnosis, added: dict[str, object]) -> Spoken:
    where = _where(found)
    text = [
        *lines,
        f"{found.code}: {found.why}",
        *([f"  where: {where}"] if where else []),
        *(f"  because: {line}" for line in found.evidence),
        *([f"  fix: {found.fix}"] if found.fix else []),
    ]
    result = Result(verb="why", verdict=Verdict.PASSED, added=added)
    return Spoken(result=result, value=found, text="\n".join(text), records=(as_record(found),))


def _where(found: Diagnosis) -> str:
    frame = found.frame
    if frame is None or not frame.cell:
        return found.where
    source = f": {frame.source}" if frame.source else ""
    return f"cell [{frame.cell}], line {frame.line}{source}"


def _nothing() -> Spoken:
    added: dict[str, object] = {"explained": "", "cell": None, "said": ""}
    return Spoken(result=Result(verb="why", verdict=Verdict.SKIPPED, added=added), text=NOTHING)


def _is_here(meta: Any, caller: Caller) -> bool:
    """Whether a run was started by this kernel, and is no cell: those are known better."""
    own = meta.kernel == caller.kernel if caller.kernel else meta.owner.pid == os.getpid()
    return bool(own) and meta.verb != "cell"


def _is_ours(source: str) -> bool:
    """Whether a cell holds nothing but lines of ours."""
    lines = [line.split()[0] for line in source.splitlines() if line.strip()]
    return all(line == "%autoexec" for line in lines)


def _line(source: str, number: int) -> str:
    lines = source.split("\n")
    return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""
