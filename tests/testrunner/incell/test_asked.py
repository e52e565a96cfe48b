"""What is to be run."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.testrunner.incell.asked import MODULE, Asked


def test_what_was_asked_for_stays_as_it_was():
    """Nobody changes it on the way; the module's name is one that nobody has."""
    nothing = dict.fromkeys(("on_count", "on_start", "on_case", "on_text", "late"), print)
    asked = Asked(source="", names={}, instead={}, arguments=(), title="cell", doctests=None, **nothing)
    with pytest.raises(dataclasses.FrozenInstanceError):
        asked.title = "other"
    assert MODULE.isidentifier()
    assert MODULE.startswith("__")
