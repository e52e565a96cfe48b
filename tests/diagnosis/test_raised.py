"""Why an exception of the kernel was raised, and that nothing of the user's runs to say so."""

from __future__ import annotations

import builtins
import linecache
import traceback

import pytest
from anytext import ANY_TEXT, is_shown_on_one_line
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis import Around, diagnose_exception, diagnose_text, python

ran = []


def told(error, around=None):
    return diagnose_exception(
        error, is_user_frame=lambda name: name.startswith("mine"), around=around or Around()
    )


def run(source, names=None):
    """Return what `source` raises, whose lines Python knows as those of a cell."""
    filename = f"mine-{abs(hash(source))}.py"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        exec(compile(source, filename, "exec"), {"__name__": "cell"} | (names or {}))
    except BaseException as error:
        return error.with_traceback(error.__traceback__.tb_next)
    raise AssertionError("it passed")


class Evil:
    """Its every method is the user's, and leaves a trace."""

    def __getattribute__(self, name):
        ran.append(name)
        raise RuntimeError(name)

    def __repr__(self):
        ran.append("repr")
        raise SystemExit

    __str__ = __hash__ = __dir__ = __eq__ = __len__ = __iter__ = __bool__ = __repr__

    def __getitem__(self, key):
        if key == "raise":
            raise KeyError("prise")
        return


class EvilMeta(type):
    """A metaclass that decides everything, and leaves a trace."""

    def __hash__(cls):
        ran.append("hash")
        raise SystemExit

    def __eq__(cls, other):
        ran.append("eq")
        raise SystemExit

    def __instancecheck__(cls, value):
        ran.append("instancecheck")
        return True

    def __subclasscheck__(cls, value):
        ran.append("subclasscheck")
        return True

    @property
    def __name__(cls):
        ran.append("name")
        return "KeyError"


class EvilError(Exception, metaclass=EvilMeta):
    """An exception whose every method is the user's."""

    def __str__(self):
        ran.append("str")
        raise SystemExit

    __repr__ = __str__

    @property
    def __class__(self):
        ran.append("class")
        return KeyError

    @property
    def __cause__(self):
        ran.append("cause")
        return self

    @property
    def __dict__(self):
        ran.append("dict")
        raise SystemExit

    @property
    def args(self):
        ran.append("args")
        raise SystemExit

    def __getattribute__(self, name):
        ran.append(name)
        raise SystemExit


def cyclic():
    first, second = ValueError("a"), TypeError("b")
    BaseException.__setattr__(first, "__cause__", second)
    BaseException.__setattr__(second, "__cause__", first)
    first.__context__, second.__context__ = second, first
    return first


class Lying(KeyError):
    """Named like a library's."""

    __module__ = "json.decoder"
    __qualname__ = "JSONDecodeError"


class Odd(OSError):
    """Its own `__str__` is the user's."""

    def __str__(self):
        ran.append("str")
        return "x"


class Oddest(ValueError):
    """Its message is a descriptor."""

    __str__ = property(lambda self: ran.append("property"))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: EvilError("a"), id="everything"),
        pytest.param(lambda: KeyError(Evil()), id="key"),
        pytest.param(lambda: ValueError(Evil(), Evil()), id="parts"),
        pytest.param(lambda: ValueError([Evil()]), id="in-a-list"),
        pytest.param(lambda: ValueError({"a": (Evil(),)}), id="in-a-dictionary"),
        pytest.param(lambda: OSError(2, Evil(), Evil()), id="file"),
        pytest.param(lambda: OSError(2, "No such file", Evil()), id="file-name"),
        pytest.param(lambda: Odd(2, "a"), id="own-str"),
        pytest.param(lambda: Oddest("a"), id="property-for-str"),
        pytest.param(lambda: SyntaxError(Evil(), ("a.py", Evil(), 1, Evil())), id="syntax"),
        pytest.param(lambda: SystemExit(Evil()), id="exit"),
        pytest.param(lambda: ImportError(Evil(), name=Evil(), path=Evil()), id="import"),
        pytest.param(lambda: AttributeError("a", name="b", obj=Evil()), id="attribute"),
        pytest.param(lambda: NameError("name 'a' is not defined", name=Evil()), id="name"),
        pytest.param(lambda: ExceptionGroup("g", [EvilError("a"), ValueError(Evil())]), id="group"),
        pytest.param(lambda: RuntimeError(ValueError(KeyError(Evil()))), id="nested"),
        pytest.param(lambda: StopIteration(Evil()), id="stop"),
        pytest.param(lambda: ValueError(10**5000), id="a-number-python-does-not-write"),
        pytest.param(lambda: ValueError("a" * 10**7), id="a-huge-message"),
        pytest.param(lambda: ValueError(b"\xff", None, 1.5, ...), id="bytes"),
        pytest.param(lambda: Lying("a"), id="lying"),
        pytest.param(cyclic, id="cycle"),
    ],
)
def test_nothing_of_an_exceptions_own_runs(make):
    """Whatever it is made of, it is answered on one line, and none of its methods is called."""
    error = make()
    ran.clear()
    is_shown_on_one_line(told(error))
    assert python.code_of(error)
    assert ran == []


