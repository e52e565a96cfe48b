"""Why Python code failed: one row for each type of exception.

The type is looked up first and the message only afterwards, by the row that
was found, so that the time does not grow with the table. `certain` is kept
for exceptions whose type alone says what happened, and whose type is exactly
the row's: a subclass, or a type that only shares the last part of its name
with a row, is `likely` at best.
"""

from __future__ import annotations

import builtins
from types import MappingProxyType

from .plain import Reading, compose, last_line
from .rows import (
    Found,
    Row,
    by_message,
    exited,
    hinted,
    no_attribute,
    no_file,
    no_key,
    no_library,
    no_module,
    no_name,
    own_line,
    says,
    unknown,
    with_source,
)
from .tracebacks import find_traceback, first_of_group

_UNCAUGHT = (None, 1, -2, 130)  # how Python ends after a traceback; 130 is -2 as a shell says it

_CIRCULAR = says(
    "circular-import", "import inside the function that needs it, or move what both modules need to a third"
)
_TIMED_OUT = says(
    "operation-timed-out", "ask again later, or allow more time on that line", silent="it took too long"
)
_LOST = says("connection-lost", "look at why the other side closed the connection, then connect again")
_REFUSED = says("connection-refused", "start the server, or correct the address and port")
_NO_HOST = says("host-not-found", "check the host's name, and whether this machine has a network")
_OPERAND = says("unsupported-operand", "convert one side first, with int(), float() or str()")
_CONVERT = says("cannot-convert", "look at that value: take out what is no digit, or skip it", "likely")
_UNPACK = says("unpack-mismatch", "make the number of names on the left the number of values on the right")
_GROUP = says(
    "exception-group", "correct what each exception of the group says, the first one first", "likely"
)
_OS_ERROR = by_message(
    ("[Errno 28]", says("disk-full", "free some space on that disk, or write somewhere else")),
    ("[Errno 24]", says("too-many-open-files", "close files after use: with open(...) as name")),
    ("Address already in use", says("address-in-use", "stop what uses that port, or take another")),
    ("cannot open shared object file", no_library),
    ("Connection refused", _REFUSED),
    ("Name or service not known", _NO_HOST),
    otherwise=says("os-error", "check the state of {path}, then run that line again", "likely"),
)

ROWS: MappingProxyType[str, Row] = MappingProxyType(
    {
        "SyntaxError": by_message(
            ("was never closed", says("syntax", "close the bracket that the line opens")),
            ("unterminated", says("syntax", "close the quote that the line opens")),
            ("Did you mean print(", says("syntax", "call print with parentheses: print(...)")),
            ("expected ':'", says("syntax", "put a colon at the end of that line")),
            ("forgot a comma", says("syntax", "put a comma between the two values on that line")),
            ("Maybe you meant '=='", says("syntax", "compare with == (a single = assigns)")),
            otherwise=says("syntax", "correct that line, or the end of the line before it"),
        ),
        "IndentationError": by_message(
            ("expected an indented block", says("indentation", "indent that line by four spaces")),
            ("unexpected indent", says("indentation", "take the spaces off the start of that line")),
            otherwise=says("indentation", "line that line up with the block it belongs to"),
        ),
        "TabError": says("indentation", "indent with spaces only, four a level"),
        "NameError": hinted(
            says(
                "name-not-defined",
                "define {name} first: run the cell that does, import it, or correct the spelling",
            )
        ),
        "UnboundLocalError": says(
            "unbound-local", "assign {name} before that line in the function, or declare it global there"
        ),
        "ModuleNotFoundError": no_module,
        "ImportError": by_message(
            ("circular import", _CIRCULAR),
            ("cannot import name", hinted(no_name)),
            ("cannot open shared object file", no_library),
            (
                "relative import",
                says("import-failed", "run it as a module, python -m, or import by full name"),
            ),
            otherwise=says("import-failed", "import that module alone to see what it misses", "likely"),
        ),
        "AttributeError": by_message(("circular import", _CIRCULAR), otherwise=hinted(no_attribute)),
        "TypeError": by_message(
            (" missing ", says("missing-argument", "pass {name} in that call")),
            (" positional argument", says("too-many-arguments", "pass fewer arguments in that call")),
            ("unexpected keyword", hinted(says("unexpected-argument", "take {name} out of that call"))),
            ("unsupported operand", _OPERAND),
            ("can only concatenate", _OPERAND),
            ("not supported between", _OPERAND),
            (
                "is not callable",
                says("not-callable", "take the parentheses away, or find what hides the function"),
            ),
            ("is not iterable", says("not-iterable", "give that line a list, not one {name}")),
            (
                "is not subscriptable",
                says("not-subscriptable", "check what it is before [...]: here a {name}"),
            ),
            otherwise=says("wrong-type", "look at the type of each value on that line", "likely"),
        ),
        "ValueError": by_message(
            ("could not convert", _CONVERT),
            ("invalid literal for int()", _CONVERT),
            ("values to unpack", _UNPACK),
            otherwise=says("wrong-value", "look at the values on that line", "likely"),
        ),
        "KeyError": no_key,
        "IndexError": says(
            "index-out-of-range", "check the index against len() before that line: the last is len() - 1"
        ),
        "ZeroDivisionError": with_source(
            says("division-by-zero", "check the divisor before that line"),
            "make sure the divisor is not 0 in: {source}",
        ),
        "FileNotFoundError": no_file,
        "PermissionError": says(
            "permission-denied", "take a path you may use, or change the rights of {path}"
        ),
        "IsADirectoryError": says("is-a-directory", "name a file inside {path}"),
        "NotADirectoryError": says("not-a-directory", "correct {path}: a part of it is a file"),
        "FileExistsError": says("file-exists", "take another name, or allow that {path} exists"),
        "ConnectionRefusedError": _REFUSED,
        "ConnectionError": _LOST,
        "ConnectionResetError": _LOST,
        "ConnectionAbortedError": _LOST,
        "BrokenPipeError": _LOST,
        "TimeoutError": _TIMED_OUT,
        "subprocess.TimeoutExpired": _TIMED_OUT,
        "socket.gaierror": _NO_HOST,
        "OSError": _OS_ERROR,
        "urllib.error.URLError": _OS_ERROR,
        "MemoryError": says(
            "out-of-memory",
            "work in smaller pieces, or free what is kept",
            silent="the memory did not suffice",
        ),
        "RecursionError": says(
            "recursion-limit", "give the function a case in which it does not call itself"
        ),
        "UnicodeDecodeError": says(
            "cannot-decode", "give the encoding of the data, such as encoding='latin-1', or read bytes"
        ),
        "UnicodeEncodeError": says("cannot-encode", "write with encoding='utf-8'"),
        "AssertionError": with_source(
            says("assertion-failed", "compare both sides of the assert", silent="an assert did not hold"),
            "compare both sides of: {source}",
        ),
        "NotImplementedError": says(
            "not-implemented", "write that method in the subclass", silent="a method has no code yet"
        ),
        "EOFError": says("end-of-input", "give it input, or pass the value instead of calling input()"),
        "RuntimeError": by_message(
            ("running event loop", says("event-loop-running", "write await instead of asyncio.run() there")),
            otherwise=lambda message, source: unknown("RuntimeError", message),
        ),
        "KeyboardInterrupt": says(
            "interrupted", "run it again", silent="it was interrupted from the keyboard"
        ),
        "SystemExit": exited,
        "json.decoder.JSONDecodeError": says("invalid-json", "look at the text at that place: it is no JSON"),
        "subprocess.CalledProcessError": says("command-failed", "run that command alone to see what it says"),
        "ExceptionGroup": _GROUP,
        "BaseExceptionGroup": _GROUP,
    }
)
_BY_CLASS = {getattr(builtins, name): row for name, row in ROWS.items() if "." not in name}
_BY_LAST_PART = {name.rpartition(".")[2]: row for name, row in ROWS.items()}


