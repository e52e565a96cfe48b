"""What a scan keeps of a tree, and when it does not count."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.installer import remembered
from autoexec_magic.installer.remembered import Remembered, packed, unpacked

ROWS = ((("python", "a", 1, 0, ("b",), True),), (("why", 2, 0),))
STAMP = (1, 2, 3)


def kept(tmp_path):
    """Keep one file's rows and return the cache's folder."""
    memory = Remembered.of(tmp_path, tmp_path / "cache")
    memory.new["a.py"] = (STAMP, packed(ROWS))
    memory.save()
    return tmp_path / "cache"


def test_what_was_kept_is_found_again(tmp_path):
    """As it was, for the same tree only, and for nobody else's eyes."""
    cache = kept(tmp_path)
    assert unpacked(Remembered.of(tmp_path, cache).old["a.py"][1]) == ROWS
    assert Remembered.of(tmp_path / "other", cache).old == {}
    (file,) = cache.iterdir()
    assert (cache.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-3], id="cut"),
        pytest.param(lambda content: content[:-3] + b"abc", id="changed"),
        pytest.param(lambda content: content.replace(b"autoexec-scan", b"autoexec-scam"), id="other-head"),
        pytest.param(lambda content: b"\xff" * 100, id="noise"),
    ],
)
def test_a_damaged_cache_is_as_if_it_were_not_there(tmp_path, damage):
    """The tree is scanned anew, and the cache written anew."""
    cache = kept(tmp_path)
    (file,) = cache.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert Remembered.of(tmp_path, cache).old == {}
    kept(tmp_path)
    assert "a.py" in Remembered.of(tmp_path, cache).old


def test_another_version_is_not_read(tmp_path, monkeypatch):
    """Another scan finds other things."""
    cache = kept(tmp_path)
    monkeypatch.setattr(remembered, "VERSION", remembered.VERSION + 1)
    assert Remembered.of(tmp_path, cache).old == {}


def test_a_file_that_was_just_written_is_not_kept(tmp_path):
    """It may change once more within one tick of the clock."""
    memory = Remembered.of(tmp_path, tmp_path / "cache")
    memory.new["a.py"] = ((memory.began_ns, 2, 3), packed(ROWS))
    memory.new["b.py"] = (STAMP, packed(ROWS))
    memory.save()
    assert list(Remembered.of(tmp_path, tmp_path / "cache").old) == ["b.py"]


def test_only_the_newest_trees_are_kept(tmp_path, monkeypatch):
    """The cache does not grow for ever."""
    monkeypatch.setattr(remembered, "MOST_TREES", 2)
    for number in range(4):
        memory = Remembered.of(tmp_path / str(number), tmp_path / "cache")
        memory.new["a.py"] = (STAMP, packed(ROWS))
        memory.save()
        for file in (tmp_path / "cache").iterdir():
            os.utime(file, ns=(0, file.stat().st_mtime_ns - 10**9))
    assert len(list((tmp_path / "cache").iterdir())) == 2
    assert "a.py" in Remembered.of(tmp_path / "3", tmp_path / "cache").old


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    """It is a cache."""
    (tmp_path / "file").write_text("")
    memory = Remembered.of(tmp_path, tmp_path / "file" / "cache")
    memory.new["a.py"] = (STAMP, packed(ROWS))
    memory.save()
    assert memory.old == {}


def test_without_a_folder_nothing_is_kept(tmp_path):
    """Somebody asked for a fresh look."""
    memory = Remembered.of(tmp_path, None)
    memory.new["a.py"] = (STAMP, packed(ROWS))
    memory.save()
    assert list(tmp_path.iterdir()) == []
