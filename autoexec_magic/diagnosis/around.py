"""What is known around a failure: the notebook it happened in, the folder, who can say what a module is.

The caller gathers it; a diagnosis only reads it. Where the disk or the
installer has to be asked, it is by a function the caller hands in, so that the
diagnosis itself stays pure and a test needs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from autoexec_magic.values import Resolution

Ran: TypeAlias = Literal["passed", "failed", "not-run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A code cell of a notebook, as it is now and as it ran last in this kernel.

    Parameters
    ----------
    source : str
        As it stands in the notebook now; of a cell that only the kernel knows,
        as it ran.
    ran : "passed", "failed" or "not-run"
        How its last run in this kernel ended.
    number : int
        The number in brackets beside it, from its last run; 0 if it did not run.
    cell_id : str
        The notebook's own id of it, or "".
    position : int
        Its place among the notebook's code cells, from 1; 0 if it is not in the
        notebook any more, or nobody knows.
    ran_source : str
        What ran, where that is not `source` any more; else "".
    """

    source: str
    ran: Ran = "not-run"
    number: int = 0
    cell_id: str = ""
    position: int = 0
    ran_source: str = ""

    @property
    def has_changed(self) -> bool:
        """Whether it was edited since it ran."""
        return bool(self.ran_source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """What is known of the notebook in which something failed.

    `cells` are in the order of the document, then those that only the kernel
    knows, in the order they ran; `current` is the number of the one that
    failed. `names` are the global names there are now. `is_document_known` says
    whether `cells` hold those that did not run.
    """

    cells: tuple[Cell, ...] = ()
    current: int = 0
    names: frozenset[str] = frozenset()
    is_document_known: bool = False


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
    """

    notebook: Notebook | None = None
    folder: str = ""
    root: str = ""
    list_folder: Callable[[str], Sequence[str]] = lambda path: ()
    resolve: Callable[[str], Resolution | None] = lambda module: None
    memory_bytes: int = 0
    timeout: float = 0.0
    source: str = ""


NOTHING = Around()  #: nothing is known around it
