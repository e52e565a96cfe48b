"""What a notebook, a script or a folder of both imports.

A file that cannot be read or does not parse is named and left out: one bad
file is no reason to leave a project as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from . import notebook
from .notebook import Notebook
from .scan import Needed, scan

PYTHON = ("ipython", "python", "python3")  #: what a notebook's language is called
MOST_FILES = 50_000
MOST_SOURCE_BYTES = 16 * 2**20
_LEFT_OUT = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})
_PYTHON_MAGICS = frozenset({"autoexec", "capture", "prun", "time", "timeit"})
# What IPython turns into a call; after `_ANYTHING`, as `scan` has it, anything may be importable.
_LINE = re.compile(r"^([ \t]*)([%!?].*|[^#\n'\"]*=[ \t]*[%!].*|[\w.%]+\?{1,2})$", re.MULTILINE)
_ANYTHING = "get_ipython()"
_HARMLESS = re.compile(
    r"%(?:alias|autoreload|config|load_ext|matplotlib|precision|reload_ext|time|timeit|who)\b|.*\?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file and what it imports; `fault` is why that cannot be said, or cannot be said in whole."""

    path: Path
    needs: tuple[Needed, ...] = ()
    fault: str = ""


def of_path(path: Path) -> list[Source]:
    """Return what a file, or each Python file and notebook of a folder, imports.

    Raises
    ------
    UsageError
        There is nothing at `path`, or a file of another kind.
    """
    if path.is_dir():
        return [_of_file(file) for file in files(path)]
    if not path.is_file():
        raise UsageError(f"there is no {path}", fix="check the path")
    if path.suffix not in (".py", ".ipynb"):
        raise UsageError(
            f"{path.name} is neither a notebook nor Python", fix="%autoexec fix NOTEBOOK, FILE.py or FOLDER"
        )
    return [_of_file(path)]


def of_notebook(read: Notebook) -> Source:
    """Return what a notebook imports, as one program: a cell may make importable what a later one imports."""
    if read.language not in PYTHON:
        return Source(path=read.path, fault=f"its language is {read.language}")
    parts, bad = [], []
    for number, source in read.cells:
        code = _python(source)
        try:
            scan(code)
        except (SyntaxError, ValueError, RecursionError):
            bad.append(str(number + 1))
        else:
            parts.append(code)
    fault = f"cell {', '.join(bad)} does not parse" if bad else ""
    return Source(path=read.path, needs=_scanned("\n".join(parts)), fault=fault)


def files(folder: Path) -> Iterator[Path]:
    """Yield a folder's Python files and notebooks, in order; none of an environment or a build.

    Raises
    ------
    UsageError
        There are more than `MOST_FILES`.
    """
    count = 0
    for place, folders, names in os.walk(folder):
        inside = Path(place)
        folders[:] = sorted(name for name in folders if _is_own(inside / name))
        for name in sorted(names):
            if name.endswith((".py", ".ipynb")) and not name.startswith("."):
                count += 1
                if count > MOST_FILES:
                    raise UsageError(
                        f"{folder} has more than {MOST_FILES:,} files of code", fix="name a folder in it"
                    )
                yield inside / name


def _is_own(folder: Path) -> bool:
    name = folder.name
    return not (name.startswith(".") or name in _LEFT_OUT or (folder / "pyvenv.cfg").exists())


def _of_file(path: Path) -> Source:
    try:
        if path.suffix == ".ipynb":
            return of_notebook(notebook.read(path))
        if path.stat().st_size > MOST_SOURCE_BYTES:
            return Source(path=path, fault=f"it is larger than {MOST_SOURCE_BYTES:,} bytes")
        return Source(path=path, needs=_scanned(path.read_text("utf-8-sig")))
    except UsageError as error:
        return Source(path=path, fault=error.why or error.what)
    except SyntaxError as error:
        return Source(path=path, fault=f"line {error.lineno} does not parse")
    except (OSError, ValueError, RecursionError) as error:
        return Source(path=path, fault=f"{type(error).__name__}")


def _scanned(code: str) -> tuple[Needed, ...]:
    return tuple(scan(code))


def _python(source: str) -> str:
    """Return a cell's source as Python: what only IPython understands is a call of it."""
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        magic = first[2:].split(maxsplit=1)[:1]
        words = first.split()[1:]
        is_python = bool(magic) and magic[0] in _PYTHON_MAGICS
        if not is_python or (magic == ["autoexec"] and words and not words[0].startswith("-")):
            return _ANYTHING
        source = rest
    return _LINE.sub(lambda line: line[1] + ("pass" if _HARMLESS.match(line[2]) else _ANYTHING), source)
