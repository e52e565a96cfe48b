"""Which paths and TCP ports a thread may use: Landlock, landlock(7).

Landlock only allows: what no rule names is denied (EACCES; EXDEV for a link or
rename between places with different rights). It needs ABI 6 (Linux 6.12):
before that nothing keeps a child from sending signals to everybody
(`kill -9 -1`) or from connecting to abstract sockets.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable, Sequence

from . import kernel
from .rules import Rule

NEEDED_ABI = 6

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK, TRUNCATE, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
ALL = (1 << 16) - 1  # ABI 5 and later
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
RIGHTS = {
    "read": EXECUTE | READ_FILE | READ_DIR,
    "write": ALL & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV),
    "device": READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV,
}
BIND_TCP, CONNECT_TCP = 1, 2
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1, 2
_RULE_PATH, _RULE_PORT = 1, 2
_CREATE_VERSION = 1


def abi() -> int:
    """Return the version of Landlock that this kernel has, 0 for none."""
    if kernel.column() is None:
        return 0
    try:
        return kernel.call("landlock_create_ruleset", None, 0, _CREATE_VERSION)
    except OSError:
        return 0


def create(rules: Iterable[Rule], ports: Sequence[int] | None) -> int:
    """Return a descriptor with which any number of threads can restrict themselves.

    Parameters
    ----------
    rules : iterable of Rule
        The places that may be used. One that is gone by now allows nothing.
    ports : sequence of int, optional
        TCP ports, at any address, that may be connected to; none may be bound.
        None leaves TCP alone.
    """
    networks = 0 if ports is None else BIND_TCP | CONNECT_TCP
    handled = struct.pack("=QQQ", ALL, networks, _SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL)
    ruleset = kernel.call("landlock_create_ruleset", handled, len(handled), 0)
    try:
        for rule in rules:
            _allow(ruleset, rule)
        for port in ports or ():
            attributes = struct.pack("=QQ", CONNECT_TCP, port)
            kernel.call("landlock_add_rule", ruleset, _RULE_PORT, attributes, 0)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def restrict(ruleset: int) -> None:
    """Restrict the calling thread, for ever; it must have no_new_privs."""
    kernel.call("landlock_restrict_self", ruleset, 0)


def _allow(ruleset: int, rule: Rule) -> None:
    try:
        descriptor = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = RIGHTS[rule.access]
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= FOR_FILES
        kernel.call("landlock_add_rule", ruleset, _RULE_PATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)
