"""Finds the failure that a text ends with: Python's tracebacks and IPython's.

The text is cut into lines by searching, not by one pattern, so that the time
is linear whatever the text holds: first the last header, forward from there
the line that names the exception, back from that line the user's own frame.
Of a chain the root is taken as long as each link is a *direct cause*; what
failed while another failure was being handled stands for itself. A
cancellation is never a root: it is how a time limit is carried out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from autoexec_magic.values import Frame

from .frames import (
    anybodys,
    first_frame,
    is_at_start,
    is_library,
    is_package,
    is_raise,
    is_working,
    last_frame,
    line_at,
    raiser_of,
    user_frame,
)
from .plain import lines, lines_back

_HEADER = "Traceback (most recent call last)"  # IPython writes no colon after it
_CALLS = "(most recent call "
_LAST_CALLS = _CALLS + "last)"
_FRAME = '\n  File "'
_PLAIN = f"{_HEADER}:{_FRAME}"
_BEFORE_CALLS = len(_HEADER) - len(_LAST_CALLS)
_FRAME_LINES = 8  # lines that a frame may take
_GROUP = "  + Exception Group " + _HEADER
_MEMBER = "    | "  # before each line of an exception that a group holds
_CAUSE = "The above exception was the direct cause of the following exception:"
_OTHER = "During handling of the above exception, another exception occurred:"
_TIE = "bove exception"  # both begin so
_ONE = re.compile(r"(?m)^[^\n+]{0,100}((?:\+-)?\+)-{4,} 1 -{4,}\s*$")  # opens the first member of a group
_BLANK = " \t\r\n"  # what a line that is not the exception's own begins with
_NAMED_LIKE_ERRORS = ("Error", "Exception", "Exit", "Interrupt", "Expired")
_LONGEST_PREFIX = 100  # characters that a log may put before each line
_FIRST_WORDS = re.compile(r"\n[^ \t\r\n\f\v]")  # where a line that is not indented begins
_NO_SPACE = re.compile(r"\n[^ ]")  # the same, quicker, and of some that are indented, too
_NEAR = 400  # characters between a traceback and the words that tie it to the one above
_LONGEST_NAME = 200  # characters of the dotted name of an exception's type


@dataclass(slots=True, kw_only=True)
class Traceback:
    """What a traceback says. `start` and `end` are character offsets.

    `whole` says that the text has the shape of a traceback, not only a line
    that looks like the end of one. Its frames stand in `plain[top:bottom]`,
    each line behind `prefix`; they are looked at when somebody asks. `caused`
    is what was raised because of it: its place is taken where this one was
    raised and caught inside a library.
    """

    plain: str
    type_name: str
    message: str
    start: int
    end: int
    top: int
    bottom: int
    prefix: str = ""
    whole: bool = True
    caused: Traceback | None = None

    @property
    def frame(self) -> Frame | None:
        """The user's last frame, or None."""
        at: Traceback | None = self
        while at is not None:
            if found := user_frame(at.plain, at.top, at.bottom, at.prefix):
                return found[0]
            at = at.caused
        return None

    @property
    def where(self) -> str:
        """The place of that frame, `file:line`, or ""."""
        frame = self.frame
        return f"{frame.file}:{frame.line}" if frame else ""

    @property
    def source(self) -> str:
        """The line of code of that frame, or ""."""
        frame = self.frame
        return frame.source if frame else ""

    def caused_first(self, last: Traceback) -> Traceback:
        """Return which of the chain from here to `last` led to `last` directly."""
        at = self
        while at.caused is not None and at.caused is not last:
            at = at.caused
        return at

    def raiser(self) -> tuple[str, str]:
        """Return file and function of the last frame, whoever wrote it, or two empty strings."""
        plain, bottom = self.plain, self.bottom
        at = plain.rfind("File ", self.top, bottom)
        at = max(at, plain.rfind("Cell In[", max(at, self.top), bottom))
        if at < 0 or not is_at_start(plain, at, self.prefix):
            found = last_frame(plain, self.top, bottom, self.prefix, anybodys)
            return (found[0].file, found[0].function) if found else ("", "")
        return raiser_of(plain[at : plain.find("\n", at, bottom)])

    def raising_line(self) -> str:
        """Return the line of code of the last frame, or ""."""
        found = last_frame(self.plain, self.top, self.bottom, self.prefix, anybodys)
        return found[0].source if found else ""

    def handler(self) -> tuple[str, str]:
        """Return file and function of the first frame: where it was caught, if it was."""
        found = first_frame(self.plain, self.top, self.bottom, self.prefix)
        return (found.file, found.function) if found else ("", "")

    def handling_line(self) -> str:
        """Return the line of code of the first frame, or ""."""
        found = first_frame(self.plain, self.top, self.bottom, self.prefix)
        return found.source if found else ""

    def is_own_raise(self) -> bool:
        """Return whether its last frame is a `raise` of the user's: the words are the user's own, too."""
        found = last_frame(self.plain, self.top, self.bottom, self.prefix, anybodys)
        if not found:
            return False
        return not is_library(found[0].file) and is_raise(found[0].source)

    def is_package_raise(self) -> bool:
        """Return whether its last frame is a `raise` of an installed package: the words are its own."""
        found = last_frame(self.plain, self.top, self.bottom, self.prefix, anybodys)
        return found is not None and is_package(found[0].file) and is_raise(found[0].source)

    def is_within_package(self) -> bool:
        """Return whether it comes from the code of an installed package, and from no `raise` in it."""
        found = last_frame(self.plain, self.top, self.bottom, self.prefix, anybodys)
        if found is None or is_raise(found[0].source):
            return False
        return is_working(found[0].file, found[0].function.rpartition(".")[2])

    def is_raise_at(self, place: tuple[str, str]) -> bool:
        """Return whether its last frame is a `raise` in this file and function."""
        found = last_frame(self.plain, self.top, self.bottom, self.prefix, anybodys)
        if not found:
            return False
        return (found[0].file, found[0].function) == place and is_raise(found[0].source)


