"""What the rows of Python's tables are made of.

A row says what a failure is (its code) without writing anything; only when
somebody wants to read it are reason and fix put together, by `Row.say`. What
stands in a message never becomes a command, but for one: the module in
`%autoexec resolve MODULE`, and only if it is a plain dotted name.

A table maps the name of an exception's type to an *entry*: a row, or what
picks one by the message (`by_message`), by the number of a system error
(`by_errno`) or by the function that raised it (`raised_in`). Entries are
picked from, one after another, so that the time does not grow with the table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from autoexec_magic.values import Action, Confidence, Frame

from .around import NOTHING, Around
from .sureness import earned

if TYPE_CHECKING:
    from types import TracebackType

LONGEST_NAME = 100  #: characters of a name that a fix may repeat
LONGEST_MESSAGE = 1000  #: characters of a message that are looked at
_EVERYWHERE = frozenset(("a", "and", "be", "in", "is", "no", "not", "of", "the", "to"))  # in any message
_SHORT = 2  # letters of a beginning that may be the rest of a word
_OPENING = "([{<\"'`"  # what may stand right before a word
_FEW = 10  # sayings that are looked for one by one; of more, only those that share a word with the message


class Raiser(Protocol):
    """Who raised an exception; nothing is looked for before it is asked."""

    def __call__(self) -> tuple[str, str]:
        """Return the file and the function, or two empty strings."""

    def line(self) -> str:
        """Return the line of code, or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A failure as the rows see it, from an exception object or from a text.

    `type_name` is as Python prints it, `message` its first line, `source` the
    user's line of code or "". `error` and `at` (the entry of its traceback
    that is the user's own) are there for an object only.
    """

    type_name: str
    message: str
    source: str = ""
    frame: Frame | None = None
    error: BaseException | None = None
    at: TracebackType | None = None


class Said(NamedTuple):
    """What a row says of a failure."""

    code: str
    why: str
    fix: str
    confidence: Confidence
    evidence: tuple[str, ...] = ()
    action: Action | None = None


Tell: TypeAlias = Callable[[Said, Seen, Around], Said]  #: says more, where more is known


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Parameters
    ----------
    code : str
        Public, kebab-case.
    fix : str
        In it `{name}` becomes the first quoted name of the message, `{path}`
        what stands after its last colon, `{source}` the line of code.
    confidence : Confidence
        How sure type and message alone make code and fix.
    silent : str
        The reason, where there is no message.
    tell : callable, optional
        Says more than that.
    action : Action, optional
        What carries the fix out.
    without : str
        The fix, where what the first one repeats is not known.
    """

    code: str
    fix: str
    confidence: Confidence = "certain"
    silent: str = ""
    tell: Tell | None = None
    action: Action | None = None
    without: str = ""

    def pick(self, message: str, raiser: Raiser) -> Row:
        """Return itself: there is nothing to choose."""
        return self

    def say(self, seen: Seen, around: Around = NOTHING) -> Said:
        """Return what it says of a failure that was picked for it."""
        why = without_errno(seen.message)
        said = Said(self.code, why or self.silent, self._fix(why, seen), self.confidence, (), self.action)
        return self.tell(said, seen, around) if self.tell else said

    def _fix(self, why: str, seen: Seen) -> str:
        fix = self.fix
        if "{" not in fix:
            return fix
        if "{source}" in fix:
            return fix.replace("{source}", seen.source) if seen.source else self.without
        if "{name}" in fix:
            name = quoted(why)
            return fix.replace("{name}", name or "it") if name or not self.without else self.without
        path = why.rpartition(": ")[2] if ": " in why else ""
        return fix.replace("{path}", path or "it") if path or not self.without else self.without


UNKNOWN = Row("error", "read the lines above that message", "unknown")  #: all that is left


class Entry(Protocol):
    """What a row is picked from."""

    def pick(self, message: str, raiser: Raiser) -> Row:
        """Return the row of a failure with this message."""


class _Few:
    """Sayings that are looked for in the message, in their order."""

    __slots__ = ("otherwise", "sayings")

    def __init__(self, sayings: tuple[tuple[str, Entry], ...], otherwise: Entry) -> None:
        self.sayings, self.otherwise = sayings, otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        for saying, entry in self.sayings:
            if saying in message:
                return entry.pick(message, raiser)
        return self.otherwise.pick(message, raiser)


class _Many(_Few):
    """The same for long lists: a saying is looked for only if its rarest whole word is there."""

    __slots__ = ("_by_word", "_loose")

    def __init__(self, sayings: tuple[tuple[str, Entry], ...], otherwise: Entry) -> None:
        super().__init__(sayings, otherwise)
        whole = [_whole_words(saying) for saying, _ in sayings]
        often = Counter(word for words in whole for word in words)
        self._loose: list[int] = []
        self._by_word: dict[str, list[int]] = {}
        for order, words in enumerate(whole):
            if words:
                rarest = min(words, key=lambda word: (word in _EVERYWHERE, often[word], -len(word)))
                self._by_word.setdefault(rarest, []).append(order)
            else:
                self._loose.append(order)

    def pick(self, message: str, raiser: Raiser) -> Row:
        """Return the row of the first saying that is found."""
        by_word = self._by_word
        orders = self._loose
        for word in message.split(" "):
            if word in by_word or (word[:1] in _OPENING and (word := word.lstrip(_OPENING)) in by_word):
                orders = orders + by_word[word]
        if len(orders) > 1:
            orders = sorted(orders)
        for order in orders:
            saying, entry = self.sayings[order]
            if saying in message:
                return entry.pick(message, raiser)
        return self.otherwise.pick(message, raiser)


