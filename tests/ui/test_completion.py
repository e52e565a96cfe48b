"""What Tab offers, without a kernel."""

from __future__ import annotations

import pytest

from autoexec_magic.ui import completion, verbs


@pytest.mark.parametrize(
    ("line", "current", "some"),
    [
        ("%autoexec ", "", {"sh", "script", "doctor"}),
        ("%autoexec s", "s", {"sh", "script"}),
        ("%%autoexec --t", "--t", {"--timeout"}),
        ("%autoexec runs ", "", {"show", "--limit", "--json"}),
        ("  %autoexec resolve --o", "--o", {"--online"}),
    ],
)
def test_what_fits_is_offered(line, current, some):
    """Only what begins like the word at the cursor."""
    found = completion.words_for(line)
    assert found is not None
    assert found[0] == current
    assert some <= set(found[1])
    assert all(name.startswith(current) for name in found[1])


def test_the_values_of_an_option_are_offered_after_it():
    """And nothing else fits there."""
    assert completion.words_for("%autoexec fix --export ") == ("", ["script", "requirements"])
    assert completion.words_for("%autoexec resolve --lang n") == ("n", ["node"])


def test_options_are_exactly_the_parsers():
    """Completion and parser are one tree."""
    found = completion.words_for("%autoexec sh --")
    assert found is not None
    assert set(found[1]) == {
        name
        for action in verbs.parser_of("sh")._actions
        for name in action.option_strings
        if name.startswith("--")
    }


@pytest.mark.parametrize("line", ["import os", "autoexec sh", "%time x", "x = %autoexec"])
def test_other_lines_are_not_ours(line):
    """Everybody else's completion is left alone."""
    assert completion.words_for(line) is None


@pytest.mark.parametrize(
    "line",
    [
        *("%autoexec sh ls /et", "%autoexec sh zzz", "%autoexec test te", "%autoexec zzz"),
        *("%autoexec fix ", "%autoexec fix no", "%autoexec scan s", "%autoexec index build --from "),
    ],
)
def test_a_path_is_left_to_the_completer_of_paths(line):
    """A single match of ours would take the place of what was typed."""
    assert completion.words_for(line) is None
