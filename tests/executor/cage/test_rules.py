"""One list of places: what is on it, and what never is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autoexec_magic.errors import CageError
from autoexec_magic.executor.cage.rules import Rule, _there, is_below, rules, secret_in


def made(workspace: Path, **more: object) -> tuple[Rule, ...]:
    """Return the rules of a workspace."""
    options = {"scratch": workspace, "read": (), "write": (), "may_write_workspace": True}
    return rules(workspace=workspace, **{**options, **more})


def allowed(found: tuple[Rule, ...], path: str, *kinds: str) -> bool:
    """Whether a rule covers `path`."""
    return any(rule.access in kinds and is_below(path, rule.path) for rule in found)


def test_the_system_and_the_interpreter_can_be_read(tmp_path):
    """And not written."""
    found = made(tmp_path)
    for path in ("/usr/bin/env", str(Path(sys.executable).resolve()), sys.prefix):
        assert allowed(found, path, "read")
        assert not allowed(found, path, "write")
    assert allowed(found, str(tmp_path / "a"), "write")


@pytest.mark.parametrize(
    "secret", [".ssh/id_ed25519", ".aws/credentials", ".local/share/jupyter/runtime/k.json", ".netrc"]
)
def test_the_home_is_not_on_it(tmp_path, monkeypatch, secret):
    """Whatever the home is called."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    workspace = tmp_path / "home/project"
    workspace.mkdir(parents=True)
    assert not allowed(made(workspace), str(tmp_path / "home" / secret), "read", "write")


@pytest.mark.parametrize("option", ["workspace", "read", "write"])
@pytest.mark.parametrize("place", ["home", "."])
def test_no_cage_is_made_of_the_home(tmp_path, monkeypatch, option, place):
    """Nor of what contains it."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    workspace = tmp_path / "project"
    workspace.mkdir()
    bad = tmp_path / place
    asked = (bad, {"scratch": workspace}) if option == "workspace" else (workspace, {option: (bad,)})
    with pytest.raises(CageError, match="no cage can be made") as caught:
        made(asked[0], **asked[1])
    assert "folder of its own" in caught.value.fix


@pytest.mark.parametrize("name", ["JUPYTER_RUNTIME_DIR", "AUTOEXEC_DATA_DIR", "JUPYTER_DATA_DIR"])
def test_no_cage_is_made_of_what_holds_connection_files(tmp_path, monkeypatch, name):
    """Whoever reads one runs code in the kernel, outside the cage; answers and records lie there, too."""
    for other in ("JUPYTER_RUNTIME_DIR", "AUTOEXEC_DATA_DIR"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(tmp_path / "project/.runtime"))
    (tmp_path / "project").mkdir()
    with pytest.raises(CageError, match="no cage can be made"):
        made(tmp_path / "project")


def test_a_link_is_resolved(tmp_path):
    """A rule is about what is there."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert Rule(str((tmp_path / "real").resolve()), "read") in made(tmp_path, read=(tmp_path / "link",))


def test_what_is_not_there_cannot_be_allowed(tmp_path):
    """A misspelt path is said, not dropped."""
    with pytest.raises(CageError, match="absent") as caught:
        made(tmp_path, read=(tmp_path / "absent",))
    assert "not there" in caught.value.why


def test_a_standard_place_with_a_secret_is_taken_apart(tmp_path):
    """A home below /opt leaves the rest of /opt readable."""
    for name in ("tool", "home/.ssh", "deep/home", "deep/tool"):
        (tmp_path / name).mkdir(parents=True)
    secrets = (str(tmp_path / "home"), str(tmp_path / "deep/home"))
    assert [Path(path).relative_to(tmp_path).as_posix() for path in _there([str(tmp_path)], secrets)] == [
        "deep/tool",
        "tool",
    ]


@pytest.mark.parametrize(
    ("path", "root", "below"),
    [("/a/b", "/a", True), ("/a", "/a", True), ("/ab", "/a", False), ("/a", "/", True), ("/", "/a", False)],
)
def test_below_is_about_whole_names(path, root, below):
    """`/ab` is not below `/a`."""
    assert is_below(path, root) is below


def test_what_no_cage_lets_through_is_known_beforehand(tmp_path, monkeypatch):
    """The home, and what it lies in; what is in it may be named."""
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    assert secret_in(str(home)) == str(home.resolve())
    assert secret_in("/") != ""
    assert secret_in(str(home / "data")) == ""
    with pytest.raises(CageError, match="no cage can be made"):
        made(home / "data", read=(home,))
