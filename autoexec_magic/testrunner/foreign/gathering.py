"""What a reader gathers: cases under ids of their own, and reasons not to believe a run."""

from __future__ import annotations

from collections import Counter

from ..cases import Case, CaseVerdict, Problem, Said
from ..told import Told
from .tool import Hearers

TEXT_CHARS = 20_000  #: of what is kept of one failure; its middle is left out
TAIL_CHARS = 4096  #: of what is kept of an output
VALUE_CHARS = 2000  #: of a compared value
_NEAR = 4  # a cut goes to a line's end within this part of what is kept
_MOST_REASONS = 20


class Gathering:
    """Cases and faults of one run; readers fill it."""

    def __init__(self, hearers: Hearers) -> None:
        self.hearers = hearers
        self.missing = 0  #: tests that were announced by number alone, and not told
        self.ended = False  #: whether the tool itself said how it ended
        self._cases: list[Case] = []
        self._unread: list[Case] = []
        self._faults: list[str] = []
        self._ids: Counter[str] = Counter()
        self._bad = 0
        self._not_run = 0

    def new_id(self, nodeid: str) -> str:
        """Return `nodeid`, with a number behind it if another test has it already."""
        self._ids[nodeid] += 1
        count = self._ids[nodeid]
        return nodeid if count == 1 else f"{nodeid} [{count}]"

    def known(self, nodeid: str) -> int:
        """Return how many tests were given an id for `nodeid`."""
        return self._ids[nodeid]

    def add(self, case: Case) -> None:
        """Take a case that is over."""
        self._bad += case.is_bad
        self._not_run += case.verdict == "not-run"
        self._cases.append(case)
        self.hearers.on_case(case)

    def unread(self, case: Case) -> None:
        """Take a file that could not be read, compiled or loaded."""
        self._bad += case.is_bad
        self._unread.append(case)
        self.hearers.on_case(case)

    def fault(self, what: str) -> None:
        """Note a reason why the run cannot be believed."""
        if len(self._faults) < _MOST_REASONS and what not in self._faults:
            self._faults.append(what)

    def told(self, tool: str, returncode: int) -> Told:
        """Return what the run came to, after holding it to the process's own exit code."""
        if self.missing:
            self.fault(f"of {_tests(self.missing)} nothing was told")
        if self._not_run:
            self.fault(f"{_tests(self._not_run)} did not run to the end")
        if returncode < 0:
            self.fault(f"{tool} was ended by signal {-returncode}")
        elif returncode == 0 and self._bad:
            self.fault(f"{tool} ended with 0, and {_tests(self._bad)} failed")
        elif returncode and not self._bad:
            self.fault(f"{tool} ended with {returncode}, and nothing that it told of had failed")
        told = len(self._cases)
        return Told(
            cases=tuple(self._cases),
            unread=tuple(self._unread),
            collected=told + self.missing,
            missing=self.missing,
            exit=returncode if self.ended and returncode >= 0 else None,
            faults=tuple(self._faults),
        )


def not_run(nodeid: str, reason: str, *, file: str = "", line: int = 0) -> Case:
    """Return the case of a test that did not run to its end."""
    classname, _, name = nodeid.rpartition("::")
    said = Said(file=file, line=line, reason=reason, nodeid=nodeid)
    return Case(name, classname, "not-run", said=said)


def broken(name: str, *problems: Problem, file: str = "", line: int = 0, stderr: str = "") -> Case:
    """Return the case of something that could not be loaded at all."""
    verdict: CaseVerdict = "error"
    said = Said(file=file, line=line, problems=problems, stderr=stderr, nodeid=name)
    return Case(name, verdict=verdict, said=said)


def shortened(text: str, most: int = TEXT_CHARS) -> str:
    """Return `text` with a line of `…` for its middle where it is longer than `most` characters.

    Whoever masks secrets drops what is part of one beside that mark; so it stands at every cut. Cuts
    are at lines' ends where those are near, as no shape of a secret goes over one.
    """
    if len(text) <= most:
        return text
    half = max(most // 2 - 1, 0)
    head, tail = text[:half], text[len(text) - half :]
    end = head.rfind("\n", half - half // _NEAR)
    start = tail.find("\n", 0, half // _NEAR)
    return f"{head[: end if end >= 0 else half]}\n…\n{tail[start + 1 :]}"


def beginning(text: str, most: int = VALUE_CHARS) -> str:
    """Return `text` with `…` for what is behind `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def ending(text: str, most: int = TAIL_CHARS) -> str:
    """Return the last `most` characters behind a `…`, from a line's beginning where one is near.

    What has the mark already may be given again, with more behind it.
    """
    if len(text) <= most + 1:
        return text
    text = text[len(text) - most :]
    return f"…{text[max(text.find(chr(10), 0, most // _NEAR), 0) :]}"


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
