"""Attempts to deploy that have not ended, as rows of the ledger have them: whose they are, how far along."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import executor
from ..chain import Row
from ..history import host, short_id
from ..releasefacts import Release
from .shift import Shift, shift_of
from .spelled import release_of

_HARMLESS = ("stage", "try")  #: steps that change nothing of what is live


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who deploys: a process for certain, and the run that it is part of."""

    host: str
    pid: int
    start_time: int
    run_id: str

    @property
    def shown(self) -> str:
        """The owner in words."""
        run = f", run {short_id(self.run_id)}" if self.run_id else ""
        return f"process {self.pid} on {self.host}{run}"

    @property
    def is_gone(self) -> bool:
        """Whether it is certainly dead; nobody knows it of another machine's."""
        return self.host == host() and not executor.is_alive(executor.ProcessId(self.pid, self.start_time))


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An attempt that has not ended: its row, what it is about, and how far it came.

    `shift` is how the traffic was to go over. `steps` are pairs of a step and
    whether it was done; `before` is what was live when it began, once it had
    found out (`knows_before`). One that `is_free` is nobody's any more: it waits
    for a person, was cut short, or a person broke its lock (`is_broken`); it is
    still what may be half done.
    """

    row: int
    attempt: str
    release: Release
    why: str
    owner: Owner
    at: int
    fence: int = 0
    shift: Shift | None = None
    steps: tuple[tuple[str, bool], ...] = ()
    before: Release | None = None
    knows_before: bool = False
    is_free: bool = False
    is_broken: bool = False

    @property
    def has_touched(self) -> bool:
        """Whether it may have changed what is live."""
        return any(name not in _HARMLESS for name, _ in self.steps)

    @property
    def at_step(self) -> str:
        """The last step that it intended, in words."""
        return self.steps[-1][0] if self.steps else "the beginning"


def opened(row: Row) -> Open | None:
    """Return the attempt that a row opens, None where it is none that can be read."""
    body = row.body
    release, owner = release_in(body.get("release")), body.get("owner")
    if release is None or not isinstance(owner, dict):
        return None
    try:
        found = Owner(
            host=str(owner["host"]),
            pid=int(owner["pid"]),
            start_time=int(owner["start_time"]),
            run_id=row.run_id,
        )
    except (KeyError, TypeError, ValueError):
        return None
    fence = body.get("fence")
    return Open(
        row=row.id,
        fence=fence if type(fence) is int else row.id,
        shift=shift_of(body.get("shift")),
        attempt=body["attempt"],
        release=release,
        why=str(body.get("why", "")),
        owner=found,
        at=row.at,
    )


def stepped(found: Open, body: Mapping[str, Any]) -> Open:
    """Return an attempt after a later row of it."""
    if body["what"] == "found":
        return dataclasses.replace(found, before=release_in(body.get("before")), knows_before=True)
    if body["what"] in ("broken", "let-go"):
        is_broken = found.is_broken or body["what"] == "broken"
        return dataclasses.replace(found, is_free=True, is_broken=is_broken)
    if body["what"] != "step":
        return found
    name, done = str(body.get("step", "")), body.get("done") is True
    steps = tuple(each for each in found.steps if each[0] != name)
    is_free = found.is_broken or name == "paused"
    return dataclasses.replace(found, steps=(*steps, (name, done)), is_free=is_free)


def release_in(body: object) -> Release | None:
    """Return the release that a row holds, None where it holds none."""
    if not isinstance(body, dict):
        return None
    try:
        return release_of(body)
    except ValueError:
        return None
