"""What the user's own files of a project name, and where: not what is installed or built in it.

A message may name anything. What a person wrote is found by reading their own
files, and nothing below a folder that tools fill (`node_modules`, `target`,
`vendor`). Nothing is run, and no link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .scan import Needed

MOST_FILES = 20_000
MOST_BYTES = 2 * 2**20  # a larger source file was written by a program
FILLED = frozenset(
    [
        *("__pycache__", "bower_components", "build", "coverage", "dist", "env", "node_modules", "out"),
        *("site-packages", "target", "vendor", "venv"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Use:
    """A place where a file asks for `module`.

    `file` is relative to the project, or "" where a person named the module.
    `line` counts from 1; `required` is False where it may never be asked for.
    """

    module: str
    file: str = ""
    line: int = 0
    required: bool = True

    @property
    def place(self) -> str:
        """Where it is, as `file:line`."""
        return f"{self.file}:{self.line}" if self.file else ""


def own_files(root: Path, endings: Collection[str]) -> Iterator[Path]:
    """Yield the files below `root` with these endings, in order, at most `MOST_FILES` of them."""
    count = 0
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in FILLED and not name.startswith("."))
        for name in sorted(names):
            if os.path.splitext(name)[1] in endings:  # noqa: PTH122 - a Path for each name is slow
                count += 1
                if count > MOST_FILES:
                    return
                yield Path(folder, name)


def text_of(path: Path) -> str:
    """Return a source file's text, or "" where it cannot be read, is no file or too large to be source."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def uses(root: Path, endings: Collection[str], scan: Callable[[Path, str], Sequence[Needed]]) -> list[Use]:
    """Return what the user's own files below `root` ask for, in the order of files and lines."""
    found = []
    for path in own_files(root, endings):
        text = text_of(path)
        if text:
            name = path.relative_to(root).as_posix()
            found += [
                Use(module=need.module, file=name, line=need.line, required=need.required)
                for need in scan(path, text)
            ]
    return found