@pytest.mark.parametrize(
    "source",
    [
        'thing["prise"]["x"]',
        'thing["raise"]',
        "holder.thing.prise",
        'holder.other["prise"]',
        "{}[thing]",
        'orders["prise"]',
        'orders["inner"]["prise"]',
        'deep["thing"]["raise"]',
        "sorted([thing, thing])",
        "thing + 1",
        "Cls.prise",
        "Sub.prise",
    ],
)
def test_nothing_of_the_values_at_hand_runs(source):
    """What a failed line speaks of is read from dictionaries; what the line itself ran is over."""

    class Holder:
        pass

    class Sub(Evil):
        price = 1

    class Own(dict):
        def __iter__(self):
            ran.append("iter")
            return iter(())

        def items(self):
            ran.append("items")
            return ()

        keys = __contains__ = __len__ = __repr__ = __iter__

    holder = Holder()
    holder.thing, holder.other = Evil(), Own(price=1)
    names = {
        "thing": Evil(),
        "holder": holder,
        "orders": Own(price=1, inner={"price": 1}),
        "deep": {"thing": Evil()},
        "Cls": EvilMeta("Cls", (), {}),
        "Sub": Sub,
    }
    error = run(source, names)
    ran.clear()
    is_shown_on_one_line(told(error))
    assert ran == []


def test_the_key_that_was_meant_is_found_in_the_very_object():
    """A subclass of a dictionary is read as a dictionary; nothing else of its names counts."""
    seen = told(run("orders['prise']", {"orders": {"price": 1, "amount": 2}, "prices": {"prise": 1}}))
    assert (seen.code, seen.fix) == ("key-not-found", "write 'price' instead of 'prise'")
    assert (seen.action.kind, seen.action.values) == ("replace", ("'prise'", "'price'"))
    assert "nearest: 'price'" in seen.evidence
    assert seen.frame.source == "orders['prise']"


@pytest.mark.parametrize(
    ("source", "names", "fix"),
    [
        pytest.param("settings.db['prot']", {}, "write 'port' instead of 'prot'", id="attribute"),
        pytest.param(
            "tree['a']['prot']", {"tree": {"a": {"port": 1}}}, "write 'port' instead of 'prot'", id="items"
        ),
        pytest.param("tree[0]['prot']", {"tree": [{"port": 1}]}, "write 'port' instead of 'prot'", id="item"),
        pytest.param("d['Port']", {"d": {"port": 1}}, "write 'port' instead of 'Port'", id="case"),
        pytest.param("d['ab']", {"d": {"ac": 1, "ad": 2}}, "look at the keys", id="too-short-to-be-near"),
        pytest.param("d['port_1']", {"d": {"port_2": 1, "port_3": 2}}, "if that is meant", id="two-as-near"),
        pytest.param("f()['prot']", {"f": lambda: {"port": 1}}, "look at the keys", id="a-call-is-not-run"),
    ],
)
def test_which_object_was_asked(source, names, fix):
    """A plain name, or a chain of attributes and constant keys; nothing is called to find it."""

    class Settings:
        pass

    settings = Settings()
    settings.db = {"port": 1}
    seen = told(run(source, {"settings": settings, **names}))
    assert fix in seen.fix


