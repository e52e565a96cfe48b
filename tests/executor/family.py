"""Processes that are hard to end, found by a word on their command line.

The word is the path of the test's own folder. `programs/tree.py` is copied there,
so every relative has it among its arguments, whatever namespace it is in.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

TREE = Path(__file__).with_name("programs") / "tree.py"
KINDS = ("plain", "deaf", "job", "session", "deaf-session", "daemon", "bare", "bare-daemon", "stopped")
READY_SECONDS = 30.0
GONE_SECONDS = 10.0
POLL_SECONDS = 0.01


def planted(folder: Path) -> Path:
    """Return a copy of the program in `folder`, where a caged run can read it."""
    return Path(shutil.copy(TREE, folder))


def tree(folder: Path, *kinds: str, place: Path | None = None, leader: str = "deaf") -> list[str]:
    """Return the argv of a family that writes its book in `place`."""
    return [sys.executable, "-I", "-S", str(planted(folder)), str(place or folder), leader, *kinds]


def living(word: Path | str, *besides: int) -> list[int]:
    """Return who runs with `word` on the command line, but for `besides` and this process."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in (os.getpid(), *besides):
            continue
        try:
            words = Path(f"/proc/{name}/cmdline").read_bytes()  # of a zombie: nothing
        except OSError:
            continue
        if os.fsencode(str(word)) in words:
            found.append(int(name))
    return found


def until(look: Callable[[], object], seconds: float = READY_SECONDS) -> object:
    """Return what `look` sees as soon as that is something, or at last."""
    limit = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)
    return seen


def until_gone(look: Callable[[], list[int]], seconds: float = GONE_SECONDS) -> list[int]:
    """Return whom `look` still sees after `seconds`, or nobody as soon as it sees nobody."""
    until(lambda: not look(), seconds)
    return look()


def kill_all(word: Path | str) -> None:
    """Leave nobody behind, whatever the test found."""
    for _ in range(3):  # a process that forks while we look is found the next time
        for pid in living(word):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
