"""Arrays and tables as NumPy's files and Arrow's: read only as large as they are, and never unpickled.

Arrow's stream is written without compression, and one that has any is not
read: so a small file cannot be a large table. Which types a table may have is
a list; pandas has more than Arrow, so what was written is read again at once,
and refused if it is not the same.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable
from tokenize import TokenError
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .carried import AS_FILE, AS_JSON, MOST_BYTES, TAG, VALUE, RefusedError, data_of, named, text_of

if TYPE_CHECKING:
    from .carried import Packer, Unpacker

_SAFE_ARROW = (14, 0, 1)  # before it a file could name a class to unpickle (CVE-2023-47248)
_LEVEL = "level "
_RECORD_BATCH, _DICTIONARY_BATCH = 3, 2  # Message.fbs, MessageHeader


def tree(root: str, value: object, packer: Packer) -> Any:
    """Return the tree of what NumPy, pandas, Polars or Arrow has made.

    Raises
    ------
    RefusedError
        It cannot be handed over without a change.
    """
    make = {"numpy": _numpy, "pandas": _pandas, "polars": _polars, "pyarrow": _arrow}
    return make[root](value, packer)


def value(node: Any, unpacker: Unpacker, deep: int) -> Any:
    """Return the value of a node that is none of Python's own.

    Raises
    ------
    RefusedError
        Its file is damaged, or what it needs is not installed.
    """
    tag = node[TAG]
    if tag == "array":
        return _read_array(unpacker.data(node))
    if tag == "scalar":
        return _read_scalar(node)
    if tag in ("NaT", "NA"):
        return getattr(_module("pandas"), tag)
    if tag in ("frame", "series"):
        return _read_frame(node, unpacker, deep)
    if tag == "polars":
        polars = _module("polars")
        made = polars.from_arrow(_read_table(unpacker.data(node)))
        return made if node["frame"] else made.to_series()
    if tag == "table":
        return _read_table(unpacker.data(node))
    raise RefusedError("its file is damaged, or of a newer version")


def _numpy(value: Any, packer: Packer) -> Any:
    import numpy

    dtype = getattr(value, "dtype", None)
    if not isinstance(dtype, numpy.dtype):
        raise RefusedError(f"it is, or holds, {named(value)}", AS_JSON)
    if dtype.hasobject:
        fix = "give it a dtype that is none of objects: .astype(float), .astype(str)"
        raise RefusedError("it is, or holds, an array of Python objects", fix)
    if type(value) is dtype.type and dtype.names is None:
        return {TAG: "scalar", "dtype": dtype.str, VALUE: text_of(value.tobytes())}
    if type(value) is not numpy.ndarray:
        raise RefusedError(f"it is, or holds, {named(value)}", "numpy.asarray(…) makes a plain array of it")
    if value.nbytes > MOST_BYTES:
        raise RefusedError(f"it is {value.nbytes:,} bytes, of at most {MOST_BYTES:,}", AS_FILE)
    to = io.BytesIO()
    try:
        is_kept = numpy.lib.format.descr_to_dtype(numpy.lib.format.dtype_to_descr(dtype)) == dtype
        if dtype.metadata or not is_kept:
            raise RefusedError(f"it is, or holds, an array of {dtype}, which NumPy's files do not keep")
        numpy.lib.format.write_array(to, value, allow_pickle=False)
    except (ValueError, TypeError, UserWarning) as error:
        raise RefusedError(f"it is, or holds, an array of {dtype}: {error}") from error
    return {TAG: "array", "file": packer.file(".npy", to.getvalue())}


def _read_array(data: bytes) -> Any:
    """Return an array exactly as large as its file; `numpy.load` would first make what the header says."""
    numpy = _module("numpy")
    stream = io.BytesIO(data)
    try:
        version = numpy.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise RefusedError(f"its file is of format {version}, which is not read")
        name = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
        shape, is_fortran, dtype = getattr(numpy.lib.format, name)(stream)
    except (ValueError, SyntaxError, TokenError, MemoryError, RecursionError) as error:
        raise RefusedError(f"its file is damaged: {type(error).__name__}") from error
    count = math.prod(shape)
    rest = len(data) - stream.tell()
    if dtype.hasobject or count * dtype.itemsize != rest or (not dtype.itemsize and count):
        raise RefusedError("its file is damaged: it is not as large as it says")
    flat = numpy.frombuffer(data, dtype=dtype, count=count, offset=stream.tell()).copy()
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _read_scalar(node: Any) -> Any:
    numpy = _module("numpy")
    dtype = numpy.dtype(str(node["dtype"]))
    data = data_of(node[VALUE])
    if dtype.hasobject or dtype.names is not None or len(data) != dtype.itemsize:
        raise RefusedError("its file is damaged: it is not as large as it says")
    return numpy.frombuffer(data, dtype=dtype)[0] if data else dtype.type()


def _pandas(value: Any, packer: Packer) -> Any:
    import pandas

    if value is pandas.NaT or value is pandas.NA:
        return {TAG: "NaT" if value is pandas.NaT else "NA"}
    is_frame = type(value) is pandas.DataFrame
    if not is_frame and type(value) is not pandas.Series:
        raise RefusedError(f"it is, or holds, {named(value)}", "a Series or a DataFrame can be handed over")
    frame = value if is_frame else value.to_frame("0")
    index = frame.index
    inner = frame.reset_index(drop=True)
    inner.columns, inner.attrs = [str(number) for number in range(frame.shape[1])], {}
    is_range = type(index) is pandas.RangeIndex
    levels = [index.get_level_values(number) for number in range(index.nlevels)]
    for number, level in enumerate([] if is_range else levels):
        inner[f"{_LEVEL}{number}"] = level.array
    made = {
        TAG: "frame" if is_frame else "series",
        "labels": [packer.tree(item) for item in (frame.columns.tolist() if is_frame else [value.name])],
        "many": frame.columns.nlevels > 1,
        "of": str(frame.columns.dtype),
        "over": [packer.tree(name) for name in frame.columns.names],
        "names": [packer.tree(name) for name in index.names],
        "range": [index.start, index.stop, index.step] if is_range else None,
        "freq": getattr(index, "freqstr", None),
        "attrs": packer.tree(dict(value.attrs)),
        "file": _written(lambda arrow: arrow.Table.from_pandas(inner, preserve_index=False), packer),
    }
    _check_same(made, value, packer)
    return made


def _read_frame(node: Any, unpacker: Unpacker, deep: int) -> Any:
    pandas = _module("pandas")
    frame = _read_table(unpacker.data(node)).to_pandas()
    names = unpacker.items(node["names"], deep)
    levels = [frame.pop(name).array for name in list(frame.columns) if str(name).startswith(_LEVEL)]
    if node["range"] is not None:
        start, stop, step = (int(number) for number in node["range"])
        frame.index = pandas.RangeIndex(start, stop, step, name=names[0])
    elif len(levels) == 1:
        frame.index = pandas.Index(levels[0], name=names[0])
    else:
        frame.index = pandas.MultiIndex.from_arrays(levels, names=names)
    if node["freq"] is not None:
        frame.index.freq = str(node["freq"])
    labels = unpacker.items(node["labels"], deep)
    over = unpacker.items(node["over"], deep)
    if node[TAG] == "series":
        frame = frame["0"].rename(labels[0])
    elif node["many"]:
        frame.columns = pandas.MultiIndex.from_tuples(labels, names=over)
    else:
        of = (
            node["of"] if not labels and node["of"] in ("object", "str", "int64") else None
        )  # none to tell it
        frame.columns = pandas.Index(labels, dtype=of, name=over[0], tupleize_cols=False)
    frame.attrs = unpacker.value(node["attrs"], deep)
    return frame


def _polars(value: Any, packer: Packer) -> Any:
    import polars

    is_frame = type(value) is polars.DataFrame
    if not is_frame and type(value) is not polars.Series:
        raise RefusedError(f"it is, or holds, {named(value)}", ".collect() makes a DataFrame of a LazyFrame")
    frame = value if is_frame else value.to_frame()
    made = {TAG: "polars", "frame": is_frame, "file": _written(lambda arrow: frame.to_arrow(), packer)}
    _check_same(made, value, packer)
    return made


def _arrow(value: Any, packer: Packer) -> Any:
    import pyarrow

    if type(value) is not pyarrow.Table:
        raise RefusedError(f"it is, or holds, {named(value)}", "a Table can be handed over")
    return {TAG: "table", "file": _written(lambda arrow: value, packer)}


def _written(make: Callable[[Any], Any], packer: Packer) -> str:
    arrow = _arrow_module()
    try:
        table = make(arrow)
        if table.nbytes > MOST_BYTES:
            raise RefusedError(f"it is {table.nbytes:,} bytes, of at most {MOST_BYTES:,}", AS_FILE)
        _check_types(arrow, table.schema)
        to = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(to, table.schema) as stream:
            stream.write_table(table)
    except (arrow.ArrowException, TypeError, ValueError) as error:
        why = str(error).partition("\n")[0][:200]
        raise RefusedError(f"Arrow cannot hold it: {why}", "give each column one type") from error
    return packer.file(".arrow", to.getvalue().to_pybytes())


def _read_table(data: bytes) -> Any:
    """Return the table of a stream; every message is looked at before any is made a table of."""
    arrow = _arrow_module()
    rows = 0
    try:
        for message in arrow.ipc.MessageReader.open_stream(data):
            rows += _rows_of(message.metadata.to_pybytes())
        with arrow.ipc.open_stream(data) as stream:
            _check_types(arrow, stream.schema)
            # A value has a bit at least; one of a column without any has none, and is made all the same.
            if rows * max(1, len(stream.schema)) > 8 * len(data):
                raise RefusedError(f"its file is damaged: {rows:,} rows cannot be in {len(data):,} bytes")
            table = stream.read_all()
        table.validate(full=True)
    except (arrow.ArrowException, OSError, struct.error, StopIteration, OverflowError) as error:
        raise RefusedError(f"its file is damaged: {str(error)[:100]}") from error
    return table


def _rows_of(header: bytes) -> int:
    """Return the rows of a message (Message.fbs), 0 for one that has none; none that is compressed."""
    root = struct.unpack_from("<I", header, 0)[0]
    kind = _field(header, root, 1)
    at = _field(header, root, 2)
    if not kind or not at or header[kind] not in (_RECORD_BATCH, _DICTIONARY_BATCH):
        return 0
    batch = at + struct.unpack_from("<I", header, at)[0]
    if header[kind] == _DICTIONARY_BATCH:
        inner = _field(header, batch, 1)
        batch = inner + struct.unpack_from("<I", header, inner)[0]
    if _field(header, batch, 3):
        raise RefusedError("its file is compressed, which is not read")
    length = _field(header, batch, 0)
    return int(struct.unpack_from("<q", header, length)[0]) if length else 0


def _field(header: bytes, table: int, number: int) -> int:
    """Return where a table of a flatbuffer has its field of that number, 0 where it has none."""
    names = table - struct.unpack_from("<i", header, table)[0]
    size = struct.unpack_from("<H", header, names)[0]
    place = 4 + 2 * number
    found = struct.unpack_from("<H", header, names + place)[0] if place < size else 0
    return table + found if found else 0


def _check_types(arrow: Any, schema: Any) -> None:
    """Refuse a column of a type that would grow when it is read, or that a class stands behind."""
    types = arrow.types
    plain = (
        *(
            types.is_null,
            types.is_boolean,
            types.is_integer,
            types.is_floating,
            types.is_decimal,
            types.is_temporal,
        ),
        *(types.is_string, types.is_large_string, types.is_binary, types.is_large_binary),
        types.is_fixed_size_binary,
        *(getattr(types, name) for name in ("is_string_view", "is_binary_view") if hasattr(types, name)),
    )
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        if isinstance(kind, arrow.BaseExtensionType) or not any(is_it(kind) for is_it in plain):
            what = f"its column {field.name[:60]!r} is of type {str(kind)[:60]}"
            raise RefusedError(what, "make texts or numbers of it, or write the table to a file")


def _check_same(made: Any, value: Any, packer: Packer) -> None:
    from .carried import Unpacker

    try:
        again = Unpacker(packer.content).value(json.loads(json.dumps(made)), 0)
        is_same = _is_same(again, value)
    except (ValueError, TypeError, KeyError, AttributeError):
        is_same = False
    if not is_same:
        fix = "reset_index(), or .astype(…) for what is of no plain type"
        raise RefusedError(f"{named(value)} would be changed on the way", fix)


def _is_same(again: Any, value: Any) -> bool:
    if type(value).__module__.startswith("polars"):
        schema = [item.schema if hasattr(item, "schema") else item.dtype for item in (again, value)]
        return schema[0] == schema[1] and bool(again.equals(value, null_equal=True))
    from pandas import DataFrame, testing

    check = testing.assert_frame_equal if type(value) is DataFrame else testing.assert_series_equal
    try:
        check(again, value, check_exact=True, check_freq=True)
    except AssertionError:
        return False
    return True


def _arrow_module() -> Any:
    arrow = _module("pyarrow")
    version = tuple(int(part) for part in arrow.__version__.split(".")[:3] if part.isdecimal())
    if version < _SAFE_ARROW:
        fix = "%autoexec install 'pyarrow>=14.0.1'"
        raise RefusedError(f"pyarrow {arrow.__version__} may run what a file names", fix)

    return arrow


def _module(name: str) -> Any:
    import importlib

    try:
        found: ModuleType = importlib.import_module(name)
    except ImportError as error:
        raise RefusedError(
            f"{name} is not installed, and it needs that", f"%autoexec install {name}"
        ) from error
    return found
