"""What no run leaves changed is put back after it, also when who had to do that was killed."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys

import pytest

from autoexec_magic import config
from autoexec_magic.errors import CageError, UsageError
from autoexec_magic.executor.cage.held import (
    ASIDE,
    FOLDER,
    MOST_BYTES,
    content,
    held,
    is_as_held,
    trust,
    trusted,
)

NAME = "watched.toml"


@pytest.fixture
def path(tmp_path):
    """Return the path of a file in a project."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project" / NAME


def written_down() -> list[str]:
    """Return what is written down."""
    folder = config.data_dir() / FOLDER
    return os.listdir(folder) if folder.exists() else []


def removed(path):
    """Remove what is there, whatever it is."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def replaced(path):
    """Put another file there."""
    path.with_name("new").write_text("of the run")
    path.with_name("new").replace(path)


def linked(path):
    """Put a link there, to a file outside of the project."""
    path.parent.with_name("outside").write_text("kept")
    removed(path)
    path.symlink_to("../outside")


def a_fifo(path):
    """Put there what who reads it waits for."""
    removed(path)
    os.mkfifo(path)


def a_folder(path):
    """Put a folder there."""
    removed(path)
    path.mkdir()


def a_folder_with_another_aside(path):
    """Put a folder there, and another one that is not empty where it will be moved."""
    path.with_name(NAME + ASIDE).mkdir()
    path.with_name(NAME + ASIDE).joinpath("full").touch()
    a_folder(path)


def shut(path):
    """Write it, and leave nobody the right to move it away."""
    path.write_text("of the run")
    path.parent.chmod(0o500)


def forged(path):
    """Write as much as there was, and set back the time."""
    size = path.stat().st_size if path.exists() else 3
    path.write_text("x" * size)
    os.utime(path, ns=(1, 1))


DONE = [replaced, linked, a_fifo, a_folder, a_folder_with_another_aside, shut, forged, removed]


@pytest.mark.parametrize("before", ["old", None])
@pytest.mark.parametrize("does", DONE)
def test_it_is_what_it_was(path, does, before):
    """There or not; whatever was put there lies beside it, and nothing was written through it."""
    if before is not None:
        path.write_text(before)
        path.chmod(0o640)
    with held(path):
        does(path)
    assert content(path) == (before.encode() if before else None)
    assert path.exists() == bool(before)
    assert not path.is_symlink()
    if before:
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    beside = [name for name in os.listdir(path.parent) if name.startswith(NAME + ASIDE)]
    assert bool(beside) == (does is not removed)
    assert not list(path.parent.glob(".*"))
    if does is linked:
        assert path.parent.with_name("outside").read_text() == "kept"
    assert written_down() == []


def test_it_is_put_back_when_a_run_ends_with_an_error(path):
    """A person stops it, or anything else comes between."""
    with contextlib.suppress(KeyboardInterrupt), held(path):
        path.touch()
        raise KeyboardInterrupt
    assert os.listdir(path.parent) == [NAME + ASIDE]


def test_what_is_no_file_of_ordinary_size_stays_and_is_noticed(path):
    """A link of a person's; what is too large to be kept is moved away only when it was changed."""
    path.symlink_to("elsewhere")
    with held(path):
        pass
    assert path.is_symlink()
    path.unlink()
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with held(path):
        pass
    assert trusted(path) is None
    with held(path):
        path.write_text("of the run")
    assert not path.exists()


def test_while_runs_go_on_it_is_trusted_as_it_was(path):
    """Of several the first one counts: what it left out for a moment, the second one has seen."""
    with held(path):
        path.write_text("of the run")
        assert trusted(path) == b""
        with held(path):
            assert trusted(path) == b""
            assert not is_as_held(path)
        assert not path.exists()
        assert is_as_held(path)
    assert trusted(path) == b""
    path.write_text("old")
    with held(path):
        path.unlink()
        assert trusted(path) == b"old"
        assert trusted(path.with_name("other")) == b""
    assert trusted(path) == b"old"


def test_what_a_person_writes_meanwhile_stays(path):
    """And what the run makes of that does not."""
    with held(path):
        trust(path, b"of the person")
        path.write_text("of the person")
        assert is_as_held(path)
    assert path.read_text() == "of the person"
    with held(path):
        trust(path, b"again")
        path.write_text("of the run")
        assert not is_as_held(path)
        assert trusted(path) == b"again"
    assert path.read_text() == "again"


KILLED = """
import os, pathlib, sys
from autoexec_magic.executor.cage.held import held
path = pathlib.Path(sys.argv[1])
with held(path):
    path.write_text("of the run")
    print("now", flush=True)
    sys.stdin.read()
"""


def killed(path):
    """Kill a process while it has a run that wrote the file."""
    argv = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "now\n"
        assert trusted(path) == b""
        process.send_signal(signal.SIGKILL)


def test_who_is_killed_leaves_nothing_that_is_trusted(path):
    """The next one puts it back, and says once what a person has to look at."""
    killed(path)
    assert path.exists()
    with pytest.raises(UsageError, match="killed") as caught:
        trusted(path)
    assert f"mv {NAME}{ASIDE} {NAME}" in caught.value.fix
    assert os.listdir(path.parent) == [NAME + ASIDE]
    assert trusted(path) == b""
    assert written_down() == []


def test_what_a_killed_one_left_as_it_was_is_not_told(path):
    """There is nothing to look at."""
    killed(path)
    path.unlink()
    assert trusted(path) == b""
    assert written_down() == []


def test_what_is_of_another_boot_holds_nothing_for_ever(path):
    """Its number may be anybody's by now, and the machine may never have that boot again."""
    with held(path):
        (name,) = written_down()
        at = config.data_dir() / FOLDER / name
        text = at.read_text()
    other = at.with_name(f"1-1-{'0' * 8}-0123")
    other.write_text(text)
    path.write_text("later")
    with pytest.raises(UsageError, match="killed"):
        trusted(path)
    assert written_down() == []


@pytest.mark.parametrize("data", ["", "{}", "[1]", "[[], 1, [], null, 1]", "\0", '["\\ud800", 1, 2, 3, 4]'])
def test_what_is_damaged_is_of_no_file(path, data):
    """A disk that was full has written half of it."""
    folder = config.data_dir() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "damaged").write_text(data)
    try:
        assert trusted(path) == b""
        with held(path):
            path.touch()
        assert not path.exists()
    finally:
        (folder / "damaged").unlink()


def test_where_nothing_can_be_written_down_this_process_knows(path, tmp_path, monkeypatch):
    """A home that is read-only takes nothing away from a run but what a kill would need."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "file"))
    path.write_text("old")
    with held(path):
        path.write_text("of the run")
        assert not is_as_held(path)
    assert path.read_text() == "old"


def test_what_cannot_be_put_back_is_an_error(path, monkeypatch):
    """Nobody may go on as if it were."""

    def refuses(*_):
        raise OSError("no")

    holding = held(path)
    holding.__enter__()
    path.touch()
    monkeypatch.setattr("pathlib.Path.rename", refuses)
    with pytest.raises(CageError, match="cannot be put back") as caught:
        holding.__exit__(None, None, None)
    assert caught.value.fix == f"rm -r {path}"
    assert written_down() == []
