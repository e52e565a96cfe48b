"""Every door is tried, inside and outside; and a wall that is missing shows."""

from __future__ import annotations

import os
import struct
import sys

import pytest
from skips import requires

from autoexec_magic.errors import CageError
from autoexec_magic.executor import cage
from autoexec_magic.executor.cage import capabilities, landlock, mounts, seccomp, supervisor

DOORS = 71
ALLOW = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)  # a filter of one instruction


def tried(level: str, **more: bool) -> cage.Witness:
    """Return what was witnessed, or skip."""
    try:
        return cage.witness(level, **more)
    except CageError as error:
        requires(level != "sealed", error.why, "apt-get install bubblewrap")
        raise


def test_landlock_and_seccomp_hold():
    """All but what is protected inside the workspace: that is compared instead."""
    seen = tried("workspace", mounts=False)
    assert len([name for name in seen.open if name.startswith("protected: ")]) == len(seen.open) == 5
    assert seen.tried == DOORS
    assert len(seen.held) >= 40


def test_mounts_hold_the_rest():
    """Nothing is open."""
    requires(mounts.can_be_had(), "there are no mounts", "run as root")
    seen = tried("workspace")
    assert seen.open == ()
    assert len(seen.held) >= 50


def test_bubblewrap_holds():
    """Nothing is open."""
    seen = tried("sealed")
    assert seen.open == ()
    assert len(seen.held) >= 50


def test_a_twin_without_a_cage_gets_through():
    """Else what is shut would prove nothing."""
    seen = tried("open")
    assert seen.held == ()
    assert len(seen.open) >= 50 if os.geteuid() == 0 else 40


@pytest.mark.parametrize(
    ("module", "name", "instead", "opens"),
    [
        pytest.param(
            landlock,
            "restrict",
            lambda *_: None,
            {"write: create", "read: private file", "process: signal the parent"},
            id="landlock",
        ),
        pytest.param(
            seccomp,
            "program",
            lambda **_: ALLOW,
            {
                "net: UDP",
                "net: unix socket by path",
                "kernel: io_uring",
                "write: change mode",
                "write: setuid bit",
            },
            id="seccomp",
        ),
        pytest.param(
            supervisor,
            "is_below",
            lambda *_: True,
            {
                "write: change mode",
                "write: change times",
                "write: change times of a link",
                "write: change owner",
                "write: change mode of what may be read",
                "write: change times of what may be read",
                "write: change owner of what may be read",
            },
            id="supervisor",
        ),
    ],
)
def test_a_missing_wall_shows(monkeypatch, module, name, instead, opens):
    """The witness bites: take one wall away and it says which doors are open."""
    monkeypatch.setattr(module, name, instead)
    assert opens <= set(tried("workspace", mounts=False).open)


def test_capabilities_that_were_kept_show(monkeypatch):
    """Root could then do what files forbid."""
    requires(os.geteuid() == 0, "only root has capabilities", "run as root")
    monkeypatch.setattr(capabilities, "drop", lambda *_: None)
    seen = set(tried("workspace", mounts=False).open)
    assert seen - {name for name in seen if name.startswith("protected")}


def test_nothing_is_left(tmp_path, monkeypatch):
    """No arena, no scratch, no process."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tried("workspace")
    assert os.listdir(tmp_path) == []


def test_a_probe_that_cannot_run_is_an_error(monkeypatch):
    """Not a cage in which nothing was found open."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CageError, match="could not be witnessed"):
        cage.witness("workspace")


def test_what_a_foreign_workspace_needs_opens_nothing(monkeypatch):
    """CAP_DAC_OVERRIDE is about modes; the walls stand without them."""
    requires(os.geteuid() == 0, "only root has capabilities", "run as root")
    monkeypatch.setattr(capabilities, "needed", lambda _: (capabilities.DAC_OVERRIDE,))
    seen = tried("workspace", mounts=False)
    assert all(name.startswith("protected: ") for name in seen.open)
