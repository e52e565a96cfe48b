"""A question that the panel answers, through the store.

A kernel that waits in a cell reads no message but an answer to its prompt, and
a prompt that somebody else answers stays in the notebook as a box whose text
would answer the *next* question (docs/decisions.md). So where the panel is in
sight no prompt is opened: the kernel waits for a file in the run's folder,
which the server writes when a person clicks. The first answer counts.

The panel says so itself that it is in sight, with each of its requests; the
server notes the time in a file named by the kernel.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import UsageError
from .events import Answered, Asked, from_line
from .history import RUN_ID, Store, short_id

WATCHED_SECONDS = 5.0  #: the panel asks for news every second while it is in sight
FORGOTTEN_SECONDS = 86_400.0  #: then the note of a kernel's panel is removed
KERNEL_ID = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z-]{0,63}")
_ANSWER_BYTES = 1024  # a choice's answer is a name with a version


def note_panel(store: Store, kernel: str) -> None:
    """Note that the panel of `kernel`'s notebook is in sight now.

    Raises
    ------
    OSError
        It cannot be written.
    """
    if not KERNEL_ID.fullmatch(kernel):
        return
    path = _panel(store, kernel)
    if not path.exists():
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _forget_old(path.parent)
    path.touch(mode=0o600)


def is_watched(store: Store, kernel: str) -> bool:
    """Whether the panel of `kernel`'s notebook was in sight within `WATCHED_SECONDS`."""
    if not KERNEL_ID.fullmatch(kernel):
        return False
    try:
        seconds = time.time() - _panel(store, kernel).stat().st_mtime
    except OSError:
        return False
    return abs(seconds) < WATCHED_SECONDS


@contextlib.contextmanager
def waiting(store: Store, run_id: str) -> Iterator[None]:
    """Let it be seen, without reading the log, that the run waits for the panel."""
    mark = _mark(store, run_id)
    with contextlib.suppress(OSError):
        mark.touch(mode=0o600)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            mark.unlink(missing_ok=True)


def is_waiting(store: Store, run_id: str) -> bool:
    """Whether the run waits for the panel, or died while it did."""
    return os.path.exists(_mark(store, run_id))  # noqa: PTH110 - never raises


def open_question(store: Store, run_id: str) -> Asked | None:
    """Return the question that the run waits with for the panel, or None.

    Raises
    ------
    UsageError
        The log cannot be read.
    """
    found: Asked | None = None
    for line in store.lines(run_id):
        if b'"Asked"' not in line and b'"Answered"' not in line:
            continue
        try:
            envelope = from_line(line)
        except ValueError:
            continue
        event = envelope.event if envelope else None
        if isinstance(event, Asked):
            found = event
        elif isinstance(event, Answered):
            found = None
    return found if found is not None and found.place == "panel" else None


def answer(store: Store, run_id: str, question: str, words: str) -> None:
    """Answer the question that a run waits with.

    Raises
    ------
    UsageError
        It is not the open one, `words` are none of its answers, somebody has
        answered already, or the answer cannot be written.
    """
    asked = open_question(store, run_id)
    if asked is None or asked.question != question:
        raise UsageError(f"run {short_id(run_id)} does not wait with this question")
    if words not in asked.answers:
        raise UsageError(f"{words!r} is no answer", why=asked.text, fix=f"one of {', '.join(asked.answers)}")
    path = _answer(store, run_id, question)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"run {short_id(run_id)} has its answer already") from error
    except OSError as error:
        raise UsageError("the answer cannot be written", why=str(error)) from error
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(words + "\n")
    except OSError as error:  # a full disk: the next click may find room
        path.unlink(missing_ok=True)
        raise UsageError("the answer cannot be written", why=str(error)) from error


def answer_to(store: Store, run_id: str, question: str) -> str | None:
    """Return what a person answered, or None where nobody has yet."""
    try:
        with _answer(store, run_id, question).open("rb") as file:
            words, newline, _ = file.read(_ANSWER_BYTES).decode("ascii", "replace").partition("\n")
    except OSError:
        return None
    return words if newline else None  # without one it is being written


def _forget_old(folder: Path) -> None:
    """Remove the notes of panels that nobody has looked at for long."""
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS:
                path.unlink()


def _panel(store: Store, kernel: str) -> Path:
    return store.folder.parent / "panels" / kernel


def _mark(store: Store, run_id: str) -> Path:
    return store.folder_of(run_id) / "asked"


def _answer(store: Store, run_id: str, question: str) -> Path:
    if not RUN_ID.fullmatch(question):
        raise UsageError(f"{question!r} is not the id of a question")
    return store.folder_of(run_id) / f"answer-{question}"
