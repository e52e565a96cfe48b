"""What the operating system says: files, rights, processes, programs."""

from __future__ import annotations

import re

from ..paths import missing_file
from ..rows import Entry, by_errno, by_message, likely, on_line, raised_in, says, when
from .language import MEMORY
from .network import (
    ADDRESS_IN_USE,
    LOST,
    NETWORK_SAYINGS,
    NO_HOST,
    PIPE,
    REFUSED,
    TIMED_OUT,
    UNREACHABLE,
)

_PROGRAM = says("command-not-found", "install the program, or correct its name: {path}")
_PROGRAM_AT = likely(  # ENOENT of a path may be the program's, its interpreter's or the working directory's
    "command-not-found", "check {path}, the program in its first line (#!), and the folder of cwd="
)
_NOT_EXECUTABLE = says("not-executable", "chmod +x {path}, and let it begin with #! and its interpreter")
_NO_FILE = says("file-not-found", "check that the path exists and how it is spelled", tell=missing_file)
_DENIED = says("permission-denied", "take a path you may use, or change the rights of {path}")
_NOT_PERMITTED = says(
    "operation-not-permitted", "let its owner do that, or do without: only the owner or root may"
)
_DIRECTORY = says("is-a-directory", "name a file inside {path}")
_NOT_A_DIRECTORY = says("not-a-directory", "correct {path}: a part of it is a file")
_EXISTS = says("file-exists", "take another name, or allow that {path} exists")
_FULL = says("disk-full", "free some space on that disk, or write somewhere else")
_FILES = says("too-many-open-files", "close files after use: with open(...) as name")
_NO_PROCESS = says("no-such-process", "check that the process still runs before that line")
_NO_CHILD = says("no-child-process", "wait only for what was started here, and once")
_BLOCK = says("would-block", "wait until it is ready (select), or let the call block")
_LOOP = says("too-many-links", "correct the symbolic links of {path}: they lead in a circle")
_NO_FORK = likely("process-limit", "start fewer processes at once, or end some: the system starts no more")
_LOCK_HELD = likely("lock-held", "wait for who holds that lock, or end it")
_STARTED = when(lambda message: "/" in message.rpartition(": ")[2], _PROGRAM_AT, otherwise=_PROGRAM)
_STARTS = (("subprocess.py", "_execute_child"), ("subprocess.py", "_posix_spawn"))

_LOCKS = re.compile(r"\b(?:flock|lockf|LOCK_NB)\b")

ERRNOS: dict[int, Entry] = {
    1: _NOT_PERMITTED,
    2: _NO_FILE,
    3: _NO_PROCESS,
    5: likely("io-error", "check the disk or the mount that {path} is on"),
    7: says("argument-list-too-long", "pass fewer arguments at once, or write them into a file"),
    8: _NOT_EXECUTABLE,
    9: says("file-closed", "use the file before it is closed, or open it again"),
    10: _NO_CHILD,
    11: _BLOCK,
    12: MEMORY,
    13: _DENIED,
    17: _EXISTS,
    18: says("other-file-system", "copy and delete instead: shutil.move()"),
    20: _NOT_A_DIRECTORY,
    21: _DIRECTORY,
    22: likely("invalid-argument", "look at the values on that line"),
    24: _FILES,
    23: _FILES,
    26: likely("file-in-use", "end the program before it is written to"),
    27: likely("file-too-large", "write a smaller file, or raise the limit"),
    28: _FULL,
    30: says("read-only", "write somewhere else: {path} is on a read-only file system"),
    32: PIPE,
    36: says("name-too-long", "take a shorter name: 255 bytes are the most"),
    39: says("folder-not-empty", "remove it with all that is in it: shutil.rmtree()"),
    40: _LOOP,
    98: ADDRESS_IN_USE,
    99: says("address-not-available", "use an address of this machine, such as 127.0.0.1 or 0.0.0.0"),
    101: UNREACHABLE,
    103: LOST,
    104: LOST,
    107: likely("connection-lost", "connect before sending"),
    110: TIMED_OUT,
    111: REFUSED,
    113: UNREACHABLE,
    122: _FULL,
    -2: NO_HOST,
    -3: NO_HOST,
    -5: NO_HOST,
}
_OTHER = likely("os-error", "check the state of {path}, then run that line again")


def os_error(*more: tuple[str, Entry]) -> Entry:
    """Return the entry of OSError, after what other tables know of it."""
    return raised_in(
        dict.fromkeys(
            _STARTS,
            by_errno(
                {**ERRNOS, 11: _NO_FORK, 8: _NOT_EXECUTABLE, 13: _NOT_EXECUTABLE, 2: _STARTED},
                otherwise=_OTHER,
            ),
        ),
        otherwise=by_errno(ERRNOS, otherwise=by_message(*more, *NETWORK_SAYINGS, otherwise=_OTHER)),
    )


def _when_started(row: Entry, otherwise: Entry) -> Entry:
    return raised_in(dict.fromkeys(_STARTS, row), otherwise=otherwise)


ROWS: dict[str, Entry] = {
    "FileNotFoundError": _when_started(_STARTED, _NO_FILE),
    "PermissionError": by_errno({1: _NOT_PERMITTED}, otherwise=_when_started(_NOT_EXECUTABLE, _DENIED)),
    "IsADirectoryError": _DIRECTORY,
    "NotADirectoryError": _NOT_A_DIRECTORY,
    "FileExistsError": _EXISTS,
    "ProcessLookupError": _NO_PROCESS,
    "ChildProcessError": _NO_CHILD,
    "BlockingIOError": _when_started(_NO_FORK, on_line(_LOCKS, _LOCK_HELD, otherwise=_BLOCK)),
    "io.UnsupportedOperation": says(
        "wrong-file-mode", "open it in the mode for that: 'r' to read, 'w' to write"
    ),
    "EOFError": by_message(
        ("Ran out of input", says("empty-file", "write that file again: it is empty")),
        (
            "end-of-stream marker",
            says("archive-cut", "fetch or write that file again: its end is missing"),
        ),
        otherwise=says("end-of-input", "give it input, or pass the value instead of calling input()"),
    ),
    "subprocess.CalledProcessError": by_message(
        ("died with", says("command-failed", "run that command alone: a signal ended it")),
        otherwise=says("command-failed", "run that command alone to see what it says"),
    ),
    "subprocess.TimeoutExpired": TIMED_OUT,
    "shutil.SameFileError": says("file-exists", "copy it to another name"),
    "argparse.ArgumentError": says("wrong-usage", "pass what the usage line asks for"),
}
