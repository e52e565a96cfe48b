"""A notebook's file: its code read, and one value in it replaced, while every other byte stays.

A notebook is somebody's work under version control: outputs, ids, indentation,
line ends and escapes are theirs. So it is never loaded and saved again; the one
value is found by its place in the text and its characters are exchanged. What
two readers could read differently (a key that comes twice) is refused, and so
is whatever is no notebook of format 4.

Pure but for `read`; `files.replace` writes what `spliced` returns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError

MOST_BYTES = 1024 * 2**20
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(r"[ \t\r\n]*")

Step = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A file as it was read: `text` without its byte order mark, `content` as JSON has it."""

    path: Path
    data: bytes
    text: str
    content: Mapping[str, Any]

    @property
    def cells(self) -> list[tuple[int, str]]:
        """The code cells: the number of each among all cells, from 0, and its source."""
        found = []
        for number, cell in enumerate(self.content["cells"]):
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                source = cell.get("source", "")
                lines = source if isinstance(source, list) else [source]
                found.append((number, "".join(line for line in lines if isinstance(line, str))))
        return found

    @property
    def language(self) -> str:
        """The language of its kernel, in lower case; "python" where it does not say."""
        metadata = self.content["metadata"]
        for key, name in (("kernelspec", "language"), ("language_info", "name")):
            table = metadata.get(key)
            if isinstance(table, dict) and isinstance(table.get(name), str):
                return str(table[name]).lower()
        return "python"

    def value(self, *path: str) -> Any:
        """Return what the metadata hold at `path`, or None."""
        found: Any = self.content["metadata"]
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found


