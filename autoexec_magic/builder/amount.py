"""How much a build would read, asked about before it is read: a file may claim terabytes and take no room."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from ..errors import PolicyRefused
from ..values import Question
from .bench import Bench

MUCH_BYTES = 5 * 10**9
_SHOWN = 5
_BLOCK = 512  #: the unit of `st_blocks`, whatever the file system's is


def ask_first(files: Iterable[tuple[str, Path]], kind: str, bench: Bench) -> None:
    """Ask before more than `MUCH_BYTES` are read; links count as what is there, and nothing is opened.

    Raises
    ------
    PolicyRefused, NeedsPerson
        A person said no, or nobody could answer.
    """
    sizes: list[tuple[int, int, str]] = []
    for path, file in files:
        try:
            found = file.stat()
        except (OSError, ValueError):
            continue  # whoever reads it says so
        if stat.S_ISREG(found.st_mode):
            sizes.append((found.st_size, getattr(found, "st_blocks", 0) * _BLOCK, path))
    total = sum(size for size, _, _ in sizes)
    if total <= MUCH_BYTES:
        return
    largest = sorted(sizes, reverse=True)[:_SHOWN]
    asked = Question(
        text=f"read {_shown(total)} to build the {kind} ?",
        evidence=tuple(_line(*each) for each in largest if each[0] > total // 100),
        fix=f"%autoexec build {kind} --yes",
    )
    if not bench.ask(asked):
        raise PolicyRefused(
            f"the {kind} was not built",
            why=f"a person said no to reading {_shown(total)}",
            fix="move data out of the project's folder",
        )


def _line(size: int, taken: int, path: str) -> str:
    is_sparse = taken < size // 2
    return f"{path}: {_shown(size)}" + (f", of which the disk holds {_shown(taken)}" if is_sparse else "")


def _shown(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
