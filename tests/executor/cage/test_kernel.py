"""System calls by name: a failure is an OSError, and another machine has none."""

from __future__ import annotations

import errno
import platform

import pytest

from autoexec_magic.executor.cage import kernel


def test_a_failure_is_an_error():
    """With its number, and the call's name."""
    with pytest.raises(OSError, match="landlock_restrict_self") as caught:
        kernel.call("landlock_restrict_self", -1, 0)
    assert caught.value.errno in (errno.EBADF, errno.EPERM, errno.ENOSYS)


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1), ("riscv64", None)])
def test_a_machine_has_a_column(monkeypatch, machine, column):
    """Numbers differ; an unknown machine has none."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert kernel.column.__wrapped__() == column


def test_an_unknown_machine_makes_no_call(monkeypatch):
    """A number that means something else there must not be tried."""
    monkeypatch.setattr(kernel, "column", lambda: None)
    with pytest.raises(OSError, match="no system calls"):
        kernel.call("capset", None, None)
