"""Say in JSON what a program sees of the process it was started as."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

START_TIME = 22  # proc(5): field 22 of /proc/pid/stat, in clock ticks since boot
AFTER_NAME = 3  # the first field behind the name, which may hold spaces and brackets


def kind_of(fd: int) -> str:
    """Return what `fd` is: a pipe, the null device, or something else."""
    found = os.fstat(fd)
    if stat.S_ISFIFO(found.st_mode):
        return "pipe"
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == os.stat(os.devnull).st_rdev:
        return "null"
    return "other"


def is_open(fd: int) -> bool:
    """Return whether `fd` is open now."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def describe() -> dict[str, object]:
    """Return what there is to say."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    listed = [int(name) for name in os.listdir("/proc/self/fd")]
    return {
        "pid": os.getpid(),
        "start_time": int(fields[START_TIME - AFTER_NAME]),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "cwd": os.getcwd(),
        "arguments": sys.argv[1:],
        "executable": sys.executable,
        "prefix": sys.prefix,
        "environment": dict(os.environ),
        "stdio": [kind_of(fd) for fd in (0, 1, 2)],
        "open": sorted(fd for fd in listed if is_open(fd)),
    }


if __name__ == "__main__":
    print(json.dumps(describe()))
