"""Who calls from a shell, and how a verb writes into its cell."""

from __future__ import annotations

import sys
from typing import Any

from .. import api
from . import front


def caller_of(shell: Any, emit: Any = None) -> api.Caller:
    """Return who calls from this shell: its notebook, and whether somebody can answer."""
    return api.Caller(
        emit=emit,
        ask=front.ask if front.has_person(shell) else api.nobody,
        place=lambda: front.place_of(shell),
        notebook=front.notebook_of(shell),
        kernel=front.kernel_of(shell),
        names=shell.user_ns,
    )


def write(stream: str, words: str) -> None:
    """Show text in the cell, at once."""
    target = sys.stdout if stream == "stdout" else sys.stderr
    target.write(words)
    target.flush()


def write_late(stream: str, words: str) -> None:
    """Show text in the cell, at its end at the latest."""
    (sys.stdout if stream == "stdout" else sys.stderr).write(words)
