"""What a notebook, a script or a folder of both imports of Python, file by file.

Read by `tree`, but for notebooks: their cells are one program, in which a cell
may make importable what a later one imports. A file that cannot be read or does
not parse is named and left out: one bad file is no reason to leave a project
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UsageError
from . import notebook
from .cells import python_of
from .notebook import Notebook
from .scan import Needed, scan
from .tree import Fault, Scanned, scan_tree

PYTHON = ("ipython", "python", "python3")  #: what a notebook's language is called
# Magics that make nothing importable: after any other line of IPython's own, no import is certain.
_HARMLESS = re.compile(
    r"^([ \t]*)%(?:alias|autoreload|config|load_ext|matplotlib|precision|pylab|reload_ext|who)\b.*$|"
    r"^([ \t]*)[\w.]+\?{1,2}[ \t]*$",
    re.MULTILINE,
)
_SUFFIXES = (".ipynb", ".py", ".pyw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file and what it imports; `fault` is why that cannot be said, or cannot be said in whole."""

    path: Path
    needs: tuple[Needed, ...] = ()
    fault: str = ""


def of_path(path: Path, remembered: Path | None = None) -> list[Source]:
    """Return what a file, or each Python file and notebook of a folder, imports; in order.

    Parameters
    ----------
    path : Path
        A notebook, a Python file or a folder.
    remembered : Path, optional
        The folder in which `tree` keeps what it has found.

    Raises
    ------
    UsageError
        There is nothing at `path`, or a file of another kind.
    """
    if path.is_file() and path.suffix not in _SUFFIXES:
        raise UsageError(
            f"{path.name} is neither a notebook nor Python", fix="%autoexec fix NOTEBOOK, FILE.py or FOLDER"
        )
    if path.is_file() and path.suffix == ".ipynb":
        return [_as_one(Source(path=path))]
    scanned = scan_tree(path, remembered=remembered)
    needs = _needs(scanned)
    faults = _faults(scanned)
    names = [name for name in dict.fromkeys([*needs, *faults]) if name.endswith(_SUFFIXES)]
    found = []
    for name in sorted(names):
        source = Source(
            path=scanned.root / name, needs=tuple(needs.get(name, ())), fault=faults.get(name, "")
        )
        found.append(_as_one(source) if name.endswith(".ipynb") else source)
    return found


def of_notebook(read: Notebook) -> Source:
    """Return what a notebook imports, as one program."""
    if read.language not in PYTHON:
        return Source(path=read.path, fault=f"its language is {read.language}")
    parts, bad = [], []
    for number, source in read.cells:
        code = python_of(_HARMLESS.sub(lambda line: f"{line[1] or line[2] or ''}pass", source))
        try:
            scan(code or "")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            bad.append(str(number + 1))
        else:
            parts.append(code or "get_ipython()")  # what another language did, nobody knows
    fault = f"cell {', '.join(bad)} does not parse" if bad else ""
    return Source(path=read.path, needs=tuple(scan("\n".join(parts))), fault=fault)


def _as_one(source: Source) -> Source:
    """Return what a notebook in a folder imports as one program; of an older format, cell by cell."""
    try:
        return of_notebook(notebook.read(source.path))
    except UsageError as error:
        return source if source.needs else replace(source, fault=error.why or error.what)


def _needs(scanned: Scanned) -> dict[str, list[Needed]]:
    found: dict[str, list[Needed]] = {}
    for each in scanned.imports:
        if each.language == "python":
            need = Needed(each.line, each.module, each.names, each.required)
            found.setdefault(each.path, []).append(need)
    return found


def _faults(scanned: Scanned) -> dict[str, str]:
    found: dict[str, list[Fault]] = {}
    for fault in scanned.faults:
        found.setdefault(fault.path, []).append(fault)
    return {name: _told(faults) for name, faults in found.items()}


def _told(faults: Sequence[Fault]) -> str:
    first = faults[0]
    return f"line {first.line}: {first.why}" if first.line else first.why
