"""Places are where `os.path.realpath` says, also a moment after they were moved."""

from __future__ import annotations

import os
import random
import time

import pytest

from autoexec_magic.executor.policy import links

PLACES = ("a", "a/b", "a/b/c", "a/../d", "d/e/f", "link", "link/x", "./g//h")


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Return places in a folder that settles at once."""
    monkeypatch.setattr(links, "_SETTLED_SECONDS", 0.0)
    links._kept.clear()
    return tuple(f"{tmp_path}/{name}" for name in PLACES)


def real(places: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the standard library says."""
    return tuple(map(os.path.realpath, places))


def change(root, chance: random.Random) -> None:
    """Make, move, remove or link something."""
    name = chance.choice(["a", "a/b", "a/b/c", "d", "d/e", "link", "g", "elsewhere", "elsewhere/x"])
    path = root / name
    kind = chance.randrange(4)
    try:
        if kind == 0:
            path.mkdir(parents=True)
        elif kind == 1:
            path.symlink_to(chance.choice(["elsewhere", "a/b", str(root / "d"), "../x", "nowhere", "."]))
        elif kind == 2:
            path.rename(root / f"old{chance.random()}")
        else:
            path.unlink()
    except OSError:
        pass


def test_it_is_what_the_standard_library_says(tmp_path, places):
    """Whatever is made, moved or linked between two looks."""
    chance = random.Random(4)
    kept = 0
    for _ in range(400):
        assert links.realpaths(places) == real(places)
        kept += places in links._kept
        change(tmp_path, chance)
        time.sleep(0.0001)
    assert kept > 100


def test_a_link_to_itself_is_no_end_of_it(tmp_path, places):
    """It leads nowhere, today; it is looked at anew each time."""
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "a").symlink_to("a/b")
    looped = (*places, f"{tmp_path}/loop/x")
    assert links.realpaths(looped) == real(looped)
    assert looped not in links._kept


@pytest.mark.parametrize("where", ["itself", "on the way", "behind another link", "where nothing was"])
def test_a_link_that_is_swapped_is_seen(tmp_path, places, where):
    """Also if the folder's other time is set back."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "a").mkdir()
    if where == "behind another link":
        (tmp_path / "link").symlink_to("through")
        (tmp_path / "through").symlink_to("elsewhere")
    swapped = {"itself": "link", "on the way": "a", "behind another link": "through"}.get(where, "d")
    time.sleep(0.02)
    before = tmp_path.stat()
    assert links.realpaths(places) == links.realpaths(places) == real(places)
    assert places in links._kept
    path = tmp_path / swapped
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        path.rename(tmp_path / "away")
    path.symlink_to("secret")
    os.utime(tmp_path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert links.realpaths(places) == real(places)
    assert any("/secret" in path for path in links.realpaths(places))


def test_what_changed_just_now_is_not_kept(tmp_path):
    """Within one tick of the clock it could change again and look the same."""
    links._kept.clear()
    place = (f"{tmp_path}/a",)
    links.realpaths(place)
    assert place not in links._kept


def test_it_is_found_once(tmp_path, places, monkeypatch):
    """Each path that is judged asks for all places."""
    time.sleep(0.02)
    links.realpaths(places)
    with monkeypatch.context() as patch:
        patch.setattr(links, "_real", None)
        assert links.realpaths(places) == real(places)


def test_only_some_are_kept(tmp_path, places):
    """A home of another name for each call must not fill the memory."""
    time.sleep(0.02)
    for number in range(50):
        links.realpaths((f"{tmp_path}/{number}",))
    assert 1 < len(links._kept) <= 16


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b", "/ab", "/a/bc", "/c", "/c/d/e", "/cd"])
@pytest.mark.parametrize("places", [(), ("/",), ("/a",), ("/a/b", "/c"), ("/c/",)])
def test_below_means_the_place_or_in_it(path, places):
    """Not a name that only begins like it."""
    parts = [part for part in path.split("/") if part]
    above = {"/" + "/".join(parts[:end]) for end in range(len(parts) + 1)}
    assert links.is_below(path, places) is any((place.rstrip("/") or "/") in above for place in places)
