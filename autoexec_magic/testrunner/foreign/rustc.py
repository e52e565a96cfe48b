"""What cargo says on its own stream: which program it runs, and what did not compile."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..cases import Case, Problem, Spot
from .gathering import TEXT_CHARS, broken, shortened

_RUNNING = re.compile(r"^ {1,12}Running (?:unittests )?(?P<file>\S.*?) \((?P<program>.+)\)$")
_DOCS = re.compile(r"^ {1,12}Doc-tests (?P<crate>\S+)$")
_ERROR = re.compile(r"^error(?:\[(?P<code>\w{1,20})\])?: (?P<message>.*)$")
_PLACE = re.compile(r"^\s{0,12}--> (?P<file>.+?):(?P<line>\d{1,9}):\d{1,9}$")
_NOT_COMPILED = re.compile(r"^error: could not compile `(?P<crate>[^`]+)`(?: \((?P<target>.+?)\))?")
# What cargo says of programs that ran; each of their tests was told.
_OF_TESTS = re.compile(
    r"^error: (?:test failed|doctest failed|bench failed|\d+ targets? failed|aborting due to)"
)
_HASH = re.compile(r"-[0-9a-f]{16}(?:\.exe)?$")
_MOST_ERRORS = 20
_LINES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A program full of tests, as cargo names it; of documentation tests the crate alone."""

    file: str
    crate: str
    program: str = ""

    @property
    def label(self) -> str:
        """What the ids of its tests begin with."""
        return f"{self.crate}:{self.file}"


@dataclass(slots=True)
class _Error:
    code: str
    message: str
    lines: list[str]
    file: str = ""
    line: int = 0

    def problem(self) -> Problem:
        spot = Spot(phase="collect", file=self.file, line=self.line)
        text = shortened("\n".join(self.lines).strip(), TEXT_CHARS)
        return Problem(kind="error", type=self.code or "error", message=self.message, text=text, spot=spot)


class Cargo:
    """Reads cargo's stderr, a line at a time."""

    def __init__(self, on_target: Callable[[Target], object], on_unread: Callable[[Case], object]) -> None:
        self._on_target, self._on_unread = on_target, on_unread
        self._errors: list[_Error] = []
        self._block: _Error | None = None

    def line(self, line: str) -> None:
        """Take a line."""
        if match := _RUNNING.match(line):
            self._on_target(
                Target(file=match["file"], crate=crate_of(match["program"]), program=match["program"])
            )
        elif match := _DOCS.match(line):
            self._on_target(Target(file="", crate=match["crate"]))
        elif match := _NOT_COMPILED.match(line):
            self._block = None
            name = match["crate"] + (f" ({match['target']})" if match["target"] else "")
            self._tell(name, _Error("", line.removeprefix("error: "), [line]))
        elif _OF_TESTS.match(line):
            self._block = None
        elif match := _ERROR.match(line):
            self._block = _Error(match["code"] or "", match["message"], [line])
            if len(self._errors) < _MOST_ERRORS:
                self._errors.append(self._block)
        elif line.startswith("warning"):
            self._block = None
        elif self._block is not None and len(self._block.lines) < _LINES:
            self._block.lines.append(line)
            place = _PLACE.match(line)
            if place and not self._block.file:
                self._block.file, self._block.line = place["file"], int(place["line"])

    def end(self) -> None:
        """Tell of errors that were of no crate: of the manifest, the registry or the arguments."""
        if self._errors:
            self._tell("cargo test", self._errors[0])

    def _tell(self, name: str, otherwise: _Error) -> None:
        errors, self._errors = self._errors or [otherwise], []
        first = errors[0]
        problems = [error.problem() for error in errors]
        self._on_unread(broken(name, *problems, file=first.file, line=first.line))


def crate_of(program: str) -> str:
    """Return the name of what a test program was made of: its file's, without cargo's number."""
    return _HASH.sub("", re.split(r"[/\\]", program)[-1])
