"""What is known around a failure in this shell: the cells as they ran and as they are saved, folder, modules.

Gathered only when something has failed. What ran is brought together with the
saved document by the cells' ids and, where there are none, by their text. Where
they differ, the newer one is what the notebook says: what ran after the file was
saved, or else the file.
"""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import api, config
from ..diagnosis import Around, Cell, Notebook
from ..diagnosis.around import CellRun
from ..errors import AutoexecError
from ..values import Resolution
from . import executed, front
from .document import Document, read
from .executed import Executed, Failed, OneRun

_MOST_NAMES = 5_000  # of a folder
_LARGEST_MODULE = 2**20  # bytes of a module's file that is looked into
_RELOADS = ("autoreload", "reload(")


def around(shell: Any, error: BaseException, *, timeout: float = 0.0) -> Around:
    """Return what is known around a failure in `shell`.

    Parameters
    ----------
    shell : InteractiveShell
        The extension is loaded in it, or nothing is known of its cells.
    error : BaseException
        What ended the last cell that failed; of any other failure the notebook
        is not asked.
    timeout : float
        The time limit that was in force, in seconds; 0 where there was none.
    """
    folder = _folder()
    root = str(config.workspace(Path(folder))) if folder else ""
    log = executed.of(shell)
    failed = log.failed if log is not None else None
    is_known = log is not None and failed is not None and failed.error is error
    return Around(
        notebook=notebook_of(shell, log, failed, root) if log and failed and is_known else None,
        folder=folder,
        root=root,
        list_folder=names_in,
        resolve=resolution_of,
        timeout=timeout,
    )


def notebook_of(shell: Any, log: Executed, failed: Failed, root: str = "") -> Notebook:
    """Return what is known of the notebook of `shell`, up to the run that failed."""
    runs = list(log.runs)
    if failed.run in runs:
        runs = runs[: runs.index(failed.run) + 1]
    document = read(_path_of(front.notebook_of(shell)))
    found = joined(runs, document)
    return Notebook(
        cells=found.cells,
        current=failed.run.number,
        names=failed.names,
        names_since=frozenset(shell.user_ns) - failed.names,
        is_document_known=document is not None,
        is_document_stale=found.is_stale,
        runs=found.runs,
        files=dict(log.files),
        edited_modules=edited_modules(runs, root) if _is_of_a_module(failed.error) else {},
    )


def source_of(shell: Any, name: str) -> str | None:
    """Return the source of the cell that an action names: by its id, its number, or `#` and its place."""
    log = executed.of(shell)
    document = read(_path_of(front.notebook_of(shell)))
    cells = joined(list(log.runs) if log is not None else [], document).cells
    named = (cell for cell in cells if name in (cell.cell_id, str(cell.number), f"#{cell.position}"))
    found = next(named, None) if name and name != "0" else None
    return found.source if found is not None else None


class Joined:
    """What ran and what is saved, brought together: `cells` and `runs` as of `Notebook`."""

    def __init__(self, runs: Sequence[OneRun], document: Document | None) -> None:
        self._cells = document.cells if document is not None else ()
        self._saved_at = document.saved_at if document is not None else 0.0
        self._by_id = {cell_id: at for at, (cell_id, _) in enumerate(self._cells, 1) if cell_id}
        self._by_text: dict[str, list[int]] = defaultdict(list)
        for at, (_, source) in enumerate(self._cells, 1):
            self._by_text[source.strip()].append(at)
        places = self._places(runs)
        keys = [at or run.cell_id or run.source.strip() for run, at in zip(runs, places, strict=True)]
        last = dict(zip(keys, runs, strict=True))
        self.is_stale = False
        there = [self._there(at, last.get(at)) for at in range(1, len(self._cells) + 1)]
        gone = [self._gone(run) for key, run in last.items() if isinstance(key, str)]
        self.cells = (*there, *gone)
        texts = {cell.source.strip() for cell in there}
        kept = {last[at] for at in range(1, len(self._cells) + 1) if at in last}
        self.runs = tuple(
            _run(
                run,
                at,
                is_removed=run not in kept and self._is_older(run) and run.source.strip() not in texts,
            )
            for run, at in zip(runs, places, strict=True)
        )

    def _places(self, runs: Sequence[OneRun]) -> list[int]:
        """Return the place of each run's cell among those of the document, 0 where it is in it no more."""
        used: set[int] = set()
        known: dict[str, int] = {}
        places = []
        for run in runs:
            at = self._by_id.get(run.cell_id, 0) or (known.get(run.cell_id, 0) if run.cell_id else 0)
            if not at:
                same = self._by_text.get(run.source.strip(), ())
                at = next((each for each in same if each not in used), same[0] if same else 0)
            if run.cell_id and at:
                known[run.cell_id] = at
            used.add(at)
            places.append(at)
        return places

    def _there(self, at: int, run: OneRun | None) -> Cell:
        cell_id, source = self._cells[at - 1]
        if run is None:
            return Cell(source=source, cell_id=cell_id, position=at)
        ran_source = ""
        if run.source.strip() != source.strip():
            if self._is_older(run):
                ran_source = run.source
            else:
                self.is_stale, source = True, run.source
        return _cell(run, source, at, ran_source=ran_source, cell_id=cell_id or run.cell_id)

    def _gone(self, run: OneRun) -> Cell:
        if self._cells and not self._is_older(run) and run.at and not _is_magic(run.source):
            self.is_stale = True  # a cell that is not saved yet: others may be gone, or be edited
        return _cell(run, run.source, 0, cell_id=run.cell_id, is_removed=self._is_older(run))

    def _is_older(self, run: OneRun) -> bool:
        """Whether the document was saved after `run`."""
        return bool(self._cells) and 0 < run.at <= self._saved_at


