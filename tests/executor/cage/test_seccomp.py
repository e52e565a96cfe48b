"""The filter is a program that the kernel takes; what it refuses, the witness tries."""

from __future__ import annotations

import errno
import struct

import pytest

from autoexec_magic.executor.cage import kernel, seccomp, syscalls

JUMPS = (0x15, 0x35)
CASES = [
    {"has_net": net, "has_datagrams": net and datagrams, "has_unix": unix}
    for net in (False, True)
    for datagrams in (False, True)
    for unix in (False, True)
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


def answer(steps: list[tuple[int, int, int, int]], number: int, machine: int) -> int:
    """Run the filter on a call, all of whose arguments are 0, as the kernel does (linux/bpf_common.h)."""
    data = struct.pack("=iI", number, syscalls.AUDIT_ARCH[machine]) + bytes(56)
    at = accumulator = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x05:
            at += value
        elif code in JUMPS:
            at += yes if (accumulator == value if code == 0x15 else accumulator >= value) else no
        else:
            assert code == 0x06
            return value


@pytest.mark.parametrize("machine", [0, 1])
def test_each_call_gets_its_own_answer(monkeypatch, machine):
    """However the number is looked for: one that is passed over would be allowed."""
    monkeypatch.setattr(kernel, "column", lambda: machine)
    program = seccomp.program.__wrapped__(has_net=False, has_datagrams=False, has_unix=False)
    steps = list(struct.iter_unpack("=HBBI", program))
    want = {435: errno.ENOSYS}
    want |= {numbers[machine]: errno.EPERM for numbers in syscalls.REFUSED.values()}
    want |= {numbers[machine]: errno.ENOTSUP for numbers in syscalls.UNSUPPORTED.values()}
    by_argument = {numbers[machine] for numbers in syscalls.BY_ARGUMENT.values()}
    for number in {*range(600)} - by_argument:
        refused = 0x00050000 | want[number] if number in want else 0x7FFF0000
        assert answer(steps, number, machine) == refused, number
    for name in ("socket", "socketpair", "listen", "clone", "ioctl", "personality", "prlimit64"):
        refused = 0x00050000 | errno.EPERM if name in ("socket", "socketpair") else 0x7FFF0000
        assert answer(steps, syscalls.BY_ARGUMENT[name][machine], machine) == refused, name


def test_another_machine_has_no_filter(monkeypatch):
    """It would refuse the wrong calls."""
    monkeypatch.setattr(kernel, "column", lambda: None)
    with pytest.raises(OSError, match="no system calls"):
        seccomp.program.__wrapped__(has_net=False, has_datagrams=False, has_unix=False)
