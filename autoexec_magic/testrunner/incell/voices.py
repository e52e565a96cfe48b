"""The streams that tests and pytest write to while a cell's tests run, and whom they reach.

pytest writes to what was `sys.stdout` when it was configured, tests to what is
`sys.stdout` when they run: two streams tell one from the other. They cannot be
closed, so a test that closes `sys.stdout` does not close the kernel's.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from .asked import OnText, Voice


class Stream(io.TextIOBase):
    """A text stream that hands on what is written to it, and stays open."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, voices: Voices, voice: Voice, real: Any) -> None:
        self._voices, self._voice, self._real = voices, voice, real

    def write(self, text: str) -> int:
        """Hand text on."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._voices.say(self._voice, text)
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor of the stream that it stands for, as a child needs it."""
        return int(self._real.fileno())

    @property
    def buffer(self) -> Any:
        """Return the bytes below the stream that it stands for, where there are any."""
        return self._real.buffer

    def close(self) -> None:
        """Stay open: who writes next is somebody else."""


class Voices:
    """Who may speak when: `on_text` is called in the thread that made this, and no other.

    What other threads write waits for the next word of this one.
    """

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._thread, self._process = threading.get_ident(), os.getpid()
        self._late: deque[tuple[Voice, str]] = deque()
        self._real = (sys.stdout, sys.stderr)
        self._builtins = builtins.__dict__.copy()
        self.is_of_tests = False  # else pytest and its plugins write
        self.pytest = Stream(self, "pytest", sys.stdout)
        self.tests = (Stream(self, "stdout", sys.stdout), Stream(self, "stderr", sys.stderr))

    def say(self, voice: Voice, text: str) -> None:
        """Hand on what somebody wrote."""
        if not text or os.getpid() != self._process:
            return
        self._late.append((voice if self.is_of_tests else "pytest", text))
        if threading.get_ident() == self._thread:
            self.hand_on()

    def hand_on(self) -> None:
        """Hand on what waits."""
        with self.outside():
            while self._late:
                self._on_text(*self._late.popleft())

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """Let whoever is told of something write where the kernel does, with the builtins it knows."""
        inner = sys.stdout, sys.stderr
        patched = builtins.__dict__.copy()
        self.mend()
        sys.stdout, sys.stderr = self._real
        try:
            yield
        finally:
            sys.stdout, sys.stderr = inner
            builtins.__dict__.update(patched)

    def mend(self) -> None:
        """Take back what a test has put in the place of builtins."""
        builtins.__dict__.update(self._builtins)

    @contextlib.contextmanager
    def of_tests(self) -> Iterator[None]:
        """Take what is written for the tests' own."""
        before = self.is_of_tests
        self.is_of_tests = True
        try:
            yield
        finally:
            self.is_of_tests = before


@contextlib.contextmanager
def held_open(*streams: Any) -> Iterator[None]:
    """Let `close` of streams that pytest captures with do nothing: it reads them after the test."""
    held = [stream for stream in streams if isinstance(stream, io.TextIOWrapper)]
    for stream in held:
        stream.close = _stay_open  # type: ignore[method-assign]
    try:
        yield
    finally:
        for stream in held:
            vars(stream).pop("close", None)


def _stay_open() -> None:
    pass
