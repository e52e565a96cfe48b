"""The rules as the kernel takes them."""

from __future__ import annotations

import os

import pytest
from skips import requires

from autoexec_magic.executor.cage import kernel, landlock
from autoexec_magic.executor.cage.rules import Rule


def test_a_place_that_is_gone_allows_nothing(tmp_path):
    """It may go between the list and the kernel; the rest holds."""
    requires(landlock.abi() >= landlock.NEEDED_ABI, "there is no Landlock", "boot Linux 6.12 or newer")
    (tmp_path / "file").touch()
    rules = [
        Rule(str(tmp_path / "absent"), "read"),
        Rule(str(tmp_path / "file"), "write"),
        Rule(str(tmp_path), "read"),
    ]
    os.close(landlock.create(rules, (80,)))
    os.close(landlock.create(rules, None))


def test_a_bad_port_leaves_no_descriptor(tmp_path):
    """What was opened is closed when the kernel refuses."""
    requires(landlock.abi() >= landlock.NEEDED_ABI, "there is no Landlock", "boot Linux 6.12 or newer")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError, match="landlock_add_rule"):
        landlock.create([Rule(str(tmp_path), "read")], (70_000,))
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_without_landlock_the_version_is_0(monkeypatch):
    """The kernel does not know the call, or nobody knows its number."""

    def absent(*_: object) -> int:
        raise OSError(38, "no such call")

    monkeypatch.setattr(kernel, "call", absent)
    assert landlock.abi() == 0
    monkeypatch.setattr(kernel, "column", lambda: None)
    assert landlock.abi() == 0


def test_nothing_writable_makes_devices():
    """A device file is a way round every rule."""
    assert not landlock.RIGHTS["write"] & (landlock.MAKE_CHAR | landlock.MAKE_BLOCK)
