"""What a child has instead of the home."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile

import pytest

from autoexec_magic.executor.cage import scratch
from autoexec_magic.executor.identity import identify, owner_name


def test_what_leads_outside_is_taken_away(tmp_path):
    """Variables that name the person's folders and sockets."""
    given = {
        "PATH": "/usr/bin",
        "LANG": "C",
        "XDG_CONFIG_HOME": "/home/me/.config",
        "IPYTHONDIR": "/home/me/.ipython",
    }
    given |= {
        "JUPYTER_RUNTIME_DIR": "/run/me",
        "SSH_AUTH_SOCK": "/run/agent",
        "HOME": "/home/me",
        "TMPDIR": "/t",
    }
    env = scratch.environment(given, tmp_path)
    assert (env["PATH"], env["LANG"]) == ("/usr/bin", "C")
    assert env["HOME"] == str(tmp_path / "home")
    assert not [value for value in env.values() if value.startswith(("/home/me", "/run", "/t/"))]
    assert env["TAR_OPTIONS"] == "--no-same-owner"
    assert "RES_OPTIONS" not in env
    assert scratch.environment({}, tmp_path, names_over_tcp=True)["RES_OPTIONS"] == "use-vc"


def test_git_has_the_persons_name(tmp_path, monkeypatch):
    """Their settings cannot be read inside; a repository's own come later and win."""
    (tmp_path / "me").mkdir()
    (tmp_path / "me/.gitconfig").write_text(
        '[core]\n\tpager = evil\n[user]\n\tname = A "B" C\n\temail = a@b.c\n[alias]\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    folder = scratch.make(tmp_path)
    scratch.furnish(folder, tmp_path / "project")
    text = (folder / "home/.gitconfig").read_text()
    assert 'name = "A B C"' in text
    assert 'email = "a@b.c"' in text
    assert "evil" not in text
    scratch.furnish(folder, tmp_path / "project")  # twice does no harm


def test_git_has_a_name_where_the_person_gave_none(tmp_path, monkeypatch):
    """Else no commit can be made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = scratch.make(tmp_path)
    scratch.furnish(folder, tmp_path)
    assert "@localhost" in (folder / "home/.gitconfig").read_text()


def test_rights_are_given_to_nothing_that_a_link_leads_to(tmp_path):
    """A folder that a survivor swaps for a link while it is removed is not followed."""
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner/kept").touch()
    outside.chmod(0o755)
    folder = scratch.make(tmp_path)
    (folder / "link").symlink_to(outside)
    for name in (folder / "link", "link"):
        at = None if name != "link" else os.open(folder, os.O_RDONLY)
        with pytest.raises(OSError, match="link"), scratch._opened(name, at):
            pass
        with contextlib.suppress(OSError):
            scratch._remove(str(name), at)
        if at is not None:
            os.close(at)
    assert (outside.stat().st_mode & 0o777, (outside / "inner/kept").exists()) == (0o755, True)


def test_a_folder_is_opened_for_what_it_is_though_its_name_is_taken(tmp_path):
    """The rights go to what was looked at."""
    folder = scratch.make(tmp_path)
    known = scratch.identity(folder)
    folder.rename(tmp_path / "moved")
    folder.mkdir(mode=0o500)
    with pytest.raises(FileNotFoundError, match="not what it was"), scratch._opened(folder, known=known):
        pass
    assert folder.stat().st_mode & 0o777 == 0o500


def test_what_a_child_locked_is_removed(tmp_path):
    """A folder without rights, as some caches make them."""
    folder = scratch.make(tmp_path)
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/c").touch()
    (folder / "a/b").chmod(0)
    (folder / "a").chmod(0)
    scratch.remove(folder)
    assert not folder.exists()


LOCKED = """
import os, sys
from pathlib import Path
from autoexec_magic.executor.cage import scratch
os.chdir(sys.argv[1])
os.umask(0)
if os.geteuid() == 0:  # whom no folder is locked to
    os.chown(".", 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
folder = scratch.make(Path.cwd())
(folder / "locked").mkdir()
Path("target").touch(mode=0o640)
(folder / "locked/link").symlink_to(Path("target").absolute())
(folder / "locked").chmod(0o500)
scratch.remove(folder)
print(folder.exists(), oct(Path("target").stat().st_mode & 0o777))
"""


def test_what_a_link_leads_to_keeps_its_mode():
    """A child that locks a folder with a link in it must not have the link's target opened."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # a user can get there
        argv = [sys.executable, "-c", LOCKED, folder]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "0o640"], done.stderr


def test_only_folders_of_who_is_gone_are_swept(tmp_path):
    """By pid and start time; no link is followed, nobody else's folder is touched."""
    with subprocess.Popen(["/bin/true"]) as dead:
        start = identify(dead.pid).start_time
    place = owner_name().rpartition("-")[2]
    name = f"autoexec-cage-{dead.pid}-{start}-{place}"
    own = scratch.make(tmp_path)
    assert own.name.startswith(f"autoexec-cage-{owner_name()}-")
    gone, reused = tmp_path / f"{name}-a", tmp_path / f"autoexec-cage-{os.getpid()}-1-{place}-a"
    outside = tmp_path / "outside"
    for folder in (gone, reused, outside):
        folder.mkdir()
        (folder / "file").touch()
    (gone / "out").symlink_to(outside)
    link, file = tmp_path / f"{name}-link", tmp_path / f"{name}-file"
    link.symlink_to(outside)
    file.touch()
    elsewhere = tmp_path / f"autoexec-cage-{dead.pid}-{start}-00000000-a"
    elsewhere.mkdir()
    if os.geteuid() == 0:
        theirs = tmp_path / f"{name}-theirs"
        theirs.mkdir()
        os.chown(theirs, 65534, 65534)
    scratch.sweep(tmp_path)
    assert not gone.exists()
    assert not reused.exists()
    assert (outside / "file").exists()
    assert link.is_symlink()
    assert file.exists()
    assert elsewhere.exists()
    assert own.exists()
    assert os.geteuid() != 0 or theirs.exists()
    scratch.sweep(tmp_path / "absent")


def test_what_was_put_in_its_place_is_left_alone(tmp_path):
    """A run that may write around it could have others' files removed by whoever empties it."""
    folder = scratch.make(tmp_path)
    known = scratch.identity(folder)
    (folder / "file").touch()
    scratch.empty(folder, known)
    assert list(folder.iterdir()) == []
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    (victim / "file").touch()
    folder.rmdir()
    folder.symlink_to(victim)
    with pytest.raises(FileNotFoundError):
        scratch.empty(folder, known)
    assert (victim / "file").exists()
    assert victim.stat().st_mode & 0o777 == 0o755


@pytest.fixture
def folder(tmp_path):
    """Return a furnished scratch folder."""
    made = scratch.make(tmp_path)
    scratch.furnish(made, tmp_path)
    return made


def test_what_is_left_below_the_home_is_named(folder):
    """The first few, without hidden ones, which programs keep for themselves."""
    home = folder / scratch.HOME
    (home / "out" / "deep").mkdir(parents=True)
    (home / ".cache").mkdir(exist_ok=True)
    for name in (".hidden", ".cache/a", "b.csv", "out/deep/c", "out/.d", "out/e"):
        (home / name).touch()
    (folder / scratch.TEMPORARY / "f").touch()
    assert scratch.left(folder) == ("b.csv", "out/e", "out/deep/c")
    for number in range(9):
        (home / f"a{number}").touch()
    assert scratch.left(folder) == ("a0", "a1", "a2", "a3", "a4")


def test_no_link_is_followed_to_what_is_left(folder, tmp_path):
    """A run can put a link in the place of its home; what it leads to is the person's."""
    home, own = folder / scratch.HOME, tmp_path / "own"
    own.mkdir()
    (own / "private").touch()
    (home / "link").symlink_to(own)
    assert scratch.left(folder) == ("link",)
    scratch.remove(home)
    assert scratch.left(folder) == ()
    home.symlink_to(own)
    assert scratch.left(folder) == ()


def test_only_so_much_is_looked_at(folder, monkeypatch):
    """A run that leaves a million files does not hold its own end up."""
    monkeypatch.setattr(scratch, "_MOST_LOOKED_AT", 3)
    for number in range(5):
        (folder / scratch.HOME / f"d{number}").mkdir()
        (folder / scratch.HOME / f"d{number}" / "file").touch()
    assert scratch.left(folder) == ()
    for number in range(5):
        (folder / scratch.HOME / f"d{number}" / "file").unlink()
        (folder / scratch.HOME / f"d{number}").rmdir()
        (folder / scratch.HOME / f"f{number}").touch()
    assert len(scratch.left(folder)) in (2, 3)  # of three, one may be hidden


def nested(place, deep: int) -> None:
    """Make a folder in a folder, and so on; each is locked."""
    here = os.open(place, os.O_RDONLY)
    for _ in range(deep):
        os.mkdir("e", dir_fd=here)
        inner = os.open("e", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=inner))
        os.fchmod(here, 0o500)
        os.close(here)
        here = inner
    os.close(here)


def test_a_folder_deeper_than_python_calls_itself_is_removed(tmp_path):
    """A script makes it with a loop, and the run that made it would end with a fault of ours."""
    place = scratch.make(tmp_path)
    known = scratch.identity(place)
    (place / "a").mkdir()
    nested(place / "a", sys.getrecursionlimit() + 100)
    scratch.empty(place, known)
    assert os.listdir(place) == []
    nested(place, sys.getrecursionlimit() + 100)
    scratch.remove(place)
    assert not place.exists()


def test_a_deep_folder_of_who_is_gone_keeps_no_run_from_starting(tmp_path):
    """What a killed kernel left is swept by the next one, before each of its cages."""
    child = (
        "import sys; from pathlib import Path; from autoexec_magic.executor.cage import scratch;"
        "print(scratch.make(Path(sys.argv[1])))"
    )
    made = subprocess.run([sys.executable, "-c", child, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    nested(made.stdout.strip(), sys.getrecursionlimit() + 100)
    scratch.sweep(tmp_path)
    assert os.listdir(tmp_path) == []
