"""Values go through files and come out the same, or are refused by name; no file makes anything run."""

from __future__ import annotations

import datetime
import decimal
import fractions
import json
import math
import pathlib
import uuid
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.scripts.inside import carried
from autoexec_magic.scripts.inside.carried import RefusedError, pack, plain, unpack

UTC = datetime.UTC
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | st.sets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


def again(value: object) -> object:
    """Return a value as it comes out of its files."""
    return unpack(pack(value).__getitem__)


def unpacked(tree: object) -> object:
    """Return what a tree of somebody else's means."""
    return unpack({"value.json": json.dumps(tree).encode()}.__getitem__)


@settings(max_examples=200, deadline=None, database=None)
@given(PLAIN)
def test_a_value_comes_out_as_it_went_in(value):
    """Of the same type, and equal, down to the keys."""
    found = again(value)
    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(value) or isinstance(value, set) or "{" in repr(value)


@pytest.mark.parametrize(
    "value",
    [
        2**200,
        -(2**63),
        float("inf"),
        -0.0,
        "\ud800",
        {"$": "tuple", "v": [1]},
        {(1, "a"): {None: True}},
        frozenset({(1,), (2,)}),
        bytearray(b"\0\xff"),
        range(10, 0, -3),
        datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
        datetime.time(1, 2, 3, 4, fold=1),
        decimal.Decimal("1.10"),
        fractions.Fraction(-1, 3),
        uuid.UUID(int=7),
        pathlib.Path("a/b"),
        [[], {}, (), set()],
    ],
    ids=repr,
)
def test_what_json_has_no_word_for_comes_out_too(value):
    """Large numbers, signs of zero, keys of any kind, zones and folds."""
    found = again(value)
    assert type(found) is type(value)
    assert (found, repr(found)) == (value, repr(value))


def test_nan_stays_nan():
    """In a list, as a part of a complex number, as a key's value."""
    found = again({"a": [math.nan], "b": complex(math.nan, 1)})
    assert math.isnan(found["a"][0])
    assert math.isnan(found["b"].real)
    assert found["b"].imag == 1


class Own(dict):
    """A class of the user's."""


class Number(int):
    """Another one."""


CYCLE: list[object] = []
CYCLE.append(CYCLE)
DEEP: list[object] = []
for _ in range(1000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (object(), "object"),
        (Own(), "Own"),
        ([Number(1)], "Number"),
        (len, "builtin_function_or_method"),
        ({"a": {"b": lambda: 1}}, "function"),
        (CYCLE, "holds itself"),
        (DEEP, "nested too deeply"),
        (datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(0), "mine")), "timezone"),
        (iter([]), "list_iterator"),
        (Exception("x"), "Exception"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_would_be_changed_is_refused(value, why):
    """A subclass is not its base class, and a function is nothing to carry."""
    with pytest.raises(RefusedError) as caught:
        pack(value)
    assert why in caught.value.why


def test_what_is_too_large_is_refused(monkeypatch):
    """With its size, and what to do."""
    monkeypatch.setattr(carried, "MOST_JSON_BYTES", 100)
    with pytest.raises(RefusedError, match="of at most 100") as caught:
        pack("x" * 200)
    assert "file" in caught.value.fix


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "pickle", "v": "gASV"},
        {"$": "tuple"},
        {"$": []},
        {"$": "dict", "v": [[[], 1]]},
        {"$": "dict", "v": [1]},
        {"$": "int", "v": "zz"},
        {"$": "bytes", "v": "é"},
        {"$": "fraction", "v": ["0x1", "0x0"]},
        {"$": "datetime", "v": ["2024-01-01", 0, "../../etc/passwd"]},
        {"$": "datetime", "v": ["2024-01-01", 7, None]},
        {"$": "timedelta", "v": [10**12]},
        {"$": "set", "v": [[1]]},
        {"$": "array", "file": "/etc/passwd"},
        {"$": "array", "file": "../value.json"},
        {"$": "array", "file": 7},
        {"$": "frame"},
        {"$": "decimal", "v": {}},
        {"$": "path", "v": 1},
        {"$": "uuid", "v": "x"},
    ],
    ids=str,
)
def test_a_forged_file_is_refused(tree):
    """Whatever stands there is data: it names no class, no module and no path."""
    with pytest.raises(RefusedError):
        unpacked(tree)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b'{"$": 1e999}'], ids=len)
def test_a_damaged_file_is_refused(data):
    """Torn, no text, nested without end, a number without end."""
    with pytest.raises(RefusedError):
        unpack({"value.json": data}.__getitem__)


@pytest.mark.parametrize("value", [1, "a", [1.5, None, {"b": True}], 2**53 - 1])
def test_plain_json_is_for_every_language(value):
    """It is handed over as it is."""
    assert plain(value) == value


@pytest.mark.parametrize(
    "value",
    [2**53, math.nan, math.inf, (1,), {1: 2}, b"x", {"a": {1}}, DEEP, Number(1)],
    ids=lambda value: type(value).__name__,
)
def test_what_other_languages_read_as_something_else_is_refused(value):
    """A tuple would be a list, a large number another one."""
    with pytest.raises(RefusedError):
        plain(value)


@pytest.mark.parametrize("tag", ["set", "frozenset", "dict"])
def test_numbers_chosen_to_share_a_hash_are_refused(tag):
    """A set of them would take the square of their number to make, and no key would end that."""
    numbers = [number * (2**61 - 1) for number in range(2000)]
    items = [[number, 0] for number in numbers] if tag == "dict" else numbers
    data = json.dumps({"$": tag, "v": items}).encode()
    with pytest.raises(RefusedError, match="one hash"):
        unpack(lambda name: data)


def test_a_fraction_that_would_take_for_ever_to_reduce_is_refused():
    """On its way out, and on its way back from whoever wrote the file."""
    with pytest.raises(RefusedError, match="a fraction of more than"):
        pack(fractions.Fraction(1, 1 << 50_000))
    data = json.dumps({"$": "fraction", "v": [hex(3 << 50_000), hex(1 << 50_000)]}).encode()
    with pytest.raises(RefusedError, match="too long"):
        unpack(lambda name: data)


@pytest.mark.parametrize("dtype", ["(1,,)f4", "f4,("])
def test_a_type_that_numpy_cannot_parse_is_a_damaged_file(dtype):
    """NumPy reads it with Python's parser, and lets that one's error through."""
    pytest.importorskip("numpy")
    data = json.dumps({"$": "scalar", "dtype": dtype, "v": ""}).encode()
    with pytest.raises(RefusedError, match="damaged"):
        unpack(lambda name: data)
