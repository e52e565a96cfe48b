"""The system calls that a cage's filter knows: name, number on x86_64, on aarch64.

From the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl,
include/uapi/asm-generic/unistd.h). What only needs a capability (the clock,
the host's name, quotas) is not here: it falls with the capabilities.
"""

from __future__ import annotations

from typing import TypeAlias

Numbers: TypeAlias = dict[str, tuple[int, int]]

NONE = -1  # aarch64 has no such call: its C library makes a newer one

AUDIT_ARCH = (0xC000003E, 0xC00000B7)


def _read(table: str) -> Numbers:
    rows = [entry.split() for entry in table.split(",")]
    return {name: (int(x86_64), int(aarch64)) for name, x86_64, aarch64 in rows}


#: Refused with some arguments only.
BY_ARGUMENT = _read("""
    socket 41 198, socketpair 53 199, sendto 44 206, sendmsg 46 211, sendmmsg 307 269, listen 50 201,
    clone 56 220, ioctl 16 29, personality 135 92, setrlimit 160 164, prlimit64 302 261,
    setpriority 141 140, ioprio_set 251 30,
    sched_setaffinity 203 122, sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274
""")

#: Set a file's mode; refused where it makes a program run as somebody else.
MODES = _read("""
    chmod 90 -1, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452,
    open 2 -1, creat 85 -1, openat 257 56, mknod 133 -1, mknodat 259 33
""")

#: Change a file's mode, owner or times, where Landlock does not look.
ATTRIBUTES = _read("""
    chmod 90 -1, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452,
    chown 92 -1, lchown 94 -1, fchown 93 55, fchownat 260 54,
    utime 132 -1, utimes 235 -1, futimesat 261 -1, utimensat 280 88
""")

#: Are answered with "no such call": what they ask for is in memory, where no filter looks.
UNKNOWN = _read("clone3 435 435, openat2 437 437")

#: Refused whole: other ways to the network, to other processes, to new rights, and to the kernel itself.
REFUSED = _read("""
    io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
    ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271, pidfd_getfd 438 438,
    bpf 321 280, userfaultfd 323 282, perf_event_open 298 241, fanotify_init 300 262,
    add_key 248 217, request_key 249 218, keyctl 250 219,
    unshare 272 97, setns 308 268, chroot 161 51, pivot_root 155 41, mount 165 40, umount2 166 39,
    move_mount 429 429, open_tree 428 428, open_tree_attr 467 467, fsopen 430 430, fsconfig 431 431,
    fsmount 432 432, fspick 433 433, mount_setattr 442 442, open_by_handle_at 304 265,
    kexec_load 246 104, kexec_file_load 320 294, init_module 175 105, finit_module 313 273,
    delete_module 176 106, reboot 169 142, swapon 167 224, swapoff 168 225,
    shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187,
    semget 64 190, semop 65 193, semtimedop 220 192, semctl 66 191, mq_open 240 180, mq_unlink 241 181
""")

#: On own files anywhere, where Landlock does not look; tools take "not supported" for an answer.
UNSUPPORTED = _read("""
    setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15,
    fremovexattr 199 16, setxattrat 463 463, removexattrat 466 466, file_setattr 469 469
""")
