"""What the verb `junit` calls and says: reports of tests from anywhere, in pytest's own words.

Nothing is cut: who pipes the text, or searches it, has whole lines.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .. import junits
from ..api import Caller
from ..errors import UsageError
from ..junits import Report, Reports
from ..redact import mask, one_line, secrets_in
from ..testrunner.cases import Case, CaseVerdict
from ..testrunner.junit import Comparison, Fault, id_of, line_of
from ..values import Result, Verdict
from .caserecord import case_record
from .spoken import Spoken

if TYPE_CHECKING:
    from collections import Counter

    from .verbs import Call

_WIDTH = 80  # of the last line, as pytest has it without a terminal
_MOST_OTHERS = 5  # files that are named; of more the number
_WORDS: tuple[tuple[CaseVerdict, str], ...] = (
    ("failed", "failed"),
    ("passed", "passed"),
    ("skipped", "skipped"),
    ("xfailed", "xfailed"),
    ("xpassed", "xpassed"),
    ("error", "error"),
    ("not-run", "not run"),
)
_FILES = "%autoexec junit FILE …"


def add_junit(parser: argparse.ArgumentParser) -> None:
    """Add what `junit` takes."""
    parser.add_argument(
        "--summary", action="store_true", help="count the cases of each file; name none of them"
    )
    parser.add_argument(
        "--merge", default="", metavar="OUT.xml", help="write all as one report; of a case the last that ran"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="OLD NEW: new failures, fixed, still failing, slower, new, gone; fails for new failures only",
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="JUnit XML: files, folders (every *.xml below), patterns"
    )


def junit(call: Call, caller: Caller) -> Spoken:
    """Say what reports hold, write them as one, or say what became of one in the next."""
    started = time.monotonic()
    options = call.options
    if not options.files:
        raise UsageError("which reports?", fix=_FILES)
    if options.compare:
        if options.merge or len(options.files) != 2:
            raise UsageError("what is compared are two", fix="%autoexec junit --compare OLD NEW")
        return _compared(call, caller, started)
    reports = junits.read(*options.files, cwd=caller.cwd)
    added: dict[str, object] = dict(_numbers(reports.counts))
    verdict, cases = reports.verdict, list(reports.cases)
    if options.merge:
        cases = junits.merge(reports, options.merge, cwd=caller.cwd)
        verdict = Verdict.INVALID if reports.is_damaged else Verdict.PASSED  # what was asked for is done
        added |= {"merged": options.merge, "cases_merged": len(cases)}
    added |= {"files": len(reports.reports), "others": list(reports.others)}
    added["damaged"] = sum(report.fault is not None for report in reports.reports)
    lines = [*_faults(reports), *_left_out(reports)]
    lines += _table(reports.reports) if options.summary else _short_summary(cases)
    if options.merge:
        lines.append(
            f"wrote {one_line(options.merge)}: {_cases(len(cases))} of {_files(len(reports.reports))}"
        )
    lines.append(_last_line(cases))
    return Spoken(
        result=_result(verdict, started, added),
        value=cases,
        text=_shown(lines),
        records=tuple(_records(reports, has_cases=not options.summary)),
    )


def _compared(call: Call, caller: Caller, started: float) -> Spoken:
    old, new = (junits.read(name, cwd=caller.cwd) for name in call.options.files)
    found = junits.compare(old, new)
    changes = _changes(found)
    verdict = Verdict.PASSED
    if found.failing:
        verdict = Verdict.FAILED
    elif old.is_damaged or new.is_damaged:
        verdict = Verdict.INVALID
    elif not new.counts.total():
        verdict = Verdict.SKIPPED
    added: dict[str, object] = {name.replace("-", "_"): len(cases) for name, cases in changes.items()}
    lines = [*_faults(old), *_faults(new), *_left_out(old), *_left_out(new)]
    if not call.options.summary:
        lines += _difference(found)
    lines.append(_heading(", ".join(f"{len(cases)} {_said(name)}" for name, cases in changes.items())))
    return Spoken(
        result=_result(verdict, started, added),
        value=found,
        text=_shown(lines),
        records=(
            *(_file(report) for reports in (old, new) for report in reports.reports),
            *(() if call.options.summary else _changed(changes, old)),
        ),
    )


def _result(verdict: Verdict, started: float, added: dict[str, object]) -> Result:
    return Result(verb="junit", verdict=verdict, seconds=time.monotonic() - started, added=added)


def _shown(lines: Iterable[str]) -> str:
    return mask("\n".join(lines), secrets_in(os.environ))


def _numbers(counts: Counter[CaseVerdict]) -> dict[str, int]:
    """Return the numbers of a report; what did not run, or failed as it was expected to, is skipped."""
    return {
        "cases": counts.total(),
        "passed": counts["passed"] + counts["xpassed"],
        "failed": counts["failed"],
        "errors": counts["error"],
        "skipped": counts["skipped"] + counts["xfailed"] + counts["not-run"],
    }


def _records(reports: Reports, *, has_cases: bool) -> Iterator[dict[str, object]]:
    for report in reports.reports:
        yield _file(report)
        if has_cases:
            yield from map(case_record, report.cases)


def _file(report: Report) -> dict[str, object]:
    fault = report.fault
    told = {"what": fault.what, "line": fault.line, "byte": fault.byte} if fault else None
    return {"kind": "JunitFile", "path": report.path, **_numbers(report.counts), "fault": told}


def _changes(found: Comparison) -> dict[str, list[Case]]:
    return {
        "new-failures": list(found.failing),
        "fixed": list(found.fixed),
        "still-failing": list(found.still),
        "slower": [now for _, now in found.slower],
        "new": list(found.added),
        "gone": list(found.gone),
    }


def _changed(changes: dict[str, list[Case]], old: Reports) -> Iterator[dict[str, object]]:
    """Yield a record for each case that something became of, with all of it."""
    by_id: dict[str, tuple[Case, list[str]]] = {}
    for name, cases in changes.items():
        for case in cases:
            by_id.setdefault(id_of(case), (case, []))[1].append(name)
    before = {id_of(case): case for case in old.cases}
    for nodeid, (case, names) in by_id.items():
        was = before.get(nodeid)
        told = {"verdict": was.verdict, "seconds": was.seconds} if was else None
        yield case_record(case) | {"changes": names, "was": told}


def _faults(reports: Reports) -> Iterator[str]:
    """Yield what is wrong with each damaged file, with its place."""
    for report in reports.reports:
        if report.fault:
            yield f"{one_line(report.path)}: {_fault(report.fault)}"


def _fault(fault: Fault) -> str:
    place = f" (line {fault.line}, byte {fault.byte})" if fault.line else ""
    return f"{one_line(fault.what)}{place}"


def _left_out(reports: Reports) -> Iterator[str]:
    for path in reports.others[:_MOST_OTHERS]:
        yield f"{one_line(path)}: no JUnit XML, left out"
    if more := len(reports.others) - _MOST_OTHERS if len(reports.others) > _MOST_OTHERS else 0:
        yield f"… and {_files(more)} more that {'is' if more == 1 else 'are'} no JUnit XML"


def _short_summary(cases: Iterable[Case]) -> Iterator[str]:
    """Yield what failed, was flaky or did not run, as pytest's short test summary has it."""
    cases = list(cases)
    told = [(f"{case.verdict.upper()} ", case) for case in cases if case.verdict == "failed"]
    told += [("ERROR ", case) for case in cases if case.verdict == "error"]
    told += [("NOT RUN ", case) for case in cases if case.verdict == "not-run"]
    told += [("FLAKY ", case) for case in cases if case.is_flaky]
    if told:
        yield _heading("short test summary info")
    for word, case in told:
        yield word + _line(case)


