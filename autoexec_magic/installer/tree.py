"""What a file, a folder, a notebook or a whole project imports, and where.

Files are read and never run. Folders that hold other people's code or what a
build made are left out; so are links to folders, which may lead round in
circles. What cannot be read is said, and is no reason to stop.
"""

from __future__ import annotations

import os
import stat
import sys
import time
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

from ..errors import MissingTool, UsageError
from .quick import quick
from .remembered import UNREAD, Language, Remembered, Row, Rows, Stamp, packed, unpacked
from .scan import Needed, scan

Progress: TypeAlias = Callable[[int], None]  #: told how many files have been seen

LANGUAGES: dict[str, Language] = {
    **dict.fromkeys((".py", ".pyw", ".ipynb"), "python"),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"), "node"),
    ".rs": "rust",
}
_SUFFIXES = tuple(LANGUAGES)
_TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")
MOST_BYTES = 4 * 2**20  # of one source file
MOST_NOTEBOOK_BYTES = 64 * 2**20  # of one notebook, whose outputs may be pictures
PROGRESS_EVERY = 500  # files

# Other people's code, records of tools, and what is made anew.
LEFT_OUT = frozenset(
    (
        *(".git", ".hg", ".svn", ".jj", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache"),
        *(".pytest_cache", ".hypothesis", ".ipynb_checkpoints", ".yarn", ".pnpm-store", ".next", ".nuxt"),
        *(".svelte-kit", ".parcel-cache", ".turbo", ".cargo", ".virtual_documents"),
        *("__pycache__", "node_modules", "bower_components", "__pypackages__"),
    )
)
# What a build makes, where it stands beside the file that says so.
_BUILT = {
    "build": ("pyproject.toml", "setup.py", "setup.cfg", "package.json"),
    "dist": ("pyproject.toml", "setup.py", "setup.cfg", "package.json"),
    "target": ("Cargo.toml",),
}
_ENVIRONMENT = frozenset({"pyvenv.cfg", "conda-meta"})


_CLOSED: Rows = ((), (("cannot be read: the folder cannot be listed", 0, 0),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import and where it stands; `cell` is a notebook's, from 1, and 0 elsewhere.

    `path` is relative to what was scanned; `line` counts from 1, in a notebook within the cell.
    """

    path: str
    line: int
    cell: int
    module: str
    names: tuple[str, ...]
    required: bool
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What could not be scanned, and why; `line` and `cell` are 0 where it is the whole file."""

    path: str
    line: int
    cell: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan found; `kept` is what was found in each file, as the cache keeps it."""

    root: Path
    files: int
    kept: Sequence[tuple[str, bytes]]

    @property
    def imports(self) -> Iterator[Import]:
        """Every import, in the order of paths and lines."""
        for path, kept in sorted(self.kept):
            for language, module, line, cell, names, required in unpacked(kept)[0]:
                yield Import(
                    path=path,
                    line=line,
                    cell=cell,
                    module=module,
                    names=names,
                    required=required,
                    language=language,
                )

    @property
    def faults(self) -> Iterator[Fault]:
        """What could not be scanned."""
        for path, kept in sorted(self.kept):
            for why, line, cell in unpacked(kept)[1]:
                yield Fault(path=path, line=line, cell=cell, why=why)


def group_of(found: Import) -> tuple[str, bool]:
    """Return what an import is counted under, and whether it comes with the language.

    The top of a Python module, a Node package, a Rust crate.
    """
    if found.language == "node":
        from .scan_node import package_of

        package = package_of(found.module)
        return package or found.module, not package
    if found.language == "rust":
        from .scan_rust import package_of as crate_of

        return found.module, not crate_of(found.module)
    top = found.module.partition(".")[0]
    return top, top in sys.stdlib_module_names


def scan_tree(
    path: Path,
    *,
    remembered: Path | None = None,
    progress: Progress = lambda files: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Scanned:
    """Return what `path`, a file or a folder, imports.

    Parameters
    ----------
    path : Path
        A file of a known suffix (`LANGUAGES`), or a folder.
    remembered : Path, optional
        The folder in which what was found is kept: a file that has not changed
        is not read again.
    progress : callable, optional
        Told every `PROGRESS_EVERY` files how many there were.
    is_cancelled : callable, optional
        Asked as often whether to stop; what was found until then is returned.

    Raises
    ------
    UsageError
        There is nothing at `path`, or it is a file in no language we read.
    MissingTool
        `path` is one file, and what reads its language is not installed.
    """
    if not path.is_dir():
        return Scanned(root=path.parent, files=1, kept=((path.name, packed(_single(path))),))
    memory = Remembered.of(path, remembered)
    top, found = str(path), []
    old, new = memory.old, memory.new
    files = 0
    for name, stamp in walk(top):
        files += 1
        if files % PROGRESS_EVERY == 0:
            progress(files)
            if is_cancelled():
                break
        known = old.get(name)
        if known is None or known[0] != stamp:
            rows = read_file(f"{top}/{name}") if stamp != UNREAD else _CLOSED
            known = (stamp if _is_lasting(rows) else UNREAD, packed(rows))
        new[name] = known
        if known[1]:
            found.append((name, known[1]))
    else:
        memory.save()
    return Scanned(root=path, files=files, kept=found)


def _is_lasting(rows: Rows) -> bool:
    """Whether what was found holds as long as the file stays: a parser can be installed, a mode changed."""
    return not any(why.startswith(("cannot be read", "cannot read")) for why, _, _ in rows[1])


def walk(top: str) -> Iterator[tuple[str, Stamp]]:
    """Yield each source file below `top`: its path from there, and its stamp."""
    todo = [""]
    while todo:
        inside = todo.pop()
        prefix = f"{inside}/" if inside else ""
        files, folders, is_environment = [], [], False
        try:
            with os.scandir(f"{top}/{inside}" if inside else top) as entries:
                for entry in entries:
                    name = entry.name
                    if name.endswith(_SUFFIXES) and (stamp := _stamp(entry)) is not None:
                        files.append((prefix + name, stamp))
                    elif inside and name in _ENVIRONMENT:
                        is_environment = True
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(name)
        except OSError:
            yield inside, UNREAD
            continue
        if is_environment:
            continue  # other people's code
        yield from files
        for name in folders:
            if name not in LEFT_OUT and not (name in _BUILT and _is_built(name, f"{top}/{inside}")):
                todo.append(prefix + name)


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    """Return what changes when a regular file does; None if it is none."""
    try:
        found = entry.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _is_built(name: str, folder: str) -> bool:
    """Whether a folder is what a build made, by the files beside it."""
    return any(os.path.lexists(f"{folder}/{beside}") for beside in _BUILT[name])


def _single(path: Path) -> Rows:
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", fix="check the path")
    if not path.is_file():
        raise UsageError(f"{path} is neither a file nor a folder", fix="name a file or a folder")
    if path.suffix not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise UsageError(f"cannot scan {path.name}", why=f"its name ends in none of {known}")
    return read_file(str(path), is_single=True)


def read_file(path: str, *, is_single: bool = False) -> Rows:
    """Return what one file imports, and what of it could not be read.

    Raises
    ------
    MissingTool
        Only with `is_single`: what reads its language is not installed.
    """
    suffix = path[path.rfind(".") :]
    most = MOST_NOTEBOOK_BYTES if suffix == ".ipynb" else MOST_BYTES
    try:
        content = _content(path, most)
        if suffix in (".py", ".pyw"):
            return _python(decoded(content), 0), ()
        text = decoded(content) if suffix != ".ipynb" else content.decode("utf-8-sig")
        return _notebook(text) if suffix == ".ipynb" else _other(text, suffix)
    except MissingTool as error:
        if is_single:
            raise
        return (), ((f"{error.what}; fix: {error.fix}", 0, 0),)
    except SyntaxError as error:
        return (), ((f"does not parse: {error.msg}", error.lineno or 0, 0),)
    except OSError as error:
        return (), ((f"cannot be read: {error.strerror}", 0, 0),)
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        return (), ((f"cannot be read: {' '.join(str(error).split())[:200] or type(error).__name__}", 0, 0),)


def decoded(content: bytes) -> str:
    """Return Python's source as Python decodes it (PEP 263).

    Raises
    ------
    SyntaxError, UnicodeDecodeError
        As Python does.
    """
    if b"coding" in content[:400]:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        return content.decode(encoding)
    return content.decode("utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8")


def _content(path: str, most: int) -> bytes:
    """Return the bytes of a regular file; nothing else is waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("no regular file")
        if about.st_size > most:
            raise ValueError(f"larger than {most // 2**20} MiB")
        pieces = []
        left = most + 1
        while left > 0 and (piece := os.read(handle, min(about.st_size + 1, left))):
            pieces.append(piece)
            left -= len(piece)
            if len(piece) == about.st_size:
                break
    finally:
        os.close(handle)
    return b"".join(pieces)


def _python(source: str, cell: int) -> tuple[Row, ...]:
    needs = quick(source)
    return _rows("python", scan(source) if needs is None else needs, cell)


def _rows(language: Language, needs: Sequence[Needed], cell: int) -> tuple[Row, ...]:
    return tuple((language, need.module, need.line, cell, need.names, need.required) for need in needs)


def _notebook(text: str) -> Rows:
    rows: list[Row] = []
    faults: list[tuple[str, int, int]] = []
    from .cells import cells

    for cell in cells(text):
        try:
            rows += _python(cell.source, cell.number)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = error.msg if isinstance(error, SyntaxError) else str(error)
            line = error.lineno if isinstance(error, SyntaxError) else 0
            faults.append((f"does not parse: {why}", line or 0, cell.number))
    return tuple(rows), tuple(faults)


def _other(text: str, suffix: str) -> Rows:
    if suffix == ".rs":
        from .scan_rust import read_rust

        language: Language = "rust"
        needs, fault = read_rust(text)
    else:
        from .scan_node import read_node

        language = "node"
        needs, fault = read_node(text, typescript=suffix in _TYPESCRIPT)
    faults = (("does not parse there; what was found besides is listed", fault, 0),) if fault else ()
    return _rows(language, needs, 0), faults


def when_slow(tell: Progress, *, seconds: float = 1.0) -> Progress:
    """Return a `progress` that passes on what it is told at most once in `seconds`, and not before them."""
    last = time.monotonic()

    def progress(files: int) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            tell(files)

    return progress
