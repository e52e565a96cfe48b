"""`jupyter autoexec` and `autoexec`: the same verbs in a terminal and in CI.

A program's output goes to our stdout and stderr as it is written; our own
lines go to stderr, so that stdout is the program's. With `--json` stdout holds
one object a line and nothing else. The exit code is the verdict's.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from .. import api, executor
from ..errors import AutoexecError, Cancelled, SweepFailed
from ..values import Choice, Question, Reply, Stream, Verdict
from . import speak, text, verbs
from .front import choices, lines_of, reply_to
from .records import json_lines

_LINE = re.compile(r"(?<!%)%autoexec sh --yes ((?:--(?:unix|pty) |--[a-z-]+ \S+ )*)(.+)$", re.MULTILINE)
_AS_MAGIC = re.compile(r"(?<!%)%autoexec\b")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code, 0 to 255."""
    words = list(sys.argv[1:] if argv is None else argv)
    with _terminable() as received:
        code = _main(words)
    if received:  # whoever sent it sees that it was heeded
        signal.raise_signal(received[0])
    return code


def _main(words: list[str]) -> int:
    wants_json = "--json" in words
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a narrow encoding must not swallow what a program says
            stream.reconfigure(errors="backslashreplace")
    cancel = executor.Cancel()
    try:
        call = verbs.parse(words)
        wants_json = call.is_json
        spoken = call.run(_caller(is_json=wants_json, cancel=cancel))
    except (AutoexecError, Cancelled) as error:
        return _failed(words[0] if words else "", error, is_json=wants_json)
    except KeyboardInterrupt:
        return _failed(words[0] if words else "", Cancelled("stopped"), is_json=wants_json)
    finally:
        cancel.close()
    if wants_json:
        _write("stdout", json_lines(spoken))
    elif spoken.text:
        _write("stdout", as_command(spoken.text, _name()).rstrip("\n") + "\n")
    return spoken.result.code


def as_command(words: str, name: str = "jupyter autoexec") -> str:
    """Return text with the magic's name as it is typed in a terminal, a line after it as one word.

    Examples
    --------
    >>> as_command("fix: %autoexec runs")
    'fix: jupyter autoexec runs'
    >>> print(as_command("%autoexec sh --yes for x in *; do ls $x; done"))
    jupyter autoexec sh --yes 'for x in *; do ls $x; done'
    """
    words = _LINE.sub(lambda match: f"%autoexec sh --yes {match[1]}{shlex.quote(match[2])}", words)
    return _AS_MAGIC.sub(name, words)


def _name() -> str:
    """Return what to type for this program: by its path, where the folder it is in is not on `PATH`."""
    own = Path(sys.argv[0])
    if own.name not in ("autoexec", "jupyter-autoexec") or shutil.which(own.name):
        return "jupyter autoexec"
    return os.path.relpath(own)


@contextlib.contextmanager
def _terminable() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP end a run in order, as Ctrl-C does, while the block runs."""
    received: list[int] = []

    def note(number: int, frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _caller(*, is_json: bool, cancel: executor.Cancel) -> api.Caller:
    def write(stream: str, words: str) -> None:
        if not _write(stream, words):
            cancel.set()  # nobody reads any more (`… | head`): the program need not go on

    ids: list[str] = []
    settled: list[Stream] = ["stdout"] if not _is_terminal(sys.stdout) else []
    settled += ["stderr"] if not _is_terminal(sys.stderr) else []
    emit = None if is_json else text.show(write, say="stderr", ids=ids, settled=settled, as_typed=_typed)
    has_person = not is_json and sys.stdin is not None and sys.stdin.isatty()
    return api.Caller(emit=emit, ask=_ask if has_person else api.nobody, cancel=cancel, on_record=ids.append)


def _typed(words: str) -> str:
    return as_command(words, _name())


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _ask(question: Question) -> Reply | Choice:
    for line in lines_of(question):
        _write("stderr", f"{line}\n")
    _write("stderr", f"{question.text} {choices(question)} ")
    return reply_to(question, sys.stdin.readline())


def _failed(verb: str, error: AutoexecError | Cancelled, *, is_json: bool) -> int:
    if is_json:
        _write("stdout", json_lines(speak.of_error(verb, error)))
    else:
        # Of a sweep the table right above has the causes, and the fix of each.
        said = f"{error.code}: {error.what}" if isinstance(error, SweepFailed) else str(error)
        _write("stderr", as_command(said, _name()) + "\n")
    return Verdict(error.verdict).exit_code


def _write(stream: str, words: str) -> bool:
    """Write at once; return whether anybody still reads."""
    target = sys.stdout if stream == "stdout" else sys.stderr
    try:
        target.write(words)
        target.flush()
    except BrokenPipeError:
        # Python flushes again when it ends; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), target.fileno())
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
