"""Where in a cell a failure shows."""

from __future__ import annotations

from autoexec_magic.testrunner.incell.spots import place_of


def raised(source, file="cell"):
    """Return what a piece of code raises."""
    try:
        exec(compile(source, file, "exec"), {"other": other})
    except BaseException as error:
        return error
    return None


def other():
    """Raise somewhere else."""
    raise KeyError


def test_the_deepest_line_of_the_cell():
    """Not where it was raised, when that is elsewhere."""
    source = "def f():\n    other()\n\nf()"
    assert place_of(raised(source), "cell", source) == {"file": "cell", "line": 2, "source": "other()"}


def test_what_does_not_pass_the_cell_has_no_place():
    """The plugin's own is left."""
    assert place_of(raised("1 / 0", file="elsewhere"), "cell", "") == {}


def test_of_several_errors_the_first_that_has_one():
    """Two fixtures fail in one teardown."""
    source = "x = 1\n1 / 0"
    group = ExceptionGroup("two", [KeyError(), raised(source)])
    assert place_of(group, "cell", source)["line"] == 2


def test_of_two_fixtures_that_fail_in_one_teardown(run):
    """The one that the group names first."""
    heard = run(
        "import pytest\n@pytest.fixture\ndef one():\n    yield\n    1 / 0\n"
        "@pytest.fixture\ndef two():\n    yield\n    raise KeyError('two')\ndef test_a(one, two): pass"
    )
    assert heard.spot.phase == "teardown"
    assert heard.spot.line in (5, 9)
