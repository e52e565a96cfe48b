"""What a live exception says of its causes and places."""

from __future__ import annotations

import asyncio

from autoexec_magic.diagnosis.exceptions import causes, user_place


def run(source, filename):
    """Return what `source`, compiled as `filename`, raises."""
    try:
        exec(compile(source, filename, "exec"), {})
    except Exception as error:
        return error
    raise AssertionError("it passed")


def is_mine(filename):
    return filename.startswith("mine")


def test_the_root_of_explicit_causes_is_last():
    """`raise ... from` is followed to its end; what only happened meanwhile is not."""
    error = run(
        "try:\n    try:\n        try:\n            {}['a']\n        except KeyError:\n            1 / 0\n"
        "    except ZeroDivisionError as error:\n        raise ValueError from error\n"
        "except ValueError as error:\n    raise TypeError from error",
        "mine.py",
    )
    assert [type(one) for one in causes(error)] == [TypeError, ValueError, ZeroDivisionError]


def test_a_chain_that_bites_its_tail_ends():
    """A cycle of causes can be made; it must not hang us."""
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert causes(first) == [first, second]


def test_a_cancellation_is_no_cause():
    """A time limit is carried out by cancelling; the limit is the reason."""
    error = TimeoutError()
    error.__cause__ = asyncio.CancelledError()
    assert causes(error) == [error]


def test_the_place_is_the_users_last_line():
    """The frames of libraries below it are not the user's to change."""
    source = "def f():\n    g()\n\n\ndef g():\n    exec(compile('1 / 0', 'library.py', 'exec'))\n\n\nf()"
    assert user_place([run(source, "mine.py")], is_mine) == "mine.py:6"


def test_without_a_frame_of_the_user_there_is_no_place():
    """Better no place than somebody else's."""
    assert user_place([run("1 / 0", "library.py")], is_mine) == ""
    assert user_place([ValueError("never raised")], is_mine) == ""


def test_the_place_of_a_cause_inside_a_library_is_the_users_call():
    """A root that was raised and caught in a library has no frame of the user's."""
    root, seen = run("1 / 0", "library.py"), run("1\n\n{}['a']", "mine.py")
    assert user_place([seen, root], is_mine) == "mine.py:3"


def test_a_syntax_error_is_where_it_was_read():
    """Code that could not be compiled never had a frame."""
    assert user_place([run("compile('a\\n(', 'mine.py', 'exec')", "library.py")], is_mine) == "mine.py:2"
    assert user_place([run("compile('a\\n(', 'other.py', 'exec')", "mine.py")], is_mine) == "mine.py:1"
    assert user_place([SyntaxError("made by hand")], is_mine) == ""
