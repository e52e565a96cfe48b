"""What cannot be meant is refused when it is asked."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.executor.cage import PROTECTED, CageRequest


@pytest.mark.parametrize("net", ["some", (0,), (65536,), (-1,), ("80",)])
def test_a_network_that_is_none(tmp_path, net):
    """Ports are numbers from 1 to 65535."""
    with pytest.raises(UsageError):
        CageRequest(level="workspace", workspace=tmp_path, net=net)


def test_a_workspace_that_is_not_there(tmp_path):
    """Nothing could run in it; `open` does not care."""
    with pytest.raises(UsageError, match="absent"):
        CageRequest(level="workspace", workspace=tmp_path / "absent")
    CageRequest(level="open", workspace=tmp_path / "absent")


@pytest.mark.parametrize(
    "name", [".git/hooks", ".git/config", "pyproject.toml", "autoexec.toml", ".venv", "*.pth"]
)
def test_what_governs_a_run_is_protected(name):
    """By default."""
    assert name in PROTECTED
