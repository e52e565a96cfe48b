r"""Characters that XML cannot hold, written so that they can be read again.

XML 1.0 (section 2.2) has no way to write most control characters, lone
surrogates, U+FFFE and U+FFFF, not even as references. What tests print has them all the same. pytest
writes `#x1B` in their place, which cannot be told from the same four
characters written by somebody; so we end ours with a semicolon, write a `#x`
that was there as `#x23;x`, and say so in a property of the suite. Files
without it are left as they are.
"""

from __future__ import annotations

import re

#: The property of a suite whose texts are written this way, and its value.
PROPERTY = ("autoexec.escapes", "hex")

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|#(?=x)")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile(r"#x([0-9A-F]{1,6});")
# Line ends and tabs would be turned into others by a reader (XML 1.0, sections 2.11 and 3.3.3).
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", '"': "&quot;"})
_IN_ATTRIBUTE = _MARKUP | str.maketrans({"\n": "&#10;", "\t": "&#9;"})


def escape(text: str) -> str:
    r"""Return `text` with what XML cannot hold in our notation.

    Examples
    --------
    >>> escape("\x1b[31m #x")
    '#x1B;[31m #x23;x'
    """
    return _ILLEGAL.sub(lambda found: f"#x{ord(found[0]):X};", text)


def unescape(text: str) -> str:
    """Return what `escape` was given; a number that is no character stays as it is."""
    if "#x" not in text:
        return text
    return _ESCAPED.sub(
        lambda found: chr(number) if (number := int(found[1], 16)) < 0x110000 else found[0], text
    )


def shown(text: str) -> str:
    r"""Return `text` with what XML cannot hold as pytest writes it, which nobody can read back.

    >>> shown("\x1b[31m #x")
    '#x1B[31m #x'
    """
    return _UNSEEN.sub(lambda found: f"#x{ord(found[0]):02X}", text)


def as_text(text: str) -> str:
    """Return `text` as it stands between tags."""
    return escape(text).translate(_MARKUP)


def as_attribute(text: str) -> str:
    """Return `text` as it stands between double quotes."""
    return escape(text).translate(_IN_ATTRIBUTE)
