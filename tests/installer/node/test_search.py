"""The child that asks, and what it may say."""

from __future__ import annotations

import pytest

from autoexec_magic import executor
from autoexec_magic.errors import Cancelled, InstallError
from autoexec_magic.installer.node import search as module
from autoexec_magic.installer.node.query import Query
from autoexec_magic.installer.node.search import Search, find, one_line
from autoexec_magic.installer.node.settings import Settings


def search(tmp_path, **fields):
    """Return a search with bounds of its own."""
    return Search(settings=Settings(**fields), cache=tmp_path, release_age_days=3)


def test_several_packages_are_one_call(registry, tmp_path):
    """In the order they were asked, one that is not there among them."""
    for name in ("search-a", "search-b"):
        registry.publish(name)
    queries = [Query(name=name) for name in ("search-b", "search-none", "search-a")]
    found = find(queries, search(tmp_path, registry=registry.url))
    assert [(each.name, each.exists) for each in found.values()] == [
        ("search-b", True),
        ("search-none", False),
        ("search-a", True),
    ]


def test_a_stop_ends_it(tmp_path):
    """Asked to stop before it began: nothing is answered."""
    cancel = executor.Cancel()
    cancel.set()
    asked = Search(
        settings=Settings(registry="http://127.0.0.1:9/"), cache=tmp_path, release_age_days=3, cancel=cancel
    )
    with pytest.raises(Cancelled):
        find([Query(name="x")], asked)


def test_too_many_are_refused(tmp_path, monkeypatch):
    """A plan of thousands is not one that a person meant."""
    monkeypatch.setattr(module, "MOST_QUERIES", 2)
    with pytest.raises(InstallError, match="too many"):
        find([Query(name=str(number)) for number in range(3)], search(tmp_path))


def test_other_people_s_text_is_made_harmless():
    """One line, without a login and without what a terminal would obey."""
    shown = one_line(
        "a\x1b]0;title\x07 b\nBearer-tok-1 \u202ec", Settings(logins={"//h/": "Bearer Bearer-tok-1"})
    )
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert "Bearer-tok-1" not in shown
    assert "\u202e" not in shown
