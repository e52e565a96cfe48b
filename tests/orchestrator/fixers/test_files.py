"""A script's file: written whole or not at all, as it was kept beside it."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.orchestrator.fixers import files
from autoexec_magic.orchestrator.fixers.files import Changed, encoded, rewrite


def test_a_file_is_replaced_and_what_it_was_is_kept(tmp_path):
    """Beside it, with its mode; the link that leads to it stays one."""
    path, link = tmp_path / "a.py", tmp_path / "link.py"
    path.write_bytes(b"pritn(1)\n")
    path.chmod(0o755)
    link.symlink_to(path)
    kept = rewrite(link, b"pritn(1)\n", "print(1)\n")
    assert path.read_bytes() == b"print(1)\n"
    assert kept == tmp_path / "a.py.before"
    assert kept.read_bytes() == b"pritn(1)\n"
    assert path.stat().st_mode & 0o777 == kept.stat().st_mode & 0o777 == 0o755
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["a.py", "a.py.before", "link.py"]


def test_what_was_kept_before_is_never_written_over(tmp_path):
    """The second time it has another name."""
    path = tmp_path / "a.py"
    for number in range(3):
        path.write_bytes(b"%d\n" % number)
        rewrite(path, b"%d\n" % number, f"{number + 1}\n")
    assert [(tmp_path / f"a.py.before{number}").read_bytes() for number in ("", 1, 2)] == [
        b"0\n",
        b"1\n",
        b"2\n",
    ]


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path):
    """Somebody's work is not lost."""
    path = tmp_path / "a.py"
    path.write_bytes(b"mine\n")
    with pytest.raises(Changed, match="meanwhile"):
        rewrite(path, b"what was read\n", "new\n")
    assert path.read_bytes() == b"mine\n"
    assert os.listdir(tmp_path) == ["a.py"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_whatever_stops_it_leaves_the_file_as_it_was(tmp_path, monkeypatch, where, fault):
    """Ctrl-C or a full disk: nothing half written, and nothing left beside it."""
    path = tmp_path / "a.py"
    path.write_bytes(b"old\n")
    calls = []

    def stop(*args):
        calls.append(args)
        if len(calls) > (where == "fsync"):
            raise fault

    monkeypatch.setattr(files.os, where, stop)
    with pytest.raises(fault):
        rewrite(path, b"old\n", "new\n")
    monkeypatch.undo()
    assert path.read_bytes() == b"old\n"
    assert os.listdir(tmp_path) == ["a.py"]


@pytest.mark.parametrize(
    ("before", "source", "after"),
    [
        (b"a\r\nb\r\n", "a\nx\n", b"a\r\nx\r\n"),
        (b"a\nb\r\nc\r\n", "a\nb\nx\nc\n", b"a\nb\r\nx\r\nc\r\n"),
        (b"a\rb\r", "a\nx\n", b"a\rx\r"),
        (b"\xef\xbb\xbfa\n", "\ufeffx\n", b"\xef\xbb\xbfx\n"),
        (b"\xef\xbb\xbfa\n", "x\n", b"\xef\xbb\xbfx\n"),
        (b"a", "b", b"b"),
        (b"a", "a\nb\n", b"a\nb\n"),
        (b"a\r\nb", "a\nx", b"a\r\nx"),
        (b"", "a\n", b"a\n"),
        ("ü = '\u2028'\r\n".encode(), "ü = '\u2028' + 'é'\n", "ü = '\u2028' + 'é'\r\n".encode()),
        (b"x\x0cy\r\n", "x\x0cz\n", b"x\x0cz\r\n"),
    ],
)
def test_line_ends_and_the_byte_order_mark_stay(before, source, after):
    """Lines that stay keep their own, new ones get what most have."""
    assert encoded(before, source) == after


def test_a_mode_is_set_on_the_file_and_not_by_its_name(tmp_path, monkeypatch):
    """By its name it could be a link by now, which what still runs has put there, to somebody's key."""
    key, path = tmp_path / "key", tmp_path / "a.py"
    key.write_text("secret")
    key.chmod(0o600)
    path.write_bytes(b"1\n")
    path.chmod(0o777)
    sync = os.fsync

    def swapped(descriptor):
        sync(descriptor)
        kept = tmp_path / "a.py.before"
        if kept.exists() and not kept.is_symlink():
            kept.unlink()
            kept.symlink_to(key)

    monkeypatch.setattr(files.os, "fsync", swapped)
    rewrite(path, b"1\n", "2\n")
    assert key.stat().st_mode & 0o777 == 0o600