class _ByErrno:
    """A row by the number in `[Errno 2] ...`; the rest is for somebody else."""

    __slots__ = ("otherwise", "rows")

    def __init__(self, rows: dict[int, Entry], otherwise: Entry) -> None:
        self.rows, self.otherwise = {str(number): row for number, row in rows.items()}, otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        _, found, rest = message.partition("[Errno ")
        entry = self.rows.get(rest.partition("]")[0]) if found else None
        return (entry or self.otherwise).pick(message, raiser)


class _RaisedIn:
    """A row by the function that raised, where it is one of these."""

    __slots__ = ("functions", "otherwise")

    def __init__(self, functions: dict[tuple[str, str], Entry], otherwise: Entry) -> None:
        self.functions, self.otherwise = functions, otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        file, function = raiser()
        entry = self.functions.get((file.rpartition("/")[2], function.rpartition(".")[2])) if file else None
        return (entry or self.otherwise).pick(message, raiser)


class _OnLine:
    """A row where the line of code that raised has a pattern in it."""

    __slots__ = ("otherwise", "pattern", "row")

    def __init__(self, pattern: re.Pattern[str], row: Entry, otherwise: Entry) -> None:
        self.pattern, self.row, self.otherwise = pattern, row, otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        line = raiser.line()[:LONGEST_MESSAGE]
        return (self.row if self.pattern.search(line) else self.otherwise).pick(message, raiser)


class _When:
    """A row where the message passes a test, which is more than holding some words."""

    __slots__ = ("otherwise", "row", "test")

    def __init__(self, test: Callable[[str], bool], row: Entry, otherwise: Entry) -> None:
        self.test, self.row, self.otherwise = test, row, otherwise

    def pick(self, message: str, raiser: Raiser) -> Row:
        return (self.row if self.test(message) else self.otherwise).pick(message, raiser)


def says(
    code: str,
    fix: str,
    confidence: Confidence = "certain",
    *,
    silent: str = "",
    tell: Tell | None = None,
    without: str = "",
    action: Action | None = None,
) -> Row:
    """Return a row, as sure as its code can be; see `Row` for what its parts are."""
    return Row(code, fix, earned(code, confidence), silent, tell, action, without)


def likely(code: str, fix: str, **more: object) -> Row:
    """Return a row whose words, and not whose structure, say what happened."""
    return replace(Row(code, fix, "likely"), **more)  # type: ignore[arg-type]


def by_message(*sayings: tuple[str, Entry], otherwise: Entry) -> Entry:
    """Return an entry that leaves the message to the first saying found in it."""
    return (_Few if len(sayings) <= _FEW else _Many)(sayings, otherwise)


def by_errno(rows: dict[int, Entry], *, otherwise: Entry) -> Entry:
    """Return an entry that leaves a message to the row of its `[Errno N]`."""
    return _ByErrno(rows, otherwise)


def raised_in(functions: dict[tuple[str, str], Entry], *, otherwise: Entry) -> Entry:
    """Return an entry by the name of the file and of the function that raised, for a few functions."""
    return _RaisedIn(functions, otherwise)


def when(test: Callable[[str], bool], row: Entry, *, otherwise: Entry) -> Entry:
    """Return an entry that leaves a message to `row` where it passes the test."""
    return _When(test, row, otherwise)


def on_line(pattern: re.Pattern[str], row: Entry, *, otherwise: Entry) -> Entry:
    """Return an entry that leaves it to `row` where the line of code that raised has `pattern` in it."""
    return _OnLine(pattern, row, otherwise)


class _Nobody:
    """The raiser of what was never raised."""

    __slots__ = ()

    def __call__(self) -> tuple[str, str]:
        return "", ""

    def line(self) -> str:
        return ""


nobody = _Nobody()  #: the raiser of what was never raised


def quoted(message: str) -> str:
    """Return the first quoted name of `message`, or "" if it is no plain name."""
    name = message.partition("'")[2].partition("'")[0]
    return name if is_name(name.replace(".", "_")) else ""


def is_name(name: str) -> bool:
    """Return whether `name` is a plain name that a fix may repeat."""
    return len(name) <= LONGEST_NAME and name.isidentifier() and name.isprintable()


def without_errno(message: str) -> str:
    """Return `message` without the number of the error, which says nothing that its words do not."""
    return message.partition("] ")[2] if message[:7] == "[Errno " else message


def own_line(type_name: str, message: str) -> str:
    """Return the line that Python ends a traceback with."""
    return f"{type_name}: {message}" if message else type_name


def _whole_words(saying: str) -> list[str]:
    """Return the words of `saying` that have a space on both sides; without any, the one that begins it.

    What ends a saying may go on in the message. One of two words has to begin
    with a whole word.
    """
    first, *others = saying.split(" ")
    inner = [word for word in others[:-1] if word]
    return inner or ([first] if others and len(first) > _SHORT else [])