def _difference(found: Comparison) -> Iterator[str]:
    for word, cases in (
        ("NEW FAILURE", found.failing),
        ("STILL FAILING", found.still),
        ("FIXED", found.fixed),
        ("NEW", [case for case in found.added if not case.is_bad]),
        ("GONE", found.gone),
    ):
        for case in cases:
            yield f"{word} {_line(case) if case.is_bad and word != 'GONE' else one_line(id_of(case))}"
    for was, now in found.slower:
        yield f"SLOWER {one_line(id_of(now))} - {was.seconds:.2f}s, now {now.seconds:.2f}s"


def _line(case: Case) -> str:
    """Return a case with what is said of it; whole, however long."""
    said = one_line(line_of(case))
    return f"{one_line(id_of(case))} - {said}" if said else one_line(id_of(case))


def _table(reports: Iterable[Report]) -> Iterator[str]:
    for report in reports:
        if report.is_read:
            yield f"{one_line(report.path)}: {_counted(report.cases)}"


def _last_line(cases: Iterable[Case]) -> str:
    return _heading(_counted(cases))


def _counted(cases: Iterable[Case]) -> str:
    """Return how many ended how, and the time that they took together, as pytest says it."""
    cases = list(cases)
    counts: dict[str, int] = {}
    for case in cases:
        counts[case.verdict] = counts.get(case.verdict, 0) + 1
    said = [f"{counts[word]} {_plural(name, counts[word])}" for word, name in _WORDS if word in counts]
    flaky = sum(case.is_flaky for case in cases)
    said += [f"{flaky} flaky"] if flaky else []
    seconds = [case.seconds for case in cases if case.seconds is not None]
    time = f" in {sum(seconds):.2f}s" if seconds else ""
    return (", ".join(said) or "no tests") + time


def _plural(word: str, count: int) -> str:
    return "errors" if word == "error" and count != 1 else word


def _said(change: str) -> str:
    return change.replace("-", " ")


def _cases(count: int) -> str:
    return f"{count} case{'s' * (count != 1)}"


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"


def _heading(words: str) -> str:
    return f" {words} ".center(_WIDTH, "=")
