"""Arrays and tables come out the same or are refused; no file is larger than it is, and none is unpickled."""

from __future__ import annotations

import datetime
import io
import json
import pickle

import numpy
import pytest
from skips import requires

from autoexec_magic.scripts.inside import tables
from autoexec_magic.scripts.inside.carried import RefusedError, pack, unpack

try:
    import pandas
    import polars
    import pyarrow
except ImportError:
    pandas = polars = pyarrow = None


@pytest.fixture
def frames() -> None:
    """Go on where tables can be made."""
    requires(pandas, "pandas is not installed", "pip install 'autoexec-magic[test]'")


def again(value: object) -> object:
    """Return a value as it comes out of its files."""
    return unpack(pack(value).__getitem__)


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6).reshape(2, 3),
        numpy.asfortranarray(numpy.arange(6).reshape(2, 3)),
        numpy.arange(10)[::2],
        numpy.zeros((0, 3)),
        numpy.array(5),
        numpy.array(["a", "bb", ""]),
        numpy.array([1.5, numpy.nan], ">f4"),
        numpy.zeros(2, [("a", "i4"), ("b", "f8", (2,))]),
        numpy.array(["2020-01-01", "NaT"], "M8[D]"),
        numpy.array([True, False]),
        numpy.array([b"x"]),
        numpy.array([1 + 2j]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_an_array_comes_out_as_it_went_in(array):
    """Its type with the order of bytes, its shape, the order of its rows; and it can be written."""
    found = again(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable


@pytest.mark.parametrize(
    "scalar",
    [numpy.float32(1.5), numpy.int8(-3), numpy.bool_(True), numpy.str_("ab"), numpy.datetime64("2020", "s")],
)
def test_a_scalar_stays_one_of_numpys(scalar):
    """It is not a number of Python's, whose arithmetic is another."""
    found = again({"x": [scalar]})["x"][0]
    assert type(found) is type(scalar)
    assert found == scalar


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (numpy.array([object()]), "Python objects"),
        (numpy.array([{}, 1], dtype=object), "Python objects"),
        (numpy.ma.array([1], mask=[True]), "MaskedArray"),
        (numpy.array([(1,)], [("a", "i4")]).view(numpy.recarray), "rec"),
        (numpy.float64, "type"),
        (numpy.random.default_rng(0), "Generator"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_needs_a_pickle_is_refused(value, why):
    """By its name, wherever it lies."""
    with pytest.raises(RefusedError) as caught:
        pack({"deep": [value]})
    assert why in caught.value.why


def npy(header: bytes, data: bytes = b"") -> bytes:
    """Return a file of NumPy's with that header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def saved(array: numpy.ndarray, *, allow_pickle: bool = False) -> bytes:
    """Return a file of NumPy's."""
    to = io.BytesIO()
    numpy.save(to, array, allow_pickle=allow_pickle)
    return to.getvalue()


class Bomb:
    """Ends the test run when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        import os

        return os._exit, (77,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        saved(numpy.arange(9))[:-1],
        saved(numpy.arange(9)) + b"x",
        saved(numpy.arange(9))[:20],
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}\n"),
        npy(b"{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,)}\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}\n"),
        npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10000000000000000000000)}\n"),
        npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", pickle.dumps(Bomb())),
        npy(b"__import__('os')._exit(77)\n"),
        npy(b"(" * 3000 + b"\n"),
        b"PK\x03\x04" + bytes(100),
    ],
    ids=lambda data: f"{data[10:40]!r}",
)
def test_a_forged_array_is_refused(data):
    """Cut, longer than it says, as large as a disk, of objects, or a program."""
    files = {"value.json": json.dumps({"$": "array", "file": "1.npy"}).encode(), "1.npy": data}
    with pytest.raises(RefusedError):
        unpack(files.__getitem__)


@pytest.mark.parametrize(
    "node", [{"dtype": "O", "v": ""}, {"dtype": "<f8", "v": ""}, {"dtype": "nope", "v": ""}]
)
def test_a_forged_scalar_is_refused(node):
    """It is as large as its type, and none of Python's objects."""
    files = {"value.json": json.dumps({"$": "scalar", **node}).encode()}
    with pytest.raises(RefusedError):
        unpack(files.__getitem__)


FRAMES = {
    "numbers and texts": lambda: pandas.DataFrame({"a": [1, 2], "b": ["x", None]}),
    "index of texts": lambda: pandas.DataFrame(
        {"a": [1.5, numpy.nan]}, index=pandas.Index(["r", "s"], name="row")
    ),
    "times with a zone and a step": lambda: pandas.DataFrame(
        {"a": [1, 2]}, index=pandas.date_range("2020", periods=2, freq="D", tz="UTC")
    ),
    "nothing but gaps": lambda: pandas.DataFrame({"a": [None, None], "b": [1, 2]}),
    "columns of numbers": lambda: pandas.DataFrame(numpy.eye(2)),
    "columns in two rows": lambda: pandas.DataFrame({("a", 1): [1], ("b", 2): [2]}),
    "categories and gaps": lambda: pandas.DataFrame(
        {"c": pandas.Categorical(["a", "b"], ordered=True), "i": pandas.array([1, None], dtype="Int64")}
    ),
    "two levels": lambda: pandas.DataFrame({"a": [1], "b": [2], "c": [3]}).set_index(["a", "b"]),
    "the same name twice": lambda: pandas.DataFrame([[1, 2]], columns=["a", "a"]),
    "durations": lambda: pandas.DataFrame({"t": [datetime.timedelta(1)]}),
    "nothing": lambda: pandas.DataFrame(),
    "no columns": lambda: pandas.DataFrame(index=[1, 2]),
    "a range that steps": lambda: pandas.DataFrame({"a": [1, 2]}, index=range(5, 1, -2)),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_out_as_it_went_in(frames, name):
    """With its index, its columns and the types of both."""
    frame = FRAMES[name]()
    pandas.testing.assert_frame_equal(again(frame), frame, check_exact=True)


def test_what_is_noted_with_a_frame_stays(frames):
    """Its attributes and the name of a series."""
    frame = pandas.DataFrame({"a": [1]})
    frame.attrs = {"unit": ("m", 2)}
    assert again(frame).attrs == {"unit": ("m", 2)}
    series = pandas.Series([1.0, 2.0], name=("a", 1), index=["x", "y"])
    pandas.testing.assert_series_equal(again(series), series)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: pandas.DataFrame({"a": [1, "x"]}), "Arrow cannot hold it"),
        (lambda: pandas.DataFrame({"a": [[1]]}), "list"),
        (lambda: pandas.DataFrame({"a": [object()]}), "Arrow cannot hold it"),
        (lambda: pandas.Timestamp("2020"), "Timestamp"),
        (lambda: pandas.DataFrame({"a": [1]}).groupby("a"), "GroupBy"),
    ],
)
def test_a_frame_that_would_be_changed_is_refused(frames, make, why):
    """Arrow has fewer types than pandas: what does not come out the same does not go in."""
    value = make()
    with pytest.raises(RefusedError) as caught:
        again(value)
    assert why in caught.value.why


def test_other_tables_come_out_as_they_went_in(frames):
    """Polars' and Arrow's own."""
    frame = polars.DataFrame({"a": [1, None], "b": ["x", "y"], "d": [datetime.date(2020, 1, 1)] * 2})
    assert again(frame).equals(frame)
    assert again(frame).schema == frame.schema
    series = polars.Series("s", [1, 2], dtype=polars.UInt8)
    assert again(series).dtype == series.dtype
    table = pyarrow.table({"a": [1, 2]})
    assert again(table).equals(table)


def stream_of(table: object, **options: object) -> bytes:
    """Return a table as Arrow's stream, as a hostile script may write it."""
    to = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(to, table.schema, options=pyarrow.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table)
    return to.getvalue().to_pybytes()


def read(data: bytes) -> object:
    """Return what is made of a stream that a script wrote."""
    files = {"value.json": json.dumps({"$": "table", "file": "1.arrow"}).encode(), "1.arrow": data}
    return unpack(files.__getitem__)


def test_a_small_file_is_no_large_table(frames):
    """Compressed, or rows without any data: neither is read."""
    zeros = pyarrow.table({"a": numpy.zeros(10_000_000)})
    bomb = stream_of(zeros, compression="zstd")
    assert len(bomb) < 100_000
    with pytest.raises(RefusedError, match="compressed"):
        read(bomb)
    gaps = stream_of(pyarrow.table({"a": pyarrow.nulls(12_345)}))
    few, many = ((12_345).to_bytes(8, "little"), (2**33).to_bytes(8, "little"))
    assert few in gaps
    with pytest.raises(RefusedError, match="cannot be in"):
        read(gaps.replace(few, many))
    runs = [pyarrow.array([2**30], pyarrow.int64()), pyarrow.array([1.0])]
    with pytest.raises(RefusedError):
        read(stream_of(pyarrow.table({"a": pyarrow.RunEndEncodedArray.from_arrays(*runs)})))


def test_a_damaged_table_is_refused(frames):
    """Cut anywhere, or with any byte another one: an error of ours, or a table."""
    data = stream_of(pyarrow.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}))
    for cut in range(0, len(data), 7):
        try:
            read(data[:cut])
        except RefusedError:
            continue
    for at in range(0, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 0xFF
        try:
            read(bytes(changed))
        except RefusedError:
            continue


def test_an_old_arrow_is_not_trusted(frames, monkeypatch):
    """Before 14.0.1 a file could name a class to unpickle (CVE-2023-47248)."""
    monkeypatch.setattr(pyarrow, "__version__", "14.0.0")
    with pytest.raises(RefusedError, match=r"14\.0\.0"):
        read(b"")


def test_what_is_missing_is_named(monkeypatch):
    """With what to type."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(RefusedError, match="pyarrow is not installed") as caught:
        tables._arrow_module()
    assert caught.value.fix == "%autoexec install pyarrow"
