"""Which imported modules have other files than when they were imported: only then a restart helps.

Whoever installs, `%pip` or this package, notes the files before and looks at
them afterwards; what was only added changes nothing that is running.
"""

from __future__ import annotations

import os
import sys

#: what a file was: its modification time in nanoseconds, its size, its number
Stamp = tuple[int, int, int]


def stamps() -> dict[str, dict[str, Stamp]]:
    """Return the files of all imported modules, by the name that is imported."""
    found: dict[str, dict[str, Stamp]] = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        stamp = _stamp(path) if isinstance(path, str) else None
        if stamp is not None:
            found.setdefault(name.partition(".")[0], {})[str(path)] = stamp
    return found


def changed(before: dict[str, dict[str, Stamp]]) -> list[str]:
    """Return the names of modules whose files are others now, or gone."""
    names = (name for name, files in before.items() if any(_stamp(path) != it for path, it in files.items()))
    return sorted(names)


def _stamp(path: str) -> Stamp | None:
    try:
        stat = os.stat(path)  # noqa: PTH116 - a thousand of them, after each installation
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