def test_an_attribute_of_the_object_itself():
    """Its own names and those of its class."""

    class Shop:
        def __init__(self):
            self.prices = {}

        def total(self):
            return 0

    seen = told(run("shop.pirces", {"shop": Shop()}))
    assert (seen.code, seen.fix, seen.confidence) == (
        "attribute-not-found",
        "write prices instead of pirces",
        "certain",
    )
    assert told(run("shop.totl()", {"shop": Shop()})).action.values == ("totl", "total")
    assert told(run("shop.frobnicate", {"shop": Shop()})).action is None


def test_a_name_that_the_frame_knows():
    """Local names come first; a usual short name is its import."""
    source = "def f():\n    height = 2\n    return heigth\n\n\nf()"
    seen = told(run(source))
    assert (seen.code, seen.fix) == ("name-not-defined", "write height instead of heigth")
    assert (seen.frame.function, seen.frame.line, seen.frame.source) == ("f", 3, "return heigth")
    assert told(run("np.zeros(3)")).fix == "add the line: import numpy as np"
    assert told(run("josn.loads('')")).action is None
    assert told(run("prnt('a')")).fix == "write print instead of prnt"


def test_shapes_and_types_are_evidence_and_values_are_not():
    """What a value is, never what it holds."""
    numpy = pytest.importorskip("numpy")
    seen = told(run("left + right", {"left": numpy.full(3, 77.5), "right": numpy.zeros((4,), dtype=int)}))
    assert seen.code == "shape-mismatch"
    assert seen.evidence == ("left is ndarray float64, shape (3,)", "right is ndarray int64, shape (4,)")
    seen = told(run("total = word + count", {"word": "secret", "count": 1234567}))
    assert seen.evidence == ("word is str of 6", "count is int")
    assert "secret" not in repr(seen)
    assert "1234567" not in repr(seen)


def test_a_numpy_field_that_was_meant():
    """The names of a structured array are its keys."""
    numpy = pytest.importorskip("numpy")
    points = numpy.zeros(3, dtype=[("lat", float), ("long", float)])
    assert told(run("points['lon']", {"points": points})).fix == "write 'long' instead of 'lon'"


def test_a_parameter_that_was_meant():
    """The names of the very function."""

    def area(width, *, height):
        return width * height

    seen = told(run("area(2, heigth=3)", {"area": area}))
    assert (seen.code, seen.fix) == ("unexpected-argument", "write height instead of heigth")


def test_how_many_items_there_were():
    """The size says more than that an index is wrong."""
    assert told(run("rows[7]", {"rows": [1, 2, 3]})).evidence == ("rows has 3 items",)


def test_the_root_is_explained_and_the_wrapper_is_evidence():
    """Its explicit root cause, at the user's own last line."""

    def setting():
        try:
            return {}["port"]
        except KeyError as error:
            raise RuntimeError("no setting") from error

    with pytest.raises(RuntimeError) as caught:
        setting()
    seen = diagnose_exception(caught.value, is_user_frame=lambda name: name == __file__)
    assert (seen.code, seen.confidence) == ("key-not-found", "certain")
    assert seen.why == "the key 'port' is not there"
    assert seen.evidence[-1] == "it ended as RuntimeError: no setting"
    assert seen.where.startswith(f"{__file__}:")
    assert seen.bytes is None


def test_a_wrapper_that_says_the_same_is_no_evidence():
    """As pandas raises a KeyError from the KeyError of its engine: once is enough, in a text too."""
    try:
        try:
            {}["prce"]
        except KeyError as error:
            raise KeyError("prce") from error
    except KeyError as error:
        seen = diagnose_exception(error, is_user_frame=lambda name: name == __file__)
        read = diagnose_text("".join(traceback.format_exception(error)))
    assert seen.code == read.code == "key-not-found"
    assert not any("it ended as" in line for line in (*seen.evidence, *read.evidence))


