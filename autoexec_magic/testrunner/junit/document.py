"""One XML document, parsed a piece at a time: until its end, or until what stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from ..cases import Case
from .building import Building, Refused
from .opening import PIECE_BYTES
from .parts import Suite

_MOST_TAG_BYTES = 32 * 2**20  # of one tag or comment: expat holds it whole
_MOST_NAMES = 10_000  # of elements and attributes: expat forgets none
_ENTITY = "it declares an entity, which no report needs"
_TRUNCATED = frozenset(
    {
        expat.errors.codes[message]
        for message in (
            expat.errors.XML_ERROR_NO_ELEMENTS,
            expat.errors.XML_ERROR_UNCLOSED_TOKEN,
            expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        )
    }
)
_UNKNOWN_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]


class Stop(NamedTuple):
    """Why a parser does not go on: expat's code, the words for it, and the bytes behind the place."""

    code: int
    what: str
    left: bytes = b""


class Document:
    """One XML document: a parser, and what is being built of it."""

    def __init__(
        self,
        encoding: str,
        on_cases: Callable[[list[Case]], object],
        on_suites: Callable[[list[Suite]], object],
    ) -> None:
        self._names: dict[str, str] = {}
        parser = self._parser = expat.ParserCreate(encoding or None, intern=self._names)
        parser.buffer_text = True
        parser.specified_attributes = True  # a document type can give every case a megabyte of others
        parser.buffer_size = PIECE_BYTES
        self._on_cases, self._on_suites = on_cases, on_suites
        self._cases: list[Case] = []
        self._suites: list[Suite] = []
        self._handed = 0
        self.doubt: tuple[str, int, int] | None = None  #: the first false claim, its line and byte
        self._building = Building(
            parser, self._cases.append, self._suites.append, cases=self._count, on_doubt=self._note
        )
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        self._fed = 0

    @property
    def is_over(self) -> bool:
        """Whether its root element was closed."""
        return self._building.is_over

    @property
    def has_begun(self) -> bool:
        """Whether there was an element."""
        return self._building.has_begun

    @property
    def at(self) -> int:
        """The byte at which the parser stands, from 0."""
        parser = self._parser
        return max(parser.ErrorByteIndex if parser.ErrorByteIndex >= 0 else parser.CurrentByteIndex, 0)

    @property
    def line(self) -> int:
        """The line at which the parser stands, from 1."""
        return self._parser.ErrorLineNumber or self._parser.CurrentLineNumber

    def _count(self) -> int:
        return self._handed + len(self._cases)

    def _note(self, what: str) -> None:
        if self.doubt is None:
            self.doubt = (what, self._parser.CurrentLineNumber, max(self._parser.CurrentByteIndex, 0))

    def read(self, pieces: Iterator[bytes]) -> Stop | None:
        """Read to the end; return what stopped it before, or None."""
        held: list[bytes] = []
        size = enough = 0  # nothing at all is not parsed: that would say that it ends
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if not size or (size < enough and size + enough <= _MOST_TAG_BYTES):
                continue
            if stop := self._parse(b"".join(held)):
                return stop
            held.clear()
            size = 0
            enough = self._waiting()
        return (self._parse(b"".join(held)) if held else None) or self._parse(b"")

    def _waiting(self) -> int:
        """Return how many bytes to read before the next parsing.

        expat reads what is not whole yet again from its beginning. As many more
        each time make that linear.

        Raises
        ------
        Refused
            It holds more than any report needs.
        """
        waiting = self._fed - self._parser.CurrentByteIndex
        if waiting > _MOST_TAG_BYTES:
            raise Refused(f"one tag or comment is longer than {_MOST_TAG_BYTES >> 20} MB")
        if len(self._names) > _MOST_NAMES:
            raise Refused(f"it has more than {_MOST_NAMES:,} names of elements and attributes")
        return waiting

    def _parse(self, data: bytes) -> Stop | None:
        """Parse some bytes, none for the end, and hand over what they finished."""
        self._fed += len(data)
        try:
            self._parser.Parse(data, not data)
            self._building.count(len(data))
        except expat.ExpatError as error:
            behind = self._fed - self.at
            left = data[len(data) - behind :] if 0 < behind <= len(data) else b""
            return Stop(error.code, _words_of(error), left)
        except (LookupError, ValueError) as error:  # an encoding that nobody knows, or expat cannot use
            return Stop(_UNKNOWN_ENCODING, str(error))
        finally:
            self._hand_over()
        return None

    def _hand_over(self) -> None:
        """Pass on what is finished; not while expat parses, which would take a reader's error for its own."""
        if self._cases:
            self._handed += len(self._cases)
            self._on_cases(self._cases)
            self._cases.clear()
        if self._suites:
            self._on_suites(self._suites)
            self._suites.clear()

    def end(self, *, is_whole: bool) -> None:
        """Hand over what was begun and will never end."""
        self._building.end(is_whole=is_whole)
        self._hand_over()

    def _refuse(self, *rest: object) -> int:
        raise Refused(_ENTITY)


def _words_of(error: expat.ExpatError) -> str:
    if error.code in _TRUNCATED:
        return "the file ends too early"
    return expat.ErrorString(error.code) or "it is no XML"
