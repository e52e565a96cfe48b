"""Bytes that no parser takes, made readable a piece at a time."""

from __future__ import annotations

import pytest

from autoexec_magic.testrunner.junit.mending import (
    NotThisEncoding,
    foreign_encoding,
    mended,
    original_byte,
    transcoded,
)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_the_pieces_do_not_matter(size):
    """A character or a reference that is cut by a piece's end is put together again."""
    data = "<a>é &amp; &#65; &#0; & \x01 &nbsp;</a>".encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(mended(pieces)).decode() == "<a>é &amp; &#65; \ufffd &amp; \ufffd &amp;nbsp;</a>"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('<?xml version="1.0" encoding="latin-1"?><a>é</a>'.encode("latin-1"), "<a>é</a>"),
        ("<a>é</a>".encode("utf-16"), "<a>é</a>"),
        (b"\xef\xbb\xbf<a>\xff</a>", "<a>\ufffd</a>"),
        (b'<?xml version="1.0" encoding="no-such"?><a>x</a>', "<a>x</a>"),
        (b'<?xml version="1.0" encoding="hex"?><a>x</a>', "<a>x</a>"),
        (b"", ""),
    ],
)
def test_the_encoding_is_the_one_that_is_declared(data, text):
    """Where it is one of text; UTF-8 with what is wrong in it replaced, else."""
    assert b"".join(mended([data] if data else [])).decode() == text


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "utf-7", "unicode_escape", "undefined", "rot13", "zlib", "hex"]
)
def test_an_encoding_in_which_xml_means_something_else_is_none(name):
    """Some take names only, some raise at once, some make a tag out of letters."""
    data = f'<?xml version="1.0" encoding="{name}"?><a>\xff \\x41 +AGE-</a>'.encode("latin-1")
    assert foreign_encoding(data) == ""
    assert b"".join(mended([data])).decode() == "<a>\ufffd \\x41 +AGE-</a>"


@pytest.mark.parametrize(
    "encoding", ["gbk", "shift_jis", "utf-16-le", "utf-32-be", "big5", "euc-jp", "latin-1"]
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_place_is_that_of_the_file_as_it_is(encoding, size):
    """Whatever the pieces are, and whatever comes before it."""
    text = "<a>\n" + ("é" if encoding == "latin-1" else "名前") * 50 + "<b/>\n</a>"
    data = text.encode(encoding)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(transcoded(pieces, encoding)).decode() == text
    place = text.encode().index(b"<b/>")
    assert original_byte(pieces, encoding, place) == len(text[: text.index("<b/>")].encode(encoding))


def test_what_is_in_no_encoding_says_where():
    """The line, and the byte, across the pieces."""
    data = "<a>\n名".encode("gbk") + b"\n\xff\xff</a>"
    for size in (1, 2, 5, 100):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        with pytest.raises(NotThisEncoding) as caught:
            list(transcoded(pieces, "gbk"))
        assert (caught.value.line, caught.value.byte) == (3, data.index(b"\xff"))