class ToldBy:
    """Who raised what a traceback tells of."""

    __slots__ = ("found",)

    def __init__(self, found: Traceback) -> None:
        self.found = found

    def __call__(self) -> tuple[str, str]:
        """Return file and function of the last frame."""
        return self.found.raiser()

    def line(self) -> str:
        """Return the line of code of the last frame."""
        return self.found.raising_line()


class Glanced:
    """Who raised what `glance` saw; `frame` is the offset of its line."""

    __slots__ = ("frame", "plain")

    def __init__(self, plain: str, frame: int) -> None:
        self.plain, self.frame = plain, frame

    def __call__(self) -> tuple[str, str]:
        """Return file and function of that frame."""
        return raiser_of(line_at(self.plain, self.frame))

    def line(self) -> str:
        """Return the line of code that stands below it."""
        below = self.plain.find("\n", self.frame) + 1
        return line_at(self.plain, below).rstrip() if self.plain.startswith("    ", below) else ""


def find_traceback(plain: str) -> Traceback | None:
    """Return the failure that explains the end of `plain`, the root of its direct causes, or None."""
    last = find_last(plain)
    return _root(last) if last else None


def glance(plain: str) -> tuple[str, str, int] | None:
    """Return type, message and last frame of a text that is one plain traceback; None of any other text.

    The frame is the offset of its line. It is what `find_last` finds, and has
    no cause. Between the header and the last line there are frames alone: where
    a line between them is not indented, the error may be that one.
    """
    at = plain.rfind(_CALLS)  # also what other lists of frames begin with
    start = at - _BEFORE_CALLS
    if start < 0 or not plain.startswith(_PLAIN, start):
        return None
    if start and (plain[start - 1] != "\n" or _TIE in plain[max(0, start - _NEAR) : start]):
        return None
    end = len(plain)
    while plain[end - 1] in _BLANK:
        end -= 1
    last = plain.rfind("\n", at, end) + 1
    if _NO_SPACE.search(plain, at, last - 1) and _FIRST_WORDS.search(plain, at, last - 1):
        return None
    frame = plain.rfind(_FRAME, at, last) + 1
    code = plain[frame : last - 1]
    count = code.count("\n")
    if count > _FRAME_LINES or code.count("\n ") != count:
        return None
    name, colon, message = plain[last:end].partition(":")
    if not name.endswith(_NAMED_LIKE_ERRORS):
        return None
    if not (name.isidentifier() or _type_name(name) == name):
        return None
    message = message.strip()
    return (name, message, frame) if message or not colon else None


