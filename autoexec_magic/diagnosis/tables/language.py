"""What Python's own types of exception say: names, arguments, operands, values, control flow."""

from __future__ import annotations

import re

from ..naming import argument, attribute, is_removed, key, name_error, removed
from ..rows import UNKNOWN, Entry, Row, by_message, likely, on_line, raised_in, says, when
from ..telling import hidden_call, operands, out_of_memory, own_method, places, size

_CONVERT = likely("cannot-convert", "look at that value: take out what is no digit, or skip it")
_UNPACK = says("unpack-mismatch", "make the number of names on the left the number of values on the right")
_OPERAND = says("unsupported-operand", "convert one side first, with int(), float() or str()", tell=operands)
_FORMAT = says("format-mismatch", "give the format as many values, of the kinds, as it asks for")
_AWAIT = likely("never-awaited", "write await before that call: without it there is no result yet")
_NO_SETTER = says("no-setter", "set what the property is made of: it has no setter")
_EMPTY = says("empty-sequence", "check that there is something in it first, or give a default")
_NOT_THERE = says("value-not-found", "check that it is there first, with in")
_TIMEZONE = says("timezone-mismatch", "give both a time zone: datetime.now(UTC), .replace(tzinfo=UTC)")
_ARGUMENT = says("unexpected-argument", "take {name} out of that call", tell=argument)
_MANY_ARGUMENTS = says("too-many-arguments", "pass fewer arguments in that call")
_CONTEXT = says("not-context-manager", "open it without with, or use what it is made for")
_CHANGED = says("changed-while-iterating", "go over a copy of it: for ... in list(...)")
_DATE = says("date-format", "make the format match the text, or give format='mixed' to pandas")
_TOO_LARGE = says("number-too-large", "use a smaller number, a logarithm, or a wider type")
_INDEX = says(
    "index-out-of-range",
    "check the index against len() before that line: the last is len() - 1",
    tell=size,
)
_WRONG_INDEX = says("wrong-index-type", "index it with a whole number; a key needs a dictionary")
_DATE_RANGE = says("date-out-of-range", "use a date that exists, within the years that type can hold")


def attribute_error(*more: tuple[str, Entry]) -> Entry:
    """Return the entry of AttributeError, after what other tables know of it."""
    return by_message(
        *more,
        ("'coroutine' object", _AWAIT),
        ("has no setter", _NO_SETTER),
        ("can't set attribute", _NO_SETTER),
        otherwise=when(
            is_removed,
            says("attribute-removed", "use what replaced it", tell=removed),
            otherwise=says("attribute-not-found", "look in dir() of that object", tell=attribute),
        ),
    )