def read(plain: str, returncode: int | None = None) -> Reading | None:
    """Return what Python's or IPython's own words in `plain` explain, or None.

    Parameters
    ----------
    plain : str
        Text without escape sequences.
    returncode : int, optional
        How the process ended. After any other code than Python's for an
        uncaught exception, the traceback may only have been logged.
    """
    found = find_traceback(plain)
    if found is None:
        return _interpreter_says(plain)
    code, why, fix, confidence = explain(found.type_name, found.message, found.source)
    if code == "exception-group" and (first := first_of_group(plain, found.end)):
        why = f"{why}; the first is {first}"
    if confidence == "certain" and not (found.whole and returncode in _UNCAUGHT):
        confidence = "likely"
    return Reading(compose(code, why, fix, confidence, found.where), found.start, found.end)


def explain(type_name: str, message: str, source: str = "") -> Found:
    """Return code, why, fix and confidence for an exception as Python prints it.

    Parameters
    ----------
    type_name : str
        The type, with its module where Python prints one.
    message : str
        What stands after the colon.
    source : str, default ""
        The line of code that raised it.

    Examples
    --------
    >>> explain("ZeroDivisionError", "division by zero", "a / b")[:3]
    ('division-by-zero', 'division by zero', 'make sure the divisor is not 0 in: a / b')
    """
    if row := ROWS.get(type_name):
        return row(message, source)
    own = own_line(type_name, message)
    if row := _BY_LAST_PART.get(type_name.rpartition(".")[2]):
        return _at_most_likely(row(message, source), own)
    return unknown(type_name, message)


def explain_error(error: BaseException) -> Found:
    """Return code, why, fix and confidence for an exception object.

    The nearest of its classes that has a row is used.
    """
    message, own = _message_of(error), type(error)
    if row := _BY_CLASS.get(own):
        return row(message, "")
    for cls in own.__mro__:
        if row := _BY_CLASS.get(cls) or ROWS.get(f"{cls.__module__}.{cls.__name__}"):
            found = row(message, "")
            return found if cls is own else _at_most_likely(found, own_line(own.__qualname__, message))
    return unknown(own.__qualname__, message)


def _at_most_likely(found: Found, own: str) -> Found:
    code, _, fix, confidence = found
    return code, own, fix, "likely" if confidence == "certain" else confidence


def _message_of(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return _text_of(error.msg)  # str(error) would repeat the place
    if isinstance(error, BaseExceptionGroup):
        first = error.exceptions[0]
        return f"{_text_of(error)}; the first is {own_line(type(first).__qualname__, _text_of(first))}"
    return _text_of(error)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything; we never do
        return ""


def _interpreter_says(plain: str) -> Reading | None:
    """Explain what Python says when it cannot even begin."""
    start, end = last_line(plain)
    line = plain[start:end]
    program, found, module = line.rpartition(": No module named ")
    if found and "python" in program:
        code, why, fix, _ = no_module(f"No module named '{module}'", "")
        return Reading(compose(code, why, fix, "likely"), start, end)
    program, found, path = line.partition(": can't open file ")
    if found and "python" in program:
        fix = "check the path: it is looked up from the working directory"
        return Reading(compose("file-not-found", f"can't open file {path}", fix, "likely"), start, end)
    return None
