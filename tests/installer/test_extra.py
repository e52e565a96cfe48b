"""The extra index: its candidates are read, ordered and never taken for evidence."""

from __future__ import annotations

import sys
import types

import pytest

from autoexec_magic.installer import index
from autoexec_magic.installer.decide import Origins
from autoexec_magic.installer.index import extra
from autoexec_magic.installer.known import candidates


@pytest.fixture
def stand_in(monkeypatch):
    """Put something in the place of pigar that answers like it, from a dict."""
    claims: dict[str, dict[str, str]] = {}

    class Database:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            return None

        def query_distributions_by_top_level_module(self, module):
            found = claims.get(module, {})
            return [
                types.SimpleNamespace(name=name, version=version) for name, version in found.items()
            ] or None

    package, db = types.ModuleType("pigar"), types.ModuleType("pigar.db")
    package.__spec__ = types.SimpleNamespace(name="pigar")
    db.database = Database
    monkeypatch.setitem(sys.modules, "pigar", package)
    monkeypatch.setitem(sys.modules, "pigar.db", db)
    extra.claims.cache_clear()
    yield claims
    extra.claims.cache_clear()


def test_what_is_published_comes_after_what_we_know(stand_in):
    """Ours stand first; what anybody published under the name is listed once, and only listed."""
    stand_in["sklearn"] = {"scikit_learn": "1.0", "evil-sklearn": "9.9"}
    entries = candidates("sklearn.svm")
    assert [(e.distribution, e.source) for e in entries] == [
        ("scikit-learn", "kept"),
        ("evil-sklearn", "pigar"),
    ]
    assert entries[1].is_rival


def test_what_is_published_is_no_evidence(stand_in):
    """A name that the extra alone knows is never sure, even if it knows it once only."""
    stand_in["frobnicore"] = {"frob-tools": "3.1"}
    [entry] = candidates("frobnicore")
    assert (entry.distribution, entry.source) == ("frob-tools", "pigar")
    assert Origins(entries=(entry,)).sure is None


def test_an_extra_that_fails_says_nothing(monkeypatch, stand_in):
    """Another version of it, without the function that is called, takes nothing away from ours."""
    monkeypatch.delattr(sys.modules["pigar.db"], "database")
    assert index.extra_entries("frobnicore") == ()
    monkeypatch.setitem(sys.modules, "pigar", None)
    extra.claims.cache_clear()
    assert extra.claims("frobnicore") == {}


@pytest.mark.parametrize(
    ("module", "versions", "uses", "first"),
    [
        pytest.param("bson", {"bson": "0.5.10", "pymongo": "4.9"}, {"pymongo": 20}, "pymongo", id="used"),
        pytest.param(
            "telebot",
            {"teleb": "1.0", "pyTelegramBotAPI": "4.2", "pytelegrambotapi-fixed": "4.1"},
            {},
            "pyTelegramBotAPI",
            id="copies-are-named-after-it",
        ),
        pytest.param(
            "weaviate",
            {"weaviate": "0.0.1", "weaviate-client": "4.1"},
            {},
            "weaviate-client",
            id="a-placeholder",
        ),
        pytest.param("crewai", {"crewai": "1.4.1", "aipmai": "0.41"}, {}, "crewai", id="its-own-name"),
    ],
)
def test_the_likeliest_comes_first(module, versions, uses, first):
    """Without knowing how much anything is used, the names and versions tell something."""
    assert extra.ranked(module, versions, uses)[0] == first


def test_not_all_of_thousands_are_listed():
    """Of a name that everybody publishes, a handful is enough."""
    assert len(extra.ranked("tests", {f"p{number}": "1.0" for number in range(1000)}, {})) == extra.MOST


def test_a_module_that_nobody_claims_costs_no_look_at_the_whole_index(monkeypatch):
    """How much each distribution is used is only worked out to rank claims."""
    monkeypatch.setattr(index.extra, "claims", lambda module: {})
    monkeypatch.setattr(index, "_uses", lambda: pytest.fail("all of the index was read"))
    assert index.extra_entries("nobody_has_this") == ()
