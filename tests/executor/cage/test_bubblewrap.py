"""Only the system's bwrap is trusted; what it is started with."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from skips import requires

from autoexec_magic.errors import CageError
from autoexec_magic.executor.cage import bubblewrap
from autoexec_magic.executor.cage.rules import Rule


def test_none_is_an_error_that_says_how_to_get_one(tmp_path):
    """With the command."""
    with pytest.raises(CageError, match="sealed") as caught:
        bubblewrap.find([str(tmp_path)])
    assert "apt-get install bubblewrap" in caught.value.fix


@pytest.mark.parametrize(("owner", "mode"), [(65534, 0o755), (0, 0o775), (0, 0o757), (0, 0o644)])
def test_one_that_somebody_could_have_put_there_is_not_trusted(tmp_path, owner, mode):
    """It belongs to a user, or others may write it."""
    requires(os.geteuid() == 0, "only root gives files away", "run as root")
    program = tmp_path / "bwrap"
    program.write_text('#!/bin/sh\nexec "$@"\n')
    os.chown(program, owner, owner)
    program.chmod(mode)
    with pytest.raises(CageError) as caught:
        bubblewrap.find([str(tmp_path)])
    assert "not the system's" in caught.value.why
    program.chmod(0o755)
    os.chown(program, 0, 0)
    assert bubblewrap.find([str(tmp_path)]) == program


def test_path_is_not_asked(fake_bin):
    """A program of that name, first on PATH, is never run."""
    fake_bin.write("bwrap", "echo trusted")
    with suppress(CageError):
        assert bubblewrap.find().parent in {Path(folder).resolve() for folder in bubblewrap.FOLDERS}


def test_folders_come_before_what_is_in_them(tmp_path):
    """A later mount hides an earlier one; what is shut comes last."""
    rules = [Rule("/a/b", "write"), Rule("/a", "read"), Rule("/proc", "read"), Rule("/dev/null", "device")]
    words = bubblewrap.prefix(
        Path("/usr/bin/bwrap"), rules, temporary=tmp_path, shut=("/a/b/c",), pinned=("/a/b",)
    )
    line = " ".join(words)
    assert (
        line.index("--ro-bind-try /a /a")
        < line.index("--bind-try /a/b /a/b")
        < line.index("--ro-bind-try /a/b/c")
    )
    assert "/dev/null" not in words
    assert {"--unshare-net", "--unshare-pid", "--die-with-parent"} <= set(words)
    assert words[-1] == "--"
