"""What was found and is neither run nor left out by somebody who says so."""

from __future__ import annotations

import importlib
from typing import Any

counting: Any = importlib.import_module("..inside.own.autoexec_counting", "autoexec_magic.testrunner.inside")


class Item:
    """As much of a test as is counted."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def test_what_nobody_accounts_for_is_gone():
    """Found, not run, and of no deselection."""
    kept, left_out, gone = (Item(f"a.py::{name}") for name in ("kept", "left", "gone"))
    assert counting.gone_of([kept, left_out, gone], [kept, left_out]) == ["a.py::gone"]


def test_a_test_with_a_new_id_is_the_same_test():
    """Plugins rename tests; the object is the same, or the id is."""
    item = Item("a.py::t")
    copy = Item("a.py::t")
    assert counting.gone_of([item], [copy]) == []
    item.nodeid = "a.py::t[again]"
    assert counting.gone_of([item], [item]) == []


def test_no_more_are_told_than_anybody_reads():
    """A record has room for some."""
    one = counting.Counting()
    one._gone = dict.fromkeys(map(str, range(counting.MOST + 5)))
    kind, fields = one.record()
    assert (kind, len(fields["ids"])) == ("gone", counting.MOST)
