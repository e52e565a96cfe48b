"""Root in a cage is nobody special, but in a workspace that is somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from caged import run
from skips import requires

from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import capabilities


@pytest.mark.parametrize(("owner", "kept"), [(0, 0), (65534, 1 << capabilities.DAC_OVERRIDE)])
def test_only_what_the_workspace_needs_is_kept(tmp_path, owner, kept):
    """In every set of the child; and it can work there."""
    requires(os.geteuid() == 0, "only root has capabilities", "run as root")
    os.chown(tmp_path, owner, owner)
    tmp_path.chmod(0o755)
    with cage.build(cage.CageRequest(level="workspace", workspace=tmp_path)) as built:
        ended = run(built, ["sh", "-c", "grep Cap /proc/self/status; echo x > made"], cwd=tmp_path)
    sets = [int(line.split()[1], 16) for line in ended.stdout.splitlines()]
    assert set(sets[1:4]) == {kept}  # permitted, effective, bounding
    assert (tmp_path / "made").exists(), ended


def test_a_user_needs_none(monkeypatch):
    """There is nothing to keep."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert capabilities.needed(Path("/")) == ()
