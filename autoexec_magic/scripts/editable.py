"""What `pip install -e` left for imports: places outside, named by files beside the installed packages.

A `.pth` file names folders, a line each, or imports a finder that has a table of
packages; a cage that lets the installed packages be read would keep a run from these.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import site
from collections.abc import Iterator
from pathlib import Path

from ..config import workspace
from ..executor import cage

_FINDER = re.compile(r"import (__editable__\w+_finder)\b")
_NO_FOLDER = ("#", "import ", "import\t")
_PROTECTED = ".venv"  # of what is in the workspace, no run may write this (`cage.PROTECTED`)


def places(cwd: Path) -> tuple[Path, ...]:
    """Return the folders and files that this interpreter imports from by `.pth` files.

    Without those that hold keys, and without hidden folders of the home. A
    `.pth` file that a run in `cwd` can write opens nothing: else the one before
    decides what the next one reads.
    """
    found = [place for folder in _sites(cwd) for place in _named_in(folder)]
    resolved = dict.fromkeys(os.path.realpath(place) for place in found)
    return tuple(Path(place) for place in resolved if Path(place).exists() and _may_be_read(place))


def _sites(cwd: Path) -> list[Path]:
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    root = workspace(cwd).resolve()
    kept = root / _PROTECTED
    resolved = [Path(folder).resolve() for folder in folders]
    return [path for path in resolved if not path.is_relative_to(root) or path.is_relative_to(kept)]


def _named_in(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*.pth")):
        for line in _text(file).splitlines():
            if finder := _FINDER.match(line):
                yield from _table(folder / f"{finder[1]}.py")
            elif line.strip() and not line.startswith(_NO_FOLDER) and "\0" not in line:
                yield folder / line.rstrip()


def _table(finder: Path) -> Iterator[Path]:
    """Return the packages and modules that a finder of setuptools knows; its table is read, and not run."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.parse(_text(finder)).body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "MAPPING" and node.value:
                table = ast.literal_eval(node.value)
                for name in table.values() if isinstance(table, dict) else ():
                    yield Path(name) if Path(name).is_dir() else Path(f"{name}.py")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _may_be_read(place: str) -> bool:
    """Whether a place holds no keys: neither one that no cage lets through, nor a hidden one of the home."""
    home = Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111 - raises nothing without a home
    is_hidden = Path(place).is_relative_to(home) and str(Path(place).relative_to(home)).startswith(".")
    return not cage.secret_in(place) and not is_hidden
