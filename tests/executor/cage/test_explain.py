"""A denial is told apart from an ordinary error, with what would allow it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoexec_magic.executor.cage.explain import Denial, explain, explain_failure
from autoexec_magic.executor.cage.rules import Rule

RULES = (Rule("/usr", "read"), Rule("/w", "write"), Rule("/dev/null", "device"))
SHUT = ("/w/.git/hooks",)


def told(text: str, **options: object) -> Denial | None:
    """Return what is made of a message."""
    return explain_failure(text, folder=Path("/w"), rules=RULES, shut=SHUT, **options)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """Return the person's home."""
    folder = tmp_path / "ada"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def scratch_home(tmp_path) -> Path:
    """Return what a child has instead of it."""
    folder = tmp_path / "scratch" / "home"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("path", "write", "answer"),
    [
        ("/usr/bin/x", False, "ordinary"),
        ("/usr/bin/x", True, "cage"),
        ("/etc/absent", False, "cage"),
        ("/w/a", True, "ordinary"),
        ("/w/../etc/absent", False, "cage"),
        ("/w/.git/hooks/a", True, "protected"),
        ("/w/.git/hooks/a", False, "ordinary"),
        ("/dev/null", True, "ordinary"),
    ],
)
def test_explain(path, write, answer):
    """The rules that the kernel was given decide."""
    assert explain(Path(path), write=write, rules=RULES, shut=SHUT) == answer


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/data/a.csv'", "--read /data/a.csv"),
        ("cat: /data/a.csv: Permission denied", "--read /data/a.csv"),
        ("PermissionError: [Errno 13] Permission denied: '/data/locks.csv'", "--read /data/locks.csv"),
        (
            "cat: /data/a b.csv: Permission denied\nopen '/data/a b.csv': Permission denied",
            "--read '/data/a b.csv'",
        ),
        ("PermissionError: [Errno 13] Permission denied: '/w/../data/./a.csv'", "--read /data/a.csv"),
        ("cat: ../data/a.csv: Permission denied", "--read /data/a.csv"),
        ("touch: cannot touch '/usr/b': Permission denied", "--write /usr"),
        ("mkdir: cannot create directory ‘/usr/b’: Permission denied", "--write /usr"),
        ("OSError: [Errno 30] Read-only file system: '/usr/b'", "--write /usr"),
        ("Error: EACCES: permission denied, open '/data/a'", "--read /data/a"),
        ("Error: EROFS: read-only file system, open '/usr/b'", "--write /usr"),
        ("OSError: [Errno 18] Invalid cross-device link: '/w/a' -> '/usr/a'", "--write /usr"),
        ("OSError: out of pty devices", "--pty"),
        ("curl: (6) Could not resolve host: example.org", "--net PORTS"),
        ("curl: (7) Couldn't connect to server", "--net PORTS"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "--net PORTS"),
        ("Error: connect EACCES 10.0.0.1:80", "--net 80"),
        (
            '  File "multiprocessing/managers.py", line 566, in start\n    reader.recv()\nEOFError',
            "--unix",
        ),
    ],
)
def test_a_denial_names_its_option(text, option):
    """As programs say it."""
    assert told(text).option == option


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat: /w/private: Permission denied is what I expected of /w/a\nbut no",
        "ValueError: not a number",
        "cat: /usr/no-such-file: No such file or directory",
        "cat: /data/no-such-file: No such file or directory",
    ],
)
def test_an_ordinary_error_is_none_of_ours(text):
    """No option would help."""
    found = told(text)
    assert found is None or found.door == "write"


def test_what_governs_a_run_has_no_option():
    """A person edits it."""
    found = told("sh: 1: cannot create /w/.git/hooks/a: Read-only file system")
    assert (found.door, found.option) == ("write", "")
    assert "governs" in found.why


def test_an_open_door_denied_nothing():
    """Then the network itself is at fault."""
    assert told("curl: (6) Could not resolve host: example.org", net="all") is None


