"""The place of a failure in the module of a notebook's app, told as notebook and cell.

`build app` writes beside a module which line of it is of which cell. Whoever has
that file hands it in as a `CellMap`; a diagnosis whose place is in that module
then names the cell. A map of another build is known by the line of code that a
traceback shows, and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from autoexec_magic.values import Diagnosis, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMap:
    """Which line of a module is of which cell.

    Parameters
    ----------
    file : str
        The end of the module's path, such as "model/__init__.py".
    notebook : str
        The notebook's name.
    lines : mapping of int to (int, int)
        A line of the module -> the number of its cell, and the line in it; all
        from 1.
    ids : mapping of int to str
        The number of a cell -> its id, where it has one.
    texts : mapping of int to str
        A line of the module -> what stands there, without white space around it.
    """

    file: str
    notebook: str
    lines: Mapping[int, tuple[int, int]]
    ids: Mapping[int, str] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)

    def place(self, frame: Frame) -> tuple[int, int] | None:
        """Return cell and line in the cell of a frame, None where this map knows it not."""
        path = frame.file.replace("\\", "/")
        if path != self.file and not path.endswith(f"/{self.file}"):
            return None
        text = self.texts.get(frame.line, "")
        if frame.source and text and frame.source.strip() != text:
            return None
        return self.lines.get(frame.line)


def in_cells(found: Diagnosis, maps: Iterable[CellMap]) -> Diagnosis:
    """Return a diagnosis with its place as notebook and cell, where one of the maps knows it.

    Examples
    --------
    >>> one = CellMap(file="m/__init__.py", notebook="m.ipynb", lines={7: (4, 2)})
    >>> at = Frame(file="/app/m/__init__.py", line=7)
    >>> in_cells(Diagnosis(code="x", why="y", frame=at), [one]).where
    'm.ipynb cell 4 line 2'
    """
    frame = found.frame
    if frame is None:
        return found
    for each in maps:
        if place := each.place(frame):
            cell, line = place
            inside = replace(frame, file=each.notebook, line=line, cell_id=each.ids.get(cell, ""))
            return replace(
                found,
                where=f"{each.notebook} cell {cell} line {line}",
                frame=inside,
                evidence=(*found.evidence, f"in the app it is {each.file} line {frame.line}"),
            )
    return found
