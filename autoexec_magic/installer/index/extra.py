"""Read the extra `index`: PyPI `pigar`, which ships a database of published top-level names.

Everybody can publish a distribution that claims a name, so what it says are
candidates and never evidence. Its own functions are called; nothing of its
data is kept here.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from math import log2
from typing import Any

from ..known import normal

MOST = 8  # of `tests` or `utils` there are thousands
_COMMON = frozenset(
    ("python", "py", "python3", "django", "scikit", "apache", "client", "core", "sdk", "api", "tools", "lib")
)


@functools.lru_cache(maxsize=1024)
def claims(module: str) -> Mapping[str, str]:
    """Return the distributions that claim a top-level name, each with its newest version known."""
    if not _is_there():
        return {}
    import sqlite3  # 1 ms of each start, for who has the extra

    try:
        from pigar.db import database

        with database() as opened:
            found = opened.query_distributions_by_top_level_module(module) or []
    except (ImportError, AttributeError, OSError, sqlite3.Error):
        return {}  # another version of it, or a file that cannot be read: then it says nothing
    return {each.name: each.version or "" for each in found}


def ranked(module: str, versions: Mapping[str, str], uses: Mapping[str, int]) -> tuple[str, ...]:
    """Return distributions that claim a module, the likeliest first, at most `MOST`.

    Nothing here says how much each is used. What tells: Debian has it for
    another module; copies are named after it; its releases went on; its name
    is the module's, with the words that people put around one.

    Parameters
    ----------
    module : str
        A top-level name.
    versions : mapping of str to str
        The newest version known of each, by its name.
    uses : mapping of str to int
        How many projects use a distribution, by its normal name, where that is known.
    """
    names = {name: normal(name) for name in versions}
    bare = normal(module)

    def points(name: str) -> float:
        short = names[name]
        copies = sum(other != short and short in other for other in names.values()) if short != bare else 0
        found = 3.0 * bool(uses.get(short)) + 1.5 * min(copies, 2) + _maturity(versions[name])
        if short == bare:
            return found + 1.8
        words = set(short.split("-"))
        rest = words - set(bare.split("-")) - _COMMON
        if not rest or short.replace("-", "") == bare.replace("-", ""):
            return found + 1.5
        return found + (1.0 if bare in short and len(rest) == 1 else 0.0)

    return tuple(sorted(versions, key=lambda name: (-points(name), len(name), name)))[:MOST]


def _maturity(version: str) -> float:
    """Return 0 for what was uploaded once to hold a name, to 3 for what went on being released."""
    numbers = [int(part) for part in re.findall(r"\d+", version)[:3]]
    if not any(numbers) or sum(numbers) == 1:
        return -2.0 if numbers[:1] != [1] else 0.5
    major, minor = min(numbers[0], 20), min([*numbers, 0][1], 40)
    return min(3.0, log2(1 + 10 * major + minor) / 2)


def coverage() -> dict[str, Any]:
    """Return what the extra says of itself, or nothing where it is not installed."""
    if not _is_there():
        return {}
    return {
        "path": "",
        "date": "",
        "modules": 0,
        "distributions": 0,
        "sources": f"pigar {importlib.metadata.version('pigar')}: published top-level names; never evidence",
    }


def _is_there() -> bool:
    return importlib.util.find_spec("pigar") is not None
