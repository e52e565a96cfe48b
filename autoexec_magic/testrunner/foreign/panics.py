"""What a Rust test said when it failed: a panic's place, message and compared values."""

from __future__ import annotations

import re

from ..cases import Problem, Spot
from .gathering import TEXT_CHARS, beginning, shortened

# Since Rust 1.73 the message stands below the place; before, in quotes before it.
_PANIC = re.compile(
    r"^thread '(?P<thread>[^'\n]*)' (?:\(\d+\) )?panicked at (?P<file>[^\n']+?):(?P<line>\d{1,9}):\d{1,9}:\n",
    re.M,
)
_OLD_PANIC = re.compile(
    r"^thread '(?P<thread>[^'\n]*)' panicked at '(?P<message>.*?)', "
    r"(?P<file>[^\n']+):(?P<line>\d{1,9}):\d{1,9}$",
    re.M | re.S,
)
_THREAD = re.compile(r"^thread '(?P<thread>[^'\n]+)' (?:\(\d+\) )?panicked at ")
_MOST_PANICS = 1000
_PANIC_LINES = 100
_END = re.compile(r"^(?:stack backtrace:|note: .*|\s*)$", re.M)
_COMPARED = re.compile(
    r"^assertion (?:failed: )?`\(?left (?P<op>==|!=|matches) right\)?`.*?"
    r"^ {1,2}left: (?P<left>.*?),?\n ?right: (?P<right>.*?)(?=\n\S|\n\n|\Z)",
    re.M | re.S,
)
_FRAME = re.compile(r"^\s+\d+: (?P<name>\S.*)\n\s+at (?P<file>\S.*?):(?P<line>\d{1,9}):\d{1,9}$", re.M)
_RETURNED = re.compile(r"^Error: (?P<message>.*)", re.M)
_NOTE = re.compile(
    r"^note: (?P<message>(?:test did not panic as expected|panic did not contain expected string).*)"
    r"(?P<rest>(?:\n +(?:panic message|expected substring): .*)*)",
    re.M,
)
_NO_PANIC = re.compile(r"test did not panic as expected at (?P<file>.+?):(?P<line>\d{1,9}):")


class Panics:
    """Keeps what panics say that no test program captured, each by its thread, which has the test's name."""

    def __init__(self) -> None:
        self._said: dict[str, list[str]] = {}
        self._lines: list[str] | None = None

    def line(self, line: str) -> None:
        """Take a line of stderr."""
        if match := _THREAD.match(line):
            self._lines = []
            self._said[match["thread"]] = self._lines
            while len(self._said) > _MOST_PANICS:
                del self._said[next(iter(self._said))]
        elif not line.strip() or line.startswith(("     Running ", "   Doc-tests ")):
            self._lines = None
        if self._lines is not None and len(self._lines) < _PANIC_LINES:
            self._lines.append(line)

    def of(self, name: str) -> str:
        """Return what this test's own panic said, and forget it."""
        return "\n".join(self._said.pop(name, ()))


def problem(name: str, text: str) -> Problem:
    """Return what went wrong in the test `name`, of which `text` was captured."""
    note = _NOTE.search(text)
    panic = _panic_of(name, text)
    if note is not None:
        place = _NO_PANIC.search(note["message"])
        file, line = (place["file"], int(place["line"])) if place else _at(panic)
        spot = Spot(phase="call", file=file, line=line, origin=file, origin_line=line)
        message = note["message"] + note["rest"]
        return _problem("should_panic", message, text, spot)
    if panic is None:
        returned = _RETURNED.search(text)
        message = returned["message"] if returned else ""
        return _problem("Err" if returned else "", message, text, Spot(phase="call"))
    message = _message(panic, text)
    compared = _COMPARED.match(message)
    file, line = _at(panic)
    mine = _own_frame(name, text[panic.end() :]) or (file, line)
    spot = Spot(
        phase="call",
        file=mine[0],
        line=mine[1],
        origin=file,
        origin_line=line,
        op=compared["op"] if compared else "",
        left=_value(compared["left"]) if compared else "",
        right=_value(compared["right"]) if compared else "",
    )
    return _problem("panic", message, text, spot)


def _problem(type_: str, message: str, text: str, spot: Spot) -> Problem:
    return Problem(
        kind="failure", type=type_, message=shortened(message), text=shortened(text, TEXT_CHARS), spot=spot
    )


def _panic_of(name: str, text: str) -> re.Match[str] | None:
    """Return the test's own panic, else the first one: a test may start threads."""
    found = [*_PANIC.finditer(text)] or [*_OLD_PANIC.finditer(text)]
    own = [match for match in found if match["thread"] in (name, "main")]
    return next(iter(own or found), None)


def _at(panic: re.Match[str] | None) -> tuple[str, int]:
    return (panic["file"], int(panic["line"])) if panic else ("", 0)


def _message(panic: re.Match[str], text: str) -> str:
    if "message" in panic.re.groupindex:
        return panic["message"]
    rest = beginning(text[panic.end() :], TEXT_CHARS)
    end = _END.search(rest)
    return (rest[: end.start()] if end else rest).rstrip("\n")


def _own_frame(name: str, text: str) -> tuple[str, int] | None:
    """Return the place in the test itself, which a backtrace shows where the panic was in what it called."""
    for match in _FRAME.finditer(text):
        if match["name"] == name or match["name"].endswith(f"::{name}"):
            return match["file"].removeprefix("./"), int(match["line"])
    return None


def _value(text: str) -> str:
    plain = text.removeprefix("`").removesuffix("`")
    return beginning(plain)
