"""Variables into a script and out of it: which may go, as what, and what comes back.

What comes back was written by a process that may be hostile: only regular
files are opened, none through a link, each is read no further than its bound,
and nothing in them is executed (`inside.carried`).
"""

from __future__ import annotations

import json
import keyword
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import ScriptError, UsageError
from ..executor.policy.variables import LOADS_CODE
from ..redact import one_line
from . import regular
from .inside import carried
from .language import Language

MOST_TEXT_BYTES = 100_000  # of a variable in the environment; Linux takes 131,072 with its name (execve(2))
_BULK = (".npy", ".arrow")
_NAME = re.compile(r"[^\W\d]\w*")
_SHELLS_OWN = re.compile(
    r"PATH|HOME|IFS|ENV|SHELL|CDPATH|GLOBIGNORE|SHELLOPTS|POSIXLY_CORRECT|PS\d|PWD|UID|EUID|PPID"
    r"|(?:BASH|LD|AUTOEXEC|_autoexec)_?.*"
)
_NODES_OWN = frozenset(
    ("process", "require", "module", "exports", "global", "globalThis", "Buffer", "console", "await", "async")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A variable for a script: as files, and as a text for the environment where that is what it gets."""

    name: str
    files: Mapping[str, bytes]
    text: str = ""


def given(inputs: Mapping[str, object], language: Language) -> tuple[Given, ...]:
    """Return what a script in `language` gets.

    Raises
    ------
    UsageError
        One of them cannot be handed over as it is; it says which, why, and
        what to do.
    """
    return tuple(_given(name, value, language) for name, value in inputs.items())


def check_names(names: Sequence[str], language: Language, option: str) -> None:
    """Refuse what a script in `language` cannot get or give back.

    Raises
    ------
    UsageError
        The language has no way, or a name is none.
    """
    if not names:
        return
    if language.hand_over is None:
        raise UsageError(
            f"{option} is not for {language.name}",
            why=f"a program in {language.name} has no variables that others could set or read",
            fix="give it --stdin FILE, or arguments; let it print, or write a file",
        )
    for name in names:
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name.startswith("__"):
            raise UsageError(f"{option} {name} cannot be", why="it is not the name of a variable")
        if language.values == "text" and (
            _SHELLS_OWN.fullmatch(name) or name in LOADS_CODE or not name.isascii()
        ):
            raise UsageError(f"{option} {name} cannot be", why="the shell has that name for itself")
        if language.values == "json" and name in _NODES_OWN:
            raise UsageError(f"{option} {name} cannot be", why="Node has that name for itself")


def taken(folder: Path, names: Sequence[str]) -> dict[str, object]:
    """Return the values that a script gave back, by their names.

    Raises
    ------
    ScriptError
        One is not there, cannot be handed over, or is not what it says.
    """
    return {name: _taken(folder, name) for name in names}


def _given(name: str, value: object, language: Language) -> Given:
    try:
        if language.values == "python":
            return Given(name=name, files=carried.pack(value))
        tree = carried.plain(value)
        if language.values == "json":
            return Given(name=name, files={"value.json": _json(tree).encode("ascii")})
        text = tree if isinstance(tree, str) else _json(tree)
        if "\0" in text or len(text.encode("utf-8", "surrogateescape")) > MOST_TEXT_BYTES:
            raise carried.RefusedError(
                f"a variable of a shell has at most {MOST_TEXT_BYTES:,} bytes, and no NUL"
            )
        return Given(name=name, files={}, text=text)
    except carried.RefusedError as error:
        fix = error.fix or carried.AS_FILE
        raise UsageError(f"{name} cannot be handed over to the script", why=error.why, fix=fix) from error


def _json(tree: object) -> str:
    text = json.dumps(tree, allow_nan=False)
    if len(text) > carried.MOST_JSON_BYTES:
        raise carried.RefusedError(
            f"it is {len(text):,} bytes of JSON, of at most {carried.MOST_JSON_BYTES:,}"
        )
    return text


def _taken(folder: Path, name: str) -> object:
    what = f"{name} was not handed back"
    try:
        inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ScriptError(what, why="the folder for it is gone", fix="leave that folder alone") from error
    try:
        at = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inner)
    except FileNotFoundError as error:
        why = f"the script had no variable {name} at its end, or did not come to its end as such"
        raise ScriptError(what, why=why, fix=f"set {name} at the script's top level") from error
    except OSError as error:
        raise ScriptError(what, why=f"what lies in its place is no folder: {error.strerror}") from error
    finally:
        os.close(inner)
    try:
        return _value(at, _Budget(at))
    except carried.RefusedError as error:
        why, fix = one_line(error.why)[:300], one_line(error.fix)[:200] or carried.AS_FILE
        raise ScriptError(what, why=why, fix=fix) from error
    finally:
        os.close(at)


class _Budget:
    """Reads files of one folder, all of them together no more than may be."""

    def __init__(self, folder: int) -> None:
        self._folder = folder
        self._left = carried.MOST_BYTES

    def __call__(self, name: str) -> bytes:
        """Return a file's content."""
        try:
            with regular.opened(name, self._folder) as (file, state):
                data = self._content(file, state, name)
        except OSError as error:
            raise carried.RefusedError(f"its file {name[:40]} cannot be read: {error.strerror}") from error
        self._left -= len(data)
        return data

    def _content(self, file: BinaryIO, state: os.stat_result, name: str) -> bytes:
        if state.st_nlink != 1:
            raise carried.RefusedError(f"its file {name[:40]} is no file of its own")
        # Of a file that is no array or table, each byte can be an object.
        most = min(carried.MOST_BYTES if name.endswith(_BULK) else carried.MOST_JSON_BYTES, self._left)
        if state.st_size > most:
            raise carried.RefusedError(f"it is {state.st_size:,} bytes, of at most {most:,}", carried.AS_FILE)
        return file.read(most)


def _value(folder: int, read: _Budget) -> object:
    """Return the value that lies in a folder: one of Python's or Node's, or a text of Bash's."""
    names = set(os.listdir(folder))
    if "refused.json" in names:
        raise _refused(read("refused.json"))
    for name, make in (("text", _text), ("list", list), ("pairs", _pairs)):
        if name in names:
            return make(_texts(read(name)))
    return carried.unpack(read)


def _refused(data: bytes) -> carried.RefusedError:
    try:
        said = json.loads(data)
        return carried.RefusedError(str(said["why"])[:300], str(said["fix"])[:200])
    except (ValueError, KeyError, TypeError, RecursionError):
        return carried.RefusedError("it cannot be handed over")


def _texts(data: bytes) -> list[str]:
    """Return the texts that each end with a NUL."""
    try:
        return data.decode("utf-8").split("\0")[:-1]
    except UnicodeDecodeError as error:
        raise carried.RefusedError("it is no text in UTF-8") from error


def _text(texts: list[str]) -> str:
    return texts[0] if texts else ""


def _pairs(texts: list[str]) -> dict[str, str]:
    return dict(zip(texts[::2], texts[1::2], strict=False))
