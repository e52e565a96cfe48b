"""Each row of Python's table, over what Python and IPython really wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.diagnosis import diagnose_text, python
from autoexec_magic.diagnosis.sureness import earned

FAILURES = Path(__file__).parents[1] / "data" / "failures" / "python"
SCRIPT = "/tmp/x/script.py"

# Name of the captured text (its code up to the first dot), line of the script or place, why, fix.
ROWS = [
    ("syntax", 1, "'(' was never closed", "close the bracket"),
    ("syntax.string", 1, "unterminated string literal", "close the quote"),
    ("syntax.print", 1, "Missing parentheses in call to 'print'", "print(...)"),
    ("syntax.colon", 1, "expected ':'", "put a colon"),
    ("syntax.comma", 1, "invalid syntax. Perhaps you forgot a comma?", "put a comma"),
    ("syntax.equals", 2, "Maybe you meant '=='", "compare with =="),
    ("syntax.import", "/tmp/x/settings.py:1", "invalid syntax", "correct that line"),
    ("syntax.notebook", "In[2]:1", "unterminated string literal", "close the quote"),
    ("indentation", 2, "expected an indented block after 'if' statement on line 1", "by four spaces"),
    ("indentation.unexpected", 2, "unexpected indent", "off the start of that line"),
    ("indentation.unindent", 3, "unindent does not match any outer", "line that line up"),
    ("indentation.tab", 3, "inconsistent use of tabs and spaces", "spaces only"),
    ("name-not-defined", 2, "name 'heigth' is not defined", "write height instead of heigth"),
    ("name-not-defined.plain", 1, "name 'frobnicate' is not defined", "define frobnicate first"),
    ("name-not-defined.import", 1, "name 'math' is not defined", "import math"),
    ("name-not-defined.local-hint", 5, "name 'size' is not defined", "write self.size instead of size"),
    ("name-not-defined.colour", 2, "name 'totl' is not defined", "write total instead of totl"),
    ("name-not-defined.notebook", "In[1]:2", "name 'totl' is not defined", "define totl first"),
    ("name-not-defined.notebook-colour", "In[1]:2", "name 'totl' is not defined", "define totl first"),
    ("name-not-defined.prefixed", 2, "name 'heigth' is not defined", "define heigth first"),
    ("name-not-defined.tail", 2, "name 'heigth' is not defined", "define heigth first"),
    ("unbound-local", 5, "local variable 'count'", "assign count before that line"),
    ("module-not-found", 1, "No module named 'numpyy'", "%autoexec resolve numpyy"),
    ("module-not-found.dotted", 1, "No module named 'yamll'", "%autoexec resolve yamll"),
    ("cannot-import-name", 1, "cannot import name 'squareroot' from 'math'", "look in dir(math)"),
    ("cannot-import-name.hint", 1, "cannot import name 'heigth'", "write height instead of heigth"),
    ("circular-import", "/tmp/x/second.py:1", "partially initialized module 'first'", "inside the function"),
    ("circular-import.attribute", "/tmp/x/second.py:3", "module 'first' has no attribute 'a'", "inside the"),
    ("shared-library-missing", 1, "libnosuch.so.1: cannot open", "system library libnosuch.so.1"),
    ("shared-library-missing.ctypes", 3, "libnosuch.so.1: cannot open", "system library libnosuch.so.1"),
    ("import-failed", 1, "relative import with no known parent", "python -m"),
    ("attribute-not-found", 2, "'list' object has no attribute 'push'", "look in dir(list)"),
    ("attribute-not-found.hint", 2, "has no attribute 'apend'", "write append instead of apend"),
    ("attribute-not-found.none", 3, "'NoneType' object has no attribute 'group'", "None before .group"),
    ("missing-argument", 5, "missing 1 required positional argument: 'height'", "pass height"),
    ("too-many-arguments", 5, "takes 1 positional argument but 2 were given", "fewer arguments"),
    ("unexpected-argument", 5, "unexpected keyword argument 'widht'", "take widht out"),
    ("unexpected-argument.hint", 5, "unexpected keyword argument 'widht'", "write width instead of widht"),
    ("unsupported-operand", 1, "operand type(s) for +: 'int' and 'str'", "convert one side"),
    ("unsupported-operand.concatenate", 1, 'concatenate str (not "int") to str', "convert one side"),
    ("unsupported-operand.compare", 1, "'<' not supported between", "convert one side"),
    ("unsupported-operand.during", 5, 'concatenate str (not "int") to str', "convert one side"),
    ("not-iterable", 1, "'int' object is not iterable", "not one int"),
    ("not-subscriptable", 2, "'NoneType' object is not subscriptable", "here a NoneType"),
    ("unpack-mismatch", 1, "too many values to unpack (expected 2)", "number of names"),
    ("unpack-mismatch.few", 1, "not enough values to unpack (expected 3, got 2)", "number of names"),
    ("key-not-found", 2, "the key 'coffee' is not there", ".get('coffee')"),
    ("key-not-found.cause", 3, "the key 'port' is not there", ".get('port')"),
    ("key-not-found.library-cause", 4, "the key 'web' is not there", ".get('web')"),
    ("key-not-found.notebook-cause", "In[1]:2", "the key 'port' is not there", ".get('port')"),
    ("index-out-of-range", 2, "list index out of range", "len()"),
    ("division-by-zero", 2, "division by zero", "not 0 in: return sum(values) / len(values)"),
    (
        "division-by-zero.notebook",
        "In[1]:2",
        "division by zero",
        "not 0 in: return sum(values) / len(values)",
    ),
    ("division-by-zero.thread", 3, "division by zero", "lambda: 1 / 0"),
    ("division-by-zero.pool", 5, "division by zero", "not 0 in: return 1 / n"),
    ("file-not-found", 1, "No such file or directory: 'data/sales.csv'", "from the working directory"),
    ("permission-denied", 1, "Permission denied: '/etc/shadow'", "the rights of '/etc/shadow'"),
    ("is-a-directory", 1, "Is a directory: '/tmp'", "a file inside '/tmp'"),
    ("not-a-directory", 1, "Not a directory: '/etc/passwd/x'", "correct '/etc/passwd/x'"),
    ("file-exists", 3, "File exists: '/tmp'", "allow that '/tmp' exists"),
    ("connection-refused", 3, "Connection refused", "start the server"),
    ("connection-refused.urllib", 3, "Connection refused", "start the server"),
    ("broken-pipe", 5, "Broken pipe", "read to the end"),
    ("connection-lost.reset", 9, "Connection reset by peer", "the other side"),
    ("connection-lost.aborted", 1, "Software caused connection abort", "the other side"),
    ("connection-lost.other", 1, "the server said goodbye", "the other side"),
    ("operation-timed-out", 6, "timed out", "allow more time"),
    ("operation-timed-out.asyncio", 5, "it took too long", "allow more time"),
    ("operation-timed-out.command", 3, "['sleep', '5']' timed out", "allow more time"),
    ("host-not-found", 3, "Name or service not known", "check the host's name"),
    ("host-not-found.urllib", 3, "Name or service not known", "check the host's name"),
    ("out-of-memory", 1, "the memory did not suffice", "smaller pieces"),
    ("recursion-limit", 2, "maximum recursion depth exceeded", "a case in which it does not call itself"),
    ("cannot-decode", 1, "'utf-8' codec can't decode byte 0xe9 in position 3", "encoding='latin-1'"),
    ("cannot-encode", 1, "'ascii' codec can't encode character", "encoding='utf-8'"),
    ("assertion-failed", 2, "the total is off", "both sides of: assert total == 4"),
    ("assertion-failed.bare", 2, "an assert did not hold", "both sides of: assert total == 4"),
    ("interrupted", 5, "interrupted from the keyboard", "run it again"),
    ("invalid-json", 3, "Expecting property name enclosed in double quotes: line 1", "it is no JSON"),
    ("disk-full", 1, "No space left on device", "free some space"),
    ("too-many-open-files", 4, "Too many open files", "with open(...)"),
    ("address-in-use", 4, "Address already in use", "take another"),
    ("division-by-zero.group", 5, "division by zero", "return 10 / size"),
    ("command-failed", 3, "['false']' returned non-zero exit status 1", "run that command alone"),
    ("end-of-input", 1, "EOF when reading a line", "give it input"),
    ("not-implemented", 3, "area of a Shape", "in the subclass"),
    ("event-loop-running", 9, "cannot be called from a running event loop", "write await"),
]
UNSURE = [
    ("not-callable", 2, "'int' object is not callable", "take the parentheses away"),
    ("syntax.log", 1, "'(' was never closed", "close the bracket"),
    ("syntax.after", "broken.py:1", "'(' was never closed", "close the bracket"),
    ("attribute-not-found.module", 3, "module 'math' has no attribute 'squareroot'", "look in dir(math)"),
    ("module-not-found.shadowed", 1, "'json' is not a package", "rename json.py"),
    ("module-not-found.option", "", "No module named 'nosuchmodule'", "%autoexec resolve nosuchmodule"),
    ("file-not-found.script", "", "can't open file '/tmp/x/nosuch.py'", "check the path"),
    ("import-failed.own", 1, "this build has no codecs", "import that module alone"),
    ("wrong-type", 3, "must be real number, not str", "the type of each value"),
    ("cannot-convert", 1, "could not convert string to float: '12,5'", "look at that value"),
    ("cannot-convert.int", 1, "invalid literal for int() with base 10: 'abc'", "look at that value"),
    ("wrong-value", 3, "math domain error", "the values on that line"),
    ("wrong-value.lines", 1, "row 3 has no date", "the values on that line"),
    ("os-error", 3, "Device or resource busy: '/proc'", "the state of '/proc'"),
    ("invalid-json.notebook", "In[2]:1", "JSONDecodeError: Expecting value", "it is no JSON"),
    ("system-exit.notebook", "", "the code ended itself with 3", "catch SystemExit"),
    (
        "exception-group",
        1,
        "two uploads failed (2 sub-exceptions); the first is ValueError: no size",
        "first one",
    ),
    ("exception-group.base", 1, "the first is KeyboardInterrupt", "first one"),
    ("exception-group.prefixed", 1, "the first is ValueError: no size", "first one"),
]
UNKNOWN = [
    ("error", 5, "Odd: the moon is full", "the lines above"),
    ("error.subclass", 5, "BadColour: no colour called blu", "the lines above"),
    ("nonzero-exit", "", "settings.toml: no table [server]", "the lines above"),
]


def captured(name):
    return (FAILURES / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "place", "why", "fix", "confidence"),
    [
        pytest.param(*row, confidence, id=row[0])
        for rows, confidence in ((ROWS, "certain"), (UNSURE, "likely"), (UNKNOWN, "unknown"))
        for row in rows
    ],
)
def test_a_captured_failure_is_explained(name, place, why, fix, confidence):
    """What was really written has the code, place, reason and next step of its row."""
    seen = diagnose_text(captured(name))
    wanted = "error" if name == "nonzero-exit" else name.partition(".")[0]
    assert seen.code == wanted
    assert seen.where == (f"{SCRIPT}:{place}" if isinstance(place, int) else place)
    assert why in seen.why
    assert fix in seen.fix
    assert seen.confidence == earned(seen.code, confidence)


@pytest.mark.parametrize(
    ("text", "resolves"),
    [
        pytest.param("No module named 'yaml'", "yaml", id="plain"),
        pytest.param("No module named 'a.b_c.d2'", "a.b_c.d2", id="dotted"),
        pytest.param("No module named 'yaml --index-url http://x'", "", id="an-option"),
        pytest.param("No module named 'yaml; rm -rf x'", "", id="a-second-command"),
        pytest.param("No module named 'yam\u0131'", "", id="a-letter-that-only-looks-like-one"),
        pytest.param("No module named 'a-b'", "", id="a-hyphen"),
        pytest.param("No module named 'a.'", "", id="a-dot-at-the-end"),
        pytest.param("No module named ''", "", id="empty"),
        pytest.param(f"No module named '{'a' * 100}'", "a" * 100, id="just-fits"),
        pytest.param(f"No module named '{'a' * 101}'", "", id="too-long-for-one-line"),
        pytest.param("No module named yaml", "", id="not-quoted"),
    ],
)
def test_only_a_plain_module_name_becomes_a_command(text, resolves):
    """Text in an exception never chooses more than the name of a module."""
    code, _, fix, _ = python.explain("ModuleNotFoundError", text)
    assert code == "module-not-found"
    assert fix == (f"%autoexec resolve {resolves}" if resolves else "correct the module's name in the import")


@pytest.mark.parametrize(
    ("type_name", "code", "why"),
    [
        pytest.param("shop.net.ConnectionError", "connection-lost", "gone", id="other-module"),
        pytest.param("shop.OddError", "error", "gone", id="unknown-type"),
        pytest.param("TimeoutErrors", "error", "gone", id="a-name-that-only-begins-alike"),
    ],
)
def test_a_type_that_is_not_exactly_a_row_is_never_certain(type_name, code, why):
    """The last part of a type's name is a hint, and the type itself stays visible."""
    seen = python.explain(type_name, why)
    assert (seen[0], seen[1]) == (code, f"{type_name}: {why}")
    assert seen[3] != "certain"


