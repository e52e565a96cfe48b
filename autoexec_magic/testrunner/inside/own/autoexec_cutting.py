"""Texts cut so that whoever masks secrets can: a `…` stands at every cut, and at nothing else.

Here nobody knows which values are secrets. Who reads the text drops what is
part of one beside that mark. And a cut goes to a line's end where one is near:
no shape of a secret goes over it, so a value keeps what it is known by.
"""

from __future__ import annotations

VALUE_CHARS = 2_000  #: of a compared value
_NEAR = 4  # a line's end is, within this part of what is kept


def beginning(text: str, most: int = VALUE_CHARS) -> str:
    """Return `text` with `…` for what is behind `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


def ending(text: str, most: int) -> str:
    """Return the last `most` characters behind a `…`, from a line's beginning where one is near."""
    if len(text) <= most:
        return text
    text = text[-most:]
    start = text.find("\n", 0, most // _NEAR)
    return f"…{text[max(start, 0) :]}"


def middle_out(text: str, most: int) -> str:
    """Return `text` with a line of `…` for its middle, cut at lines' ends where those are near."""
    if len(text) <= most:
        return text
    half = most // 2
    head, tail = text[:half], text[-half:]
    end = head.rfind("\n", half - half // _NEAR)
    start = tail.find("\n", 0, half // _NEAR)
    return f"{head[: end if end >= 0 else half]}\n…\n{tail[start + 1 :]}"
