"""What `[tool.autoexec.build]` says, in the project's pyproject.toml or `[build]` in its autoexec.toml."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ..errors import BuildError, UsageError
from . import outputs, reading
from .artifacts import PLAIN, Source, Wish

#: each setting, what it is, and what it means
KNOWN: Mapping[str, tuple[type, str]] = {
    "out": (str, "the folder for files, relative to the project; `dist`"),
    "name": (str, "the name of an image or app; the project's or the notebook's"),
    "version": (str, "the version of an image or app; the project's, else the day and the commit"),
    "base": (str, "the image that ours is built on; python:X.Y-slim or node:X-slim"),
    "command": (list, "what an image runs, as a list of words"),
    "port": (int, "where an image listens; 8000 for a web app"),
    "health": (str, "the path of a URL that answers when it is well, such as /health"),
    "repository": (str, "where --publish sends wheels"),
    "registry": (str, "where --push sends images"),
    "npm-registry": (str, "where --publish sends npm packages"),
    "include": (list, "patterns of files that an image or app gets; all that no .dockerignore names"),
    "exclude": (list, "patterns of files that it does not get"),
    "tests": (bool, "whether what was built is tested; true"),
}


def source_of(path: Path, workspace: Path, wish: Wish = PLAIN) -> Source:
    """Return what is to be built, with the settings of its folder.

    Raises
    ------
    UsageError
        There is no such folder or file, or a setting is unknown or of a wrong kind.
    BuildError
        Files would be put where no build may put them.
    """
    path = path.absolute()
    if not path.exists():
        raise UsageError(f"there is no {path}", fix="%autoexec build [KIND] PATH")
    folder = path if path.is_dir() else path.parent
    found = Source(path=path, folder=folder, workspace=workspace, settings=read(folder), wish=wish)
    outputs.place_of(found)
    return found


def read(folder: Path) -> dict[str, object]:
    """Return the settings of a folder; the later file wins."""
    found: dict[str, object] = {}
    for name, keys in (("pyproject.toml", ("tool", "autoexec", "build")), ("autoexec.toml", ("build",))):
        file = folder / name
        try:
            values: object = tomllib.loads(reading.text(file))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except BuildError as error:
            raise UsageError(f"cannot read {file}", why=error.why, fix="mend the file") from error
        except (tomllib.TOMLDecodeError, RecursionError, OSError) as error:
            raise UsageError(f"cannot read {file}", why=str(error), fix="mend the file") from error
        for key in keys:
            values = values.get(key, {}) if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            raise UsageError(f"[{'.'.join(keys)}] in {name} is not a table", fix="mend the file")
        for key, value in values.items():
            _check(key, value, name)
        found |= values
    return found


def _check(key: str, value: object, where: str) -> None:
    if key not in KNOWN:
        near = difflib.get_close_matches(key, KNOWN, n=1)
        fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(KNOWN)}"
        raise UsageError(f"unknown setting build.{key} in {where}", fix=fix)
    kind, meaning = KNOWN[key]
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    if not (is_texts if kind is list else type(value) is kind):
        names = {str: "a text", list: "a list of texts", int: "a whole number", bool: "true or false"}
        raise UsageError(f"build.{key} in {where} cannot be {value!r}", fix=f"give {names[kind]}: {meaning}")
