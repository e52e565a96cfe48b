"""What the verb `fix` calls and says: all names by class, what was installed, what was written where.

A notebook that Jupyter trusts stays trusted: its signature is over all of its
content, so a lock in the metadata would make its outputs inert until somebody
says `jupyter trust`. Signed again is only what was trusted before, and only
our own change of it.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import api
from ..api import Caller
from ..errors import AutoexecError, UsageError
from ..orchestrator import Fixed, PhaseReport, Report
from ..values import Resolution, Result, Verdict
from . import speak
from .spoken import Spoken

if TYPE_CHECKING:
    from .verbs import Call

FORMS = ("script", "requirements")
# What a person does something about comes last, next to the prompt.
_ORDER = ("third-party", "removed", "platform", "alias", "drift", "local", "invented")


def fix(call: Call, caller: Caller) -> Spoken:
    """Make what is named importable; a notebook that was trusted stays so."""
    options = call.options
    if options.export:
        return _exported(options, caller)
    trusted = [path for path in _notebooks(options.paths, caller) if is_trusted(path)]
    report = None
    try:
        report = api.fix(
            *options.paths,
            check=options.check,
            sync=options.sync,
            cell=options.cell,
            yes=options.yes,
            caller=caller,
        )
    except AutoexecError as error:
        if not isinstance(error.report, Report) or not error.report.phases:
            raise
        report = error.report
        if report.phases[-1].fixed is None:  # it ended before there was anything to tell
            raise
    for path in _written(report):
        if path in trusted:
            sign(path)
    return _spoken(report)


def is_trusted(path: Path) -> bool:
    """Whether Jupyter trusts a notebook as it is on the disk."""
    found = _notary(path)
    return bool(found and found[0].check_signature(found[1]))


def sign(path: Path) -> None:
    """Let Jupyter trust a notebook as it is on the disk."""
    found = _notary(path)
    if found:
        found[0].sign(found[1])


def describe(report: Report) -> str:
    """Return what a person reads of a `fix`."""
    phase = report.phases[-1]
    assert phase.fixed is not None
    lines = _headline(phase.fixed) if phase.fixed.names else []
    for cls in _ORDER:
        found = [item for item in phase.resolutions if item.cls == cls]
        lines += [f"── {cls}"] if found else []
        lines += [line for item in found for line in _told(item, phase)]
    lines += [*phase.fixed.notes]
    lines += [str(report.error)] if report.error else []
    return "\n".join(lines)


def _headline(fixed: Fixed) -> list[str]:
    missing = fixed.names - fixed.stdlib - fixed.present
    return [f"{fixed.names} modules: {fixed.stdlib} part of Python, {fixed.present} here, {missing} missing"]


def _told(item: Resolution, phase: PhaseReport) -> list[str]:
    here = {done.distribution.lower(): done for done in phase.installed}
    done = here.get(item.distribution.lower())
    if done:
        return [f"{item.module or item.distribution}: installed {done.distribution} {done.version}"]
    return speak.describe(item).splitlines()


def _spoken(report: Report) -> Spoken:
    phase = report.phases[-1]
    result = speak.result_of(report)
    if phase.fixed:
        result.added["written"] = [str(path) for path in phase.fixed.written]
        result.added["missing"] = list(phase.fixed.left)
        result.added["notes"] = list(phase.fixed.notes)
    return Spoken(result=result, value=report, text=describe(report), records=tuple(speak.records_of(report)))


def _exported(options: Any, caller: Caller) -> Spoken:
    if len(options.paths) != 1:
        raise UsageError(
            "--export takes one notebook", fix=f"%autoexec fix --export {options.export} NOTEBOOK"
        )
    text = api.locked(options.paths[0], options.export, caller)
    result = Result(verb="fix", verdict=Verdict.PASSED, added={"text": text})
    return Spoken(result=result, value=text, text=text)


def _notebooks(paths: Sequence[str], caller: Caller) -> list[Path]:
    start = caller.cwd or Path.cwd()
    found = [start / path for path in paths] or [Path(caller.notebook)]
    return [path.absolute() for path in found if path.suffix == ".ipynb" and path.is_file()]


def _written(report: Report) -> list[Path]:
    fixed = report.phases[-1].fixed
    return [path for path in fixed.written if path.suffix == ".ipynb"] if fixed else []


def _notary(path: Path) -> tuple[Any, Any] | None:
    """Return Jupyter's notary and the notebook, where there are signatures and it can be read."""
    from jupyter_core.paths import jupyter_data_dir

    if not (Path(jupyter_data_dir()) / "nbsignatures.db").exists():
        return None  # nobody ever trusted one here
    import nbformat
    from nbformat.sign import NotebookNotary

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of notebooks that are a little wrong; they are left so
            return NotebookNotary(), nbformat.read(path, as_version=4)
    except (OSError, ValueError, sqlite3.Error, AttributeError, KeyError, TypeError):
        return None
