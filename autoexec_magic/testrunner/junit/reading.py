"""Reads JUnit XML of any tool, a piece at a time; of a damaged file, the cases that are there.

expat's handlers are used directly: a tree of a large report needs a hundred
times its cases. What a case holds is known at its end tag, so nothing is kept
longer than that. Entities, which only attacks declare, end the reading.

Not every fault is the end. What is no XML because of what a test printed
(control characters, bytes of another encoding) is read again with that
replaced; what stands before a report is passed over, and a second document
behind the first is read, too; in a file that ends too early the case that was
begun counts as not run. Whatever it was, one `Fault` names the first place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias, TypeVar
from xml.parsers import expat

from ..cases import Case
from .building import Refused
from .document import Document, Stop
from .mending import NotThisEncoding, foreign_encoding, mended, original_byte, transcoded
from .opening import Source, opened, pieces
from .parts import Suite

if TYPE_CHECKING:
    from junitparser import JUnitXml

T = TypeVar("T")
OnCase: TypeAlias = Callable[[Case], object]

_MOST_DOCUMENTS = 10_000  # behind one another in one file; each costs a parser
_MOST_JUNK_BYTES = 2**20  # before a document; what is longer hides none
_MENDABLE = frozenset(
    {
        expat.errors.codes[message]
        for message in (
            expat.errors.XML_ERROR_INVALID_TOKEN,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
            expat.errors.XML_ERROR_BAD_CHAR_REF,
            expat.errors.XML_ERROR_UNDEFINED_ENTITY,
            expat.errors.XML_ERROR_UNKNOWN_ENCODING,
            expat.errors.XML_ERROR_INCORRECT_ENCODING,
        )
    }
)
_TOO_MANY = f"more than {_MOST_DOCUMENTS:,} documents stand behind one another"
_BEGINNING = re.compile(rb"<\?xml\s|<(?:testsuites?|testcase)[\s/>]")
_LONGEST_BEGINNING = 12
_MISPLACED = expat.errors.codes[expat.errors.XML_ERROR_MISPLACED_XML_PI]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a file: in words, and where it begins (`line` from 1, `byte` from 0)."""

    what: str
    line: int
    byte: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Junit:
    """What a file holds; `fault` is what is wrong with it, or None."""

    cases: tuple[Case, ...]
    suites: tuple[Suite, ...] = ()
    fault: Fault | None = None

    def to_junitparser(self) -> JUnitXml:
        """Return the same as `junitparser`'s objects (`model.to_junitparser`)."""
        from .model import to_junitparser

        return to_junitparser(self.cases, self.suites)


def read(source: Source) -> Junit:
    """Return everything that a file holds.

    Parameters
    ----------
    source : Path, bytes or binary file
        The XML; a file is read from where it stands.

    Raises
    ------
    UsageError
        It cannot be opened, or is no JUnit XML.
    """
    cases: list[Case] = []
    suites: list[Suite] = []
    with opened(source) as file:
        fault = _Reading(file, cases.extend, suites.extend).run()
    return Junit(cases=tuple(cases), suites=tuple(suites), fault=fault)


def stream(
    source: Source, on_case: OnCase, on_suite: Callable[[Suite], object] = lambda suite: None
) -> Fault | None:
    """Hand each case to `on_case` as soon as it is read; return what is wrong with the file, or None.

    Parameters
    ----------
    source : Path, bytes or binary file
        The XML; only one piece of it is held at a time.
    on_case : callable
        Takes a `Case`.
    on_suite : callable, optional
        Takes a `Suite`, at its end.

    Raises
    ------
    UsageError
        It cannot be opened, or is no JUnit XML.
    """
    with opened(source) as file:
        return _Reading(file, _each(on_case), _each(on_suite)).run()


def _each(take: Callable[[T], object]) -> Callable[[list[T]], None]:
    def take_all(items: list[T]) -> None:
        for item in items:
            take(item)

    return take_all


