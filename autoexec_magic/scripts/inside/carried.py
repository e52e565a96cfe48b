"""Values between two processes as files that nobody executes: JSON with tags, NumPy's files, Arrow's.

What goes in comes out the same, or it is refused by its name: a tuple stays a
tuple, a key that is a number stays one, NaN stays NaN. Nothing is pickled, no
class is looked up by a name, and what comes from a process that may be hostile
is held against its own size before anything is made of it.

Read on both sides, by a script's own interpreter too: the standard library
only, and what a value itself needs (numpy, pandas, polars, pyarrow).
"""

from __future__ import annotations

import base64
import datetime
import decimal
import fractions
import json
import math
import pathlib
import sys
import uuid
import zoneinfo
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

TAG, VALUE = "$", "v"
MOST_DEEP = 200  #: values in values
MOST_JSON_BYTES = 64 * 2**20
MOST_BYTES = 2**30  #: of one variable, in all its files
MOST_DIGITS = 10_000  #: of a fraction's parts, hexadecimal
_MOST_OF_ONE_HASH = 1000  # in a set or a dict: numbers can be chosen so that all have the same
AS_FILE = "write it to a file in the workspace, and read it there"
AS_JSON = "make it of lists, dicts, texts and numbers"
_WIDE = 2**63

Files: TypeAlias = dict[str, bytes]  #: what a tree refers to, by name


class RefusedError(Exception):
    """A value cannot be handed over unchanged; `fix` is what to do instead."""

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


def pack(value: object) -> Files:
    """Return `value` as files: `value.json`, and those that it refers to.

    Raises
    ------
    RefusedError
        It cannot be handed over without a change, or it is too large.
    """
    files: Files = {}
    try:
        tree = Packer(files).tree(value)
        text = json.dumps(tree, allow_nan=False, separators=(",", ":")).encode("ascii")
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    if len(text) > MOST_JSON_BYTES:
        raise RefusedError(f"it is {len(text):,} bytes of JSON, of at most {MOST_JSON_BYTES:,}", AS_FILE)
    files["value.json"] = text
    if (size := sum(map(len, files.values()))) > MOST_BYTES:
        raise RefusedError(f"it is {size:,} bytes, of at most {MOST_BYTES:,}", AS_FILE)
    return files


def unpack(read: Callable[[str], bytes]) -> object:
    """Return the value that files mean; `read` returns a file by its name.

    Raises
    ------
    RefusedError
        They mean none, or are more than they say.
    """
    try:
        return Unpacker(read).value(json.loads(read("value.json")), 0)
    except RefusedError:
        raise
    except RecursionError:
        raise RefusedError("it is nested too deeply") from None
    except Exception as error:
        raise RefusedError(f"its file is damaged: {type(error).__name__}") from error


def plain(value: object, *, deep: int = 0) -> Any:
    """Return `value` as JSON that every language reads the same.

    Raises
    ------
    RefusedError
        JSON has no word for it, or other languages read it as something else.
    """
    kind = type(value)
    if deep > MOST_DEEP:
        raise RefusedError("it is nested too deeply")
    if value is None or kind in (bool, str):
        return value
    if isinstance(value, int) and kind is int:
        if abs(value) >= 2**53:
            raise RefusedError(f"{str(value)[:20]} is no whole number to JavaScript", "hand it over as text")
        return value
    if isinstance(value, float) and kind is float:
        if not math.isfinite(value):
            raise RefusedError(f"JSON has no {value}", "replace it, by None say")
        return value
    if isinstance(value, list) and kind is list:
        return [plain(item, deep=deep + 1) for item in value]
    if isinstance(value, dict) and kind is dict and all(type(key) is str for key in value):
        return {key: plain(item, deep=deep + 1) for key, item in value.items()}
    raise RefusedError(f"it is, or holds, {named(value)}, which only Python has", AS_JSON)


def named(value: object) -> str:
    """Return the type of a value, in words."""
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"a {name}"[:100]


