r"""What a terminal would show in the end: lines that were rewritten, once.

A progress bar is a thousand lines in a log and one on a screen. `Screen` is as
much of a terminal as that takes: carriage return, backspace, the cursor's
moves, erasing. Nothing wraps, moves end at a wide margin, and a character is one column
wide; what it cannot know it takes as text. A line that nothing went back to is
as it was written, colours included; one that was rewritten has lost its colours.
`collapsed` is the screen of a whole text. `Settled` is for sinks that can take
nothing back (a file, CI's log): it lets a line through once nothing will change
it any more.

`Screen` is the same for the same text, in whatever pieces it comes. It keeps so
many lines of so many characters, the last ones; the cursor reaches up `HEIGHT`
lines.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

HEIGHT = 50
COLUMNS = 16_384
MARGIN = 1_000  # columns: wider than any screen, and the cursor goes no further than it or the text
_TEXT_COLUMNS = 65_536
_NUMBERS = "[0-9;:]{0,64}+"
_RETURN = re.compile(r"\r(?!\n)")
_MOVE = re.compile(rf"\x1b\[{_NUMBERS}[A-HJKdf]")
_NO_COLOUR = re.compile(rf"\x1b(?!\[{_NUMBERS}m)")
_SGR = re.compile(rf"\x1b\[{_NUMBERS}m")
_OPEN = re.compile(rf"\x1b(?:\[{_NUMBERS})?\Z")
_STRAY = re.compile(rf"\x1b(?!\[{_NUMBERS}[A-HJKdfm])")
_OPEN_CHARS = 80
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_TOKEN = re.compile(
    r"(?P<text>[^\n\r\x08\x1b]+)|(?P<line>\n)|(?P<start>\r)|(?P<back>\x08)"
    rf"|\x1b\[(?P<number>{_NUMBERS})(?P<final>[A-HJKdfm])"
)


def collapsed(text: str) -> str:
    r"""Return what a terminal shows of `text` when all of it was written.

    Examples
    --------
    >>> collapsed("10 %\r 50 %\r100 %\ndone\n")
    '100 %\ndone\n'
    """
    if not is_moving(text):
        return text
    screen = Screen(lines=text.count("\n") + 1, columns=_TEXT_COLUMNS)
    screen.feed(text)
    return "\n".join(screen.lines)


def is_moving(text: str) -> bool:
    """Whether anything in `text` goes back to what was written."""
    return _split(text)[2]


class Settled:
    """Lets text through to a sink that takes nothing back: what was rewritten, as it is in the end.

    A line that is written and left comes at once, and so does the beginning of
    one. Once a line is being rewritten the rest of it waits for its end; once
    the cursor goes up, as many lines wait as it goes up. What is through already
    is written again where it changed: its first state, then its last.
    """

    def __init__(self) -> None:
        self._screen = Screen(lines=1)
        self._next = 0  # the first line that is not through
        self._begun = ""  # what of it is
        self._moved_at = 0  # the last line when the cursor was above it
        self._rest = ""

    def feed(self, text: str) -> str:
        """Return what comes through now."""
        text = self._rest + text
        end = text[-1:] if text.endswith("\r") else ""  # of a line's end, or the beginning of its rewriting
        text, self._rest, moves = _split(text.removesuffix("\r"))
        self._rest += end
        screen = self._screen
        if self._next == screen.last and not screen.reach and screen.is_plain and not moves:
            screen.append(text)
            self._next, self._begun = screen.last, screen.line(screen.last)
            return text
        return "".join(self._through(line) for line in _LINES.findall(text))

    def flush(self) -> str:
        """Return what was waiting; the text is at its end."""
        out = self._through(self._rest) if self._rest else ""
        self._rest = ""
        return out + self._lines(self._screen.last) + self._partial()

    def _through(self, text: str) -> str:
        screen = self._screen
        screen.top = screen.last + 1
        screen.feed(text)
        out = ""
        if screen.top < self._next:
            out = "\n" if self._begun else ""
            self._next, self._begun = screen.top, ""
        if screen.top < screen.last or not screen.reach:
            self._moved_at = screen.last
        elif screen.last - self._moved_at > HEIGHT:
            screen.reach = 0
        out += self._lines(screen.last - screen.reach)
        if self._next == screen.last and not screen.reach and screen.is_plain:
            out += self._partial()
        return out

    def _lines(self, end: int) -> str:
        """Return the lines before `end` that are not through."""
        out = ""
        while self._next < end:
            out += self._partial() + "\n"
            self._next, self._begun = self._next + 1, ""
        return out

    def _partial(self) -> str:
        """Return what is to be written so that the next line is as it is now."""
        if self._next > self._screen.last:  # it was erased
            return ""
        line, begun = self._screen.line(self._next), self._begun
        self._begun = line
        if line.startswith(begun):
            return line[len(begun) :]
        return "\r" + line + " " * (len(_SGR.sub("", begun)) - len(_SGR.sub("", line)))


class Screen:
    """A terminal of so many lines; `feed` it, look at `lines`.

    Parameters
    ----------
    lines : int
        How many are kept, at least 1.
    columns : int
        How many characters of a line are kept, the last ones.
    """

    def __init__(self, *, lines: int, columns: int = COLUMNS) -> None:
        self.reach = 0  #: the most lines that the cursor ever went up from the last one
        self.top = 0  #: the number of the highest line that was changed since this was last set
        self._columns = columns
        self._old: deque[str] = deque(maxlen=lines)
        self._gone = 0
        self._rows = [_Row()]
        self._row = 0
        self._column: int | None = None  # None is behind the last character
        self._rest = ""
        self._on: dict[str, Callable[[int, int], None]] = {"A": self._up, "B": self._down, "C": self._right}
        self._on |= {
            "D": self._left,
            "E": self._next,
            "F": self._previous,
            "G": self._to_column,
            "H": self._to,
        }
        self._on |= {"f": self._to, "d": self._to_row, "J": self._erase_screen, "K": self._erase_line}

    @property
    def last(self) -> int:
        """The number of the last line, counted from 0 over all that ever were."""
        return self._gone + len(self._rows) - 1

    @property
    def is_plain(self) -> bool:
        """Whether the cursor is at the end of the last line and nothing of that is being rewritten."""
        row = self._rows[-1]
        is_at_end = self._column is None and self._row == len(self._rows) - 1
        return is_at_end and not row.is_edited and not row.is_begun_again

    @property
    def lines(self) -> list[str]:
        """The lines kept, the one that is not ended last."""
        keep = self._old.maxlen or 1
        return [*self._old, *(row.shown for row in self._rows)][-keep:]

    @property
    def cut(self) -> int:
        """How many lines were written that are not kept."""
        return self.last + 1 - len(self.lines)

    def line(self, number: int) -> str:
        """Return the line with that number, which is one of the last `HEIGHT`."""
        return self._rows[number - self._gone].shown

    def feed(self, text: str) -> None:
        """Write."""
        text, self._rest, moves = _split(self._rest + text)
        if self._column is None and self._row == len(self._rows) - 1 and not moves:
            self.append(text)
            return
        for token in _TOKEN.finditer(text):
            self._take(token)

    def append(self, text: str) -> None:
        """Write at the end what has no moves; this is what happens nearly always."""
        text = text.replace("\r\n", "\n") if "\r" in text else text
        most, last = HEIGHT + (self._old.maxlen or 0), self.last + text.count("\n")
        first, *more = text.rsplit("\n", most)
        if last - self.last > most:  # what is before will not be looked at
            self._old.clear()
            self._rows = []
            self._gone = last - most + 1
        else:
            self._rows[-1].append(first, self._columns)
        for line in more:
            row = _Row()
            row.append(line, self._columns)
            self._rows.append(row)
        self._settle(len(self._rows) - HEIGHT)
        self._row = len(self._rows) - 1

    def _settle(self, count: int) -> None:
        if count > 0:
            self._old.extend(row.shown for row in self._rows[:count])
            self._gone += count
            del self._rows[:count]

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind == "text":
            self._write(token.group())
        elif kind == "line":
            self._line_end()
        elif kind == "start":
            self._rows[self._row].is_begun_again = True
            self._move_to(self._row, 0)
        elif kind == "back":
            self._left(1, 0)
        elif kind == "final" and token["final"] != "m":
            numbers = [int(number or 0) for number in re.split("[;:]", token["number"][:20])]
            self._on[token["final"]](numbers[0], numbers[1] if len(numbers) > 1 else 0)
        elif kind == "final" and self._column is None and not self._rows[self._row].is_edited:
            self._rows[self._row].append(token.group(), self._columns)

    def _write(self, text: str) -> None:
        row = self._rows[self._row]
        self._touch(self._row)
        if self._column is None:
            row.append(text, self._columns)
        else:
            self._move_to(self._row, row.write(text, self._column, self._columns))

    def _line_end(self) -> None:
        if self._row + 1 < len(self._rows):
            self._move_to(self._row + 1, 0)
            return
        self._rows.append(_Row())
        self._settle(len(self._rows) - HEIGHT)
        self._row, self._column = len(self._rows) - 1, None

    def _move_to(self, row: int, column: int) -> None:
        self._row = min(max(0, row), len(self._rows) - 1)
        self.reach = max(self.reach, len(self._rows) - 1 - self._row)
        column = min(max(0, column), max(len(self._rows[self._row]), MARGIN), self._columns)
        self._column = None if column == len(self._rows[self._row]) else column

    def _touch(self, row: int) -> None:
        self.top = min(self.top, self._gone + row)

    @property
    def _at(self) -> int:
        return len(self._rows[self._row]) if self._column is None else self._column

    def _up(self, number: int, _: int) -> None:
        self._move_to(self._row - max(1, number), self._at)

    def _down(self, number: int, _: int) -> None:
        self._move_to(self._row + max(1, number), self._at)

    def _right(self, number: int, _: int) -> None:
        self._move_to(self._row, self._at + max(1, number))

    def _left(self, number: int, _: int) -> None:
        self._move_to(self._row, self._at - max(1, number))

    def _next(self, number: int, _: int) -> None:
        self._move_to(self._row + max(1, number), 0)

    def _previous(self, number: int, _: int) -> None:
        self._move_to(self._row - max(1, number), 0)

    def _to_column(self, number: int, _: int) -> None:
        self._move_to(self._row, number - 1)

    def _to(self, row: int, column: int) -> None:
        self._move_to(row - 1, column - 1)

    def _to_row(self, row: int, _: int) -> None:
        self._move_to(row - 1, self._at)

    def _erase_line(self, what: int, _: int) -> None:
        if self._column is None and what == 0:
            return
        at = self._at
        self._touch(self._row)
        self._rows[self._row].erase(at, what)
        self._move_to(self._row, at)

    def _erase_screen(self, what: int, _: int) -> None:
        if what == 0:
            self._erase_line(0, 0)
            if self._row + 1 < len(self._rows):
                self._touch(self._row + 1)
                del self._rows[self._row + 1 :]
            return
        at = self._at
        others = range(self._row) if what == 1 else range(len(self._rows))
        for row in others:
            self._touch(row)
            self._rows[row].erase(0, 2)
        self._erase_line(min(what, 2), 0)
        self._move_to(self._row, at)


def _split(text: str) -> tuple[str, str, bool]:
    """Return `text` less what means nothing here, an escape at its end that is not whole, and if it moves."""
    # One sign after another, each a fast search: nearly all text has none of them, or colours only.
    moves = "\b" in text or ("\r" in text and _RETURN.search(text) is not None)
    if "\x1b" not in text:
        return text, "", moves
    found = _OPEN.search(text, max(0, len(text) - _OPEN_CHARS))
    rest = found.group() if found else ""
    text = text[: len(text) - len(rest)]
    if _NO_COLOUR.search(text):
        text = _STRAY.sub("", text)
        moves = moves or _MOVE.search(text) is not None
    return text, rest, moves


class _Row:
    """One line: text as it came, or, once rewritten, one character a cell."""

    __slots__ = ("_cells", "_text", "is_begun_again")

    def __init__(self) -> None:
        self.is_begun_again = False
        self._text = ""
        self._cells: list[str] | None = None

    @property
    def is_edited(self) -> bool:
        return self._cells is not None

    @property
    def shown(self) -> str:
        return self._text if self._cells is None else "".join(self._cells).rstrip(" ")

    def __len__(self) -> int:
        if self._cells is not None:
            return len(self._cells)
        return len(_SGR.sub("", self._text) if "\x1b" in self._text else self._text)

    def append(self, text: str, columns: int) -> None:
        if self._cells is None:
            self._text = (self._text + text)[-columns:] if self._text else text[-columns:]
        else:
            self._cells += _SGR.sub("", text)
            del self._cells[: max(0, len(self._cells) - columns)]

    def write(self, text: str, at: int, columns: int) -> int:
        """Overwrite from column `at` on; return the column behind."""
        cells = self._edited()
        cells += " " * (at - len(cells))
        cells[at : at + len(text)] = text
        surplus = max(0, len(cells) - columns)
        del cells[:surplus]
        return max(0, at + len(text) - surplus)

    def erase(self, at: int, what: int) -> None:
        cells = self._edited()
        if what == 0:
            del cells[at:]
        elif what == 1:
            size = min(at + 1, len(cells))
            cells[:size] = " " * size
        else:
            cells.clear()

    def _edited(self) -> list[str]:
        if self._cells is None:
            self._cells, self._text = list(_SGR.sub("", self._text)), ""
        return self._cells
