"""Start a family of processes that are hard to end, say "ready", and go on.

Usage: tree.py PLACE LEADER KIND...

The leader `exits`, `waits` or is `deaf` (waits and ignores TERM). Each KIND is
one relative, see `KINDS`. Every relative adds a line `pid start-time kind` to
PLACE/family; a leader that exits leaves its time of death (monotonic clock,
seconds) in PLACE/left. Whatever happens, an alarm ends all of them in the end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

LIFETIME_SECONDS = 30
START_TIME = 22  # proc(5): field 22 of /proc/pid/stat
AFTER_NAME = 3
SLEEPER = "import os, signal, sys; os.write(int(sys.argv[1]), b'.'); signal.pause()"


def enter(place: Path, kind: str) -> None:
    """Write this process into the family book."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    line = f"{os.getpid()} {fields[START_TIME - AFTER_NAME]} {kind}\n"
    book = os.open(place / "family", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(book, line.encode())
    os.close(book)


def let_go() -> None:
    """Take the null device for stdin, stdout and stderr."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)


def deafen() -> None:
    """Ignore every signal that asks politely."""
    for polite in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(polite, signal.SIG_IGN)


def plain(_place: Path, _ready: int) -> None:
    """Stay in the group."""
    let_go()


def deaf(_place: Path, _ready: int) -> None:
    """Stay in the group and ignore TERM."""
    let_go()
    deafen()


def job(_place: Path, _ready: int) -> None:
    """Leave the group but not the session, as a shell's background job does."""
    let_go()
    os.setpgid(0, 0)


def session(_place: Path, _ready: int) -> None:
    """Leave the session."""
    let_go()
    os.setsid()


def deaf_session(_place: Path, _ready: int) -> None:
    """Leave the session and ignore TERM."""
    let_go()
    os.setsid()
    deafen()


def daemon(_place: Path, _ready: int) -> None:
    """Leave the session, fork once more, and let the one between die."""
    let_go()
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")


def holder(_place: Path, _ready: int) -> None:
    """Be a daemon that keeps the pipes of the run open."""
    os.setsid()
    if os.fork():
        os._exit(0)


def bare(place: Path, ready: int) -> None:
    """Stay in the group with an empty environment, so that only the group tells whose it is."""
    let_go()
    enter(place, "bare")
    os.set_inheritable(ready, True)
    signal.alarm(LIFETIME_SECONDS)
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", SLEEPER, str(ready), sys.argv[0]], {})


def bare_daemon(place: Path, ready: int) -> None:
    """Be a daemon with an empty environment: no group, session, parent or variable tells whose."""
    os.setsid()
    if os.fork():
        os._exit(0)
    let_go()
    os.chdir("/")
    enter(place, "bare-daemon")
    os.set_inheritable(ready, True)
    signal.alarm(LIFETIME_SECONDS)
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", SLEEPER, str(ready), sys.argv[0]], {})


def phoenix(place: Path, _ready: int) -> None:
    """Leave the session; on TERM, leave a new process in a new session and die."""
    let_go()
    os.setsid()

    def rise(*_: object) -> None:
        if os.fork():
            os._exit(0)
        os.setsid()
        signal.alarm(LIFETIME_SECONDS)
        enter(place, "phoenix")

    signal.signal(signal.SIGTERM, rise)


def stopped(_place: Path, _ready: int) -> None:
    """Leave the session; stop before TERM can be taken."""
    let_go()
    os.setsid()


KINDS = {
    "plain": plain,
    "deaf": deaf,
    "job": job,
    "session": session,
    "deaf-session": deaf_session,
    "daemon": daemon,
    "holder": holder,
    "bare": bare,
    "bare-daemon": bare_daemon,
    "phoenix": phoenix,
    "stopped": stopped,
}


def live(place: Path, kind: str, ready: int) -> None:
    """Be a relative of `kind` until somebody ends it."""
    KINDS[kind](place, ready)
    signal.alarm(LIFETIME_SECONDS)
    enter(place, kind)
    os.write(ready, b".")
    os.close(ready)
    if kind == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        signal.pause()


def main(place: Path, leader: str, kinds: list[str]) -> None:
    """Start one relative of each of `kinds`, wait until all are there, go on as `leader`."""
    signal.alarm(LIFETIME_SECONDS)
    if leader == "deaf":
        deafen()
    hears, says = os.pipe()
    for kind in kinds:
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.close(hears)
            live(place, kind, says)
    seen = 0
    while seen < len(kinds):
        seen += len(os.read(hears, len(kinds)))
    enter(place, "leader")
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    os.write(1, b"ready\n")
    if leader == "exits":
        (place / "left").write_text(repr(time.monotonic()))
        os._exit(0)
    while True:
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:])
