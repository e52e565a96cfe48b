"""What is known around a failure: the notebook it happened in, the folder, who can say what a module is.

The caller gathers it; a diagnosis only reads it. Where the disk or the
installer has to be asked, it is by a function the caller hands in, so that the
diagnosis itself stays pure and a test needs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from autoexec_magic.values import Resolution

from .cellmap import CellMap

Ran: TypeAlias = Literal["passed", "failed", "not-run", "unseen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A code cell of a notebook, as it is now and as it ran last in this kernel.

    Sources are as they stand in the notebook, magics and all, or as IPython
    transformed them: both are understood.

    Parameters
    ----------
    source : str
        As it stands in the notebook now; of a cell that only the kernel knows,
        as it ran.
    ran : "passed", "failed", "not-run" or "unseen"
        How its last run in this kernel ended; "unseen" where it ran and nobody
        saw how it ended, because that was before the extension was loaded.
    number : int
        The number in brackets beside it, from its last run; 0 if it did not run.
    cell_id : str
        The notebook's own id of it, or "".
    position : int
        Its place among the notebook's code cells, from 1; 0 if it is not in the
        notebook any more, or nobody knows.
    ran_source : str
        What ran, where that is not `source` any more; else "".
    error : str
        The last line of its error, `Type: message`, where its last run failed.
    failed_line : int
        The line of the cell where it failed; 0 where nothing of it ran, or
        nobody knows.
    is_removed : bool
        Whether it is known to be in the notebook no more, neither it nor what
        ran; False where nobody knows.
    """

    source: str
    ran: Ran = "not-run"
    number: int = 0
    cell_id: str = ""
    position: int = 0
    ran_source: str = ""
    error: str = ""
    failed_line: int = 0
    is_removed: bool = False

    @property
    def has_changed(self) -> bool:
        """Whether it was edited since it ran."""
        return bool(self.ran_source)

    @property
    def last_source(self) -> str:
        """What ran last, or what would."""
        return self.ran_source or self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """One run of a cell: what ran as `number`, and how it ended (as of `Cell`)."""

    number: int
    source: str
    ran: Ran = "passed"
    cell_id: str = ""
    position: int = 0
    error: str = ""
    failed_line: int = 0
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """What is known of the notebook in which something failed.

    Parameters
    ----------
    cells : tuple of Cell
        In the order of the document, then those that only the kernel knows, in
        the order they ran.
    current : int
        The number of the cell that failed; 0 where nobody knows.
    names : frozenset of str
        The global names there were when it failed.
    names_since : frozenset of str
        The global names that were bound since then, where somebody asks later.
    is_document_known : bool
        Whether `cells` hold those that did not run.
    is_document_stale : bool
        Whether the document is known to be older than what ran: what it says
        is evidence then, and no more.
    runs : tuple of CellRun
        Every run of this kernel up to the one that failed, oldest first; the
        last runs of `cells`, by their numbers, where this is empty.
    files : mapping of str to int
        The number of the cell that a file name in a traceback stands for.
    edited_modules : mapping of str to str
        Modules of the user's own whose file was edited after they were loaded,
        with what stands in the file now.
    """

    cells: tuple[Cell, ...] = ()
    current: int = 0
    names: frozenset[str] = frozenset()
    names_since: frozenset[str] = frozenset()
    is_document_known: bool = False
    is_document_stale: bool = False
    runs: tuple[CellRun, ...] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    edited_modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known around a failure; each part may be missing.

    Parameters
    ----------
    notebook : Notebook, optional
        The notebook it happened in.
    folder : str
        The working directory, absolute, or "".
    root : str
        The workspace, absolute, or "".
    list_folder : callable
        Takes an absolute path, returns the names in that folder, none where
        there is no such folder; it raises nothing.
    resolve : callable
        Takes a module's name, returns what the installer says of it without
        asking an index, or None.
    memory_bytes, timeout : int, float
        The limits that were in force; 0 where there was none.
    source : str
        The code that ran, where it was a script; else "".
    apps : tuple of CellMap
        Which lines of the modules of notebooks' apps are of which cells.
    """

    notebook: Notebook | None = None
    folder: str = ""
    root: str = ""
    list_folder: Callable[[str], Sequence[str]] = lambda path: ()
    resolve: Callable[[str], Resolution | None] = lambda module: None
    memory_bytes: int = 0
    timeout: float = 0.0
    source: str = ""
    apps: tuple[CellMap, ...] = ()


NOTHING = Around()  #: nothing is known around it
