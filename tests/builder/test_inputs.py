"""What a build reads: every file by its digest."""

from __future__ import annotations

from autoexec_magic.builder import artifacts, inputs


def test_inputs_are_files_links_and_modes(tmp_path):
    """A changed byte, name, mode or link's target is another input; a time is not."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    (tmp_path / "l").symlink_to("a/x.py")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "big").write_text("no")
    before = inputs.inputs_of(tmp_path)
    assert [each.path for each in before] == ["a/x.py", "l"]
    (tmp_path / "a" / "x.py").touch()
    assert inputs.inputs_of(tmp_path) == before
    (tmp_path / "a" / "x.py").chmod(0o755)
    assert inputs.inputs_of(tmp_path) != before
    (tmp_path / "a" / "x.py").chmod(0o644)
    (tmp_path / "l").unlink()
    (tmp_path / "l").symlink_to("a/y.py")
    assert inputs.inputs_of(tmp_path)[1] != before[1]


def test_a_link_is_no_file_of_the_same_bytes(tmp_path):
    """Whatever it says: a build of the one must not be handed out for one of the other."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one/l").symlink_to("a")
    (tmp_path / "two/l").write_bytes(b"a")
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")
    (tmp_path / "two/l").write_bytes(b"link\0a")
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")
    (tmp_path / "two/l").chmod(0o755)
    assert _digest(tmp_path / "one") != _digest(tmp_path / "two")


def _digest(folder):
    return artifacts.digest_of_all(inputs.inputs_of(folder))
