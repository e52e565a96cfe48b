"""Which change an undo takes back, and what that means here: read from the ledger, changing nothing.

The last change of this environment that was not taken back: an `install`, or
an `install-begun` that never ended because its process was killed. What it
added is removed, what it replaced comes back. Where something else changed
since, or a file was edited by hand, nothing is taken back: that would lose
what nobody has a copy of. What is gone already is no obstacle.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from .. import executor
from ..chain import Row
from ..history import host
from .footprint import edited, footprint, is_version
from .known import normal
from .record import BEGUN, DONE, FAILED, UNDO, UNDO_BEGUN, UNDO_FAILED

_ENDS = (DONE, FAILED, UNDO, UNDO_FAILED)
_BEGINS = (BEGUN, UNDO_BEGUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What taking back `row` means: each item as the ledger has it, with `name` and `version`.

    `obstacles` say what keeps it from being done.
    """

    row: Row
    removed: tuple[dict[str, Any], ...] = ()
    restored: tuple[dict[str, Any], ...] = ()
    obstacles: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """When the change was made, for people."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.row.at / 1000))


def last_change(rows: Sequence[Row], prefix: str) -> Row | None:
    """Return the last change of the environment at `prefix` that was not taken back, or None.

    Parameters
    ----------
    rows : sequence of Row
        All there are, newest first.
    prefix : str
        Of the environment, links resolved.
    """
    here = [row for row in rows if _prefix(row) == prefix]
    undone = {row.body.get("undoes") for row in here if row.kind == UNDO}
    ended = {row.body.get("begun") for row in here if row.kind in _ENDS}
    for row in here:
        is_change = row.kind == DONE or (row.kind == BEGUN and row.id not in ended)
        if is_change and row.id not in undone:
            return row
    return None


def going_on(rows: Sequence[Row], prefix: str) -> str:
    """Return what another process does to the environment at `prefix` just now, or ""."""
    here = [row for row in rows if _prefix(row) == prefix]
    ended = {row.body.get("begun") for row in here if row.kind in _ENDS}
    for row in here:
        if row.kind in _BEGINS and row.id not in ended and _is_alive(row.body.get("owner")):
            what = "an install" if row.kind == BEGUN else "an undo"
            return f"{what} goes on in process {row.body['owner']['pid']}"
    return ""


def killed(rows: Sequence[Row], prefix: str) -> list[Row]:
    """Return the installs into the environment at `prefix` that never ended, and whose processes are gone."""
    here = [row for row in rows if _prefix(row) == prefix]
    over = {row.body.get("begun") for row in here if row.kind in _ENDS}
    over |= {row.body.get("undoes") for row in here if row.kind == UNDO}
    begun = [row for row in here if row.kind == BEGUN and row.id not in over]
    return [row for row in begun if not _is_alive(row.body.get("owner"))]


def planned(row: Row, there: dict[str, metadata.Distribution]) -> Undo:
    """Return what taking back `row` means where `there` is what is installed."""
    old = {normal(item["name"]): item for item in row.body.get("replaced", ())}
    removed, restored, obstacles = [], [], []
    for item in row.body.get("added", ()):
        name = normal(item["name"])
        before, distribution = old.pop(name, None), there.get(name)
        if distribution is not None and before is not None and _is(distribution, before):
            continue  # it was put back already
        is_half = row.kind == BEGUN  # files may be missing or cut, and nobody did that by hand
        if distribution is not None and (changed := _changed(item, distribution, is_half=is_half)):
            obstacles.append(changed)
        if before is not None:
            restored.append(before)
        if distribution is not None:
            removed.append(item)
    for name, item in old.items():  # taken out, with nothing in its place
        if name not in there:
            restored.append(item)
        elif not _is(there[name], item):
            obstacles.append(f"{item['name']} is {there[name].version} now, and was {item['version']} before")
    return Undo(row=row, removed=tuple(removed), restored=tuple(restored), obstacles=tuple(obstacles))


def _is(distribution: metadata.Distribution, item: dict[str, Any]) -> bool:
    if not is_version(distribution, item["version"]):
        return False
    return not item.get("files") or footprint(distribution) == item["files"]


def _changed(item: dict[str, Any], distribution: metadata.Distribution, *, is_half: bool) -> str:
    """Return how an installed distribution is not what the ledger says was installed, or ""."""
    name, version = item["name"], item["version"]
    if not is_version(distribution, version):
        return f"{name} is {distribution.version} now, and {version} was installed"
    if item.get("files") and footprint(distribution) != item["files"]:
        return f"{name} {version} was installed again since, from other files"
    if not is_half and (files := edited(distribution)):
        return f"{name} {version} was changed by hand since: {', '.join(files)}"
    return ""


def _prefix(row: Row) -> str:
    place = row.body.get("environment")
    return str(place.get("prefix", "")) if isinstance(place, dict) else ""


def _is_alive(owner: object) -> bool:
    """Whether another process that began something lives; of another machine's nobody here can say."""
    if not isinstance(owner, dict) or owner.get("host") != host() or owner.get("pid") == os.getpid():
        return False
    return executor.is_alive(executor.ProcessId(int(owner["pid"]), int(owner["start_time"])))
