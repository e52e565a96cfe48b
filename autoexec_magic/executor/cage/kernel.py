"""The kernel's calls that Python has no name for, on x86_64 and aarch64.

What is set with them belongs to the calling *thread*: nothing here may be
called on a thread that goes on to do anything but start the caged child.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from collections.abc import Callable, Iterable

MACHINES = {"x86_64": 0, "aarch64": 1}  # the column of a table of numbers

# name: number on x86_64, on aarch64 (the kernel's arch/*/include/generated/asm/syscalls tables)
_NUMBERS = {
    "capset": (126, 91),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
    "mount_setattr": (442, 442),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "openat2": (437, 437),
    "seccomp": (317, 277),
    "utimensat": (280, 88),
}
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 24, 38, 47
_AMBIENT_CLEAR_ALL = 4


@functools.cache
def column() -> int | None:
    """Return this machine's column in tables of call numbers, or None if it has none.

    A 32-bit process on a 64-bit kernel has other numbers.
    """
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    return MACHINES.get(platform.machine())


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make a system call.

    Parameters
    ----------
    name : str
        One of the table above.
    *arguments : int, bytes or None
        None is a null pointer; bytes go as the pointer to them.

    Returns
    -------
    int
        What the kernel returned, 0 or more.

    Raises
    ------
    OSError
        It failed.
    """
    here = column()
    if here is None:
        raise OSError(f"no system calls are known for {sys.platform} on {platform.machine()}")
    result: int = _libc().syscall(_NUMBERS[name][here], *(_word(value) for value in arguments))
    return _checked(result, name)


def call_libc(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library that returns -1 and errno on failure; as `call`."""
    result: int = getattr(_libc(), name)(*(_word(value) for value in arguments))
    return _checked(result, name)


def prctl(option: int, *arguments: int) -> int:
    """Set something about the calling thread, as prctl(2)."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return call_libc("prctl", option, *padded)


def allow_no_new_privileges() -> None:
    """Let no program that is started from here gain any: no setuid, no file capabilities."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_from_bounding_set(capabilities: Iterable[int]) -> None:
    """Take capabilities away for ever, in rising order; those past this kernel's last one are not there."""
    drop = _plain_prctl()
    for capability in capabilities:
        if drop(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            return


def clear_ambient() -> None:
    """Hand no capability on to a program that is started without being root."""
    prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@functools.cache
def _plain_prctl() -> Callable[..., int]:
    function = ctypes.CDLL(None).prctl  # with types set once: forty of these are in every start
    function.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    found: Callable[..., int] = function
    return found


def _word(value: int | bytes | None) -> ctypes.c_long | ctypes.c_char_p:
    # A bare int would go as a 32-bit one, and the kernel reads 64 bits.
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value)


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
