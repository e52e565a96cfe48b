"""Names that are not there, from a message alone; `test_raised.py` has those of objects."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.naming import ALIASES, is_of_own_file, is_shadowed
from autoexec_magic.diagnosis.removed import REMOVED, replacement
from autoexec_magic.diagnosis.sureness import earned


@pytest.mark.parametrize(
    ("type_name", "message", "why", "fix"),
    [
        (
            "NameError",
            "name 'a' is not defined. Did you mean: 'b'?",
            "name 'a' is not defined",
            "write b instead of a",
        ),
        (
            "NameError",
            "name 'abc' is not defined. Did you forget to import 'abc'?",
            "name 'abc' is not defined",
            "add the line: import abc",
        ),
        ("NameError", "odd. Did you mean: 'b'?", "odd", "define it first: run the cell"),
        (
            "NameError",
            "name 'a' is not defined. Did you mean: 'b c'?",
            "name 'a' is not defined",
            "define a first",
        ),
        (
            "NameError",
            "name 'json' is not defined",
            "name 'json' is not defined",
            "add the line: import json",
        ),
        (
            "NameError",
            "name 'null' is not defined",
            "name 'null' is not defined",
            "write None instead of null",
        ),
        (
            "AttributeError",
            "'T' object has no attribute 'a'. Did you mean: 'b'?",
            "'T' object has no attribute 'a'",
            "write b instead of a",
        ),
        ("AttributeError", "it has no attribute x", "it has no attribute x", "look in dir() of that object"),
        (
            "AttributeError",
            "'NoneType' object has no attribute ''",
            "'NoneType'",
            "check for None before .it",
        ),
        ("ImportError", "cannot import name x", "cannot import name x", "look in dir(the module)"),
        (
            "ImportError",
            "cannot import name 'joblib' from 'sklearn.externals' (x)",
            "cannot import name",
            "use the module joblib",
        ),
        ("KeyError", "'a b'", "the key 'a b' is not there", ".get('a b')"),
        ("KeyError", "\"['a'] not in index\"", "\"['a'] not in index\"", "look at the keys that are there"),
    ],
)
def test_what_was_meant(type_name, message, why, fix):
    """Python saw the names that exist; no sentence of ours is better."""
    code, said, remedy, confidence = python.explain(type_name, message)
    assert said.startswith(why)
    assert fix in remedy
    assert confidence == earned(code, "certain")


def test_a_usual_short_name_is_its_import():
    """Each line can be typed as it is."""
    for name, line in ALIASES.items():
        compile(line, "a.py", "exec")
        assert python.explain("NameError", f"name '{name}' is not defined")[2] == f"add the line: {line}"


def test_a_name_that_was_taken_away():
    """The message names who had it."""
    assert replacement("m", "numpy", "float") == "float"
    assert replacement("m", "numpy", "frobnicate") == ""
    assert replacement("partially initialized module 'collections'", "collections", "Mapping") == ""
    for owner, name in REMOVED:
        kind = "module" if owner.islower() else ""
        message = f"{kind} '{owner}'{'' if kind else ' object'} has no attribute '{name}'".strip()
        code, _, fix, _ = python.explain("AttributeError", message)
        assert (code, REMOVED[owner, name] in fix) == ("attribute-removed", True)


def test_a_file_that_hides_a_module_of_pythons():
    """Half imported, and named like one of Python's own."""
    half = "partially initialized module 'random' has no attribute 'choice'"
    message = f"{half} (most likely due to a circular import)"
    assert is_shadowed(message)
    assert not is_shadowed(message.replace("random", "shapes"))
    assert python.explain("AttributeError", message)[0] == "module-shadowed"
    renamed = (
        "module 'random' has no attribute 'x' (consider renaming '/x/random.py' since it has the same name)"
    )
    assert python.explain("AttributeError", renamed)[0] == "module-shadowed"


def test_a_file_of_ones_own_named_like_a_module_of_pythons():
    """The path says whose it is."""
    message = "cannot import name 'randint' from 'random' (/tmp/x/random.py)"
    assert is_of_own_file(message)
    assert not is_of_own_file(message.replace("/tmp/x", "/usr/lib/python3.11"))
    assert not is_of_own_file(message.replace("random", "shapes"))
