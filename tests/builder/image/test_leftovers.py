"""What a build made is written down while it goes on, and taken away by the next one if it must be."""

from __future__ import annotations

import contextlib
import os
import time
import types

import pytest

from autoexec_magic.builder.image import leftovers
from autoexec_magic.errors import BuildError


def files(cache):
    """Return the notes that are there."""
    return list(cache.rglob("*.txt"))


def test_notes_are_there_while_it_goes_on_and_gone_after_it(tmp_path):
    """They are on disk before anybody is told."""
    with leftovers.noted(tmp_path, "E") as notes:
        notes.write("layer", "abc")
        assert files(tmp_path)[0].read_text() == "engine E\nlayer abc\n"
        assert notes.rows() == [("engine", "E"), ("layer", "abc")]
    assert files(tmp_path) == []


def test_what_a_killed_build_left_is_taken_away_and_what_goes_on_is_not(engine, tmp_path):
    """A lock says which is which; another engine's is left for it."""
    engine.load("tiny:1")
    with contextlib.closing(engine.client()) as client:
        job = client.create_container("tiny:1", ["sleep", "1000"])["Id"]
        busy = client.create_container("tiny:1", ["sleep", "1000"])["Id"]
        folder = tmp_path / "unfinished-images"
        folder.mkdir()
        (folder / "dead.txt").write_text(f"engine E\ncontainer {job}\nlayer 0123456789ab\n")
        (folder / "other.txt").write_text("engine F\ncontainer x\n")
        (folder / "old.txt").write_text("engine G\n")
        os.utime(folder / "old.txt", (0, time.time() - 40 * 86400))
        with leftovers.noted(tmp_path, "E") as notes:
            notes.write("container", busy)
            leftovers.sweep(client, tmp_path, "E")
            there = {each["Id"] for each in client.containers(all=True)}
            assert job not in there
            assert busy in there
            assert {path.name for path in files(tmp_path)} == {"other.txt", notes.path.name}
        client.remove_container(busy, force=True)


def test_notes_that_nobody_holds_yet_stay(tmp_path, monkeypatch):
    """Another build's sweep may come between a file and its lock; what is empty for longer is nobody's."""
    folder = tmp_path / "unfinished-images"
    folder.mkdir()
    (folder / "new.txt").touch()
    leftovers.sweep(None, tmp_path, "E")
    assert files(tmp_path) == [folder / "new.txt"]
    monkeypatch.setattr(leftovers, "_FRESH_SECONDS", 0.0)
    leftovers.sweep(None, tmp_path, "E")
    assert files(tmp_path) == []


def test_a_disk_that_takes_no_note_is_said(tmp_path):
    """As this machine's own; the engine is well."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    writing = types.SimpleNamespace(
        write=lambda text: os.write(descriptor, text.encode()), flush=lambda: None
    )
    notes = leftovers.Notes(path=tmp_path / "x.txt", file=writing)
    with pytest.raises(BuildError, match="this machine's disk is full") as full:
        notes.write("layer", "abc")
    os.close(descriptor)
    assert full.value.fix == f"make room in {tmp_path}"
    (tmp_path / "unfinished-images").write_text("in the way")
    with pytest.raises(BuildError, match="cannot be noted"), leftovers.noted(tmp_path, "E"):
        pass


def test_a_layer_that_somebody_uses_stays(engine, tmp_path):
    """It has a name."""
    engine.load("tiny:1")
    with contextlib.closing(engine.client()) as client:
        identity = client.inspect_image("tiny:1")["Id"].removeprefix("sha256:")[:12]
        job = client.create_container("tiny:1", ["sleep", "1"])["Id"]
        leftovers.take_away(client, [("layer", identity)])
        assert client.inspect_image("tiny:1")
        client.remove_container(job)