class Packer:
    """Makes a tree for JSON of a value; arrays and tables go into files.

    Parameters
    ----------
    files : dict
        Gets them.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._open: set[int] = set()

    def tree(self, value: object) -> Any:
        """Return the tree; by exact types: what a subclass adds would be lost."""
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if make := _SIMPLE.get(kind):
            return make(value)
        if kind in (list, tuple, set, frozenset, dict):
            return self._container(value)
        return self._foreign(value)

    def file(self, ending: str, data: bytes) -> str:
        """Keep the content of a file; return its name."""
        name = f"{len(self._files)}{ending}"
        self._files[name] = data
        return name

    def content(self, name: str) -> bytes:
        """Return the content of a file that was kept."""
        return self._files[name]

    def _container(self, value: Any) -> Any:
        if id(value) in self._open:
            raise RefusedError("it holds itself")
        if len(self._open) >= MOST_DEEP:
            raise RefusedError("it is nested too deeply")
        self._open.add(id(value))
        try:
            if type(value) is dict:
                if TAG not in value and all(type(key) is str for key in value):
                    return {key: self.tree(item) for key, item in value.items()}
                return {TAG: "dict", VALUE: [[self.tree(k), self.tree(v)] for k, v in value.items()]}
            items = [self.tree(item) for item in value]
            return items if type(value) is list else {TAG: type(value).__name__, VALUE: items}
        finally:
            self._open.discard(id(value))

    def _foreign(self, value: object) -> Any:
        root = type(value).__module__.partition(".")[0]
        if root in ("numpy", "pandas", "polars", "pyarrow") and root in sys.modules:
            from . import tables

            return tables.tree(root, value, self)
        raise RefusedError(f"it is, or holds, {named(value)}", AS_JSON)


class Unpacker:
    """Makes the value again that a tree means.

    Parameters
    ----------
    read : callable
        Returns a file by its name.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read

    def value(self, node: Any, deep: int) -> Any:
        """Return the value of a node; `deep` counts those around it."""
        if deep > 3 * MOST_DEEP:
            raise RefusedError("it is nested too deeply")
        if isinstance(node, list):
            return self.items(node, deep)
        if not isinstance(node, dict):
            return node
        if TAG not in node:
            return {key: self.value(item, deep + 1) for key, item in node.items()}
        tag = node[TAG]
        if tag in _MAKERS:
            return _MAKERS[tag](node[VALUE])
        if tag == "dict":
            keys = _hashed([self.value(key, deep + 1) for key, _ in node[VALUE]])
            return dict(zip(keys, self.items((item for _, item in node[VALUE]), deep), strict=True))
        if tag in _CONTAINERS:
            items = self.items(node[VALUE], deep)
            return _CONTAINERS[tag](items if tag == "tuple" else _hashed(items))
        from . import tables

        return tables.value(node, self, deep + 1)

    def items(self, nodes: Any, deep: int) -> list[Any]:
        """Return the values of nodes."""
        return [self.value(node, deep + 1) for node in nodes]

    def data(self, node: Any) -> bytes:
        """Return the content of the file that a node refers to."""
        name = node["file"]
        if not isinstance(name, str) or not name.partition(".")[0].isdecimal() or not name.isascii():
            raise RefusedError("its file is damaged: it refers to something else")
        return self._read(name)


def _hashed(items: list[Any]) -> list[Any]:
    """Return what becomes a set or keys; refused where so many have one hash that it would take for ever."""
    most = max(Counter(map(hash, items)).values(), default=0)
    if most > _MOST_OF_ONE_HASH:
        raise RefusedError(f"its file is damaged: {most:,} of its items have one hash")
    return items


def _int(value: Any) -> Any:
    return value if abs(value) < _WIDE else {TAG: "int", VALUE: hex(value)}


def _float(value: Any) -> Any:
    return value if math.isfinite(value) else {TAG: "float", VALUE: str(value)}


