r"""What the text of a failed test shows: each exception of the chain, and the places that it went through.

Reads pytest's own styles (`long`, `short`, `native`, `line`) and Python's
tracebacks, as they stand in a report of anybody's. Everything is data: no file
is opened, and no text makes it raise. The time is linear in the text's length,
of which no more than `MOST_CHARS` are read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_CHARS = 40_000  #: of a text; its middle is left out

_DIRECT = "The above exception was the direct cause of the following exception:"
_DURING = "During handling of the above exception, another exception occurred:"
_LINK = re.compile(rf"^[ |+]*(?P<direct>{re.escape(_DIRECT)})$|^[ |+]*{re.escape(_DURING)}$", re.MULTILINE)
# pytest: `a/b.py:12: ` and what comes behind; Python: `File "a/b.py", line 12, in f`. An E line is neither.
_PLACE = re.compile(
    r"^(?:(?!E )(?P<file>[^\s\"=|][^\n\"=|]*?\.pyx?|<[^>\n]+>):(?P<line>\d{1,9}):(?: (?P<rest>[^\n]*))?"
    r"|[ |]*File \"(?P<native>[^\"\n]+)\", line (?P<number>\d{1,9})(?:, in [^\n]*)?)$",
    re.MULTILINE,
)
_TYPE = re.compile(r"[A-Za-z_][\w.]*\Z")
_ENDS = (
    "Error",
    "Exception",
    "Exit",
    "Interrupt",
    "Warning",
    "Failed",
    "Skipped",
    "Expired",
    "Iteration",
    "Group",
)


class Place(NamedTuple):
    """A place in a file; `line` counts from 1, `source` is that line, "" where it is not shown."""

    file: str
    line: int = 0
    source: str = ""


class Shown(NamedTuple):
    """One exception of a chain; `places` are in order, where it was raised comes last."""

    type: str
    message: str
    places: tuple[Place, ...]
    is_direct: bool = False  #: whether the one before it was its direct cause


def shown(text: str) -> tuple[Shown, ...]:
    r"""Return the exceptions that `text` shows, the one that the test ended with last.

    Examples
    --------
    >>> text = ">       f()\n\ntest_a.py:2: \n_ _\n>   raise KeyError(1)\nE   KeyError: 1\n\na.py:5: KeyError"
    >>> (found,) = shown(text)
    >>> found.type, found.message, [place.file for place in found.places]
    ('KeyError', '1', ['test_a.py', 'a.py'])
    """
    text = shortened(text)
    found, start, is_direct = [], 0, False
    for link in _LINK.finditer(text):
        found.append(_one(text[start : link.start()], is_direct))
        start, is_direct = link.end(), link["direct"] is not None
    found.append(_one(text[start:], is_direct))
    return tuple(found)


def shortened(text: str) -> str:
    """Return `text` without its middle, if it is too long to be read."""
    half = MOST_CHARS // 2
    return text if len(text) <= MOST_CHARS else f"{text[:half]}\n…\n{text[-half:]}"


def split_error(words: str) -> tuple[str, str]:
    """Split `KeyError: 'a'` or `assert 1 == 2` into type and message; no type where none is named.

    Examples
    --------
    >>> split_error("json.JSONDecodeError: Expecting value"), split_error("so: it is")
    (('json.JSONDecodeError', 'Expecting value'), ('', 'so: it is'))
    >>> split_error("assert 1 == 2")
    ('AssertionError', 'assert 1 == 2')
    """
    if words.startswith("assert "):
        return "AssertionError", words
    kind, colon, message = words.partition(":")
    if _TYPE.match(kind) and (_ends(kind) or (colon and kind.rpartition(".")[2][:1].isupper())):
        return kind, message.strip()
    return "", words


def _ends(kind: str) -> bool:
    return kind.endswith(_ENDS) or (kind.endswith("error") and kind != "error")


def _one(text: str, is_direct: bool) -> Shown:
    places, behind = _places(text)
    lines = text.splitlines()
    marked = [line[1:].strip() for line in lines if line.startswith(("E  ", "E\t")) or line == "E"]
    marked = marked[next((at for at, line in enumerate(marked) if line), 0) :]
    if marked and (at := _PLACE.match(marked[0])) and at["native"]:  # Python could not read that file
        places.append(Place(at["native"], int(at["number"]), marked[1] if len(marked) > 1 else ""))
        marked = marked[-1:]
    if marked:
        kind, first = split_error(marked[0])
        message = "\n".join([first, *marked[1:]]).strip()
    else:
        last = next((line for line in reversed(lines) if line[:1].strip()), "")
        kind, message = split_error(last.strip(" |+"))
        message = message if kind else ""
    if not kind and behind and _TYPE.match(behind):
        kind, message = behind, "" if message.endswith(behind) else message
    return Shown(kind, message, tuple(places), is_direct)


def _places(text: str) -> tuple[list[Place], str]:
    """Return the places, and what pytest writes behind the last of them: the exception's type."""
    found: list[Place] = []
    behind, before = "", 0
    for match in _PLACE.finditer(text):
        if match["native"]:
            found.append(Place(match["native"], int(match["number"]), _below(text, match.end())))
        else:
            behind = match["rest"] or ""
            source = _below(text, match.end()) if behind.startswith("in ") else ""
            found.append(
                Place(match["file"], int(match["line"]), source or _arrow(text, before, match.start()))
            )
        before = match.end()
    return found, behind


def _arrow(text: str, start: int, end: int) -> str:
    """Return the line that pytest points at between two places."""
    at = text.rfind("\n>", max(start - 1, 0), end)
    at = at + 1 if at >= 0 else start if text.startswith(">", start) else -1
    return text[at + 1 : text.find("\n", at, end)].strip() if at >= 0 else ""


def _below(text: str, at: int) -> str:
    """Return the line of code that is shown below a place."""
    end = text.find("\n", at + 1)
    line = text[at + 1 : end if end >= 0 else len(text)]
    return line.strip(" |") if line.startswith((" ", "|")) else ""
