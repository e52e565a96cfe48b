"""The text of Rust's test programs, as cases.

It is the only form that a stable toolchain writes. A test can write the same
words past the capture, so a program's results are believed only as far as they
agree with the number at their head and the summary at their end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..cases import Case, CaseVerdict, Problem, Said
from . import panics
from .gathering import TEXT_CHARS, Gathering, beginning, not_run

_BEGIN = re.compile(r"^running (?P<count>\d{1,9}) tests?$")
_TEST = re.compile(r"^test (?P<name>\S.*?) \.\.\. (?P<said>.*)$")
_LATE = re.compile(r"test (?P<name>[\w:<>]+(?: - should panic)?) \.\.\. (?P<said>ok|FAILED)$")
_OPEN = re.compile(r"^test (?P<name>\S.*?) \.\.\. $")
_SAID = re.compile(
    r"^(?P<word>ok|FAILED|ignored|bench:)(?:, (?P<reason>.*)| .*ns/iter.*)?(?: <(?P<seconds>[\d.]{1,15})s>)?$"
)
_SECTION = re.compile(r"^---- (?P<name>.+) (?:stdout|stderr) ----$")
_SUMMARY = re.compile(
    r"^test result: (?:ok|FAILED)\. (?P<passed>\d{1,9}) passed; (?P<failed>\d{1,9}) failed; "
    r"(?P<ignored>\d{1,9}) ignored; (?P<measured>\d{1,9}) measured; \d{1,9} filtered out"
)
_DOC = re.compile(r"^(?P<file>.+?) - (?P<item>.*)\(line (?P<line>\d{1,9})\)(?: - [a-z ]+)?$")
_SUFFIXES = (" - should panic", " - compile fail", " - compile")
_VERDICTS: dict[str, CaseVerdict] = {
    "ok": "passed",
    "FAILED": "failed",
    "ignored": "skipped",
    "bench:": "passed",
}


@dataclass(slots=True)
class _Test:
    nodeid: str
    verdict: CaseVerdict
    reason: str = ""
    seconds: float | None = None
    parts: list[str] = field(default_factory=list)
    length: int = 0

    def write(self, line: str) -> None:
        """Keep a line of what was captured; of too much the first part."""
        if self.length <= TEXT_CHARS:
            self.parts.append(beginning(line, TEXT_CHARS))
            self.length += len(line) + 1


@dataclass(slots=True)
class _Block:
    """What one program tells from "running N tests" to its summary."""

    count: int
    told: dict[str, int] = field(default_factory=dict)  # verdicts
    failed: dict[str, _Test] = field(default_factory=dict)
    running: str = ""
    part: str = "tests"  # then "details", "names"
    section: _Test | None = None
    read: int = 0
    is_doc: bool = False


class Libtest:
    """Reads one program's lines after the other.

    Parameters
    ----------
    gathered : Gathering
        Gets the cases.
    label : callable
        Returns what the ids of the program that runs now begin with, "" where
        they stand alone.
    elsewhere : callable
        Takes a test's name; returns what it said in another stream, with
        `--nocapture`.
    """

    def __init__(
        self, gathered: Gathering, label: Callable[[], str], elsewhere: Callable[[str], str]
    ) -> None:
        self._gathered, self._label, self._elsewhere = gathered, label, elsewhere
        self._block: _Block | None = None
        self.blocks = 0  #: how many began
        self.programs = 0  #: of how many it is not known that they were documentation

    @property
    def is_open(self) -> bool:
        """Whether a program has begun to tell, and not ended."""
        return self._block is not None

    def line(self, line: str) -> None:
        """Take a line."""
        block = self._block
        if block is None:
            if match := _BEGIN.match(line):
                self._block = _Block(count=int(match["count"]))
                self.blocks += 1
        elif block.part == "tests":
            self._of_tests(block, line)
        elif block.part == "details":
            self._of_details(block, line)
        else:
            self._of_names(block, line)

    def partial(self, line: str) -> None:
        """Take a line that is not whole yet: of tests that run one by one it names the one that runs."""
        block = self._block
        match = _OPEN.match(line) if block is not None and block.part == "tests" else None
        if block is not None and match:
            self._runs(block, match["name"])

    def close(self, how: str = "") -> None:
        """End the program's results where its summary is missing; `how` it ended."""
        block = self._block
        if block is None:
            return
        ended = f", and ended {how}" if how else ""
        self._gathered.fault(f"{self._label() or 'a test program'} did not say that it had ended{ended}")
        if block.running:
            block.read += 1
            nodeid = self._gathered.new_id(self._id(block.running))
            self._gathered.add(not_run(nodeid, "it began, and its end was not told"))
        self._end(block)

    def _of_tests(self, block: _Block, line: str) -> None:
        if match := _TEST.match(line):
            if not self._told(block, match["name"], match["said"]):
                self._runs(block, match["name"])
        elif match := _SUMMARY.match(line):
            self._summary(block, match)
        elif line in ("failures:", "successes:"):
            block.part = "details"
        elif _BEGIN.match(line):
            self.close()
            self.line(line)
        elif block.running and line in _VERDICTS:
            self._told(block, block.running, line)
        elif match := _LATE.search(line):
            self._told(block, match["name"], match["said"])

    def _of_details(self, block: _Block, line: str) -> None:
        match = _SECTION.match(line)
        if match and match["name"] in block.failed:
            block.section = block.failed[match["name"]]
        elif match and block.section is None:
            pass  # of one that passed, with --show-output
        elif line in ("failures:", "successes:"):
            block.part = "names"
        elif block.section is not None:
            block.section.write(line)
        elif summary := _SUMMARY.match(line):
            self._summary(block, summary)

    def _of_names(self, block: _Block, line: str) -> None:
        if match := _SUMMARY.match(line):
            self._summary(block, match)
        elif line in ("failures:", "successes:"):
            block.part, block.section = "details", None
        elif line.strip() and not line.startswith("    "):
            # It was a test that had written "failures:".
            block.part = "details"
            self._of_details(block, line)

    def _runs(self, block: _Block, name: str) -> None:
        if name != block.running:
            block.running = name
            self._gathered.hearers.on_start(self._id(name))

    def _told(self, block: _Block, name: str, said: str) -> bool:
        match = _SAID.match(said)
        if match is None:
            return False
        if block.running == name:
            block.running = ""
        name = _bare(name)
        verdict = _VERDICTS[match["word"]]
        seconds = float(match["seconds"]) if match["seconds"] and match["seconds"].count(".") < 2 else None
        nodeid = self._gathered.new_id(self._id(name))
        test = _Test(nodeid, verdict, match["reason"] or "", seconds)
        block.read += 1
        block.is_doc = bool(_DOC.match(name))
        block.told[verdict] = block.told.get(verdict, 0) + 1
        if verdict == "failed":
            block.failed[name] = test
        else:
            self._gathered.add(_case(name, test))
        return True

    def _summary(self, block: _Block, match: re.Match[str]) -> None:
        said = {
            "passed": int(match["passed"]) + int(match["measured"]),
            "failed": int(match["failed"]),
            "skipped": int(match["ignored"]),
        }
        who = self._label() or "a test program"
        for verdict, count in said.items():
            told = block.told.get(verdict, 0)
            if told != count:
                self._gathered.fault(f"{who} counted {count} {verdict} tests, and {told} were told")
        if block.read > block.count:
            self._gathered.fault(f"{who} was to run {block.count} tests, and {block.read} were told")
        self._end(block)

    def _end(self, block: _Block) -> None:
        for name, test in block.failed.items():
            if not test.parts:
                test.write(self._elsewhere(name))
            self._gathered.add(_case(name, test))
        self._gathered.missing += max(block.count - block.read, 0)
        self.programs += not block.is_doc
        self._block = None

    def _id(self, name: str) -> str:
        label = self._label()
        bare = _bare(name)
        return f"{label}::{bare}" if label and not _DOC.match(name) else bare


def _bare(name: str) -> str:
    """Return a test's name without what it is expected to do."""
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _case(name: str, test: _Test) -> Case:
    problems: tuple[Problem, ...] = ()
    text = "\n".join(test.parts).strip("\n")
    if test.verdict == "failed":
        problems = (panics.problem(name, text + "\n"),)
    spot = problems[0].spot if problems else None
    doc = _DOC.match(name)
    classname, _, last = test.nodeid.rpartition("::")
    file, line = (spot.file, spot.line) if spot else ("", 0)
    if doc is not None:
        classname, last, file, line = doc["file"], test.nodeid, doc["file"], int(doc["line"])
        # It ran in a file that rustdoc made.
        problems = tuple(_placed(each, file, line) for each in problems)
    said = Said(file=file, line=line, reason=test.reason, problems=problems, nodeid=test.nodeid)
    return Case(last, classname, test.verdict, (), test.seconds, said)


def _placed(problem: Problem, file: str, line: int) -> Problem:
    spot = problem.spot
    return problem if spot is None else replace(problem, spot=replace(spot, file=file, line=line))
