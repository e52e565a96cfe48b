"""A script to run, and what came of it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ScriptError
from ..values import Made, Outcome
from .handing import Given
from .language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A script, and all that it is run with.

    Parameters
    ----------
    source : str
        The script.
    language : Language
        Its entry.
    cwd : Path
        Its working directory.
    file : Path, optional
        Where the script lies, if it is a file.
    is_patched : bool
        The source is no longer what the file holds: a copy of the file's name
        is run, and the file is left as it is.
    first_line : int
        The line of the cell that the source begins with.
    arguments : tuple of str
        What it finds after its own name.
    stdin : str, bytes or Path, optional
        What it reads.
    workspace : Path, optional
        The project that it may write; by default the one around `cwd`.
    given : tuple of Given
        Variables that it gets.
    names : tuple of str
        Variables that it is to give back.
    cache : Path, optional
        Where compiled programs are kept; without it they are compiled each time.
    """

    source: str
    language: Language
    cwd: Path
    file: Path | None = None
    is_patched: bool = False
    first_line: int = 1
    arguments: tuple[str, ...] = ()
    stdin: str | bytes | Path | None = None
    workspace: Path | None = None
    given: tuple[Given, ...] = ()
    names: tuple[str, ...] = ()
    cache: Path | None = None

    @property
    def name(self) -> str:
        """How a person knows the script's file."""
        if self.file is None:
            return f"script{self.ending}"
        inside = self.file.is_relative_to(self.cwd)
        return str(self.file.relative_to(self.cwd)) if inside else str(self.file)

    @property
    def ending(self) -> str:
        """The ending of the file that a cell's script is written to."""
        return self.language.ending(self.source) or self.language.endings[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A script that its language cannot read: what that says, and the parser's end if it was a process.

    `path` is what that process knew the script's file as.
    """

    text: str
    path: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a script ended, and what it left.

    `is_compiled` says that the outcome is the script's own and not its compiler's.
    `path` is what the process knew the script's file as. `error` is what kept
    a value from coming back.
    """

    outcome: Outcome
    path: str = ""
    is_compiled: bool = True
    values: Mapping[str, object] = field(default_factory=dict)
    made: tuple[Made, ...] = ()
    has_more: bool = False
    has_written: bool = True
    error: ScriptError | None = None