def test_without_the_line_of_code_the_fix_names_the_place():
    """An exception object does not hold its source."""
    assert python.explain("ZeroDivisionError", "division by zero")[2] == "check the divisor before that line"


def test_a_type_without_a_message_is_its_own_reason():
    """`raise Odd` has no message; the type is all there is to say."""
    assert python.explain("Odd", "")[1] == "Odd"
    assert python.explain("KeyError", "")[1] == "a key is not there"
    assert python.explain("NotImplementedError", "")[1] == "a method has no code yet"
    assert python.explain("SystemExit", "")[1] == "the code ended itself"


class Shy(ValueError):
    """A subclass of a type that has a row."""


class Mute(Exception):
    """An exception whose message cannot be had."""

    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "code", "why", "confidence"),
    [
        pytest.param(
            ZeroDivisionError("division by zero"),
            "division-by-zero",
            "division by zero",
            "certain",
            id="exact",
        ),
        pytest.param(Shy("no colour"), "wrong-value", "Shy: no colour", "likely", id="subclass"),
        pytest.param(
            UnicodeError("odd"), "wrong-value", "UnicodeError: odd", "likely", id="builtin-subclass"
        ),
        pytest.param(
            RuntimeError("odd"), "error", "RuntimeError: odd", "unknown", id="a-row-for-one-message-only"
        ),
        pytest.param(Warning(), "warning-as-error", "warning-as-error", "certain", id="a-warning"),
        pytest.param(Mute(), "error", "Mute", "unknown", id="no-words"),
        pytest.param(
            SyntaxError("bad", ("a.py", 3, 1, "x", 3, 2)), "syntax", "bad", "certain", id="place-not-repeated"
        ),
        pytest.param(SystemExit(3), "system-exit", "the code ended itself with 3", "certain", id="exit"),
        pytest.param(
            ExceptionGroup("two", [ValueError("a"), Mute()]),
            "exception-group",
            "two (2 sub-exceptions); the first is ValueError: a",
            "likely",
            id="group",
        ),
    ],
)
def test_an_exception_object_finds_its_row(error, code, why, confidence):
    """The nearest class that has a row is used, and only the class itself is certain."""
    seen = python.explain_error(error)
    assert (seen[0], seen[1], seen[3]) == (code, why, confidence)


def test_a_type_of_another_module_is_found_by_its_full_name():
    """json's error is a ValueError with a row of its own."""
    import json

    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("[1,")
    assert python.explain_error(caught.value)[0] == "invalid-json"


@pytest.mark.parametrize(
    ("returncode", "confidence"),
    [(None, "certain"), (1, "certain"), (130, "certain"), (3, "likely"), (0, "likely")],
)
def test_a_traceback_is_certain_only_where_it_ended_the_process(returncode, confidence):
    """Python leaves 1 after an uncaught exception; after anything else it may have been logged."""
    seen = python.read(captured("key-not-found"), returncode)
    assert seen.diagnosis.confidence == confidence


def test_what_another_program_says_is_not_pythons():
    """Only Python's own start-up messages are taken for them."""
    assert python.read("perl: No module named yaml") is None
    assert python.read("sox: can't open file 'a.wav'") is None
    assert python.read("") is None
