"""How long tests took, as a report of an earlier run has it."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from . import junit
from .cases import Case


def seconds_in(path: Path) -> dict[str, float]:
    """Return the seconds of each test in a JUnit XML file, by the id that pytest gives it.

    Raises
    ------
    UsageError
        It cannot be read, or is damaged: half of the times would make other
        shards than all of them.
    """
    report = junit.read(path)
    if report.fault is not None:
        raise UsageError(
            f"cannot read the times in {path}", why=report.fault.what, fix="--timings another report"
        )
    return {nodeid_of(case): case.seconds for case in report.cases if case.seconds is not None}


def nodeid_of(case: Case) -> str:
    """Return pytest's id of a case: as it says, else from the names in pytest's own XML.

    Examples
    --------
    >>> from .cases import Said
    >>> nodeid_of(Case("test_b[x]", "tests.test_a.TestC", said=Said(file="tests/test_a.py")))
    'tests/test_a.py::TestC::test_b[x]'
    >>> nodeid_of(Case("test_b", "tests.test_a"))
    'tests/test_a.py::test_b'
    """
    if case.said.nodeid:
        return case.said.nodeid
    if case.said.file:
        module = case.said.file.removesuffix(".py").replace("/", ".")
        inner = case.classname.removeprefix(module).strip(".").replace(".", "::")
        return "::".join(filter(None, (case.said.file, inner, case.name)))
    folders = case.classname.split(".")
    names: list[str] = []
    while len(folders) > 1 and folders[-1][:1].isupper():  # classes; a folder may be called so, too
        names.insert(0, folders.pop())
    return "::".join(("/".join(folders) + ".py", *names, case.name))