@pytest.mark.parametrize(
    ("handler", "code", "confidence"),
    [
        pytest.param("raise Odd(f'bad: {error}')", "cannot-convert", "likely", id="repeats-it"),
        pytest.param("raise Odd('the port is no number')", "cannot-convert", "likely", id="in-its-place"),
        pytest.param("raise Odd('no number') from None", "error", "unknown", id="hidden-on-purpose"),
        pytest.param("raise Odd('no number') from error", "cannot-convert", "likely", id="explicit"),
        pytest.param("other()", "error", "unknown", id="raised-elsewhere"),
        pytest.param("{}['a']", "key-not-found", "certain", id="a-mistake-of-the-handlers"),
        pytest.param("raise ValueError", "wrong-value", "likely", id="a-known-type-without-a-word"),
    ],
)
def test_what_was_being_handled(handler, code, confidence):
    """It is the cause where the later exception only passes it on, and that is never certain."""
    source = (
        "class Odd(Exception): pass\n"
        "def other(): raise Odd('tea is out')\n"
        f"try:\n    int('http')\nexcept ValueError as error:\n    {handler}\n"
    )
    error = run(source)
    seen = told(error)
    assert (seen.code, seen.confidence) == (code, confidence)
    text = diagnose_text("".join(traceback.format_exception(error)))
    assert (text.code, text.confidence) == (code, confidence)


def test_a_librarys_own_words_are_the_root():
    """What a library raised from something of its own was put into words for whoever called it."""
    import configparser

    error = run("import configparser\nconfigparser.ConfigParser().get('a', 'b')")
    assert type(error) is configparser.NoSectionError
    assert told(error).code == "setting-missing"


def test_the_place_in_a_pools_process_is_the_users_own():
    """What a process of a pool sends is text, and holds the frame that counts."""
    error = ZeroDivisionError("division by zero")

    class _RemoteTraceback(Exception):
        pass

    error.__cause__ = _RemoteTraceback()
    error.__cause__.tb = (
        'Traceback (most recent call last):\n  File "mine.py", line 5, in share\n    return 1 / n\n'
        "ZeroDivisionError: division by zero\n"
    )
    seen = told(error)
    assert (seen.code, seen.where, seen.frame.function) == ("division-by-zero", "mine.py:5", "share")


def test_a_name_that_only_looks_like_a_librarys_is_never_certain():
    """Anybody can give a class any module and name."""
    assert told(Lying("a")).confidence == "likely"


@given(
    ANY_TEXT, st.sampled_from([KeyError, ValueError, ModuleNotFoundError, OSError, SyntaxError, Exception])
)
def test_any_message_of_an_exception_is_answered_on_one_line(message, cls):
    """The same for an exception of the kernel."""
    is_shown_on_one_line(diagnose_exception(cls(message), is_user_frame=lambda name: True))


# Hypothesis compares and hashes what it makes, so that what may not be touched is put in afterwards.
PARTS = st.recursive(
    st.sampled_from(["evil", "error", ""])
    | st.none()
    | st.text()
    | st.integers()
    | st.binary()
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=4,
)
MADE = [
    value for value in vars(builtins).values() if isinstance(value, type) and issubclass(value, BaseException)
]
KINDS = [cls for cls in MADE if not issubclass(cls, BaseExceptionGroup | UnicodeError)]
KINDS += [Odd, Oddest, Lying, EvilError]


def made_evil(part):
    """Return `part` with what may not be touched in the places that are marked for it."""
    if isinstance(part, list | tuple):
        return type(part)(map(made_evil, part))
    if isinstance(part, dict):
        return {key: made_evil(value) for key, value in part.items()}
    return Evil() if part == "evil" else EvilError("a") if part == "error" else part


@given(st.integers(0, len(KINDS) - 1), st.lists(PARTS, max_size=4), st.integers(0, len(KINDS) - 1))
def test_any_exception_object_is_answered(kind, parts, cause):
    """Whatever it is made of, and whatever it comes from."""
    try:
        error = KINDS[kind](*map(made_evil, parts))
    except (TypeError, ValueError, RuntimeError, SystemExit):
        return
    if cause % 2:
        BaseException.__dict__["__cause__"].__set__(error, KINDS[cause]())
    ran.clear()
    is_shown_on_one_line(told(error))
    assert python.code_of(error)
    assert ran == []