def find_last(plain: str) -> Traceback | None:
    """Return the failure that `plain` ends with, or None."""
    last = _last_traceback(plain)
    bare = _bare_error(plain, last.end if last else 0)
    # After a traceback only a syntax error, which has no header, is a failure of its own.
    return bare if bare and (bare.whole or not last) else last


def handled_by(found: Traceback) -> Traceback | None:
    """Return what was being handled when `found` was raised, as far as the text shows it."""
    inner = _above(found.plain, found.start, _OTHER)
    if inner is None:
        return None
    inner.caused = found
    return _root(inner)


def cause_of(found: Traceback) -> Traceback | None:
    """Return what `found` was raised from; a cancellation is none."""
    cause = _above(found.plain, found.start, _CAUSE)
    if cause is None or cause.type_name.endswith("CancelledError"):
        return None
    cause.caused = found  # raised and caught inside a library: the user's call is the place
    return cause


def members_of_group(plain: str, end: int, limit: int) -> list[str]:
    """Return the lines of the first exceptions inside a group whose own line ends at `end`."""
    found: list[str] = []
    for start, stop in lines(plain, end, len(plain)):
        _, is_member, line = plain[start:stop].partition(_MEMBER)
        if is_member and _type_name(line):
            found.append(line.rstrip())
            if len(found) == limit:
                break
    return found


def sole_member(group: Traceback) -> Traceback | None:
    """Return the only exception that a group holds, or None; its offsets are those of a text of its own."""
    if not group.message.endswith("(1 sub-exception)"):
        return None
    plain, column, end = group.plain, -1, len(group.plain)
    held: list[str] = []
    for start, stop in lines(plain, group.end, len(plain)):
        line = plain[start:stop]
        if column < 0:
            if opens := _ONE.search(line):
                column = opens.end(1) - 1
            elif line.strip():
                return None
        elif line[column : column + 2] == "| ":
            held.append(line[column + 2 :])
        elif line[column : column + 2] == "+-" and " 1 -" not in line:
            end = stop
            break
        elif line.strip():
            held.append(line[column + 2 :])  # of a group within
    inner = "\n".join(held)
    opens = _ONE.search(inner)
    found = find_last(inner[: opens.start()] if opens else inner) or _never_raised(inner)
    if found is None:
        return None
    group.end = end
    return replace(found, plain=inner, caused=group)


def _never_raised(plain: str) -> Traceback | None:
    """Return the group that `plain` begins with, where it has no traceback of its own."""
    line = plain.partition("\n")[0].rstrip()
    name, colon, message = line.partition(":")
    if not (colon and name.endswith("ExceptionGroup") and _type_name(line)):
        return None
    return Traceback(
        plain=plain,
        type_name=name,
        message=message.strip(),
        start=0,
        end=len(line),
        top=0,
        bottom=0,
        whole=False,
    )


def _last_traceback(plain: str) -> Traceback | None:
    stop, found = len(plain), None
    at = plain.rfind(_HEADER)
    while at >= 0 and found is None:
        start, prefix = _opening(plain, at)
        if stop == len(plain):  # once: each search for a group may go back to the beginning
            start, prefix = _outermost_group(plain, at, start, prefix)
        found = _read(plain, start, stop, prefix)
        stop, at = at, plain.rfind(_HEADER, 0, at)
    return found


def _root(found: Traceback) -> Traceback:
    """Follow the chain of direct causes that ends with `found` to its root."""
    while cause := cause_of(found):
        found = cause
    return found


def _opening(plain: str, at: int) -> tuple[int, str]:
    """Return where the header's line starts, and what stands before the header.

    A log may put the same words before every line; they are not the traceback's.
    """
    start = plain.rfind("\n", 0, at) + 1
    return start, plain[start:at]


