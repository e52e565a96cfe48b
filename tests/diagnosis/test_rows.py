"""How a row is picked, and how it makes its answer of a message."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.diagnosis import rows
from autoexec_magic.diagnosis.rows import (
    Seen,
    by_errno,
    by_message,
    likely,
    nobody,
    on_line,
    raised_in,
    says,
    when,
)


def said(row, message, source=""):
    return row.say(Seen(type_name="Odd", message=message, source=source))[:4]


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
    assert said(says("odd", "look at {name}", silent="silence"), message) == ("odd", why, fix, "certain")


@pytest.mark.parametrize(
    ("message", "why", "fix"),
    [
        pytest.param("[Errno 13] Permission denied: '/x'", "Permission denied: '/x'", "see '/x'", id="path"),
        pytest.param("[Errno 13] Permission denied", "Permission denied", "see it", id="no-path"),
    ],
)
def test_a_path_stands_in_the_fix(message, why, fix):
    """The number of the error says nothing that its words do not."""
    assert said(says("odd", "see {path}"), message) == ("odd", why, fix, "certain")


def test_the_line_of_code_stands_in_the_fix_where_it_is_known():
    """A live exception may have no source, a traceback has."""
    row = says("odd", "look at: {source}", without="look there")
    assert said(row, "m", "a / b")[2] == "look at: a / b"
    assert said(row, "m")[2] == "look there"
    assert said(says("odd", "see {name}", without="see all"), "m")[2] == "see all"
    assert said(says("odd", "see {path}", without="see all"), "m")[2] == "see all"


def picked(entry, message, raiser=nobody):
    return entry.pick(message, raiser).code


def test_the_first_saying_that_is_found_answers():
    """Sayings are tried in their order, and only what none of them says is left."""
    entry = by_message(("ab", says("first", "")), ("a", says("second", "")), otherwise=says("rest", ""))
    assert [picked(entry, message) for message in ("cab", "ba", "b")] == ["first", "second", "rest"]


WORDS = ["no", "such", "table", "not", "found", "x", "is", "in", "list", "of", "the", "[Errno", "a:"]
SAYINGS = [" ".join(WORDS[at : at + count]) for at in range(len(WORDS)) for count in (2, 3)] + [
    "zero",
    " is ",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_a_long_list_answers_as_a_short_one_does(message):
    """Looking only for sayings that share a word with the message finds the same one, and the first one."""
    pairs = [(saying, says(f"row-{order}", "")) for order, saying in enumerate(SAYINGS)]
    entry = by_message(*pairs, otherwise=says("rest", ""))
    words = f" {message} "
    first = next(
        (row.code for saying, row in pairs if f" {saying.strip()} " in words and saying in message), None
    )
    if first is not None:
        assert int(picked(entry, message)[4:]) <= int(first[4:])
    assert picked(entry, message) == "rest" or SAYINGS[int(picked(entry, message)[4:])] in message


def test_the_number_of_a_system_error_picks_its_row():
    """Only a number in the system's own form is one."""
    entry = by_errno({2: says("two", ""), -3: says("three", "")}, otherwise=says("rest", ""))
    assert [
        picked(entry, message)
        for message in ("[Errno 2] a", "<urlopen [Errno -3] b>", "[Errno 9] c", "2", "")
    ] == [
        "two",
        "three",
        "rest",
        "rest",
        "rest",
    ]


def test_who_raised_it_picks_its_row():
    """The file counts without its folder, a method without its class."""
    entry = raised_in({("os.py", "get"): says("known", "")}, otherwise=says("rest", ""))
    assert picked(entry, "", lambda: ("/usr/lib/python3.11/os.py", "get")) == "known"
    assert picked(entry, "", lambda: ("os.py", "_Environ.get")) == "known"
    assert picked(entry, "", lambda: ("mine.py", "get")) == "rest"
    assert picked(entry, "") == "rest"


def test_a_message_may_have_to_pass_a_test():
    """Some cases are more than words."""
    entry = when(str.isupper, says("loud", ""), otherwise=says("rest", ""))
    assert [picked(entry, message) for message in ("A", "a")] == ["loud", "rest"]


def test_a_row_says_how_sure_it_is_and_what_carries_it_out():
    """What goes by words is likely."""
    row = likely("odd", "fix", silent="nothing")
    assert (row.confidence, row.silent) == ("likely", "nothing")
    assert row.pick("any", nobody) is row
    assert rows.UNKNOWN.confidence == "unknown"


def test_more_may_be_said_where_more_is_known():
    """A row's own function has the last word."""
    row = says("odd", "fix", tell=lambda said, seen, around: said._replace(fix=f"{said.fix} {seen.message}"))
    assert said(row, "m")[2] == "fix m"


def test_what_python_ends_a_traceback_with():
    """Without a message there is no colon."""
    assert rows.own_line("Odd", "m") == "Odd: m"
    assert rows.own_line("Odd", "") == "Odd"


def test_an_entry_by_the_line_of_code_that_raised():
    """The words are the same for every list; the line says which."""
    entry = on_line(re.compile(r"argv"), says("of-argv", "f"), otherwise=says("of-any", "f"))

    class Raised:
        def __call__(self):
            return "", ""

        def line(self):
            return "print(sys.argv[1])"

    assert picked(entry, "list index out of range", Raised()) == "of-argv"
    assert picked(entry, "list index out of range") == "of-any"