def joined(runs: Sequence[OneRun], document: Document | None) -> Joined:
    """Return the cells of `runs`, oldest first, and of the document as one list."""
    return Joined(runs, document)


def edited_modules(runs: Sequence[OneRun], root: str) -> dict[str, str]:
    """Return the user's own modules that were edited after a cell named them first, with their text now.

    Parameters
    ----------
    runs : sequence of OneRun
        Oldest first; one that reloads modules says that nothing is known.
    root : str
        The folder, absolute, that the user's own modules are below.
    """
    if not root or any(word in run.source for run in runs for word in _RELOADS):
        return {}
    found = {}
    for name, module in list(sys.modules.items()):
        file = _file_of(module)
        if name == "__main__" or not file.startswith(root + os.sep) or "-packages" in file:
            continue
        word = re.compile(rf"\b{re.escape(name.rpartition('.')[2])}\b")
        loaded_at = next((run.at for run in runs if "import" in run.source and word.search(run.source)), 0.0)
        try:
            # A pipe of that name would be waited for.
            if loaded_at and Path(file).is_file() and Path(file).stat().st_mtime > loaded_at:
                with Path(file).open(encoding="utf-8") as text:
                    found[name] = text.read(_LARGEST_MODULE)
        except (OSError, ValueError):
            continue
    return found


def _file_of(module: object) -> str:
    """Return where a module came from, or ""; one that loads itself when it is looked at is not looked at."""
    if not isinstance(module, ModuleType):
        return ""
    file = object.__getattribute__(module, "__dict__").get("__file__")
    return file if isinstance(file, str) else ""


def names_in(folder: str) -> tuple[str, ...]:
    """Return the names in a folder, none where there is no such folder."""
    try:
        return tuple(os.listdir(folder)[:_MOST_NAMES])
    except (OSError, ValueError):
        return ()


def resolution_of(module: str) -> Resolution | None:
    """Return what the installer says of a module without asking an index, or None."""
    try:
        found = api.resolve(module)
    except AutoexecError:
        return None
    return found[0] if found else None


def _path_of(named: str) -> str:
    return str(Path(_folder()) / named) if named else ""


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def _is_of_a_module(error: BaseException) -> bool:
    while error.__cause__ is not None and error.__cause__ is not error:
        error = error.__cause__
    return isinstance(error, ImportError | AttributeError | TypeError)


def _text(run: OneRun) -> str:
    return run.source.strip()


def _is_magic(source: str) -> bool:
    """Whether a cell holds nothing but lines of magics: asking and loading changes no document."""
    return all(line.lstrip().startswith("%") for line in source.splitlines() if line.strip())


def _cell(
    run: OneRun,
    source: str,
    position: int,
    *,
    cell_id: str,
    ran_source: str = "",
    is_removed: bool = False,
) -> Cell:
    return Cell(
        source=source,
        ran=run.ran,
        number=run.number,
        cell_id=cell_id,
        position=position,
        ran_source=ran_source,
        error=run.error,
        failed_line=run.line,
        is_removed=is_removed,
    )


def _run(run: OneRun, position: int, *, is_removed: bool) -> CellRun:
    return CellRun(
        number=run.number,
        source=run.source,
        ran=run.ran,
        cell_id=run.cell_id,
        position=position,
        error=run.error,
        failed_line=run.line,
        is_removed=is_removed,
    )
