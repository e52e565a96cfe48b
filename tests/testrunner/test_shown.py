"""What the text of a failure shows, in each of the styles that pytest writes."""

# ruff: noqa: W291 - texts as pytest writes them

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.shown import MOST_CHARS, Place, shown, split_error

LONG = """\
    def test_a():
>       run()

tests/test_a.py:4: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 

    def run():
>       raise OddThing
E       shop.run.OddThing

shop/run.py:9: OddThing"""
SHORT = """\
tests/test_a.py:4: in test_a
    run()
shop/run.py:9: in run
    raise KeyError("a")
E   KeyError: 'a'"""
NATIVE = """\
Traceback (most recent call last):
  File "/p/tests/test_a.py", line 4, in test_a
    run()
    ^^^^^
  File "/p/shop/run.py", line 9, in run
    raise KeyError("a")
KeyError: 'a'"""
CHAINED = f"""\
{SHORT}

The above exception was the direct cause of the following exception:
tests/test_a.py:6: in test_a
    raise RuntimeError("no") from error
E   RuntimeError: no

During handling of the above exception, another exception occurred:
tests/test_a.py:8: in test_a
    print(x)
E   NameError: name 'x' is not defined"""
UNREAD = """\
tests/test_a.py:1: in <module>
    from shop.half import half
E     File "/p/shop/half.py", line 1
E       def half(x:
E               ^
E   SyntaxError: '(' was never closed"""


@pytest.mark.parametrize(
    ("text", "kind", "message", "files", "source"),
    [
        pytest.param(LONG, "OddThing", "", ["tests/test_a.py", "shop/run.py"], "raise OddThing", id="long"),
        pytest.param(
            SHORT, "KeyError", "'a'", ["tests/test_a.py", "shop/run.py"], 'raise KeyError("a")', id="short"
        ),
        pytest.param(
            NATIVE,
            "KeyError",
            "'a'",
            ["/p/tests/test_a.py", "/p/shop/run.py"],
            'raise KeyError("a")',
            id="native",
        ),
        pytest.param(
            UNREAD,
            "SyntaxError",
            "'(' was never closed",
            ["tests/test_a.py", "/p/shop/half.py"],
            "def half(x:",
            id="unread",
        ),
        pytest.param("E   KeyError: 'a'", "KeyError", "'a'", [], "", id="line"),
        pytest.param("", "", "", [], "", id="nothing"),
    ],
)
def test_styles(text, kind, message, files, source):
    """Type, message and places are found in whatever style pytest was told to write."""
    (found,) = shown(text)
    assert found.type.endswith(kind)
    assert found.message == message
    assert [place.file for place in found.places] == files
    assert (found.places or (Place(""),))[-1].source == source


def test_a_chain():
    """Each exception of a chain has its own places, and says whether the one before was its cause."""
    found = shown(CHAINED)
    assert [(each.type, each.is_direct) for each in found] == [
        ("KeyError", False),
        ("RuntimeError", True),
        ("NameError", False),
    ]
    assert [each.places[-1].line for each in found] == [9, 6, 8]


def test_what_a_message_says_is_no_place():
    """A line of an exception's message that looks like a place is none."""
    (found,) = shown(
        "E   AssertionError: no\nE   shop/other.py:3: KeyError\n\ntests/test_a.py:2: AssertionError"
    )
    assert [place.file for place in found.places] == ["tests/test_a.py"]


def test_long_texts_keep_both_ends():
    """Of a text that is too long the first place is found and the last."""
    (found,) = shown(
        "a.py:1: in f\n    g()\n" + "x" * 3 * MOST_CHARS + "\nb.py:2: in g\n    h()\nE   KeyError: 1"
    )
    assert [place.file for place in found.places] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("words", "want"),
    [
        ("socket.gaierror: [Errno -2] no", ("socket.gaierror", "[Errno -2] no")),
        ("error: it is", ("", "error: it is")),
        ("NotEnough: 3", ("NotEnough", "3")),
        ("StopIteration", ("StopIteration", "")),
        ("a b: c", ("", "a b: c")),
    ],
)
def test_split_error(words, want):
    """A word before a colon is a type if it is called like one."""
    assert split_error(words) == want


@given(st.text(alphabet=st.sampled_from(list("E >.py:1\nFile \"|+_'abc")), max_size=400))
def test_any_text(text):
    """There is always at least one exception, and nothing raises."""
    assert shown(text)
