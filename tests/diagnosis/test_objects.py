"""What names, keys and sizes an object has, read without running it."""

from __future__ import annotations

import collections
import enum
import linecache
import sys
import types

import pytest

from autoexec_magic.diagnosis import objects


class Shop:
    """Its names."""

    __slots__ = ("__dict__", "prices")

    def total(self):
        return 0


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


def entry_of(source, names):
    filename = f"objects-{abs(hash(source))}.py"
    linecache.cache[filename] = (1, None, source.splitlines(keepends=True), filename)
    try:
        exec(compile(source, filename, "exec"), dict(names))
    except BaseException as error:
        return error.__traceback__.tb_next
    raise AssertionError


def test_the_names_of_an_object():
    """Its own, those of its classes, slots among them; of a class also those of its bases."""
    shop = Shop()
    shop.open = True
    assert {"prices", "total", "open"} <= set(objects.names_of(shop))
    assert {"RED", "GREEN"} <= set(objects.names_of(Colour))
    assert {"total"} <= set(objects.names_of(Shop))
    assert "sqrt" in objects.names_of(__import__("math"))
    assert "append" in objects.names_of([])


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        pytest.param({"a": 1, 2: 3, None: 4}, ["a"], id="dictionary"),
        pytest.param(collections.OrderedDict(a=1), ["a"], id="derived"),
        pytest.param(collections.UserDict(a=1), ["a"], id="user-dict"),
        pytest.param(Colour, ["RED", "GREEN"], id="enum"),
        pytest.param([1, 2], [], id="list"),
        pytest.param(None, [], id="none"),
        pytest.param(types.SimpleNamespace(a=1), [], id="namespace"),
    ],
)
def test_the_keys_of_a_container(value, keys):
    """Those that are texts."""
    assert objects.keys_of(value) == keys


def test_a_property_in_place_of_the_dictionary_is_not_asked():
    """An instance's names are read past it."""

    class Hiding:
        def __init__(self):
            object.__setattr__(self, "inner", 1)

        @property
        def __dict__(self):
            raise AssertionError("it was asked")

    assert objects.own_value(Hiding(), "inner") is None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("d['x']", "d", id="name"),
        pytest.param("a.b['x']", "a.b", id="attribute"),
        pytest.param("a.c[0]['x']", "a.c[0]", id="item"),
        pytest.param("x = 1 + d['x'] * 2", "d", id="in-an-expression"),
        pytest.param("(d\n ['x'])", "d", id="over-two-lines"),
        pytest.param("'ü'; d['x']", "d", id="after-a-letter-of-two-bytes"),
        pytest.param("f()['x']", None, id="a-call"),
        pytest.param("[d][0]['x']", None, id="a-display"),
    ],
)
def test_which_object_a_line_is_about(source, found):
    """A plain name, or a chain that dictionaries know."""
    a = types.SimpleNamespace(b={}, c=[{}])
    seen = objects.subscripted(entry_of(source, {"d": {}, "a": a, "f": dict}))
    assert (seen[1] if seen else None) == found


def test_a_line_that_is_not_in_memory_is_not_read():
    """No disk is looked at."""
    with pytest.raises(KeyError) as caught:
        exec(compile("d['x']", "never-read.py", "exec"), {"d": {}})
    at = caught.value.__traceback__.tb_next
    assert objects.subscripted(at) is None
    assert list(objects.named_in(at)) == []


def test_a_line_that_has_changed_since_is_not_believed():
    """What stands at that place now may be anything."""
    at = entry_of("d['x']", {"d": {}})
    filename = at.tb_frame.f_code.co_filename
    for line in ("((((((", "", "1", "x" * 3000):
        linecache.cache[filename] = (1, None, [line], filename)
        assert objects.subscripted(at) is None


def test_without_positions_nothing_is_found():
    """Python can be told to leave them out."""
    at = entry_of("d['x']", {"d": {}})
    assert objects.subscripted(types.TracebackType(None, at.tb_frame, -1, 1)) is None


def test_names_of_a_frame_come_nearest_first():
    """Local, global, built-in."""
    source = "def f():\n    height = 1\n    {}['x']\nf()"
    at = entry_of(source, {"width": 2}).tb_next
    names = objects.names_at(at)
    assert names.index("height") < names.index("width") < names.index("print")


def test_what_a_value_is():
    """Its type, its size, its shape; never what it holds."""
    numpy = pytest.importorskip("numpy")
    assert objects.describe(numpy.zeros((2, 3))) == "ndarray float64, shape (2, 3)"
    assert objects.describe("secret") == "str of 6"
    assert objects.describe(None) == "NoneType"
    assert objects.describe(Shop()) == "Shop"
    assert objects.size_of({1: 2}) == 1
    assert objects.size_of(5) is None
    assert [objects.kind_of(one) for one in (len, Shop, sys, 5)] == ["function", "class", "module", ""]


class Labels(list):
    """What an index of pandas can do."""

    def __getitem__(self, at):
        return Labels(list.__getitem__(self, at))

    def tolist(self):
        return list(self)


def test_the_labels_of_a_frame(monkeypatch):
    """pandas is read by its own types, as they are built; the probe runs with the real one."""
    library = types.ModuleType("pandas")
    library.DataFrame = type("DataFrame", (), {})
    library.Series = type("Series", (), {})
    monkeypatch.setitem(sys.modules, "pandas", library)
    frame, column = library.DataFrame(), library.Series()
    frame._mgr = types.SimpleNamespace(axes=[Labels(["price", 2]), Labels(["first"])])
    column._mgr = types.SimpleNamespace(axes=[Labels(["first"])])
    assert objects.labels_of(frame, 1) == ["price"]
    assert objects.labels_of(frame, 0) == ["first"]
    assert objects.keys_of(column) == ["first"]
    assert "price" in objects.names_of(frame)
    assert objects.describe(frame) == "DataFrame, shape (1, 2)"
    del frame._mgr
    assert objects.labels_of(frame, 1) == []
    assert objects.describe(frame) == "DataFrame"


def test_a_fake_of_a_library_is_not_read():
    """A class that only has the name is anybody's."""

    class DataFrame:
        @property
        def _mgr(self):
            raise AssertionError("it was asked")

    assert objects.labels_of(DataFrame(), 1) == []


def test_what_a_line_calls():
    """The function itself, found by its name."""
    assert objects.called(entry_of("f(1)", {"f": lambda: 0})) is not None
    assert objects.called(entry_of("g.f(1)", {"g": types.SimpleNamespace(f=lambda: 0)})) is not None
    assert objects.called(entry_of("{}['x']", {})) is None
