"""Which doors of the kernel are shut: a seccomp filter, seccomp(2).

Landlock knows paths and TCP ports. It does not know UDP, raw and packet
sockets, MPTCP, netlink, vsock, unix sockets by path, TCP Fast Open (which
connects from `sendto`), io_uring (which opens sockets past a filter of
`socket`), keys, new namespaces, tracing or another process's priority. The
filter refuses those with EPERM and leaves everything else alone. It reads
numbers only, so `clone3` and `openat2`, which hide theirs in memory, do not
exist (ENOSYS: callers fall back to `clone` and `openat`).

Nor does Landlock see who changes a file's mode, owner or times, by its path or
once it is open, if only to read. Where no mounts make everything else
read-only, those calls wait for an answer of whoever holds the listener
(`supervisor`). A setuid or setgid bit is set
nowhere: a program that runs as somebody else outlasts every cage.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import struct
from collections.abc import Sequence
from typing import TypeAlias

from .. import mark
from . import kernel
from .syscalls import ATTRIBUTES, AUDIT_ARCH, BY_ARGUMENT, MODES, NONE, REFUSED, UNKNOWN, UNSUPPORTED

_Step: TypeAlias = tuple[int, int, int, int]  # code, jump if true, jump if false, constant
_Block: TypeAlias = list[_Step]

# linux/bpf_common.h: load a word, mask it, jump, compare, return
_LOAD, _AND, _JUMP, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_ALLOW, _ERROR, _NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16  # in struct seccomp_data
_X32 = 0x40000000
_FEW = 3  # calls that are asked for one by one
_FARTHEST = 255  # steps that a conditional jump can skip
_SET_MODE_FILTER, _NEW_LISTENER = 1, 1 << 3
_SETUID_OR_SETGID = 0o6000
_CREATES = 0o100 | 0o20000000  # O_CREAT, O_TMPFILE: only then is there a mode

_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _SEQPACKET = 1, 2, 5
_TCP, _UDP = 6, 17
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_MSG_FASTOPEN = 0x20000000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # type into the terminal of whoever looks on
# linux/fs.h: FS_IOC_SETFLAGS, its 32-bit twin, FS_IOC_SETVERSION, FS_IOC_FSSETXATTR; of a file opened to read
_FILE_FLAGS = (0x40086602, 0x40046602, 0x40087602, 0x401C5820)
_NO = [(_RETURN, 0, 0, _ERROR | errno.EPERM)]
_YES = [(_RETURN, 0, 0, _ALLOW)]
_WAIT = [(_RETURN, 0, 0, _NOTIFY)]


@functools.lru_cache(maxsize=8)
def program(*, has_net: bool, has_datagrams: bool, has_unix: bool, is_supervised: bool = False) -> bytes:
    """Return the filter, 8 bytes an instruction.

    Parameters
    ----------
    has_net : bool
        TCP sockets may be opened (Landlock says to which ports).
    has_datagrams : bool
        UDP sockets, too, and TCP may listen: Landlock asks at `bind` only, and
        `listen` binds by itself.
    has_unix : bool
        Unix sockets may be opened, whatever their path.
    is_supervised : bool, default False
        Changes of a file's mode, owner or times wait for an answer.
    """
    here = kernel.column()
    if here is None:
        raise OSError("no system calls are known here")
    steps = [*_load(_ARCH_AT), (_IF_EQUAL, 1, 0, AUDIT_ARCH[here]), *_NO]
    steps += [*_load(_NUMBER_AT), (_IF_AT_LEAST, 0, 1, _X32), *_NO]
    found = {numbers[here]: [(_RETURN, 0, 0, _ERROR | errno.ENOSYS)] for numbers in UNKNOWN.values()}
    blocks = _by_argument(has_net=has_net, has_datagrams=has_datagrams, has_unix=has_unix)
    found |= {BY_ARGUMENT[name][here]: block for name, block in blocks.items()}
    found |= {numbers[here]: _NO for numbers in REFUSED.values()}
    found |= {numbers[here]: [(_RETURN, 0, 0, _ERROR | errno.ENOTSUP)] for numbers in UNSUPPORTED.values()}
    at = {name: numbers[here] for name, numbers in (ATTRIBUTES | MODES).items()}
    files = _of_files(is_supervised=is_supervised)
    found |= {at[name]: block for name, block in files.items() if at[name] != NONE}
    steps += _dispatch(sorted(found.items()))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _dispatch(blocks: Sequence[tuple[int, _Block]]) -> _Block:
    """Return what finds a call's block by halving; what has none is allowed.

    The kernel runs the filter once for each call there is when it is set (to
    learn which are always allowed): asking for one number after the other
    makes every start of a child 0.1 ms slower.
    """
    if len(blocks) <= _FEW:
        return [step for number, block in blocks for step in _when(number, block)] + _YES
    middle = len(blocks) // 2
    lower = _dispatch(blocks[:middle])
    test = [(_IF_AT_LEAST, len(lower), 0, blocks[middle][0])]
    if len(lower) > _FARTHEST:
        test = [(_IF_AT_LEAST, 0, 1, blocks[middle][0]), (_JUMP, 0, 0, len(lower))]
    return [*test, *lower, *_dispatch(blocks[middle:])]


def restrict(code: bytes, *, listens: bool = False) -> int:
    """Put the calling thread, and what it starts, under the filter for ever.

    Parameters
    ----------
    code : bytes
        The filter.
    listens : bool, default False
        Return a descriptor, the listener, at which the calls that wait are answered.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    return kernel.call("seccomp", _SET_MODE_FILTER, _NEW_LISTENER if listens else 0, header)


