"""A file in the place of a stream is opened as the caged child could have opened it."""

from __future__ import annotations

import contextlib
import os

import pytest

from autoexec_magic.errors import CageError, UsageError
from autoexec_magic.executor.cage import CageRequest, build
from autoexec_magic.executor.redirected import File, opened

WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def test_the_last_file_for_a_stream_stands_and_one_may_follow_another(tmp_path):
    """`> out 2>&1`: both go where the file is; all are closed when it ends."""
    files = [File(stream=1, path="out", flags=WRITE), File(stream=2, same_as=1)]
    with contextlib.ExitStack() as until:
        streams = opened(files, [7, 8, 9], cage=None, cwd=tmp_path, until=until)
        assert streams[0] == 7
        assert streams[1] == streams[2]
        os.write(streams[2], b"x")
    assert (tmp_path / "out").read_bytes() == b"x"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(streams[1])


@pytest.mark.parametrize("flags", [os.O_RDONLY, WRITE])
@pytest.mark.parametrize("name", ["missing/x", ".", "a\0b"])
def test_a_file_that_cannot_be_opened_is_named(name, flags, tmp_path):
    """Not there, a folder, no path at all: one sentence with the name, and nothing left open."""
    with contextlib.ExitStack() as until, pytest.raises(UsageError, match=r"cannot be (read|written)"):
        opened([File(stream=1, path=name, flags=flags)], [0, 1, 2], cage=None, cwd=tmp_path, until=until)


def test_a_named_pipe_with_nobody_at_the_other_end_keeps_nobody(tmp_path):
    """It is opened at once, and read as any other."""
    os.mkfifo(tmp_path / "pipe")
    with contextlib.ExitStack() as until:
        streams = opened([File(stream=0, path="pipe")], [0, 1, 2], cage=None, cwd=tmp_path, until=until)
        assert os.get_blocking(streams[0])


def test_what_the_cage_does_not_hold_is_not_opened(tmp_path):
    """Neither by its name nor by a link in the workspace that leads there."""
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    for folder in (workspace, outside):
        folder.mkdir()
    (outside / "secret").write_text("x")
    (workspace / "link").symlink_to(outside / "secret")
    with build(CageRequest(level="workspace", workspace=workspace)) as cage, contextlib.ExitStack() as until:
        for path, flags in [(str(outside / "secret"), os.O_RDONLY), (str(outside / "new"), WRITE)]:
            with pytest.raises(CageError):
                opened(
                    [File(stream=0, path=path, flags=flags)], [0, 1, 2], cage=cage, cwd=workspace, until=until
                )
        with pytest.raises((CageError, UsageError)):
            opened([File(stream=0, path="link")], [0, 1, 2], cage=cage, cwd=workspace, until=until)
        opened([File(stream=1, path="new", flags=WRITE)], [0, 1, 2], cage=cage, cwd=workspace, until=until)
    assert (workspace / "new").exists()
    assert not (outside / "new").exists()