class _Reading:
    """One file, from its beginning to its end or its fault."""

    def __init__(
        self,
        file: BinaryIO,
        on_cases: Callable[[list[Case]], object],
        on_suites: Callable[[list[Suite]], object],
    ) -> None:
        self._file = file
        self._on_cases, self._on_suites = on_cases, on_suites
        self._told = self._told_suites = self._skip = self._skip_suites = 0
        self._fault: Fault | None = None
        self._is_unknown = False  # whether nothing could be read at all, as in another encoding
        self._start = file.tell()

    def run(self) -> Fault | None:
        """Read the file; once more in another encoding, or with its text mended, where that was at fault."""
        if self._read(self._pieces(), "") and not self._read_foreign():
            self._read(mended(self._pieces()), "utf-8")
        return self._fault

    def _read_foreign(self) -> bool:
        """Read a file in an encoding that only Python knows; return whether it was one."""
        encoding = foreign_encoding(next(self._pieces(), b""))
        if not encoding or not self._is_unknown:
            return False
        self._forget()
        try:
            self._read(transcoded(self._pieces(), encoding), "utf-8")
        except NotThisEncoding as wrong:
            self._fault = Fault(what=f"it is not in {encoding}, as it says", line=wrong.line, byte=wrong.byte)
            return False
        if fault := self._fault:
            byte = original_byte(self._pieces(), encoding, fault.byte)
            self._fault = Fault(what=fault.what, line=fault.line, byte=byte)
        return True

    def _forget(self) -> None:
        self._fault = None

    def _pieces(self) -> Iterator[bytes]:
        """Return the file from its beginning; what was told of it is not told again."""
        self._skip, self._skip_suites = max(self._skip, self._told), max(self._skip_suites, self._told_suites)
        self._told = self._told_suites = 0
        self._file.seek(self._start)
        return pieces(self._file)

    def _cases(self, cases: list[Case]) -> None:
        known = self._skip - self._told
        self._told += len(cases)
        self._on_cases(cases[known:] if known > 0 else cases)

    def _suites(self, suites: list[Suite]) -> None:
        known = self._skip_suites - self._told_suites
        self._told_suites += len(suites)
        self._on_suites(suites[known:] if known > 0 else suites)

    def _read(self, data: Iterable[bytes], encoding: str) -> bool:
        """Read documents until there are no more; return whether mending would help."""
        place = _Place(1, 0)
        rest = _Rest(data)
        for _ in range(_MOST_DOCUMENTS):
            document = Document(encoding, self._cases, self._suites)
            try:
                over = document.read(rest)
            except Refused as refused:
                self._note(str(refused), place.past(document))
                document.end(is_whole=False)
                return False
            if (doubt := document.doubt) is not None:
                self._note(doubt[0], _Place(place.line + doubt[1] - 1, place.byte + doubt[2]))
            if over is None:
                document.end(is_whole=True)
                return False
            if not encoding and over.code in _MENDABLE:
                self._note(over.what, place.past(document))
                self._is_unknown = not document.has_begun
                return True
            document.end(is_whole=document.is_over)
            if document.has_begun and not document.is_over and over.code != _MISPLACED:
                self._note(over.what, place.past(document))
                return False
            behind = self._behind(document, over, rest, place)
            if behind is None:
                return False
            place = behind
        self._fault = Fault(what=_TOO_MANY, line=place.line, byte=place.byte)
        return False

    def _behind(self, document: Document, over: Stop, rest: _Rest, place: _Place) -> _Place | None:
        """Return where another document begins behind the one that is over, or behind what is none."""
        is_first = place.byte == 0 and not document.has_begun
        stopped = place.past(document)
        rest.put_back(over.left)
        junk, is_found = _junk_before(rest, is_here=stopped.byte > place.byte)
        if is_first:
            self._note("something stands before the report" if is_found else over.what, stopped)
        elif not is_found or junk.strip():
            self._note("something stands behind the report's end", stopped)
        else:
            self._note("a second document follows the first", stopped)
        if not is_found:
            return None
        return _Place(stopped.line + junk.count(b"\n"), stopped.byte + len(junk))

    def _note(self, what: str, place: _Place) -> None:
        if self._fault is None:
            self._fault = Fault(what=what, line=place.line, byte=place.byte)


class _Place(NamedTuple):
    """Where a document begins in the file: a line, from 1, and a byte, from 0."""

    line: int
    byte: int

    def past(self, document: Document) -> _Place:
        """Return where its parser stands."""
        return _Place(self.line + document.line - 1, self.byte + document.at)


class _Rest:
    """What is left of a file; what was taken too much of it can be put back."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._back = b""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._back:
            piece, self._back = self._back, b""
            return piece
        return next(self._pieces)

    def put_back(self, data: bytes) -> None:
        """Let `data` come first again."""
        self._back = data


def _junk_before(rest: _Rest, *, is_here: bool) -> tuple[bytes, bool]:
    """Take off what stands before the next beginning of a document; return it, and whether there is one.

    `is_here` says that it may begin at once: a parser that could not begin at a
    place does not begin there the second time.
    """
    data, start = next(rest, b""), 0 if is_here else 1
    while True:
        if found := _BEGINNING.search(data, start):
            rest.put_back(data[found.start() :])
            return data[: found.start()], True
        piece = next(rest, b"") if len(data) < _MOST_JUNK_BYTES else b""
        if not piece:
            return data, False
        start = max(start, len(data) - _LONGEST_BEGINNING)
        data += piece