def read(path: Path) -> Notebook:
    """Return a notebook's file.

    Raises
    ------
    UsageError
        It cannot be read, is no notebook of format 4, or is ambiguous.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path.name} is too large", why=f"more than {MOST_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror or str(error)) from error
    return parsed(path, data)


def parsed(path: Path, data: bytes) -> Notebook:
    """Return what the bytes of a notebook hold; the errors are those of `read`."""
    try:
        text = data.removeprefix(_BOM).decode("utf-8")
        content = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else _said(error)
        raise UsageError(
            f"{path.name} is no notebook", why=why, fix="open it in Jupyter and save it"
        ) from error
    _check(path, content)
    return Notebook(path=path, data=data, text=text, content=content)


def spliced(notebook: Notebook, path: Sequence[Step], value: object) -> bytes:
    """Return the bytes of the file with `value` at `path`, and all others as they are.

    Parameters
    ----------
    notebook : Notebook
        The file.
    path : sequence of str or int, at least 1
        Keys and numbers from the top; the last ones may be absent keys, which
        are added: in their alphabetical place where the others are in order.
    value : object
        As `json.dumps` takes it.

    Returns
    -------
    bytes
        The file's own, where it holds that value already.

    Raises
    ------
    UsageError
        Something on the way is no table.
    """
    text, start, depth = notebook.text, _skip(notebook.text, 0), 0
    style = _style(text)
    for step in path:
        place = _member(text, start, step)
        if place is None:
            break
        start, depth = place, depth + 1
    else:
        old, end = _DECODER.raw_decode(text, start)
        if old == value and type(old) is type(value):
            return notebook.data
        return _joined(notebook, start, end, style.shown(value, depth))
    missing = path[depth:]
    if text[start] != "{" or not all(isinstance(step, str) for step in missing):
        where = ".".join(map(str, path[:depth]))
        raise UsageError(f"cannot write into {notebook.path.name}", why=f"{where} is no table")
    for key in reversed(missing[1:]):
        value = {key: value}
    at, words = _addition(text, start, depth, str(missing[0]), style.shown(value, depth + 1), style)
    return _joined(notebook, at, at, words)


def with_first_cell(notebook: Notebook, cell: Mapping[str, Any]) -> bytes:
    """Return the bytes of the file with one more cell before all others."""
    text = notebook.text
    style = _style(text)
    start = _member(text, _skip(text, 0), "cells")
    assert start is not None
    assert text[start] == "["
    first = _skip(text, start + 1)
    is_empty = text[first] == "]"
    words = style.line(2) + style.shown(dict(cell), 2)
    if is_empty:
        return _joined(notebook, start + 1, first, words + style.line(1))
    return _joined(notebook, start + 1, start + 1, f"{words},{style.gap}")


def _check(path: Path, content: Any) -> None:
    kind = content.get("nbformat") if isinstance(content, dict) else None
    if kind != 4 or isinstance(kind, bool):
        older = isinstance(kind, int) and 0 < kind < 4
        raise UsageError(
            f"{path.name} is no notebook of format 4",
            why=f"its format is {kind}" if isinstance(kind, int) else "it does not say so",
            fix=f"jupyter nbconvert --to notebook --inplace {path.name}" if older else "",
        )
    if not isinstance(content.get("metadata"), dict) or not isinstance(content.get("cells"), list):
        raise UsageError(f"{path.name} is no whole notebook", why="its cells or its metadata are missing")


def _said(error: ValueError) -> str:
    return " ".join(str(error).split())[:200]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, each of whose keys comes once: readers differ about the others."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} comes twice in one place")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


@dataclass(frozen=True, slots=True)
class _Style:
    """How a file is laid out: what one level is indented by ("" for all on one line), its line end."""

    indent: str
    end: str
    colon: str
    comma: str
    is_lined: bool
    is_ascii: bool

    @property
    def gap(self) -> str:
        """What comes after a comma on the same line."""
        return "" if self.is_lined else self.comma

    def line(self, depth: int) -> str:
        """Return what stands before a member that is `depth` levels deep."""
        return self.end + self.indent * depth if self.is_lined else ""

    def shown(self, value: object, depth: int) -> str:
        """Return a value as it is written here, `depth` levels deep."""
        separators = (f",{self.gap}", f":{self.colon}")
        indent = self.indent if self.is_lined else None
        words = json.dumps(value, indent=indent, separators=separators, ensure_ascii=self.is_ascii)
        return words.replace("\n", self.line(depth)) if self.is_lined else words


def _style(text: str) -> _Style:
    start = _skip(text, 0) + 1
    first = _skip(text, start)
    blank = text[start:first]
    end = "\r\n" if "\r\n" in blank else "\n"
    key_end = _DECODER.raw_decode(text, first)[1]
    colon_at = _skip(text, key_end)
    colon = text[colon_at + 1 : _skip(text, colon_at + 1)]
    value_end = _DECODER.raw_decode(text, _skip(text, colon_at + 1))[1]
    after = _skip(text, value_end)
    comma = text[after + 1 : _skip(text, after + 1)] if text[after] == "," else " "
    return _Style(
        indent=blank.rpartition("\n")[2],
        end=end,
        colon=colon if "\n" not in colon else " ",
        comma=comma if "\n" not in comma else "",
        is_lined="\n" in blank,
        is_ascii=text.isascii(),
    )


def _members(text: str, start: int) -> Iterator[tuple[str, int, int, int]]:
    """Yield key, start of the key, start and end of the value of each member of an object."""
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, key_end = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, key_end) + 1)
        end = _DECODER.raw_decode(text, value)[1]
        yield key, at, value, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _member(text: str, start: int, step: Step) -> int | None:
    """Return where the value of a member, or of an element, begins."""
    if isinstance(step, str):
        if text[start] != "{":
            return None
        return next((value for key, _, value, _ in _members(text, start) if key == step), None)
    if text[start] != "[":
        return None
    at = _skip(text, start + 1)
    for _ in range(step):
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        if text[at] != ",":
            return None
        at = _skip(text, at + 1)
    return None if text[at] == "]" else at


def _addition(text: str, start: int, depth: int, key: str, shown: str, style: _Style) -> tuple[int, str]:
    """Return where to add a member to an object, and which characters."""
    words = f"{json.dumps(key)}:{style.colon}{shown}"
    members = list(_members(text, start))
    if not members:
        closing = _skip(text, start + 1)
        has_line = "\n" in text[start + 1 : closing]
        return start + 1, style.line(depth + 1) + words + ("" if has_line else style.line(depth))
    keys = [member[0] for member in members]
    # As its neighbours stand: on a line of its own where they do.
    before = text[start + 1 : members[0][1]]
    lead = before if "\n" in before else ""
    gap = "" if lead else style.gap
    if keys == sorted(keys):
        for other, at, _, _ in members:
            if key < other:
                return at, f"{words},{lead or gap}"
    return members[-1][3], f",{lead or gap}{words}"


def _joined(notebook: Notebook, start: int, end: int, words: str) -> bytes:
    mark = _BOM if notebook.data.startswith(_BOM) else b""
    return mark + (notebook.text[:start] + words + notebook.text[end:]).encode("utf-8")


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None
    return found.end()
