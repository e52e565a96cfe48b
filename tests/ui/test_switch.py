"""What `%autoexec on` and `off` turn, and what they say."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.ui import switch as switches
from autoexec_magic.ui import verbs

REST = "! %%bash; not guarded: os.system, subprocess and libraries inside the kernel"


class Cells:
    """The cells of no shell."""

    always = None


class Guard:
    """Notes what it is told."""

    def __init__(self, shell):
        self.terms = None
        self.left = ()

    def put_on(self, terms):
        self.terms = terms
        return ("!", "%%bash")

    def take_off(self):
        self.terms = None
        return self.left


@pytest.fixture
def switch(monkeypatch):
    """Return a switch of no shell."""
    monkeypatch.setattr(switches, "Guard", Guard)
    return switches.Switch(None, Cells())


def turned(switch, line):
    """Turn it, and return what is said."""
    return switch.turn(verbs.parse(line))


@pytest.mark.parametrize(
    ("line", "heals", "guards"),
    [
        ("on", True, True),
        ("on --only guard", False, True),
        ("on --only heal", True, False),
        ("off", False, False),
    ],
)
def test_what_is_on(switch, line, heals, guards):
    """Both, or the one that is named; whatever was on before."""
    turned(switch, "on")
    turned(switch, line)
    assert (switch._cells.always is not None, switch._guard.terms is not None) == (heals, guards)


def test_the_options_are_the_terms(switch, monkeypatch):
    """Of the lines, and of the cells."""
    monkeypatch.setenv("MY_DATA", "x")
    turned(switch, "on --no-raise --timeout 5 --cage workspace --env MY_* --yes --no-install")
    terms, always = switch._guard.terms, switch._cells.always
    assert (terms.raises, terms.timeout, terms.level, terms.env, terms.yes) == (
        False,
        5.0,
        "workspace",
        ("MY_*",),
        True,
    )
    assert (always.timeout, always.no_install, always.yes) == (5.0, True, True)


def test_variables_are_new_since_the_extension_was_loaded(switch, monkeypatch):
    """Not since the switch was turned last: what a cell has set stays set."""
    monkeypatch.setenv("SET_IN_A_CELL", "x")
    turned(switch, "on")
    turned(switch, "on --no-raise")
    assert "SET_IN_A_CELL" not in switch._guard.terms.variables


@pytest.mark.parametrize("name", ["NO_SUCH_VARIABLE_X", "NO_SUCH_*", "PATH=x"])
def test_a_variable_that_is_not_there_changes_nothing(switch, name):
    """What was on stays on."""
    turned(switch, "on --only guard")
    with pytest.raises(UsageError, match="there is no variable"):
        turned(switch, f"on --env {name}")
    assert switch._guard.terms.env == ()
    assert switch._cells.always is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "on",
            f"on: every cell is healed and diagnosed; under the policy, and a failure ends the cell: {REST}",
        ),
        (
            "on --only guard --no-raise",
            f"on: under the policy: {REST}",
        ),
        ("on --only heal", "on: every cell is healed and diagnosed"),
        ("off", "off: the notebook is as it was"),
    ],
)
def test_one_line_says_what_is_on(switch, line, text):
    """And what is not guarded."""
    assert turned(switch, line).text == text


def test_what_is_left_is_said(switch):
    """Somebody else's stays theirs."""
    switch._guard.left = ("!", "%pip")
    spoken = turned(switch, "off")
    assert spoken.text == "off; left as it is: ! %pip, which something else has replaced since"
    assert spoken.result.added == {"left": ("!", "%pip")}
