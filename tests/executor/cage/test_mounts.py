"""A view of the file system of its own, on a thread; nobody else's changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import mounts


@pytest.fixture(autouse=True)
def _had():
    requires(mounts.can_be_had(), "there are no mounts", "run as root")


def test_no_mount_is_left(tmp_path):
    """Of this process, or of anybody."""
    before = Path("/proc/self/mountinfo").read_text()
    (tmp_path / "pyproject.toml").touch()
    with cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)) as built:
        run(built, ["true"], cwd=tmp_path)
        assert Path("/proc/self/mountinfo").read_text() == before
    assert Path("/proc/self/mountinfo").read_text() == before


def test_the_second_start_sees_the_same(tmp_path):
    """The mounts are made once; later threads enter them."""
    (tmp_path / "pyproject.toml").touch()
    with cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)) as built:
        for _ in range(3):
            ended = run(built, ["sh", "-c", "pwd; echo > pyproject.toml; echo > free"], cwd=tmp_path)
            assert ended.stderr.count("Read-only file system") == 1
            assert ended.stdout.strip() == str(tmp_path)


def test_sockets_and_shared_memory_of_others_are_out_of_sight(tmp_path):
    """`/run` is empty, `/dev/shm` a new one."""
    mine = Path("/dev/shm", f"autoexec-test-{os.getpid()}")
    mine.write_text("mine")
    try:
        with cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)) as built:
            ended = run(built, ["sh", "-c", f"ls -A /dev/shm; cat {mine}"], cwd=tmp_path)
    finally:
        mine.unlink()
    assert ended.stdout == ""
    assert "No such file" in ended.stderr


def test_a_folder_above_what_is_shut_cannot_be_renamed(tmp_path):
    """Else another one is put in its place."""
    (tmp_path / ".git/hooks").mkdir(parents=True)
    with cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)) as built:
        ended = run(built, ["sh", "-c", "mv .git old; echo > .git/index && echo usable"], cwd=tmp_path)
    assert "busy" in ended.stderr
    assert ended.stdout == "usable\n"


def test_without_rights_there_are_none(monkeypatch):
    """A container's root, or a user."""

    def refused() -> None:
        raise PermissionError

    monkeypatch.setattr(mounts, "_own_namespace", refused)
    assert mounts.can_be_had.__wrapped__() is False
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert mounts.can_be_had.__wrapped__() is False
