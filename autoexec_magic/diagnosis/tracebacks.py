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

from .plain import lines, lines_back

_HEADER = "Traceback (most recent call last)"  # IPython writes no colon after it
_GROUP = "  + Exception Group " + _HEADER
_MEMBER = "    | "  # before each line of an exception that a group holds
_CAUSE = "The above exception was the direct cause of the following exception:"
_OTHER = "During handling of the above exception, another exception occurred:"
_BLANK = " \t\r\n"  # what a line that is not the exception's own begins with
_NAMED_LIKE_ERRORS = ("Error", "Exception", "Exit", "Interrupt", "Expired")
_LONGEST_PREFIX = 100  # characters that a log may put before each line
_FIRST_WORDS = re.compile(r"\n(?=\S)")  # where a line that is not indented begins
_DEEPEST = 8  # columns a frame may stand in
_LONGEST_NAME = 200  # characters of the dotted name of an exception's type


@dataclass(frozen=True, slots=True, kw_only=True)
class Traceback:
    """What a traceback says. `start` and `end` are character offsets.

    `whole` says that the text has the shape of a traceback, not only a line
    that looks like the end of one. `source` is the line of code at `where`.
    """

    type_name: str
    message: str
    start: int
    end: int
    where: str = ""
    source: str = ""
    whole: bool = True


def find_traceback(plain: str) -> Traceback | None:
    """Return the failure that explains the end of `plain`, or None."""
    last = _last_traceback(plain)
    bare = _bare_error(plain, last.end if last else 0)
    # After a traceback only a syntax error, which has no header, is a failure of its own.
    if bare and (bare.whole or not last):
        return bare
    return _root(plain, last) if last else None


def first_of_group(plain: str, end: int) -> str:
    """Return the line of the first exception inside a group, or "".

    `end` is where the group's own line ends.
    """
    for start, stop in lines(plain, end, len(plain)):
        _, found, line = plain[start:stop].partition(_MEMBER)
        if found and _type_name(line):
            return line.rstrip()
    return ""


def is_library(filename: str) -> bool:
    """Return whether `filename` is the standard library's or a package's."""
    return (
        "/lib/python3." in filename
        or "/site-packages/" in filename
        or "/dist-packages/" in filename
        or "/lib64/python3." in filename
        or "<frozen " in filename
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


def _root(plain: str, found: Traceback) -> Traceback:
    """Follow the chain of direct causes that ends with `found` to its root."""
    while (cause := _cause_of(plain, found.start)) and not cause.type_name.endswith("CancelledError"):
        if not cause.where:  # raised and caught inside a library: the user's call is the place
            cause = replace(cause, where=found.where, source=found.source)
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


def _cause_of(plain: str, start: int) -> Traceback | None:
    """Return the traceback that is the direct cause of the one at `start`."""
    above = len(plain[max(0, start - 400) : start].rstrip()) + max(0, start - 400)
    cause = above - len(_CAUSE)
    if cause < 0 or not plain.startswith(_CAUSE, cause):
        return None
    at = plain.rfind(_HEADER, 0, cause)
    if at < 0 or plain.find(_CAUSE, at, cause) >= 0 or plain.find(_OTHER, at, cause) >= 0:
        return None  # the cause was never raised, so it has no traceback of its own
    opening, prefix = _opening(plain, at)
    return _read(plain, opening, cause, prefix)


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
    first_words = re.compile(rf"\n{re.escape(prefix)}(?=\S)") if prefix else _FIRST_WORDS
    for match in first_words.finditer(plain, body - 1, stop):
        line_end = plain.find("\n", match.end(), stop)
        line_end = stop if line_end < 0 else line_end
        line = plain[match.end() : line_end]
        if name := _type_name(line):
            message, end = _message(plain, line, line_end, stop)
            where, source, _ = _user_frame(plain, body, match.start() + 1, prefix)
            return Traceback(
                type_name=name, message=message, start=start, end=end, where=where, source=source
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
        where, source, opening = _user_frame(plain, _indented_from(plain, after, start), start, "")
        return Traceback(
            type_name=name,
            message=line.partition(":")[2].strip(),
            start=opening if where else start,
            end=start + len(line),
            where=where,
            source=source,
            whole=bool(where),
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


def _user_frame(plain: str, top: int, bottom: int, prefix: str) -> tuple[str, str, int]:
    """Return place, line of code and offset of the user's last frame, if any."""
    file, cell = plain.rfind("File ", top, bottom), plain.rfind("Cell In[", top, bottom)
    below, deepest = bottom, len(prefix) + _DEEPEST
    while (at := max(file, cell)) >= 0:
        start = plain.rfind("\n", max(0, at - deepest - 1), at) + 1
        if at - start <= deepest:  # else the middle of a line, whose end is not looked for
            end = plain.find("\n", at, bottom)
            line = plain[at:end]
            if is_library(line):
                below = at
            elif (place := _place(line)) and not plain[start:at].removeprefix(prefix).strip():
                return place, _source(plain, end + 1, below, prefix), start
        if at == file:
            file = plain.rfind("File ", top, at)
        else:
            cell = plain.rfind("Cell In[", top, at)
    return "", "", bottom


def _source(plain: str, start: int, stop: int, prefix: str) -> str:
    """Return the line of code that a frame shows between `start` and `stop`."""
    first = ""
    for line_start, line_end in lines(plain, start, stop):
        line = plain[line_start:line_end].removeprefix(prefix).strip()
        if line.startswith("--") and "> " in line:  # IPython's arrow marks the line that ran
            return line.partition("> ")[2].lstrip("0123456789").strip()
        first = first or line
    return first


def _place(line: str) -> str:
    """Return `file:line` of a frame's first line, or "".

    >>> _place('File "a.py", line 3, in f'), _place("Cell In[2], line 1"), _place("File ~/a.py:3, in f()")
    ('a.py:3', 'In[2]:1', '~/a.py:3')
    """
    if line.startswith('File "'):
        name, _, rest = line[6:].rpartition('", line ')
    elif line.startswith("Cell "):
        name, _, rest = line[5:].partition(", line ")
    else:
        name, _, rest = line[5:].partition(", in ")[0].rpartition(":")
    number = rest.partition(",")[0].strip()
    return f"{name}:{number}" if number.isdecimal() else ""


def _type_name(line: str) -> str:
    """Return the exception's type as `line` begins with it, or ""."""
    name = line[:_LONGEST_NAME].partition(":")[0].rstrip()
    return name if name.replace(".", "").replace("<locals>", "").isidentifier() else ""
