"""Which exception of a chain is explained, in a text."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import chains, diagnose_text, python
from autoexec_magic.diagnosis.tracebacks import find_last

HEADER = "Traceback (most recent call last):\n"
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
OTHER = "\nDuring handling of the above exception, another exception occurred:\n\n"
LIBRARY = "/usr/lib/python3.11/a.py"


def block(error, file="a.py", source="code()", function="f"):
    return f'{HEADER}  File "{file}", line 1, in {function}\n    {source}\n{error}\n'


@pytest.mark.parametrize(
    ("text", "code", "confidence"),
    [
        pytest.param(
            block("KeyError: 1") + CAUSE + block("RuntimeError: x"), "key-not-found", "certain", id="cause"
        ),
        pytest.param(
            block("KeyError: 1", LIBRARY)
            + CAUSE
            + block("sqlite3.OperationalError: no such table: x", LIBRARY),
            "table-not-found",
            "certain",
            id="a-librarys-words",
        ),
        pytest.param(
            block("KeyError: 1", LIBRARY) + CAUSE + block("ValueError: odd", LIBRARY),
            "wrong-value",
            "likely",
            id="what-a-library-looked-up",
        ),
        pytest.param(
            block("KeyError: 'port'") + OTHER + block("Odd: no key 'port'"),
            "key-not-found",
            "likely",
            id="repeats-it",
        ),
        pytest.param(
            block("KeyError: 'port'") + OTHER + block("Odd: bad", source="raise Odd"),
            "key-not-found",
            "likely",
            id="raised-in-its-place",
        ),
        pytest.param(
            block("KeyError: 'port'") + OTHER + block("Odd: bad", source="raise Odd", function="g"),
            "error",
            "unknown",
            id="raised-elsewhere",
        ),
        pytest.param(
            block("KeyError: 1", source="x = d[1]")
            + OTHER
            + block(
                "UnboundLocalError: cannot access local variable 'x' where it is not associated with a value"
            ),
            "key-not-found",
            "likely",
            id="kept-a-name-unset",
        ),
        pytest.param(
            block("KeyError: 1", source="x = d[1]") + OTHER + block("NameError: name 'y' is not defined"),
            "name-not-defined",
            "certain",
            id="kept-another-name-unset",
        ),
        pytest.param(
            block("KeyError: 1") + OTHER + block("NameError: name 'x' is not defined"),
            "name-not-defined",
            "certain",
            id="a-mistake",
        ),
        pytest.param(
            block("Odd: moon", source="raise Odd") + OTHER + block("Odd: moon"),
            "error",
            "unknown",
            id="nothing-known",
        ),
        pytest.param(
            block("KeyError: 'port'")
            + CAUSE
            + block("Odd: a", source="raise Odd")
            + OTHER
            + block("Odder: Odd: a", source="raise Odder"),
            "key-not-found",
            "likely",
            id="a-cause-of-what-was-handled",
        ),
    ],
)
def test_what_a_chain_comes_from(text, code, confidence):
    """The root of causes; of what was handled, only where the later one says no more."""
    seen = diagnose_text(text)
    assert (seen.code, seen.confidence) == (code, confidence)
    assert python.code_of_text(text) == code


def test_words_of_the_users_own_are_never_certain():
    """Who raises ValueError in words of NumPy's may mean something else."""
    own = block("ValueError: the rows are not aligned", source="raise ValueError(text)")
    assert diagnose_text(own).confidence == "likely"
    theirs = block("ValueError: the rows are not aligned", source="numpy.dot(a, b)")
    assert diagnose_text(theirs).confidence == "certain"
    by_type = block("FileNotFoundError: no settings", source="raise FileNotFoundError(text)")
    assert diagnose_text(by_type).confidence == "certain"


def test_a_very_long_chain_ends():
    """Each link is looked at once."""
    text = (block("Odd: a", source="raise Odd") + OTHER) * 3000 + block("Odd: a", source="raise Odd")
    assert chains.root_of_text(find_last(text))[1].code == "error"


def test_a_row_by_its_words_is_told_from_one_by_its_type():
    """The same row may be both."""
    row, _ = chains.row_by_name("ValueError", "a and b are not aligned", lambda: ("", ""))
    assert chains.is_by_words("ValueError", row)
    row, _ = chains.row_by_name("KeyError", "'a'", lambda: ("", ""))
    assert not chains.is_by_words("KeyError", row)


def test_a_cause_whose_beginning_was_cut_off_is_one():
    """The text begins in the middle of its frames."""
    cut = '.py", line 3, in load\n    code()\n  File "a.py", line 9, in g\n    code()\nKeyError: 1\n'
    assert diagnose_text(cut + CAUSE + block("Odd: bad", source="raise Odd")).code == "key-not-found"


def test_a_union_in_an_older_python_is_told_by_its_version():
    """The two types are `type` and None's."""
    line = "TypeError: unsupported operand type(s) for |: 'type' and 'NoneType'"
    assert diagnose_text(block(line)).code == "version-too-old"
