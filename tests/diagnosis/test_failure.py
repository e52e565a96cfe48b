"""What an exception says of the cells it went through."""

from __future__ import annotations

from playbook import Play

from autoexec_magic.diagnosis.failure import Failure, cell_line, failure_of


def failure(play: Play) -> Failure:
    """Return what the last run's error says."""
    return failure_of([play.error], play.files.__contains__, play.notebook())


def test_the_places_are_the_users_own_the_innermost_first():
    """Each with its cell, line, function and the names that were read there."""
    play = Play("def get(d, k):\n    x = 1\n    return d[k][x]", "rows = {}\nkey = 'a'\nget(rows, key)").run(
        1, 2
    )
    inner, outer = failure(play).spots
    assert (inner.number, inner.line, inner.function, inner.names) == (1, 3, "get", ())
    assert (outer.number, outer.line, outer.function) == (2, 3, "")
    assert (outer.names, outer.called, outer.source) == (("get", "rows", "key"), "get", "get(rows, key)")


def test_only_what_failed_on_a_line_is_read():
    """Not its neighbours."""
    play = Play("xs, ys = [1], {}\nprint(len(xs), ys['a'])").run(1)
    assert failure(play).names == ["ys"]
    assert (failure(play).name, failure(play).types) == ("a", {"ys": "dict"})


def test_below_a_cell_magic_the_line_is_that_of_the_cell():
    """The magic compiles the body on its own."""
    play = Play("%%time\nx = 1\nx['a']").run(1)
    found = failure(play)
    assert (found.spots[0].line, found.spots[0].names, found.spots[0].source) == (3, ("x",), "x['a']")
    assert play.runs[-1].line == 3


def test_an_error_from_within_a_library_is_not_ones_own():
    """The place is where the user called it."""
    found = failure(Play("import json\njson.loads('{')").run(1))
    assert (found.is_own, found.spots[0].line) == (False, 2)


def test_an_error_that_was_never_raised_has_no_place():
    """It has no traceback."""
    play = Play("1 / 0").run(1)
    found = failure_of([KeyError("a")], play.files.__contains__, play.notebook())
    assert (found.spots, found.is_own, found.name) == ((), False, "a")
    assert cell_line(KeyError("a"), "x") == 0


def test_a_deep_recursion_is_cut():
    """The innermost frames are enough."""
    found = failure(Play("def f():\n    f()\nf()").run(1))
    assert len(found.spots) == 50


def test_an_error_whose_text_cannot_be_had():
    """A user's `__str__` may raise anything."""
    play = Play("class E(Exception):\n    def __str__(self): raise ValueError\nraise E()").run(1)
    assert failure(play).message == ""
