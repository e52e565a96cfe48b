"""A compiled program is kept whole or not at all, and used only while nothing it was made of has changed."""

from __future__ import annotations

import json
import os
import threading

import pytest

from autoexec_magic.errors import ScriptError
from autoexec_magic.scripts import compiled

PROGRAM = b"\x7fELF" + b"program"


@pytest.fixture
def made(tmp_path):
    """Return what a compiler made, with its list of what it was made of."""
    (tmp_path / "out").mkdir()
    (tmp_path / "src.rs").write_text("fn main() {}")
    (tmp_path / "data.txt").write_text("1")
    program = tmp_path / "out" / "program"
    program.write_bytes(PROGRAM)
    (tmp_path / "out" / "program.d").write_text(
        f"{program}: {tmp_path}/src.rs data.txt\n\n{tmp_path}/src.rs:\n"
    )
    return program


def keep(tmp_path, made, key: str = "k"):
    """Put it into the cache."""
    return compiled.keep(tmp_path / "cache", key, made, tmp_path / "src.rs", tmp_path)


def test_a_program_is_found_again(tmp_path, made):
    """By its key, as it was, and nobody can write it."""
    path = keep(tmp_path, made)
    assert compiled.found(tmp_path / "cache", "k") == path
    assert path.read_bytes() == PROGRAM
    assert path.stat().st_mode & 0o777 == 0o500
    assert compiled.found(tmp_path / "cache", "other") is None


def poison(path) -> None:
    path.chmod(0o700)
    path.write_bytes(b"\x7fELF" + b"PROGRAM")


def cut(path) -> None:
    path.chmod(0o700)
    path.write_bytes(PROGRAM[:-1])


def link(path) -> None:
    path.unlink()
    path.symlink_to("/bin/true")


def open_to_all(path) -> None:
    path.chmod(0o577)


def no_note(path) -> None:
    path.with_name("note.json").write_text("{")


def gone(path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [poison, cut, link, open_to_all, no_note, gone])
def test_an_entry_that_is_not_as_it_was_is_not_used(tmp_path, made, spoil):
    """It is made again."""
    spoil(keep(tmp_path, made))
    assert compiled.found(tmp_path / "cache", "k") is None
    assert keep(tmp_path, made).read_bytes() == PROGRAM


def test_what_a_program_was_made_of_counts(tmp_path, made):
    """A file that the source includes has changed: the program is of no use."""
    keep(tmp_path, made)
    (tmp_path / "data.txt").write_text("2")
    assert compiled.found(tmp_path / "cache", "k") is None


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\nrm -rf /\n", b"MZ"])
def test_what_is_no_program_is_not_kept(tmp_path, made, data):
    """A compiler in a cage may be somebody's."""
    made.write_bytes(data)
    with pytest.raises(ScriptError, match="made no program"):
        keep(tmp_path, made)
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_lies_in_a_programs_place_is_not_followed(tmp_path, made):
    """Neither a link, nor a pipe, nor nothing."""
    made.unlink()
    with pytest.raises(ScriptError):
        keep(tmp_path, made)
    made.symlink_to("/bin/true")
    with pytest.raises(ScriptError):
        keep(tmp_path, made)
    made.unlink()
    os.mkfifo(made)
    with pytest.raises(ScriptError):
        keep(tmp_path, made)


def test_two_may_compile_the_same_at_once(tmp_path, made):
    """Each finds a whole program at the end."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(keep(tmp_path, made))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8
    assert compiled.found(tmp_path / "cache", "k").read_bytes() == PROGRAM
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["k"]


def test_the_cache_is_bounded(tmp_path, made, monkeypatch):
    """What was used longest ago goes, and what a killed process left."""
    monkeypatch.setattr(compiled, "MOST_ENTRIES", 2)
    for number, name in enumerate(("a", "b", "c")):
        keep(tmp_path, made, name)
        os.utime(tmp_path / "cache" / name, (number, number))
    compiled.found(tmp_path / "cache", "b")
    keep(tmp_path, made, "d")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["b", "d"]


def test_a_key_is_of_all_that_counts():
    """Source, compiler and options, each apart."""
    keys = {
        compiled.key_of(b"a", "1", ("x",)),
        compiled.key_of(b"b", "1", ("x",)),
        compiled.key_of(b"a", "2", ("x",)),
        compiled.key_of(b"a", "1", ("x", "")),
        compiled.key_of(b"a1", "", ("x",)),
    }
    assert len(keys) == 5


def test_what_it_is_made_of_is_read_in_bounds(tmp_path, made):
    """A list that a hostile compiler wrote opens no device and reads no disk."""
    (tmp_path / "out" / "program.d").write_text(
        "p: /dev/zero /proc/kcore /etc/shadow\\ x " + "a " * 5000 + "\n"
    )
    keep(tmp_path, made)
    note = json.loads((tmp_path / "cache" / "k" / "note.json").read_text())
    assert len(note["needs"]) <= 1000
    assert note["needs"]["/dev/zero"] == ""


def test_what_holds_a_variable_is_told_from_what_does_not(made):
    """It is one run's own: with another environment it is another program."""
    assert not compiled.holds_variables(made)
    with made.with_name("program.d").open("a") as said:
        said.write("# env-dep:WHO=one\n")
    assert compiled.holds_variables(made)


def test_a_pipe_instead_of_the_list_is_not_waited_for(tmp_path, made):
    """Whatever wrote it."""
    made.with_name("program.d").unlink()
    os.mkfifo(made.with_name("program.d"))
    assert not compiled.holds_variables(made)
    assert keep(tmp_path, made)
