"""How long tests take and how they ended, drawn."""

from __future__ import annotations

from autoexec_magic.testrunner import Past
from autoexec_magic.testrunner.past import Remembered
from autoexec_magic.ui.testhistory import MOST, lines


def test_the_slowest_comes_first_with_the_longest_bar():
    """Each bar is a share of the longest; a name is never cut."""
    past = Past({"a.py::fast": Remembered(0.5, "p"), "a.py::slow[x y]": Remembered(2.0, "p")})
    shown = lines(past)
    assert shown[0] == "slowest of 2 tests, 2.50 s in all"
    assert [line.split("s ", 1)[1].count("█") for line in shown[1:3]] == [30, 7]
    assert shown[1].endswith("a.py::slow[x y]")
    assert shown[-1] == "none of 2 tests failed of late"


def test_what_failed_has_its_last_ends_and_an_interval():
    """Ten runs that passed but for two leave much room."""
    past = Past({"a.py::t": Remembered(0.1, "ppfpppppfp"), "a.py::u": Remembered(0.1, "pp")})
    *_, head, row = lines(past)
    assert head.startswith("1 failed of late")
    assert row == "   20% ( 6% to  51%)  ··F·····F·  a.py::t"


def test_many_are_not_all_drawn():
    """The worst come first, and how many are left out is said."""
    past = Past({f"a.py::t{n}": Remembered(0.1, "f" * n + "p") for n in range(1, MOST + 6)})
    shown = lines(past)
    at = next(n for n, line in enumerate(shown) if "failed of late" in line)
    assert "5 more are not shown" in shown[at]
    assert len(shown) - at - 1 == MOST
    assert shown[at + 1].endswith(f"a.py::t{MOST + 5}")


def test_where_nothing_ran_it_says_what_to_type():
    """An empty state teaches."""
    assert lines(Past()) == ["nothing is remembered of tests here: %autoexec test"]
