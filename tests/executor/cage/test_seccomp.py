"""The filter is a program that the kernel takes; what it refuses, the witness tries."""

from __future__ import annotations

import struct

import pytest

from autoexec_magic.executor.cage import kernel, seccomp

JUMPS = (0x15, 0x35)
CASES = [
    {"has_net": net, "has_datagrams": net and datagrams, "has_unix": unix, "is_supervised": supervised}
    for net in (False, True)
    for datagrams in (False, True)
    for unix in (False, True)
    for supervised in (False, True)
]


@pytest.mark.parametrize("machine", [0, 1])
@pytest.mark.parametrize("case", CASES)
def test_every_jump_lands_in_the_program(monkeypatch, machine, case):
    """The kernel takes at most 4,096 instructions, the last of which returns."""
    monkeypatch.setattr(kernel, "column", lambda: machine)
    program = seccomp.program.__wrapped__(**case)
    steps = list(struct.iter_unpack("=HBBI", program))
    assert len(steps) < 4096
    assert all(
        at + 1 + max(yes, no) < len(steps) for at, (code, yes, no, _) in enumerate(steps) if code in JUMPS
    )
    assert steps[-1] == (0x06, 0, 0, 0x7FFF0000)


def test_another_machine_has_no_filter(monkeypatch):
    """It would refuse the wrong calls."""
    monkeypatch.setattr(kernel, "column", lambda: None)
    with pytest.raises(OSError, match="no system calls"):
        seccomp.program.__wrapped__(has_net=False, has_datagrams=False, has_unix=False)