MISSING = [
    pytest.param("FileNotFoundError: [Errno 2] No such file or directory: '{}'", id="python"),
    pytest.param("FileNotFoundError: {} not found.", id="numpy"),
    pytest.param("cat: {}: No such file or directory", id="cat"),
    pytest.param("Error: ENOENT: no such file or directory, open '{}'", id="node"),
    pytest.param("OSError: {} does not exist", id="in-words"),
]


@pytest.mark.parametrize("text", MISSING)
def test_what_is_below_the_home_is_not_below_the_scratch_home(text, home, scratch_home):
    """A person's `~/x` is there; who looks for it in the cage looks elsewhere, and hears so."""
    (home / "data").mkdir()
    (home / "data" / "x.csv").touch()
    found = told(text.format(scratch_home / "data" / "x.csv"), home=scratch_home)
    own = home / "data" / "x.csv"
    assert (found.door, found.thing, found.option) == ("read", str(own), f"--read {own}")
    assert "~ is an empty folder of its own" in found.why
    assert "has to be opened by that path" in found.why


def test_a_folder_to_save_in_is_to_be_written(home, scratch_home):
    """As pandas says it; to read it would be of no use."""
    (home / "out").mkdir()
    text = f"OSError: Cannot save file into a non-existent directory: '{scratch_home / 'out'}'"
    found = told(text, home=scratch_home)
    assert (found.door, found.option) == ("write", f"--write {home / 'out'}")


@pytest.mark.parametrize("text", MISSING)
def test_what_is_nowhere_is_missing_by_itself(text, home, scratch_home):
    """An option would not help."""
    assert told(text.format(scratch_home / "x.csv"), home=scratch_home) is None


def test_what_a_child_made_below_its_home_is_not_taken_for_the_persons(home, scratch_home):
    """It is there, whatever the message says."""
    (home / "x.csv").touch()
    (scratch_home / "x.csv").touch()
    text = f"cat: {scratch_home / 'x.csv'}: No such file or directory"
    rules = (*RULES, Rule(os.path.realpath(scratch_home), "write"))
    assert explain_failure(text, folder=Path("/w"), rules=rules, shut=SHUT, home=scratch_home) is None


def test_what_is_let_through_is_to_be_opened_by_its_own_path(home, scratch_home):
    """The option is there already; `~` still is another folder."""
    (home / "x.csv").touch()
    text = f"cat: {scratch_home / 'x.csv'}: No such file or directory"
    rules = (*RULES, Rule(os.path.realpath(home / "x.csv"), "read"))
    found = explain_failure(text, folder=Path("/w"), rules=rules, shut=SHUT, home=scratch_home)
    assert found.option == ""
    assert f"{home / 'x.csv'} is let through, if opened by that path" in found.why


def test_what_holds_keys_has_no_option(home, tmp_path):
    """An option for the home, or for what it lies in, would be refused: what is in it may be named."""
    for place in (home, tmp_path, home / ".." / "ada"):
        found = told(f"PermissionError: [Errno 13] Permission denied: '{place}'")
        assert (found.door, found.option) == ("read", "")
        assert f"no cage lets all of {os.path.normpath(place)} through" in found.why
        assert "name a file or folder in it" in found.why
    (home / "data").mkdir()
    assert told(f"ls: '{home / 'data'}': Permission denied").option == f"--read {home / 'data'}"


def test_a_new_file_in_the_home_has_no_option(home):
    """The folder that it would be made in is the home."""
    found = told(f"touch: cannot touch '{home / 'new' / 'x'}': Permission denied")
    assert (found.door, found.option) == ("write", "")
    assert f"no cage lets all of {home} through" in found.why
    found = told("sh: 1: cannot create /data/b: Permission denied")
    assert (found.door, found.option) == ("write", "")


def test_without_rules_nothing_was_denied():
    """`open` has none."""
    assert explain(Path("/etc/shadow"), write=True, rules=(), shut=()) == "ordinary"
