"""What a child has instead of the home."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.cage import scratch


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


def test_what_a_child_locked_is_removed(tmp_path):
    """A folder without rights, as some caches make them."""
    folder = scratch.make(tmp_path)
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/c").touch()
    (folder / "a/b").chmod(0)
    (folder / "a").chmod(0)
    scratch.remove(folder)
    assert not folder.exists()


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
