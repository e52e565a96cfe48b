"""Writes JUnit XML that junitparser and the common readers of CI take.

Element order and attributes are Surefire's and pytest's. What did not run is
skipped to those who have no word for it, never passed, and our own verdict
stands beside it as a property. A report is written whole to a file beside
the one that is asked for, which then takes its place.

`is_strict` leaves out what the schema of Jenkins' xUnit plugin (`junit-10.xsd`) has no place for:
of a case its file, its line and its properties, of an attempt its time. Without it those are there,
as GitLab, CircleCI and who annotates pull requests read them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..cases import Case, Problem
from . import own
from .dialects import ELEMENTS
from .escapes import PROPERTY, as_attribute, as_text
from .parts import Suite

_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_ROOT = "tests"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SKIPS = {"skipped": "pytest.skip", "xfailed": "pytest.xfail", "not-run": "autoexec.not-run"}


def write(
    path: Path,
    cases: Sequence[Case],
    suites: Sequence[Suite] = (),
    *,
    is_strict: bool = False,
    folder: int | None = None,
) -> None:
    """Write `cases` to `path`, grouped by their suites in the order in which these first come.

    Parameters
    ----------
    path : Path
        It is replaced when all is written, or where it links to. A name
        where there is a `folder`: then a link is replaced, too.
    cases : sequence of Case
        Gone through more than once.
    suites : sequence of Suite, optional
        What is known of the suites.
    is_strict : bool, default False
        Whether what Jenkins' xUnit plugin would refuse is left out.
    folder : int, optional
        The descriptor of the folder to write to, for who may not follow links.

    Raises
    ------
    OSError
        It cannot be written.
    """
    if folder is None:
        path = Path(os.path.realpath(path))
    part = path.parent / f".{secrets.token_hex(8)}.part"
    descriptor = os.open(part, _NEW, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n", errors="strict") as file:
            for piece in _pieces(cases, suites, is_strict=is_strict):
                file.write(piece)
        os.replace(part, path, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise


def text_of(cases: Sequence[Case], suites: Sequence[Suite] = (), *, is_strict: bool = False) -> str:
    """Return the same as text."""
    return "".join(_pieces(cases, suites, is_strict=is_strict))


def _pieces(cases: Sequence[Case], suites: Sequence[Suite], *, is_strict: bool) -> Iterator[str]:
    known = {suite.path: suite for suite in suites}
    yield _HEAD
    yield f"<testsuites{_counts(cases, is_root=True)}>\n"
    for path, members in _grouped(cases, suites).items():
        yield from _suite(path, members, known.get(path), is_strict=is_strict)
    yield "</testsuites>\n"


def _grouped(cases: Sequence[Case], suites: Sequence[Suite]) -> dict[tuple[str, ...], list[Case]]:
    groups: dict[tuple[str, ...], list[Case]] = {}
    for case in cases:
        groups.setdefault(case.suites, []).append(case)
    for suite in suites:
        groups.setdefault(suite.path, [])
    return groups


def _suite(
    path: tuple[str, ...], cases: Sequence[Case], suite: Suite | None, *, is_strict: bool
) -> Iterator[str]:
    """Yield a suite; those around it are written again around each, as most readers know one level only."""
    counts = _counts(cases, suite.seconds if suite else None)
    for name in path[:-1]:
        head = f'<testsuite name="{as_attribute(name)}"{counts}>'
        yield f"{head}<properties>{_property(*PROPERTY)}{_property(own.PLACE, own.AROUND)}</properties>\n"
    timestamp = f' timestamp="{as_attribute(suite.timestamp)}"' if suite and suite.timestamp else ""
    hostname = f' hostname="{as_attribute(suite.hostname)}"' if suite and suite.hostname else ""
    yield f'<testsuite name="{as_attribute(path[-1] if path else _ROOT)}"{counts}{timestamp}{hostname}>'
    more = "" if path else _property(own.PLACE, own.NONE)
    if suite:
        more += "".join(_property(own.hidden(name), value) for name, value in suite.properties)
    yield f"<properties>{_property(*PROPERTY)}{more}</properties>\n"
    for case in cases:
        yield _case(case, is_strict=is_strict)
    if suite:
        yield _outputs(suite.stdout, suite.stderr)
    yield "</testsuite>" * max(1, len(path)) + "\n"


def _counts(cases: Iterable[Case], seconds: float | None = None, *, is_root: bool = False) -> str:
    tests = failures = errors = skipped = 0
    total = 0.0
    for case in cases:
        tests += 1
        failures += case.verdict == "failed"
        errors += case.verdict == "error"
        skipped += case.verdict in own.SKIPPED
        total += own.duration(case.seconds) or 0.0
    time = own.duration(seconds)
    total = own.duration(total) or 0.0  # where the sum is no number any more
    counts = f' tests="{tests}" failures="{failures}" errors="{errors}"'
    counts += "" if is_root else f' skipped="{skipped}"'  # Jenkins' schema: not on the root
    return f'{counts} time="{_number(round(total, 6) if time is None else time)}"'


def _case(case: Case, *, is_strict: bool) -> str:
    said = case.said
    attributes = f'classname="{as_attribute(case.classname)}" name="{as_attribute(case.name)}"'
    if said.file and not is_strict:
        attributes += f' file="{as_attribute(said.file)}"'
    if said.line and not is_strict:
        attributes += f' line="{said.line}"'
    if (seconds := own.duration(case.seconds)) is not None:
        attributes += f' time="{_number(seconds)}"'
    body = "" if is_strict else _properties(case)
    body += "".join(_problem(each, is_strict=is_strict) for each in _shown(case)) + _skip(case)
    body += _outputs(said.stdout, said.stderr)
    return f"<testcase {attributes}>{body}</testcase>\n" if body else f"<testcase {attributes}/>\n"


def _properties(case: Case) -> str:
    items = "".join(_property(*item) for item in own.properties_of(case))
    return f"<properties>{items}</properties>" if items else ""


def _property(name: str, value: str) -> str:
    return f'<property name="{as_attribute(name)}" value="{as_attribute(value)}"/>'


def _shown(case: Case) -> Iterator[Problem]:
    """Yield the problems that have an element; where one failed and nothing is said, one that says so."""
    is_bad, is_told = case.verdict in own.BAD, False
    for problem in case.said.problems:
        if is_bad or problem.is_attempt:
            is_told = is_told or not problem.is_attempt
            yield problem
    if is_bad and not is_told:
        yield Problem(kind="failure" if case.verdict == "failed" else "error", type=own.UNSAID)


def _problem(problem: Problem, *, is_strict: bool) -> str:
    name = ELEMENTS[problem.kind]
    head = f'<{name} message="{as_attribute(problem.message)}" type="{as_attribute(problem.type)}"'
    if not problem.is_attempt:
        return f"{head}>{as_text(problem.text)}</{name}>"
    seconds = own.duration(problem.seconds)
    time = "" if is_strict or seconds is None else f' time="{_number(seconds)}"'
    trace = f"<stackTrace>{as_text(problem.text)}</stackTrace>" if problem.text else ""
    return f"{head}{time}>{trace}{_outputs(problem.stdout, problem.stderr)}</{name}>"


def _skip(case: Case) -> str:
    kind = _SKIPS.get(case.verdict)
    return f'<skipped type="{kind}" message="{as_attribute(case.said.reason)}"/>' if kind else ""


def _outputs(stdout: str, stderr: str) -> str:
    out = f"<system-out>{as_text(stdout)}</system-out>" if stdout else ""
    return out + (f"<system-err>{as_text(stderr)}</system-err>" if stderr else "")


def _number(seconds: float) -> str:
    """Return all digits of a number, and no exponent: Surefire's schema knows none."""
    text = repr(float(seconds))
    if "e" not in text:
        return text
    from decimal import Decimal

    return format(Decimal(text), "f")
