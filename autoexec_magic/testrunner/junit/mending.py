"""Bytes that expat does not take made readable, a piece at a time.

A file in an encoding that only Python knows is the same file in UTF-8. Of a
damaged one what XML cannot hold is replaced: text is decoded leniently,
control characters and impossible references become U+FFFD, and an `&` that
begins no reference is taken for itself. Tags are left as they are: who wrote a
wrong one knows what was meant, nobody else does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

_DECLARED = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']"""
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]+")
_NAMED = "amp|lt|gt|quot|apos"
_REFERENCE = re.compile(rf"&(?:({_NAMED});|#([0-9]{{1,8}});|#x([0-9a-fA-F]{{1,7}});)?")
_SAMPLE = rb'<?xml version="1.0"?><a b="\x41\u0041&#65;">\\+AGE-~'
_LONGEST_REFERENCE = 12  # characters, from & to ;
_DECLARATION = re.compile(r"<\?xml[^>]{0,300}\?>")
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before the next: it begins like it
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# How a file begins that says only by its zeros what it is in (XML 1.0, appendix F).
_BEGINNINGS = {
    b"<\0\0\0": "utf-32-le",
    b"\0\0\0<": "utf-32-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


class NotThisEncoding(Exception):
    """A file is not in the encoding that it says: at which line, from 1, and byte, from 0."""

    def __init__(self, line: int, byte: int) -> None:
        super().__init__(line, byte)
        self.line, self.byte = line, byte


def foreign_encoding(head: bytes) -> str:
    """Return the encoding that a file says it is in, "" where nobody knows that or it is UTF-8."""
    name, _ = _encoding_of(head)
    return "" if codecs.lookup(name).name == "utf-8" else name


def transcoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the same file in UTF-8.

    Raises
    ------
    NotThisEncoding
        It is not in `encoding`.
    """
    decoder, line, byte = codecs.getincrementaldecoder(encoding)(), 1, 0
    for piece in pieces:  # half a character at the end is one more thing that the file ends too early for
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding, "replace").count("\n")
            raise NotThisEncoding(line, byte - held + error.start) from error
        line += text.count("\n")
        byte += len(piece)
        yield text.encode("utf-8")


def original_byte(pieces: Iterable[bytes], encoding: str, place: int) -> int:
    """Return where in a file is what stands at the byte `place` of it in UTF-8."""
    decoder, before = codecs.getincrementaldecoder(encoding)("replace"), 0
    for piece in pieces:
        text = decoder.decode(piece)
        data = text.encode("utf-8", "replace")
        if len(data) > place:
            held = len(decoder.getstate()[0])  # of a character that the next piece ends
            behind = data[place:].decode("utf-8", "replace")
            return before + len(piece) - held - len(behind.encode(encoding, "replace"))
        place -= len(data)
        before += len(piece)
    return before


def mended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same file in UTF-8, with everything in it that a parser takes.

    Parameters
    ----------
    pieces : iterable of bytes
        The file from its beginning.
    """
    decoder, held, is_first = None, "", True
    for piece in pieces:
        if decoder is None:
            name, skip = _encoding_of(piece)
            decoder = codecs.getincrementaldecoder(name)("replace")
            piece = piece[skip:]
        text = held + decoder.decode(piece)
        text, held = _cut(text)
        yield _clean(text, is_first=is_first)
        is_first = False
    rest = held + (decoder.decode(b"", final=True) if decoder else "")
    yield _clean(rest, is_first=is_first)


def _encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding that a file's beginning says it is in, and how many bytes say only that."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name, len(mark)
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name, 0
    declared = _DECLARED.match(head)
    name = declared[1].decode("ascii") if declared else "utf-8"
    return (name if _is_plain(name) else "utf-8"), 0


def _is_plain(name: str) -> bool:
    """Whether an encoding is one of text that takes any bytes, a piece at a time, and is one of ASCII's kin.

    The bytes of the declaration itself say so: an encoding in which they mean
    something else cannot be the one (XML 1.0, appendix F).
    """
    try:
        if not codecs.lookup(name)._is_text_encoding:
            return False
        decoder = codecs.getincrementaldecoder(name)("replace")
        plain = decoder.decode(_SAMPLE) + decoder.decode(b"", final=True)
    except (LookupError, ValueError):  # there is none, or it is one of names, as `idna` is
        return False
    return plain == _SAMPLE.decode("ascii")


def _cut(text: str) -> tuple[str, str]:
    """Return what can be cleaned now, and what may be the first part of a reference."""
    at = text.rfind("&", max(0, len(text) - _LONGEST_REFERENCE))
    return (text, "") if at < 0 or ";" in text[at:] else (text[:at], text[at:])


def _clean(text: str, *, is_first: bool) -> bytes:
    if is_first:
        text = _DECLARATION.sub("", text, count=1)  # it names an encoding that is no longer so
    text = _ILLEGAL.sub(lambda found: "\ufffd" * len(found[0]), text)
    if "&" in text:
        text = _REFERENCE.sub(_reference, text)
    return text.encode("utf-8", "replace")


def _reference(found: re.Match[str]) -> str:
    if found[1]:
        return found[0]
    if not found[2] and not found[3]:
        return "&amp;"
    number = int(found[2]) if found[2] else int(found[3], 16)
    is_character = number < 0x110000 and not _ILLEGAL.match(chr(number))
    return found[0] if is_character else "\ufffd"
