"""What a build made is written down while it goes on, and taken away by the next one if it must be."""

from __future__ import annotations

import contextlib
import os
import time

from autoexec_magic.builder.image import leftovers


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


def test_a_layer_that_somebody_uses_stays(engine, tmp_path):
    """It has a name."""
    engine.load("tiny:1")
    with contextlib.closing(engine.client()) as client:
        identity = client.inspect_image("tiny:1")["Id"].removeprefix("sha256:")[:12]
        job = client.create_container("tiny:1", ["sleep", "1"])["Id"]
        leftovers.take_away(client, [("layer", identity)])
        assert client.inspect_image("tiny:1")
        client.remove_container(job)
