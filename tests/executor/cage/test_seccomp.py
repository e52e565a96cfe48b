"""The filter is a program that the kernel takes; what it refuses, the witness tries."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from autoexec_magic.executor.cage import kernel, seccomp, syscalls

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


def answer(
    steps: list[tuple[int, int, int, int]], number: int, machine: int, arguments: tuple[int, ...] = ()
) -> int:
    """Run the filter on a call, whose other arguments are 0, as the kernel does (linux/bpf_common.h)."""
    words = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=iIQ6Q", number, syscalls.AUDIT_ARCH[machine], 0, *words)
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
    want = {numbers[machine]: errno.ENOSYS for numbers in syscalls.UNKNOWN.values()}
    want |= {numbers[machine]: errno.EPERM for numbers in syscalls.REFUSED.values()}
    want |= {numbers[machine]: errno.ENOTSUP for numbers in syscalls.UNSUPPORTED.values()}
    by_argument = {numbers[machine] for numbers in syscalls.BY_ARGUMENT.values()}
    for number in {*range(600)} - by_argument:
        refused = 0x00050000 | want[number] if number in want else 0x7FFF0000
        assert answer(steps, number, machine) == refused, number
    for name in ("socket", "socketpair", "listen", "clone", "ioctl", "personality", "prlimit64"):
        refused = 0x00050000 | errno.EPERM if name in ("socket", "socketpair") else 0x7FFF0000
        assert answer(steps, syscalls.BY_ARGUMENT[name][machine], machine) == refused, name


@pytest.mark.parametrize("is_supervised", [False, True])
@pytest.mark.parametrize(
    ("name", "arguments", "refused"),
    [
        ("fchmodat", (0, 1, 0o755), False),
        ("fchmodat", (0, 1, 0o1777), False),
        ("fchmodat", (0, 1, 0o4755), True),
        ("fchmodat2", (0, 1, 0o2755, 0), True),
        ("fchmod", (3, 0o6755), True),
        ("fchmod", (3, 0o755), False),
        ("mknodat", (0, 1, 0o104755), True),
        ("mknodat", (0, 1, 0o100755), False),
        ("openat", (0, 1, os.O_CREAT | os.O_WRONLY, 0o4755), True),
        ("openat", (0, 1, getattr(os, "O_TMPFILE", 0) | os.O_WRONLY, 0o2755), True),
        ("openat", (0, 1, os.O_CREAT, 0o644), False),
        ("openat", (0, 1, os.O_DIRECTORY, 0o4755), False),  # what is no mode there may be anything
        ("fchownat", (0, 1, 0, 0, 0), False),
        ("utimensat", (0, 1, 1, 0), False),
        ("utimensat", (0, 1 << 32, 1, 0), False),
        ("utimensat", (3, 0, 1, 0), False),
        ("fchown", (3, 0, 0), False),
    ],
)
def test_modes_are_looked_at(monkeypatch, name, arguments, refused, is_supervised):
    """A setuid bit is refused; what changes a file's attributes waits where somebody answers."""
    wait, allow, deny = 0x7FC00000, 0x7FFF0000, 0x00050000 | errno.EPERM
    for machine in (0, 1):
        monkeypatch.setattr(kernel, "column", lambda machine=machine: machine)
        code = seccomp.program.__wrapped__(
            has_net=False, has_datagrams=False, has_unix=False, is_supervised=is_supervised
        )
        number = (syscalls.MODES | syscalls.ATTRIBUTES)[name][machine]
        waits = is_supervised and name in syscalls.ATTRIBUTES
        want = deny if refused else wait if waits else allow
        assert answer(list(struct.iter_unpack("=HBBI", code)), number, machine, arguments) == want


def test_another_machine_has_no_filter(monkeypatch):
    """It would refuse the wrong calls."""
    monkeypatch.setattr(kernel, "column", lambda: None)
    with pytest.raises(OSError, match="no system calls"):
        seccomp.program.__wrapped__(has_net=False, has_datagrams=False, has_unix=False)
