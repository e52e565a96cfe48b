"""How a row of Python's table makes its answer of a message."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import rows


@pytest.mark.parametrize(
    ("message", "why", "fix"),
    [
        pytest.param("name 'x' is odd", "name 'x' is odd", "look at x", id="quoted"),
        pytest.param("all is odd", "all is odd", "look at it", id="nothing-quoted"),
        pytest.param("name 'rm -rf x' is odd", "name 'rm -rf x' is odd", "look at it", id="no-plain-name"),
        pytest.param(f"name '{'x' * 101}'", f"name '{'x' * 101}'", "look at it", id="too-long"),
        pytest.param("", "silence", "look at it", id="no-message"),
    ],
)
def test_a_quoted_name_stands_in_the_fix(message, why, fix):
    """Only a plain name is repeated; anything else is "it"."""
    row = rows.says("odd", "look at {name}", silent="silence")
    assert row(message, "") == ("odd", why, fix, "certain")


@pytest.mark.parametrize(
    ("message", "why", "fix"),
    [
        pytest.param("[Errno 13] Permission denied: '/x'", "Permission denied: '/x'", "see '/x'", id="path"),
        pytest.param("[Errno 13] Permission denied", "Permission denied", "see it", id="no-path"),
    ],
)
def test_a_path_stands_in_the_fix(message, why, fix):
    """The number of the error says nothing that its words do not."""
    assert rows.says("odd", "see {path}")(message, "") == ("odd", why, fix, "certain")


def test_the_first_saying_that_is_found_answers():
    """Sayings are tried in their order, and only what none of them says is left."""
    row = rows.by_message(
        ("ab", rows.says("first", "")), ("a", rows.says("second", "")), otherwise=rows.says("rest", "")
    )
    assert [row(message, "")[0] for message in ("cab", "ba", "b")] == ["first", "second", "rest"]


@pytest.mark.parametrize(
    ("message", "why", "fix"),
    [
        pytest.param(
            "name 'a' is odd. Did you mean: 'b'?", "name 'a' is odd", "write b instead of a", id="mean"
        ),
        pytest.param(
            "name 'a' is odd. Did you forget to import 'a'?",
            "name 'a' is odd",
            "add the line: import a",
            id="import",
        ),
        pytest.param("odd. Did you mean: 'b'?", "odd", "write b instead of it", id="nothing-quoted"),
        pytest.param(
            "name 'a' is odd. Did you mean: 'b c'?", "name 'a' is odd", "as before", id="no-plain-name"
        ),
        pytest.param(
            "'T' object has no attribute 'a'. Did you mean: 'b'?",
            "'T' object has no attribute 'a'",
            "write b instead of a",
            id="attribute",
        ),
    ],
)
def test_pythons_own_suggestion_is_the_fix(message, why, fix):
    """Python saw the names that exist; no sentence of ours is better."""
    assert rows.hinted(rows.says("odd", "as before"))(message, "") == ("odd", why, fix, "certain")


def test_the_line_of_code_stands_in_the_fix_where_it_is_known():
    """A live exception has no source, a traceback has."""
    row = rows.with_source(rows.says("odd", "look there"), "look at: {source}")
    assert row("m", "a / b")[2] == "look at: a / b"
    assert row("m", "")[2] == "look there"


@pytest.mark.parametrize(
    ("message", "fix"),
    [
        pytest.param(
            "[Errno 2] No such file or directory: 'a.csv'", "from the working directory", id="relative"
        ),
        pytest.param(
            "[Errno 2] No such file or directory: '/a.csv'", "check that '/a.csv' exists", id="absolute"
        ),
        pytest.param("", "check that the path exists", id="no-message"),
    ],
)
def test_a_missing_file_is_looked_for_where_it_should_be(message, fix):
    """Most missing files are looked up from another folder than the user thinks."""
    code, why, remedy, _ = rows.no_file(message, "")
    assert code == "file-not-found"
    assert not why.startswith("[")
    assert fix in remedy


def test_an_attribute_of_a_nameless_owner_still_has_a_fix():
    """Other libraries word it in their own way."""
    assert rows.no_attribute("it has no attribute x", "")[2] == "look in dir() of that object"
    assert rows.no_attribute("'NoneType' object has no attribute ''", "")[2].startswith(
        "check for None before .it"
    )
    assert rows.no_name("cannot import name x", "")[2].startswith("look in dir(the module)")
