"""What is run, as far as a fix may change it; what fails; and whose hands a fix has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from ...executor.cage import SHUT, Doors
from ...values import Ask, Diagnosis

Outcome: TypeAlias = Literal["passed", "failed", "same", "unchanged", "dropped", "left", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is run: two that are equal would fail alike.

    Parameters
    ----------
    source : str
        The code, its lines ended by a line feed.
    name : str
        The file's name, as it stands in tracebacks and in a diff.
    language : str
        By its name.
    folder : Path
        Where it runs.
    limits : tuple of (str, float)
        Each option with the value in force: seconds, bytes, or how many.
    doors : Doors
        What is let through its cage.
    environment : tuple of str
        What was installed for it.
    cells : tuple of str
        Cells that ran for it, in order.
    """

    source: str
    name: str = "script.py"
    language: str = "python"
    folder: Path = field(default_factory=Path)
    limits: tuple[tuple[str, float], ...] = ()
    doors: Doors = SHUT
    environment: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        return hashlib.sha256(repr(self).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something failed, and the last lines it wrote.

    With `is_final` there is nothing to be fixed: it was stopped or refused, or
    a question waits for a person.
    """

    diagnosis: Diagnosis
    lines: str = ""
    is_final: bool = False

    @property
    def failed_line(self) -> str:
        """The text of the line that failed, or ""."""
        return self.diagnosis.frame.source if self.diagnosis.frame else ""


#: Runs what failed once more, and only that; None where it passes.
Again: TypeAlias = Callable[[Attempt], Failure | None]


class Left(Exception):
    """A fix is left to a person; the text says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a fixer would run next.

    `by` is the kind of action or "model", `what` it is in a few words. A
    `patch` is taken back unless what runs then passes, where `is_on_trial`.
    """

    attempt: Attempt
    by: str
    what: str
    patch: str = ""
    doubts: tuple[str, ...] = ()
    is_on_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a fix may use; what it has no hands for is left to a person.

    Parameters
    ----------
    root : Path
        The workspace: no other folder is run in.
    ask : callable
        Answers a question; so does an option such as `--yes`.
    person : callable
        Answers what no option may answer.
    sees : callable, optional
        The same person, asked about what must not be on the record.
    may_patch : bool
        A patch that raises no doubt is applied without a question: it was
        asked for, and what runs is in a cage.
    memory_bytes : int
        What the machine has; 0 where nobody can say.
    install : callable, optional
        Makes modules importable as `%autoexec install` would; returns what was
        installed. It raises `Left` where it may not, or nothing came of it.
    run_cells : callable, optional
        Runs cells by their numbers. It raises `Left` where one fails.
    shorten : callable, optional
        Masks what a text holds that nobody else need see.
    plain : callable, optional
        Returns a source in its language alone: a cell's magics are no Python.
    """

    root: Path
    ask: Ask
    person: Ask
    sees: Ask | None = None
    may_patch: bool = False
    memory_bytes: int = 0
    install: Callable[[tuple[str, ...]], tuple[str, ...]] | None = None
    run_cells: Callable[[tuple[str, ...]], None] | None = None
    shorten: Callable[[str], str] = lambda text: text
    plain: Callable[[str], str] = lambda source: source
