"""Programs that were compiled, kept by their content: the second run of the same source starts at once.

The key is the source, the compiler with its version, and its options. What the
source includes from other files (`mod`, `include_str!`) is written down beside
the program, with its digest, and looked at again before each use. A program that
holds variables of its compiler's environment (`env!`) is not kept.

The compiler runs in the run's own cage and writes into the run's own folder;
what it made is then copied to a new name and renamed, so that an entry is whole
or not there, whoever else compiles the same at the same time. The cache is in
the data folder, which no cage lets a run write; an entry that is not exactly
what was put there is removed and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..errors import AutoexecError, ScriptError
from . import regular

MOST_ENTRIES, MOST_BYTES = 64, 2**30  #: of the cache; what was used longest ago goes first
_MOST_PROGRAM_BYTES = 256 * 2**20
_MOST_NEEDS = 1000
_MOST_SAID_BYTES = 1_000_000
_PROGRAM, _NOTE = "program", "note.json"
_ELF = b"\x7fELF"
_PATH_ENDS = re.compile(r"(?<!\\)[ \n]")


def key_of(source: bytes, compiler: str, options: Sequence[str]) -> str:
    """Return the name of an entry; `compiler` is what tells its version from others."""
    parts = (source, compiler.encode(), *(option.encode() for option in options))
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(digests).hexdigest()


def found(cache: Path, key: str) -> Path | None:
    """Return the program of an entry, if it is there and as it was put there; else remove it."""
    entry = cache / key
    try:
        note = json.loads((entry / _NOTE).read_bytes())
        is_whole = _digest(entry / _PROGRAM) == note["program"] and all(
            _digest_of_any(Path(path)) == digest for path, digest in note["needs"].items()
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        _remove(entry)
        return None
    with contextlib.suppress(OSError):
        os.utime(entry)  # it was used just now
    return entry / _PROGRAM


def keep(cache: Path, key: str, made: Path, source: Path, cwd: Path) -> Path:
    """Put what the compiler made into the cache, and return where it is there.

    Raises
    ------
    ScriptError
        It made no program.
    AutoexecError
        The cache cannot be written.
    """
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = cache / f".{key}-{os.getpid()}-{secrets.token_hex(4)}"
        new.mkdir(mode=0o700)
    except OSError as error:
        raise _unwritable(cache, error) from error
    try:
        digest = _copied(made, new / _PROGRAM)
        needs = _needs(made, source, cwd)
        (new / _NOTE).write_text(json.dumps({"program": digest, "needs": needs}), encoding="utf-8")
        entry = cache / key
        try:
            new.rename(entry)
        except OSError:  # somebody else was first, with the same
            if found(cache, key) is None:
                _remove(entry)
                new.rename(entry)
    except OSError as error:
        raise _unwritable(cache, error) from error
    finally:
        _remove(new)
    _make_room(cache, key)
    return entry / _PROGRAM


def _copied(made: Path, to: Path) -> str:
    """Copy a program that a caged compiler made, and return its digest."""
    try:
        with regular.opened(made) as (file, state):
            if state.st_size > _MOST_PROGRAM_BYTES:
                raise ScriptError("the compiler made no program", why=f"it has {state.st_size:,} bytes")
            data = file.read(_MOST_PROGRAM_BYTES)
    except OSError as error:
        raise ScriptError("the compiler made no program", why=str(error.strerror)) from error
    if not data.startswith(_ELF):
        raise ScriptError("the compiler made no program", why="what it wrote is none that Linux runs")
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o500), "wb") as copy:
        copy.write(data)
    return hashlib.sha256(data).hexdigest()


def holds_variables(made: Path) -> bool:
    """Whether variables of the compiler's environment are in a program (`env!`): then it is that run's."""
    return any(line.startswith("# env-dep:") for line in _said_of(made))


def _said_of(made: Path) -> list[str]:
    """Return the lines of what the compiler wrote beside a program, of what that was made of."""
    try:
        with regular.opened(made.with_name(f"{made.name}.d")) as (file, _):
            return file.read(_MOST_SAID_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _needs(made: Path, source: Path, cwd: Path) -> dict[str, str]:
    """Return the files that a program was made of, besides its source, with their digests."""
    lines = _said_of(made)
    rules = [line.partition(": ")[2] for line in lines if ": " in line and not line.startswith("#")]
    names = {name.replace("\\ ", " ") for rule in rules for name in _PATH_ENDS.split(rule) if name}
    paths = sorted({str(cwd / name) for name in names} - {str(source)})[:_MOST_NEEDS]
    return {path: _digest_of_any(Path(path)) for path in paths}


def _digest(path: Path) -> str:
    """Return the digest of a program that only this user can have written, "" of any other."""
    with regular.opened(path) as (file, state):
        is_ours = state.st_uid == os.geteuid() and not state.st_mode & 0o022
        return hashlib.sha256(file.read()).hexdigest() if is_ours else ""


def _digest_of_any(path: Path) -> str:
    """Return the digest of a file, "" where it cannot be read, or is larger than any that is included."""
    try:
        with regular.opened(path, follows=True) as (file, state):
            is_read = state.st_size <= _MOST_PROGRAM_BYTES
            return hashlib.sha256(file.read(state.st_size)).hexdigest() if is_read else ""
    except OSError:
        return ""


def _make_room(cache: Path, newest: str) -> None:
    """Remove the entries that were used longest ago, and what a killed process left half made."""
    entries: list[tuple[float, int, Path]] = []
    with contextlib.suppress(OSError):
        for entry in cache.iterdir():
            with contextlib.suppress(OSError):
                size = (entry / _PROGRAM).stat().st_size if (entry / _PROGRAM).exists() else 0
                entries.append((entry.stat().st_mtime, size, entry))
    entries.sort(key=lambda found: found[0], reverse=True)
    count = total = 0
    for _, size, entry in entries:
        count, total = count + 1, total + size
        if (count > MOST_ENTRIES or total > MOST_BYTES) and entry.name != newest:
            _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_symlink() or entry.is_file():
        entry.unlink(missing_ok=True)
    else:
        shutil.rmtree(entry, ignore_errors=True)


def _unwritable(cache: Path, error: OSError) -> AutoexecError:
    return AutoexecError(
        f"the program cannot be kept in {cache}", why=str(error), fix="make room, or set AUTOEXEC_DATA_DIR"
    )
