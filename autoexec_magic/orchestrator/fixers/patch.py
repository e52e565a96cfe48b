"""A patch as a unified diff: read from text that anybody may have written, applied to one source, shown.

Nothing here writes a file. A patch is about one source; whatever names another
one, or has a character that cannot be seen, is no patch. Where it belongs is
found by its own lines, because models count badly; where that is not clear it
does not apply. The numbers of a hunk only say where it ends, and which of two
equal places is meant.

The format is that of GNU diff (`diff -u`), as POSIX has it since Issue 7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from . import compared

MOST_CHARS = 200_000  #: of a text with a patch in it
MOST_NEW_CHARS = 10_000  #: that a `replace` may write
_FENCES = ("```", "~~~")
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_BARE_HUNK = re.compile(r"@@(?: \.\.\.)?(?: @@)?\s*$")
_UNSEEN = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))  # controls, directions, no width (UAX #44)


class BadPatch(Exception):
    """It is no patch, or none for this source; the text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines of a patch in their order, each with its mark: " ", "-" or "+".

    `start` is the line, from 1, where the first is said to be; 0 where nothing is said.
    """

    start: int
    lines: tuple[tuple[str, str], ...]

    @property
    def old(self) -> list[str]:
        """What is there before."""
        return [text for mark, text in self.lines if mark != "+"]


def read(text: str, name: str) -> tuple[Hunk, ...]:
    r"""Return the patch of the file `name` in a text, which may say more around it.

    Parameters
    ----------
    text : str
        The diff alone, or in the one fenced block that holds one.
    name : str
        The only file it may be about; a diff without names is about it, too.

    Raises
    ------
    BadPatch
        There is none, or more than one, or one that touches another file.

    Examples
    --------
    >>> [hunk] = read("Sure!\n```diff\n@@ -1 +1 @@\n-pritn(1)\n+print(1)\n```\n", "script.py")
    >>> hunk.lines
    (('-', 'pritn(1)'), ('+', 'print(1)'))
    """
    if len(text) > MOST_CHARS:
        raise BadPatch(f"it is longer than {MOST_CHARS:,} characters")
    text = text.replace("\r\n", "\n")
    fenced = [block for block in _blocks(text) if _has_hunk(block)]
    if len(fenced) > 1:
        raise BadPatch("there is more than one patch in it")
    hunks = tuple(_hunks((fenced or [text])[0], name, is_fenced=bool(fenced)))
    changed = [hunk for hunk in hunks if any(mark != " " for mark, _ in hunk.lines)]
    if not changed:
        raise BadPatch("there is no patch in it")
    for hunk in changed:
        for mark, line in hunk.lines:
            if mark == "+" and has_unseen(line):
                raise BadPatch("it writes characters that cannot be seen")
    return tuple(changed)


def apply(hunks: Sequence[Hunk], source: str, *, seen: str = "") -> str:
    """Return `source` with a patch applied, whole or not at all.

    Parameters
    ----------
    hunks : sequence of Hunk
        The patch.
    source : str
        Its lines end in a line feed.
    seen : str, optional
        The source as whoever wrote the patch saw it, of as many lines: some of
        them masked. A line that is kept is kept as it really is.

    Raises
    ------
    BadPatch
        It does not apply, or not at one place only.
    """
    lines = source.split("\n")
    looked_at = seen.split("\n") if seen else lines
    if len(looked_at) != len(lines):
        raise BadPatch("it was made for a source of another length")
    places = sorted(((_place(hunk, looked_at), hunk) for hunk in hunks), key=lambda item: item[0])
    done: list[str] = []
    at = 0
    for start, hunk in places:
        if start < at:
            raise BadPatch("two parts of it are about the same lines")
        done += lines[at:start]
        at = start
        for mark, text in hunk.lines:
            if mark == " ":
                done.append(lines[at])
            if mark == "+":
                done.append(text)
            at += mark != "+"
    return "\n".join([*done, *lines[at:]])


def replaced(source: str, line: int, old: str, new: str, *, failed: str = "") -> str:
    """Return `source` with `new` in the place of `old`, in one line only.

    Parameters
    ----------
    source : str
        The code.
    line : int
        The line, from 1; 0 where it is not known.
    old, new : str
        A name or other piece of the line, and what to write instead; as a
        whole word, wherever it stands in that line.
    failed : str, optional
        The line's text; it must be there, and says which line it is.

    Raises
    ------
    BadPatch
        The line is not there, or has no `old`, or `new` is more than a piece of a line.
    """
    lines = source.split("\n")
    if not old or len(new) > MOST_NEW_CHARS or has_unseen(old + new):
        raise BadPatch("it is no piece of a line")
    at = _line_at(lines, line, failed.strip())
    start = r"(?<!\w)" if re.match(r"\w", old) else ""
    end = r"(?!\w)" if re.search(r"\w$", old) else ""
    text, count = re.subn(f"{start}{re.escape(old)}{end}", lambda match: new, lines[at])
    if not count:
        raise BadPatch(f"line {at + 1} has no {old}")
    return "\n".join([*lines[:at], text, *lines[at + 1 :]])


def diff(before: str, after: str, name: str) -> str:
    """Return what was changed as a unified diff; "" where nothing was."""
    old, new = before.split("\n"), after.split("\n")
    if not old[-1] and not new[-1]:  # both end in a line feed: that is no line to be shown
        old, new = old[:-1], new[:-1]
    return "\n".join(compared.unified(old, new, name))


def has_unseen(text: str) -> bool:
    """Whether a text has a character that does something else than be seen; a tab is seen."""
    return not text.isprintable() and any(
        unicodedata.category(character) in _UNSEEN for character in text if character != "\t"
    )


def _blocks(text: str) -> Iterator[str]:
    """Yield what stands between each two fences; each line is looked at once."""
    block: list[str] | None = None
    for line in text.split("\n"):
        word = line.strip(" \t")
        if block is None:
            block = [] if word.startswith(_FENCES) and "`" not in word[3:] else None
        elif word in _FENCES:
            yield "".join(f"{inner}\n" for inner in block)
            block = None
        else:
            block.append(line)


def _has_hunk(text: str) -> bool:
    return any(line.startswith("@@") for line in text.split("\n"))


def _hunks(text: str, name: str, *, is_fenced: bool) -> Iterator[Hunk]:
    """Yield the hunks; what stands between them is prose."""
    lines = text.split("\n")
    files = at = 0
    while at < len(lines):
        if lines[at].startswith("--- ") and lines[at + 1 : at + 2] and lines[at + 1].startswith("+++ "):
            files += 1
            _check_names(lines[at], lines[at + 1], name)
            if files > 1:
                raise BadPatch("there is more than one patch in it")
            at += 2
        elif lines[at].startswith(("rename ", "copy ", "new file mode", "deleted file mode", "GIT binary")):
            raise BadPatch("it does more than change lines")
        elif (match := _HUNK.match(lines[at])) or _BARE_HUNK.match(lines[at]):
            counts = (int(match[2] or 1), int(match[4] or 1)) if match else (0, 0)
            body, at = _body(lines, at + 1, counts, is_open=is_fenced or not match)
            yield Hunk(start=int(match[1]) if match else 0, lines=tuple(body))
        else:
            at += 1


def _body(
    lines: list[str], at: int, counts: tuple[int, int], *, is_open: bool
) -> tuple[list[tuple[str, str]], int]:
    """Return the lines of a hunk and where it ends; with `is_open` an empty line does not end it.

    It may be longer than it says, for models count badly.
    """
    found: list[tuple[str, str]] = []
    old, new = counts
    while at < len(lines):
        line = lines[at]
        is_due = old > 0 or new > 0
        if not is_due and (line.startswith("--- ") or not (line or is_open)):
            break  # another file, or a line that ends what stands in prose
        if line.startswith("@@") or (line and line[0] not in " +-\\"):
            break
        at += 1
        if line.startswith("\\"):  # `\ No newline at end of file`
            continue
        mark, text = (line[0], line[1:]) if line else (" ", "")
        found.append((mark, text))
        old -= mark != "+"
        new -= mark != "-"
    while found and found[-1] == (" ", "") and (old < 0 or new < 0 or counts == (0, 0)):
        found.pop()
        old, new = old + 1, new + 1
    return found, at


def _check_names(old: str, new: str, name: str) -> None:
    for line in (old, new):
        said = line[4:].split("\t")[0].strip().strip('"')
        parts, wanted = PurePosixPath(said).parts, PurePosixPath(name).parts
        inner = wanted[1:] if wanted[:1] == ("/",) else wanted  # of a whole path the mark takes the slash
        if parts not in (wanted, ("a", *inner), ("b", *inner)):
            raise BadPatch("it is about another file")


def _place(hunk: Hunk, lines: list[str]) -> int:
    """Return the index of the line where a hunk begins."""
    old = hunk.old
    if not old:  # lines are put in only; `-N,0` means: behind line N
        if not hunk.start and any(line.strip() for line in lines):
            raise BadPatch("it does not say where it belongs")
        if hunk.start > len(lines):
            raise BadPatch("it belongs behind the end of the source")
        return hunk.start
    exactly: Callable[[str], str] = str
    for spelled in (exactly, str.rstrip):
        wanted = [spelled(line) for line in old]
        there = [spelled(line) for line in lines]
        found = [at for at in range(len(there) - len(wanted) + 1) if there[at : at + len(wanted)] == wanted]
        if len(found) == 1:
            return found[0]
        if hunk.start - 1 in found:
            return hunk.start - 1
        if found:
            raise BadPatch("there is more than one place where it could belong")
    raise BadPatch("it does not apply: the lines that it changes are not there")


def _line_at(lines: list[str], line: int, failed: str) -> int:
    if 0 < line <= len(lines) and (not failed or lines[line - 1].strip() == failed):
        return line - 1
    found = [at for at, text in enumerate(lines) if failed and text.strip() == failed]
    if len(found) != 1:
        raise BadPatch("the line that failed is not there")
    return found[0]
