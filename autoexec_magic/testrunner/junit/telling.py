"""What a person calls a case, and the one line that says what became of it, whoever wrote the report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..cases import Case, Problem

_NODE = frozenset(("test", "suite"))  # node has one of them for every class
_NOTHING = frozenset(
    ("", "failed", "failure", "error", "collection failure")
)  # messages that say no more than the verdict
# What go test prints around a message, and GoogleTest's line of the place alone.
_AROUND = re.compile(r"(=== (RUN|PAUSE|CONT|NAME)\b|--- (FAIL|PASS|SKIP): )")
_PLACE = re.compile(r"\S+:\d+:?")
_SAID = re.compile(r"^E {3,}(\S.*)", re.MULTILINE)  # pytest's mark of what was said
_RAISED = re.compile(r"(?:.*[.\\$])?(\w+(?:Error|Exception))")
_PANIC = re.compile(r"panicked at .*:\d+:\d+:$")  # Rust's: what was said is the next line


def id_of(case: Case) -> str:
    """Return what a case is called: pytest's id where that can be told, else the tool's names in that form.

    Examples
    --------
    >>> from autoexec_magic.testrunner.cases import Said
    >>> id_of(Case("test_b", "tests.test_a.TestA", said=Said(file="tests/test_a.py")))
    'tests/test_a.py::TestA::test_b'
    >>> id_of(Case("adds", "shop.CartTest"))
    'shop.CartTest::adds'
    """
    said = case.said
    if said.nodeid:
        return said.nodeid
    if not said.file:
        names = case.suites if case.classname in _NODE or not case.name else (case.classname,)
        return "::".join(filter(None, (*names, case.name))) if names != (case.name,) else case.name
    if said.file.endswith(".py"):
        module = said.file[:-3].replace("\\", "/").replace("/", ".")
        if not case.classname and case.name == module:  # what kept a file from being collected
            return said.file
        if case.classname == module or case.classname.startswith(f"{module}."):
            return "::".join((said.file, *case.classname[len(module) + 1 :].split("."), case.name)).replace(
                "::::", "::"
            )
    classname = "" if case.classname == said.file else case.classname
    return "::".join(filter(None, (said.file, classname, case.name)))


def line_of(case: Case) -> str:
    """Return what is to be said of a case in one line: its first problem, or why it was skipped.

    Where a message says nothing ("Failed", a place, the name of the test again), the text behind it
    or the output does.
    """
    problem = next((one for one in case.said.problems if not one.is_attempt), None)
    if case.is_bad:
        return (problem and _said(problem, case)) or _printed(case) or (problem.type if problem else "")
    if case.said.reason.strip():
        return next(_lines(case.said.reason), "")
    problem = next(iter(case.said.problems), None)
    return _said(problem, case) if problem else ""


def _said(problem: Problem, case: Case) -> str:
    if problem.message.strip().lower() not in _NOTHING:
        said = _first(problem.message, case)
    elif marked := _SAID.search(problem.text):
        said = marked[1].strip()
    else:
        said = _first(problem.text, case) or problem.message.strip()
    raised = _RAISED.fullmatch(problem.type)
    return f"{raised[1]}: {said}" if raised and said and raised[1] not in said else said


def _first(text: str, case: Case) -> str:
    """Return the first line that says something."""
    place = ""
    for line in _lines(text):
        if _AROUND.match(line) or line.startswith(f"{case.classname}::{case.name}"):  # PHPUnit's heading
            continue
        if _PLACE.fullmatch(line):
            place = place or line.rstrip(":")
            continue
        return f"{place}: {line}" if place else line
    return place


def _printed(case: Case) -> str:
    """Return the line of the output that most likely says why: what a panic says, else the last one."""
    last, was_panic = "", False
    for line in _lines(f"{case.said.stdout}\n{case.said.stderr}"):
        if was_panic:
            return line
        was_panic, last = bool(_PANIC.search(line)), line
    return last


def _lines(text: str) -> Iterator[str]:
    return (line for line in map(str.strip, text.split("\n")) if line)