def _datetime(value: Any) -> Any:
    zone = value.tzinfo
    said: str | float | None = None
    if type(zone) is zoneinfo.ZoneInfo and zone.key:
        said = zone.key
    elif type(zone) is datetime.timezone and repr(zone) == repr(datetime.timezone(zone.utcoffset(None))):
        said = zone.utcoffset(None).total_seconds()
    elif zone is not None:
        raise RefusedError(f"it is, or holds, a time in {named(zone)}", "take a zone of zoneinfo")
    at = value.replace(tzinfo=None, fold=0).isoformat()
    return {TAG: "datetime", VALUE: [at, value.fold, said]}


def _made_datetime(parts: Any) -> datetime.datetime:
    at, fold, said = parts
    zone: datetime.tzinfo | None = None
    if isinstance(said, str):
        try:
            zone = zoneinfo.ZoneInfo(said)
        except (zoneinfo.ZoneInfoNotFoundError, OSError) as error:
            raise RefusedError(f"there is no time zone {said[:60]!r} here") from error
    elif said is not None:
        zone = datetime.timezone(datetime.timedelta(seconds=said))
    return datetime.datetime.fromisoformat(at).replace(tzinfo=zone, fold=int(fold))


def _time(value: Any) -> Any:
    if value.tzinfo is not None:
        raise RefusedError("it is, or holds, a time of day in a zone")
    return {TAG: "time", VALUE: [value.replace(fold=0).isoformat(), value.fold]}


def text_of(data: bytes) -> str:
    """Return bytes as text for JSON."""
    return base64.b64encode(data).decode("ascii")


def data_of(text: str) -> bytes:
    """Return the bytes that `text_of` made a text of."""
    return base64.b64decode(text, validate=True)


def _fraction(value: Any) -> Any:
    parts = [hex(value.numerator), hex(value.denominator)]
    if max(map(len, parts)) > MOST_DIGITS:
        raise RefusedError(f"it is, or holds, a fraction of more than {MOST_DIGITS:,} hexadecimal digits")
    return {TAG: "fraction", VALUE: parts}


def _made_fraction(parts: Any) -> fractions.Fraction:
    above, below = parts
    if max(len(above), len(below)) > MOST_DIGITS:  # to reduce it takes the square of its length
        raise RefusedError("its file is damaged: its fraction is too long")
    return fractions.Fraction(int(above, 16), int(below, 16))


_SIMPLE: Mapping[type, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    complex: lambda value: {TAG: "complex", VALUE: [value.real.hex(), value.imag.hex()]},
    bytes: lambda value: {TAG: "bytes", VALUE: text_of(value)},
    bytearray: lambda value: {TAG: "bytearray", VALUE: text_of(bytes(value))},
    range: lambda value: {TAG: "range", VALUE: [hex(value.start), hex(value.stop), hex(value.step)]},
    datetime.datetime: _datetime,
    datetime.date: lambda value: {TAG: "date", VALUE: value.isoformat()},
    datetime.time: _time,
    datetime.timedelta: lambda value: {
        TAG: "timedelta",
        VALUE: [value.days, value.seconds, value.microseconds],
    },
    decimal.Decimal: lambda value: {TAG: "decimal", VALUE: str(value)},
    fractions.Fraction: _fraction,
    uuid.UUID: lambda value: {TAG: "uuid", VALUE: str(value)},
    type(pathlib.Path()): lambda value: {TAG: "path", VALUE: str(value)},
}
_MAKERS: Mapping[str, Callable[[Any], Any]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "complex": lambda parts: complex(*map(float.fromhex, parts)),
    "bytes": data_of,
    "bytearray": lambda text: bytearray(data_of(text)),
    "range": lambda parts: range(*(int(part, 16) for part in parts)),
    "datetime": _made_datetime,
    "date": datetime.date.fromisoformat,
    "time": lambda parts: datetime.time.fromisoformat(parts[0]).replace(fold=int(parts[1])),
    "timedelta": lambda parts: datetime.timedelta(*parts),
    "decimal": decimal.Decimal,
    "fraction": _made_fraction,
    "uuid": uuid.UUID,
    "path": pathlib.Path,
}
_CONTAINERS: Mapping[str, Callable[[list[Any]], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
