"""Whether a module is here, asked again and again."""

from __future__ import annotations

import importlib
import sys
import types

import pytest

from autoexec_magic.installer import Needed, is_here


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return a folder on `sys.path`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("module", ["os", "os.path", "pytest", "hypothesis.strategies"])
def test_what_is_here_is_here(module):
    """Python's own, and what is installed, loaded or not."""
    assert is_here(Needed(1, module))
    assert is_here(Needed(1, module))


def test_what_appears_is_seen_at_once(place):
    """A no is not remembered."""
    assert not is_here(Needed(1, "appears_later"))
    (place / "appears_later.py").write_text("")
    importlib.invalidate_caches()
    assert is_here(Needed(1, "appears_later"))


def test_what_goes_is_missed_at_once(place):
    """A yes rests on a file that is still there."""
    file = place / "goes_away.py"
    file.write_text("")
    importlib.invalidate_caches()
    assert is_here(Needed(1, "goes_away"))
    file.unlink()
    importlib.invalidate_caches()
    assert not is_here(Needed(1, "goes_away"))


def test_a_place_that_is_taken_off_the_path_is_missed(place, monkeypatch):
    """A yes rests on the path it was found by."""
    (place / "elsewhere.py").write_text("")
    importlib.invalidate_caches()
    assert is_here(Needed(1, "elsewhere"))
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(place)])
    assert not is_here(Needed(1, "elsewhere"))


def test_what_only_a_longer_look_can_say_is_not_said(place, monkeypatch):
    """A namespace package may lack what is taken from it; a blocked module is not here."""
    (place / "shared_name").mkdir()
    importlib.invalidate_caches()
    assert not is_here(Needed(1, "shared_name.part"))
    monkeypatch.setitem(sys.modules, "blocked_one", None)
    assert not is_here(Needed(1, "blocked_one"))
    monkeypatch.setitem(sys.modules, "made_here", types.ModuleType("made_here"))
    assert not is_here(Needed(1, "made_here"))


def test_nothing_is_imported_to_find_out(place):
    """The look reads names and runs nothing."""
    (place / "with_canary.py").write_text("raise SystemExit('it ran')")
    importlib.invalidate_caches()
    assert is_here(Needed(1, "with_canary.below"))
    assert "with_canary" not in sys.modules