def _by_argument(*, has_net: bool, has_datagrams: bool, has_unix: bool) -> dict[str, _Block]:
    """Return, for each call that some arguments are refused of, what decides."""
    fast_open = {"sendto": 3, "sendmsg": 2, "sendmmsg": 3}
    own = [name for name in BY_ARGUMENT if name.startswith("sched_")]
    return {
        "socket": _socket(has_net=has_net, has_datagrams=has_datagrams, has_unix=has_unix),
        # A pair of datagram sockets could send to any path.
        "socketpair": [*_argument(1, 0xF), *_when(_STREAM, _YES), *_when(_SEQPACKET, _YES), *_NO],
        **{name: _all_zero(_argument(at, _MSG_FASTOPEN)) for name, at in fast_open.items()},
        "clone": _all_zero(_argument(0, _NEW_NAMESPACES)),
        "ioctl": [
            *_argument(1),
            *(step for request in (_TIOCSTI, _TIOCLINUX, *_FILE_FLAGS) for step in _when(request, _NO)),
            *_YES,
        ],
        "listen": _NO if has_net and not has_datagrams else _YES,
        "personality": [*_argument(0), *_when(0, _YES), *_when(0xFFFFFFFF, _YES), *_NO],
        "setpriority": _all_zero(_argument(0), _argument(1)),
        "ioprio_set": [*_argument(0), *_when(1, _all_zero(_argument(1))), *_NO],
        **{name: _all_zero(_argument(0)) for name in own},  # of oneself (pid 0) only
        # … and the mark of the run is only read.
        "prlimit64": [*_argument(1), *_when(mark.LOCKS, _all_zero(*_pointer(2))), *_all_zero(_argument(0))],
        "setrlimit": [*_argument(0), *_when(mark.LOCKS, _NO), *_YES],
    }


def _of_files(*, is_supervised: bool) -> dict[str, _Block]:
    """Return what decides on a file's mode, owner and times."""
    seen = _WAIT if is_supervised else _YES
    at = {"chmod": 1, "fchmodat": 2, "fchmodat2": 2, "fchmod": 1, "mknod": 1, "mknodat": 2}
    blocks = dict.fromkeys(ATTRIBUTES, seen)
    for name, number in at.items():
        blocks[name] = _no_setuid(_argument(number), seen if name in ATTRIBUTES else _YES)
    blocks["creat"] = _no_setuid(_argument(1), _YES)
    for name, flags in (("open", 1), ("openat", 2)):
        blocks[name] = [*_argument(flags, _CREATES), *_when(0, _YES), *_no_setuid(_argument(flags + 1), _YES)]
    return blocks


def _no_setuid(mode: _Block, otherwise: _Block) -> _Block:
    """Refuse a mode that makes a program run as somebody else."""
    return [*mode[:-1], (_AND, 0, 0, _SETUID_OR_SETGID), (_IF_EQUAL, 1, 0, 0), *_NO, *otherwise]


def _socket(*, has_net: bool, has_datagrams: bool, has_unix: bool) -> _Block:
    stream = [*_argument(2), *_when(0, _YES), *_when(_TCP, _YES), *_NO]  # no MPTCP, no SCTP
    datagram = [*_argument(2), *_when(0, _YES), *_when(_UDP, _YES), *_NO] if has_datagrams else _NO
    internet = [*_argument(1, 0xF), *_when(_STREAM, stream), *_when(_DATAGRAM, datagram), *_NO]
    families = _when(_AF_UNIX, _YES) if has_unix else []
    if has_net:
        families += [*_when(_AF_INET, internet), *_when(_AF_INET6, internet)]
    return [*_argument(0), *families, *_NO]


def _load(at: int) -> _Block:
    return [(_LOAD, 0, 0, at)]


def _argument(number: int, mask: int = 0xFFFFFFFF) -> _Block:
    """Load the low half of an argument; the kernel takes all of these as 32-bit numbers."""
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * number), (_AND, 0, 0, mask)]


def _pointer(number: int) -> tuple[_Block, _Block]:
    """Load each half of an argument that is a pointer."""
    at = _ARGUMENTS_AT + 8 * number
    return _load(at), _load(at + 4)


def _when(value: int, then: Sequence[_Step]) -> _Block:
    return [(_IF_EQUAL, 0, len(then), value), *then]


def _all_zero(*arguments: _Block) -> _Block:
    """Allow if each of the arguments is 0."""
    return [step for load in arguments for step in (*load, (_IF_EQUAL, 1, 0, 0), *_NO)] + _YES