TYPE_ERROR: tuple[tuple[str, Entry], ...] = (
    ("'coroutine' object", _AWAIT),
    (" missing ", says("missing-argument", "pass {name} in that call")),
    (" multiple values for ", says("argument-twice", "pass {name} once: by place or by name")),
    ("non-default argument", says("dataclass-field-order", "put {name} before the fields with a default")),
    (" positional argument", _MANY_ARGUMENTS),
    ("takes no arguments", _MANY_ARGUMENTS),
    ("(the instance to initialize)", _MANY_ARGUMENTS),
    ("takes no keyword arguments", says("unexpected-argument", "pass it by place, without a name")),
    ("unexpected keyword", _ARGUMENT),
    ("invalid keyword argument", _ARGUMENT),
    ("offset-naive and offset-aware", _TIMEZONE),
    ("tz-naive and tz-aware", _TIMEZONE),
    (
        "for |: 'type' and 'NoneType'",
        likely("version-too-old", "run it with Python 3.10 or newer, or write Optional[...] or Union[...]"),
    ),
    ("unsupported operand", _OPERAND),
    ("can only concatenate", _OPERAND),
    ("not supported between", _OPERAND),
    ("bad operand type", _OPERAND),
    ("must be str, not", _OPERAND),
    (
        "'module' object is not callable",
        says("not-callable", "call the function in the module: module.name(...)"),
    ),
    (
        "is not callable",
        says("not-callable", "take the parentheses away, or find what hides the function", tell=hidden_call),
    ),
    ("is not iterable", says("not-iterable", "give that line a list, not one {name}")),
    ("is not an iterator", says("not-iterable", "call iter() on it first")),
    ("'method' object is not subscriptable", says("not-subscriptable", "call it: () instead of []")),
    ("builtin_function_or_method' object is not sub", says("not-subscriptable", "call it: () instead of []")),
    ("is not subscriptable", says("not-subscriptable", "check what it is before [...]: here a {name}")),
    ("unhashable type", says("not-hashable", "use a tuple or a frozenset there, not a {name}")),
    ("has no len()", says("no-length", "make a list of it first: len(list(...)), or count otherwise")),
    ("indices must be integers", _WRONG_INDEX),
    ("does not support item assignment", says("not-assignable", "make a new one: a {name} never changes")),
    ("does not support item deletion", says("not-assignable", "make a new one: a {name} never changes")),
    ("of immutable type", says("not-assignable", "make a class of your own that derives from it")),
    ("t instantiate abstract class", says("abstract-class", "write the missing methods in the subclass")),
    ("context manager protocol", _CONTEXT),
    ("used in 'await' expression", says("not-awaitable", "take the await away: that is no coroutine")),
    ("d format: ", _FORMAT),
    ("x format: ", _FORMAT),
    ("argument for format string", _FORMAT),
    ("arguments for format string", _FORMAT),
    ("during string formatting", _FORMAT),
    ("unsupported format string", _FORMAT),
    ("int() argument must be", _CONVERT),
    ("float() argument must be", _CONVERT),
    ("bytes-like object is required", likely("wrong-file-mode", "encode the text, or open without the b")),
    ("write() argument must be str", likely("wrong-file-mode", "open with mode 'wb', or decode the bytes")),
    ("BaseException", says("wrong-type", "raise and catch classes that derive from Exception")),
    ("metaclass conflict", says("wrong-type", "derive from one of the two classes only")),
    ("expected str instance", says("wrong-type", "make texts of them first: map(str, ...)")),
)
VALUE_ERROR: tuple[tuple[str, Entry], ...] = (
    ("could not convert", _CONVERT),
    ("invalid literal for ", _CONVERT),
    ("Invalid literal for ", _CONVERT),
    ("badly formed hexadecimal", _CONVERT),
    ("values to unpack", _UNPACK),
    (" does not match format ", _DATE),
    ("unconverted data remains", _DATE),
    ("Invalid isoformat", _DATE),
    ("day is out of range", _DATE_RANGE),
    ("day of month", _DATE_RANGE),
    ("month must be in 1..12", _DATE_RANGE),
    ("year 0 is out of range", _DATE_RANGE),
    ("is out of range for month", _DATE_RANGE),
    ("hour must be in", _DATE_RANGE),
    ("Unknown format code", _FORMAT),
    ("Invalid format specifier", _FORMAT),
    ("unsupported format character", _FORMAT),
    ("not in list", _NOT_THERE),
    ("not in tuple", _NOT_THERE),
    ("not in deque", _NOT_THERE),
    ("substring not found", _NOT_THERE),
    (" is not a valid value for", likely("wrong-value", "give it one of the values that the message allows")),
    (
        " is not a valid ",  # an Enum says so; anybody else may say it of anything
        raised_in(
            {("enum.py", "__new__"): _NOT_THERE, ("enum.py", "__call__"): _NOT_THERE},
            otherwise=likely("value-not-found", "take one of the values that there are"),
        ),
    ),
    ("empty sequence", _EMPTY),
    ("iterable argument is empty", _EMPTY),
    ("closed file", says("file-closed", "use the file inside its with block, or open it again")),
    ("invalid mode: ", says("wrong-file-mode", "open with one of 'r', 'w', 'a', 'x', and + or b after it")),
    ("create/read/write/append mode", says("wrong-file-mode", "open with one of 'r', 'w', 'a', 'x'")),
    (
        "for integer string conversion",
        says("integer-too-long", "call sys.set_int_max_str_digits(0) first, or keep it a number"),
    ),
    ("cannot convert float NaN", says("missing-values", "drop or fill what is missing first: math.isnan()")),
    ("cannot convert float infinity", says("missing-values", "drop what is infinite first: math.isinf()")),
    ("mutable default", says("mutable-default", "write field(default_factory=list) instead")),
    (
        "zip() argument",
        says("length-mismatch", "make both of one length, or leave strict=True out"),
    ),
    (
        "generator already executing",
        likely("wrong-value", "let each generator be advanced by one caller only"),
    ),
    ("embedded null", likely("wrong-value", "take the zero bytes out of that text")),
)
_ARGV = re.compile(r"\bargv\[")
INDEX_ERROR: tuple[tuple[str, Entry], ...] = (
    (
        "list index out of range",
        on_line(
            _ARGV, says("missing-argument", "give the script the arguments that it takes"), otherwise=_INDEX
        ),
    ),
    ("pop from", _EMPTY),
    ("empty sequence", _EMPTY),
    ("Replacement index", _FORMAT),
    ("no such group", says("no-such-group", "use a group that the pattern has, from 0 on")),
)
RUNTIME_ERROR: tuple[tuple[str, Entry], ...] = (
    ("changed size during iteration", _CHANGED),
    ("mutated during iteration", _CHANGED),
    ("generator raised StopIteration", says("iterator-exhausted", "write next(..., None), or return")),
    ("lost sys.stdin", likely("end-of-input", "pass the value instead of calling input()")),
    (
        "maximum recursion depth",
        likely("recursion-limit", "give the function a case without a call of itself"),
    ),
    ("super(): ", likely("wrong-value", "call super() inside a method")),
)
#: Rows of the interpreter's own words. A package that raises with the same words may mean something else.
INTERPRETERS = frozenset(
    id(row)
    for table in (TYPE_ERROR, VALUE_ERROR, INDEX_ERROR, RUNTIME_ERROR)
    for _, row in table
    if isinstance(row, Row)
)
_RECURSION = says("recursion-limit", "give the function a case in which it does not call itself")
_ENVIRONMENT = says(
    "environment-variable-missing", "set {name} before that line, or use os.environ.get('{name}')"
)
_NO_MEMBER = says("member-not-found", "look at what the archive holds: namelist(), getnames()")
_WARNED = says("warning-as-error", "do as the warning says, or let warnings be warnings: -W default")
_KEY = says("key-not-found", "look at the keys that are there", silent="a key is not there", tell=key)
MEMORY = says(
    "out-of-memory",
    "work in smaller pieces, or free what is kept",
    silent="the memory did not suffice",
    tell=out_of_memory,
)
EXHAUSTED = says(
    "iterator-exhausted", "give next() a default: next(..., None)", silent="an iterator has no more values"
)
LEAF: dict[str, Row] = {
    "TypeError": likely("wrong-type", "look at the type of each value on that line", tell=operands),
    "ValueError": likely("wrong-value", "look at the values on that line"),
    "IndexError": _INDEX,
}
ROWS: dict[str, Entry] = {
    "NameError": by_message(
        (
            "cannot access free variable",
            says("unbound-local", "assign {name} in the outer function before that call"),
        ),
        otherwise=says(
            "name-not-defined",
            "define it first: run the cell that does, import it, or correct the spelling",
            tell=name_error,
        ),
    ),
    "UnboundLocalError": says(
        "unbound-local", "assign {name} before that line in the function, or declare it global there"
    ),
    "KeyError": raised_in(
        {
            ("os.py", "__getitem__"): _ENVIRONMENT,
            ("<frozen os>", "__getitem__"): _ENVIRONMENT,
            ("zipfile.py", "getinfo"): _NO_MEMBER,
            ("tarfile.py", "getmember"): _NO_MEMBER,
            ("__init__.py", "getinfo"): _NO_MEMBER,
        },
        otherwise=_KEY,
    ),
    "LookupError": by_message(
        ("unknown encoding", says("unknown-encoding", "use an encoding that Python has, such as utf-8")),
        otherwise=UNKNOWN,
    ),
    "ZeroDivisionError": says(
        "division-by-zero",
        "make sure the divisor is not 0 in: {source}",
        without="check the divisor before that line",
    ),
    "decimal.InvalidOperation": likely("cannot-convert", "look at that value: take out what is no digit"),
    "decimal.DivisionByZero": says("division-by-zero", "check the divisor before that line"),
    "OverflowError": _TOO_LARGE,
    "FloatingPointError": likely(
        "number-too-large", "look for 0, infinity and NaN in the values of that line"
    ),
    "MemoryError": MEMORY,
    "Warning": _WARNED,
    **{
        f"{kind}Warning": _WARNED
        for kind in (
            *("User", "Deprecation", "PendingDeprecation", "Runtime", "Syntax", "Future"),
            *("Import", "Unicode", "Bytes", "Resource", "Encoding"),
        )
    },
    "RecursionError": _RECURSION,
    "AssertionError": by_message(
        ("daemonic processes", says("daemonic-children", "start it outside of the pool's worker")),
        ("Torch not compiled with CUDA", says("gpu-not-available", "use device='cpu', or a build with CUDA")),
        otherwise=says(
            "assertion-failed",
            "compare both sides of: {source}",
            silent="an assert did not hold",
            without="compare both sides of the assert",
            tell=operands,
        ),
    ),
    "NotImplementedError": says(
        "not-implemented",
        "write that method in the subclass",
        silent="a method has no code yet",
        tell=own_method,
    ),
    "StopIteration": EXHAUSTED,
    "StopAsyncIteration": EXHAUSTED,
    "ReferenceError": says("object-gone", "keep a name for the object as long as it is used"),
    "statistics.StatisticsError": by_message(
        ("at least", _EMPTY), otherwise=likely("wrong-value", "look at the values on that line")
    ),
    "dataclasses.FrozenInstanceError": says(
        "frozen-instance", "make a changed copy: dataclasses.replace(..., {name}=...)"
    ),
    "KeyboardInterrupt": says("interrupted", "run it again", silent="it was interrupted from the keyboard"),
    "SystemExit": says("system-exit", "take the call of exit out, or catch SystemExit", tell=places),
    "ExceptionGroup": likely(
        "exception-group", "correct what each exception of the group says, the first one first"
    ),
    "pydantic_core._pydantic_core.ValidationError": likely(
        "validation-failed", "correct each field that it names"
    ),
}
ROWS["BaseExceptionGroup"] = ROWS["ExceptionGroup"]
