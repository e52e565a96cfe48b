"""What TOML and JSON files say, as values of the kind that is expected, or none: they are anybody's."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import BuildError
from .. import reading

MOST_BYTES = 64 << 20  #: of a file that says which packages


def read_toml(file: Path) -> dict[str, object]:
    """Return what a TOML file says, {} where there is none.

    Raises
    ------
    BuildError
        It cannot be read.
    """
    try:
        return tomllib.loads(reading.text(file))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, RecursionError, OSError) as error:
        raise BuildError(f"{file.name} cannot be read", why=str(error), fix="mend the file") from error


def read_json(file: Path) -> dict[str, object]:
    """Return the object in a JSON file, {} where there is none.

    Raises
    ------
    BuildError
        It cannot be read.
    """
    try:
        found = json.loads(reading.text(file, encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, RecursionError, OSError) as error:
        raise BuildError(f"{file.name} cannot be read", why=str(error), fix="mend the file") from error
    if not isinstance(found, dict):
        raise BuildError(f"{file.name} cannot be read", why="it is no JSON object", fix="mend the file")
    return found


def named_file(folder: Path, path: str) -> bytes:
    """Return what a file holds that a project names: one in its folder, with no link on the way to it.

    Raises
    ------
    BuildError
        It is none, lies elsewhere, or cannot be read.
    """
    try:
        with reading.below(folder, path) as stream:
            return reading.whole(stream, path, MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BuildError(f"{path} cannot be read", why=str(error.strerror), fix="mend the file") from error


def below(values: Mapping[str, object], *keys: str) -> dict[str, object]:
    """Return the table below some keys, {} where there is none."""
    found: object = values
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, dict) else {}


def text(values: Mapping[str, object], key: str) -> str:
    """Return a value that is text, "" where it is none."""
    found = values.get(key)
    return found if isinstance(found, str) else ""


def whole(values: Mapping[str, object], key: str) -> int:
    """Return a value that is a whole number, 0 where it is none."""
    found = values.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def items(values: Mapping[str, object], key: str) -> Sequence[object]:
    """Return a value that is a list, an empty one where it is none."""
    found = values.get(key)
    return found if isinstance(found, list) else []


def words(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return a list as texts."""
    return tuple(str(each) for each in items(values, key))
