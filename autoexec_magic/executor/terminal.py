r"""A pseudo terminal for programs that want one: for colour, for a progress bar.

We open it and hand its descriptors on, so a caged child needs no leave to open
one. It becomes the *controlling* terminal by one small step of Python between
the spawn and the program: the first process of a new session says so with
`TIOCSCTTY` on the descriptor it has. Looked at and left out: `preexec_fn`
(a fork of the kernel: 66 ms where it is large); posix_spawn, or a shell, that
opens the terminal by its path (1 ms, but a cage that reads by path then has to
grant `/dev/pts/N`, and posix_spawn closes no descriptors); `setsid --ctty`
(Linux only, knows standard input only, which in a pipeline is a pipe). The step
costs 8 ms, only where a terminal is asked for, and says through a pipe why
the program cannot be started.

Nobody types: what is given as standard input is, without an echo, and then the
end of file. That is a character (VEOF), good for one read; who reads again
finds it again. A program that switched the terminal to single keys gets it
once more, as the key Ctrl-D. Output has its line ends as they were written (no
`\r\n`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

TICK_SECONDS = 0.1
_STEP_SECONDS = 30.0
_TYPING_SECONDS = 0.005
_WRITE_BYTES = 4096
_PIECES = re.compile(rb"[^\n]{0,1024}\n|[^\n]{1,1024}")  # a terminal cuts a line of more than 4,095
_IUTF8 = 0o040000  # asm-generic/termbits.h: to erase a character erases all its bytes
_SPECIAL = re.compile(rb"[\x03\x04\x0f\x11-\x13\x15-\x17\x1a\x1c\x7f]")  # termios(3): interrupt, erase …
_END = b"\x04"
_STEP = """\
import _signal, fcntl, os, sys, termios
report, terminal, ctype = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
try:
    os.set_inheritable(report, False)
    os.set_inheritable(terminal, False)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    environment = dict(os.environb)
    environment.pop(b"LC_CTYPE", None)  # Python may have set it (PEP 538)
    if ctype:
        environment[b"LC_CTYPE"] = os.fsencode(ctype[1:])
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # which Python ignores
        _signal.signal(number, _signal.SIG_DFL)
    os.execve(sys.argv[4], sys.argv[4:], environment)
except OSError as error:
    os.write(report, b"%d" % error.errno)
    os._exit(127)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a terminal is, in characters."""

    columns: int = 80
    rows: int = 24


class Terminal:
    """A pseudo terminal: `master` is ours, `slave` the child's."""

    def __init__(self, size: Size, typed: bytes = b"") -> None:
        self._to_type = memoryview(_as_typed(typed))
        self.master, self.slave = os.openpty()
        self._next_look = 0.0
        self._is_told_in_raw = False
        try:
            fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
            _set_up(self.slave)
            os.set_blocking(self.master, False)
        except BaseException:
            self.close()
            raise

    @property
    def tick(self) -> float:
        """The seconds after which `type` wants to be called again."""
        return _TYPING_SECONDS if self._to_type else TICK_SECONDS

    def type(self) -> None:
        """Type what is left to type, as much as fits; after it, the end of file wherever it was read."""
        now = time.monotonic()
        if self.slave < 0 or (not self._to_type and now < self._next_look):
            return
        self._next_look = now + TICK_SECONDS
        if not self._to_type and self._is_waited_for():
            self._to_type = memoryview(_END)
        with contextlib.suppress(BlockingIOError):
            while self._to_type:
                self._to_type = self._to_type[os.write(self.master, self._to_type[:_WRITE_BYTES]) :]

    def leave(self) -> None:
        """Let go of the child's end: when nobody else holds it, reading ends."""
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1

    def close(self) -> None:
        """Release both ends."""
        self.leave()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def _is_waited_for(self) -> bool:
        """Whether the end of file was read; then it is to be typed again."""
        if select.select([self.slave], [], [], 0)[0]:
            return False
        is_raw = not termios.tcgetattr(self.slave)[3] & termios.ICANON
        if is_raw and self._is_told_in_raw:
            return False
        self._is_told_in_raw = is_raw
        return True


def step(argv: Sequence[str], env: Mapping[str, str], *, report: int, terminal: int) -> tuple[str, ...]:
    """Return what to start, in a session of its own, instead of `argv`.

    Parameters
    ----------
    argv : sequence of str
        The first is an absolute path.
    env : mapping of str to str
        What it is started with.
    report : int
        A pipe: where the number of the error is written; empty when all is well.
    terminal : int
        The child's end. Both are to be passed on.
    """
    ctype = f"={env['LC_CTYPE']}" if "LC_CTYPE" in env else ""
    return (sys.executable, "-I", "-S", "-c", _STEP, str(report), str(terminal), ctype, *argv)


class Report:
    """How a start by `step` went: a pipe that says nothing when the program runs. Use it as a context."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()

    def wait(self) -> None:
        """Wait until the program runs; raise the OSError that says why it does not."""
        self._close_writer()
        if select.select([self._reader], [], [], _STEP_SECONDS)[0] and (number := os.read(self._reader, 16)):
            raise OSError(int(number), os.strerror(int(number)))

    def _close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_writer()
        os.close(self._reader)


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return `env` as a program finds it in a terminal: of a known kind, its size asked for, no pager."""
    found = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
    if found.get("TERM", "dumb") in ("", "dumb", "unknown"):
        found["TERM"] = "xterm-256color"
    # Nobody is there to turn the pages.
    return {"PAGER": "cat", "GIT_PAGER": "cat", **found}


def _set_up(slave: int) -> None:
    settings = termios.tcgetattr(slave)
    settings[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
    settings[0] |= _IUTF8 if sys.platform == "linux" else 0
    settings[1] &= ~termios.ONLCR
    settings[3] &= ~(termios.ECHO | termios.ECHOE | termios.ECHOK | termios.ECHONL)
    termios.tcsetattr(slave, termios.TCSANOW, settings)


def _as_typed(data: bytes) -> bytes:
    """Return the keys that make a program read `data`, and the end of file."""
    pieces = _PIECES.findall(data)
    # Within a line the end of file ends nothing: it hands over what there is.
    keys = (_SPECIAL.sub(b"\x16\\g<0>", piece) + _END * (not piece.endswith(b"\n")) for piece in pieces)
    return b"".join(keys) + _END