def _outermost_group(plain: str, at: int, start: int, prefix: str) -> tuple[int, str]:
    """Return the opening of the group that the header at `at` is a part of, if it is."""
    if "| " not in prefix and not prefix.endswith("Exception Group "):
        return start, prefix
    group = plain.rfind(_GROUP, 0, at + len(_HEADER))
    if group < 0:
        return start, prefix
    top, before = _opening(plain, group)
    if plain.count("\n", group, at) != plain.count(f"\n{before}  ", group, at):
        return start, prefix  # an older group: lines between are not its own
    return top, before + "  | "


def _above(plain: str, start: int, words: str) -> Traceback | None:
    """Return the traceback that these words tie to the one at `start`."""
    if start < len(words):
        return None
    near = max(0, start - _NEAR)
    above = len(plain[near:start].rstrip()) + near
    tie = above - len(words)
    if tie < 0 or not plain.startswith(words, tie):
        return None
    at = plain.rfind(_HEADER, 0, tie)
    if at < 0 <= plain.find(_FRAME, 0, tie) and plain.find(_CAUSE, 0, tie) < 0 > plain.find(_OTHER, 0, tie):
        return _read(plain, 0, tie, "")  # its beginning was cut off
    if at < 0 or plain.find(_CAUSE, at, tie) >= 0 or plain.find(_OTHER, at, tie) >= 0:
        return None  # it was never raised, so it has no traceback of its own
    opening, prefix = _opening(plain, at)
    return _read(plain, opening, tie, prefix)


def _read(plain: str, start: int, stop: int, prefix: str) -> Traceback | None:
    """Return the traceback whose header's line begins at `start`.

    It ends before `stop`, so that every character is looked at for one
    traceback only.
    """
    body = plain.find("\n", start, stop) + 1
    if not body:
        return None
    if len(prefix) > _LONGEST_PREFIX or not plain.startswith(prefix, body):
        prefix = ""  # words that stand before the header only
    first_words = re.compile(rf"\n{re.escape(prefix)}\S") if prefix else _FIRST_WORDS
    at = body - 1
    while match := first_words.search(plain, at, stop):
        at = match.end() - 1
        line_end = plain.find("\n", at, stop)
        line_end = stop if line_end < 0 else line_end
        line = plain[at:line_end]
        if name := _type_name(line):
            message, end = _message(plain, line, line_end, stop)
            return Traceback(
                plain=plain,
                type_name=name,
                message=message,
                start=start,
                end=end,
                top=body,
                bottom=match.start() + 1,
                prefix=prefix,
            )
    return None


def _message(plain: str, line: str, end: int, stop: int) -> tuple[str, int]:
    """Return the message on the exception's line, or the first line below it."""
    message = line.partition(":")[2].strip()
    if message or ":" not in line:
        return message, end - len(line) + len(line.rstrip())
    for start, line_end in lines(plain, end + 1, stop):
        if message := plain[start:line_end].strip():
            return message, line_end
    return "", end


def _bare_error(plain: str, after: int) -> Traceback | None:
    """Return the last error in `plain[after:]` that has no header.

    A syntax error of the script itself is shown as frame, code and error; of
    other errors only the line may be left.
    """
    for start, end in lines_back(plain, after, len(plain.rstrip())):
        if plain[start] in _BLANK:
            continue
        line = plain[start:end].rstrip()
        name = _type_name(line)
        if not name.endswith(_NAMED_LIKE_ERRORS):
            continue
        top = _indented_from(plain, after, start)
        frame = user_frame(plain, top, start, "")
        return Traceback(
            plain=plain,
            type_name=name,
            message=line.partition(":")[2].strip(),
            start=frame[1] if frame else start,
            end=start + len(line),
            top=top,
            bottom=start,
            whole=bool(frame),
        )
    return None


def _indented_from(plain: str, after: int, below: int) -> int:
    """Return where the run of indented lines right above `below` starts."""
    top = below
    for start, end in lines_back(plain, after, below - 1):
        if not plain[start:end].startswith((" ", "\t")):
            break
        top = start
    return top


def _type_name(line: str) -> str:
    """Return the exception's type as `line` begins with it, or ""."""
    name = line[:_LONGEST_NAME].partition(":")[0].rstrip()
    return name if name.replace(".", "").replace("<locals>", "").isidentifier() else ""
