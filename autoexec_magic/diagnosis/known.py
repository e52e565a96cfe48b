"""What is known of a notebook's cells and names, in the order in which things happened.

Answers what the causes ask: which cells define a name, what bound it last, what
a cell is called, and which cells have to run, in which order, for names to be
there. A source is looked into only if it holds the name that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from typing import Literal, TypeAlias

from .around import Cell, CellRun, Notebook
from .names import EVERYTHING, GIVEN, Bound, How, Names, names_of

Happened: TypeAlias = Literal["bound", "maybe", "deleted", "except", "attempt"]
_ORDINALS = (
    *("", "first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)
_KINDS: dict[How, Happened] = {"sure": "bound", "maybe": "maybe", "called": "maybe", "except": "except"}
_AFTER_ALL = 1 << 30
_MOST = 120  # cells or runs that are looked into for one name, the nearest ones
_ENOUGH = 10  # of those that bind it


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A cell that binds a name as it is now, and the last place where it does."""

    cell: Cell
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What a run did to a name; "attempt" is a binding that its failure kept it from."""

    kind: Happened
    run: CellRun
    line: int
    text: str
    bound: Bound | None = None


class Known:
    """A notebook, and answers about it.

    Parameters
    ----------
    notebook : Notebook
        As the caller handed it in.
    line : int, default 0
        The line of the current cell that failed, of its own; 0 where nobody knows.
    """

    def __init__(self, notebook: Notebook, line: int = 0) -> None:
        self.notebook = notebook
        self.line = line

    @cached_property
    def runs(self) -> tuple[CellRun, ...]:
        """Every run up to the one that failed, oldest first."""
        if self.notebook.runs:
            return self.notebook.runs
        ran = sorted((cell for cell in self.notebook.cells if cell.number), key=lambda cell: cell.number)
        return tuple(map(_run_of, ran))

    @cached_property
    def current(self) -> CellRun | None:
        """The run that failed."""
        number = self.notebook.current
        return next((run for run in reversed(self.runs) if run.number == number), None)

    @cached_property
    def own_cell(self) -> Cell | None:
        """The cell that failed."""
        number = self.notebook.current
        return next((cell for cell in self.notebook.cells if number and cell.number == number), None)

    @cached_property
    def here(self) -> int:
        """The place of the cell that failed; behind all others where nobody knows."""
        position = self.own_cell.position if self.own_cell else 0
        return position or (self.current.position if self.current else 0) or _AFTER_ALL

    @property
    def is_document_sure(self) -> bool:
        """Whether what the document says of cells that did not run can be relied on."""
        return self.notebook.is_document_known and not self.notebook.is_document_stale

    def definitions(self, name: str) -> list[Definition]:
        """Return the nearest other cells that bind `name` for good, in their order."""
        found = [
            cell
            for cell in self.notebook.cells
            if cell is not self.own_cell and not cell.is_removed and may_bind(cell.source, name)
        ]
        here = self.here
        found.sort(key=lambda each: (each.position >= here, abs(each.position - here), -each.number))
        bindings = ((cell, binding_in(cell.source, name)) for cell in found[:_MOST])
        some = (Definition(cell=cell, bound=bound) for cell, bound in bindings if bound is not None)
        return sorted(islice(some, _ENOUGH), key=lambda each: each.cell.position or _AFTER_ALL)

    def happened(self, name: str) -> list[Happening]:
        """Return what the runs did to `name`, oldest first, up to the failure."""
        return list(self._backwards(name))[::-1]

    def _backwards(self, name: str) -> Iterator[Happening]:
        runs = (run for run in reversed(self.runs) if may_bind(run.source, name) or "reset" in run.source)
        told = (happened for run in islice(runs, _MOST) if (happened := list(self._in_run(run, name))))
        for happened in islice(told, _ENOUGH):
            yield from reversed(happened)

    def _in_run(self, run: CellRun, name: str) -> Iterator[Happening]:
        names = names_of(run.source)
        stopped = run.failed_line
        if run is self.current:
            stopped = self.line or stopped
        found: list[tuple[int, Happening]] = []
        for bound in names.bindings(name):
            kind = _KINDS[bound.how]
            is_late = run.ran == "failed" and (not stopped or bound.last_line >= stopped)
            if is_late and run is self.current:
                continue
            if is_late:
                kind = "attempt"
            happening = Happening(kind=kind, run=run, line=bound.line, text=bound.text, bound=bound)
            found.append((bound.line, happening))
        for deleted in names.deleted:
            is_late = run.ran == "failed" and (not stopped or deleted.line >= stopped)
            if deleted.name in (name, EVERYTHING) and not is_late:
                kind = "deleted" if deleted.is_sure else "maybe"
                happening = Happening(kind=kind, run=run, line=deleted.line, text=deleted.text)
                found.append((deleted.line, happening))
        for _, happening in sorted(found, key=lambda each: each[0]):
            yield happening

    def last_bound(self, name: str) -> Happening | None:
        """Return what bound `name` last before the run that failed."""
        for happening in self._backwards(name):
            if happening.run is not self.current and happening.kind in ("bound", "maybe"):
                return happening if happening.bound is not None else None
        return None

    def cell_of(self, run: CellRun) -> Cell | None:
        """Return the cell that `run` is a run of, as it is now."""
        for cell in self.notebook.cells:
            is_same = cell.number == run.number if cell.number else False
            if is_same or (run.cell_id and cell.cell_id == run.cell_id):
                return cell
        same = (cell for cell in self.notebook.cells if run.position and cell.position == run.position)
        return next(same, None)

    # -- what has to run

    def plan(self, names: Iterable[str], *, also: Cell | None = None) -> list[Cell]:
        """Return the cells that have to run for `names` to be there, in the order of the document.

        Parameters
        ----------
        names : iterable of str
            Names that are wanted; those that are there already are left out.
        also : Cell, optional
            One that is among them in any case.
        """
        chosen: dict[int, Cell] = {}
        wanted = [(name, self.here) for name in sorted(names)]
        if also is not None:
            chosen[id(also)] = also
            wanted += [(name, also.position or self.here) for name in sorted(self.needed_by(also))]
        seen: set[tuple[str, int]] = set()
        there = self.notebook.names | self.notebook.names_since | GIVEN
        while wanted:
            name, before = wanted.pop()
            if (name, before) in seen or name in there:
                continue
            seen.add((name, before))
            found = self.nearest(name, before)
            if found is None:
                continue
            names_there = names_of(found.cell.source)
            late = names_there.uses.get(name, frozenset())
            place = found.cell.position or before
            wanted += [(each, place) for each in late]
            if id(found.cell) not in chosen:
                chosen[id(found.cell)] = found.cell
                wanted += [(each, place) for each in sorted(self.needed_by(found.cell))]
        return sorted(chosen.values(), key=lambda cell: (cell.position or _AFTER_ALL, cell.number))

    def needed_by(self, cell: Cell) -> frozenset[str]:
        """Return the names that have to be there before `cell` runs."""
        return names_of(cell.source).needs

    def nearest(self, name: str, before: int) -> Definition | None:
        """Return the definition that a run from the top would leave at the place `before`."""
        found = self.definitions(name)
        above = [each for each in found if 0 < each.cell.position < before]
        below = [each for each in found if each.cell.position >= before and not each.bound.is_remade]
        unplaced = [each for each in found if not each.cell.position]
        if above:
            return max(above, key=lambda each: each.cell.position)
        if below:
            return min(below, key=lambda each: each.cell.position)
        return max(unplaced, key=lambda each: each.cell.number) if unplaced else None


def may_bind(source: str, name: str) -> bool:
    """Whether a source may bind or delete `name`, from what stands beside it; True where it is not clear."""
    return name in source and _beside(name).search(source) is not None


@lru_cache(maxsize=100)
def _beside(name: str) -> re.Pattern[str]:
    word = re.escape(name)
    return re.compile(
        rf"\b(?:def|class|del|out|err)[ \t]+{word}\b|\bimport\b[^\n]{{0,200}}\b{word}\b"
        rf"|\b{word}\b(?=[ \t]*(?:[=,:;)\]}}#\n'\"\\|]|in\b|if\b|[-+*/%@&^<>]{{1,2}}=|\Z))"
    )


def binding_in(source: str, name: str) -> Bound | None:
    """Return the last place of a source that binds `name` for good, a sure one first, or None."""
    if name not in source:
        return None
    names = names_of(source)
    found = [bound for bound in names.bindings(name) if bound.how != "except"]
    ends = [(gone.line, gone.is_sure) for gone in names.deleted if gone.name in (name, EVERYTHING)]
    ends += [(bound.line, False) for bound in names.bindings(name) if bound.how == "except"]
    for line, is_sure in sorted(ends):
        before = [replace(bound, how="maybe") for bound in found if bound.line <= line]
        found = [*([] if is_sure else before), *(bound for bound in found if bound.line > line)]
    sure = [bound for bound in found if bound.how == "sure"]
    return (sure or found)[-1] if found else None


def names_in(cell: Cell) -> Names:
    """Return what a cell does with names as it is now."""
    return names_of(cell.source)


def label(cell: Cell | CellRun) -> str:
    """Return what a person calls a cell.

    Examples
    --------
    >>> label(Cell(source="x = 1", number=3)), label(Cell(source="x = 1", position=3))
    ('cell [3]', 'the third code cell')
    """
    if cell.number:
        return f"cell [{cell.number}]"
    if 0 < cell.position < len(_ORDINALS):
        return f"the {_ORDINALS[cell.position]} code cell"
    return f"code cell {cell.position}" if cell.position else "a cell"


def value_of(cell: Cell) -> str:
    """Return how an action names a cell: its id, else its number, else `#` and its place."""
    return cell.cell_id or (str(cell.number) if cell.number else f"#{cell.position}")


def listed(cells: Iterable[Cell]) -> str:
    """Return several cells as people say them, in the order given.

    Examples
    --------
    >>> listed([Cell(source="", position=1), Cell(source="", position=2), Cell(source="", position=5)])
    'code cells 1, 2 and 5'
    >>> listed([Cell(source="", position=1), Cell(source="", number=7)])
    'code cell 1 and cell [7]'
    """
    cells = list(cells)
    if len(cells) == 1:
        return label(cells[0])
    are_numbered = [bool(cell.number) for cell in cells]
    words = [f"[{cell.number}]" if cell.number else str(cell.position) for cell in cells]
    if all(are_numbered) or not any(are_numbered):
        return f"{'cells' if are_numbered[0] else 'code cells'} {_and(words)}"
    kinds = ["cell" if is_numbered else "code cell" for is_numbered in are_numbered]
    return _and([f"{kind} {word}" for kind, word in zip(kinds, words, strict=True)])


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _run_of(cell: Cell) -> CellRun:
    return CellRun(
        number=cell.number,
        source=cell.last_source,
        ran=cell.ran,
        cell_id=cell.cell_id,
        position=cell.position,
        error=cell.error,
        failed_line=cell.failed_line,
        is_removed=cell.is_removed,
    )
