"""What a place must know for a release to be live there: four facts, and a few that only some know.

`deploy` is written once and owns order, gate, undo and record; a target knows
what is live, how to stage, how to switch, and whether a release is well just
now. What not every platform can do (show a difference, split traffic, try a
release aside, tell its logs) is a protocol of its own, and is refused by its
name where a target has it not.

`unwell` is one look, not a wait: how often, for how long and with how many
failures is the gate's, and the same for all targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

from ..errors import DeployError
from ..events import Emit
from ..releasefacts import Release, TargetKind


class Unanswered(DeployError):
    """The platform does not answer: it was asked again and again, and nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwell:
    """Why a release is not well just now.

    One that `is_final` does not get well by waiting: its image is not there,
    or it ends as soon as it starts. `evidence` are its last words.
    """

    why: str
    is_final: bool = False
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What a platform itself says is live.

    `release_id` and `digest` stand on the live object, "" where nobody of ours
    put them there. `fields` are what it runs with, as `difference.fields_of` names
    them. `release` is all of it, where the platform keeps that. `shares` are the
    releases that get a part of the traffic, in percent. `changed` says who
    changed it by another way, and what, "" where nobody did. `is_ours` says that
    what people reach was made by us, also where the release behind it is gone.
    """

    release_id: str
    digest: str
    fields: Mapping[str, str] = field(default_factory=dict)
    release: Release | None = None
    shares: tuple[tuple[str, float], ...] = ()
    changed: str = ""
    is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that a deploy changes; "" is not there. Secrets are shown by their version alone."""

    name: str
    now: str
    new: str


class Target(Protocol):
    """Somewhere a release of one service can be live.

    Each method raises `DeployError` (or `MissingTool`, `UsageError`) with the next
    thing to type, and asks again by itself where a platform says that it is busy.
    """

    kind: ClassVar[TargetKind]

    def live(self) -> Live | None:
        """Return what is live, read from the platform itself; None where nothing is."""

    def stage(self, release: Release, emit: Emit) -> Release:
        """Bring a release there, unused so far, and return it with its name there.

        Harmless, and the same when it is done twice: what is there is left as it is.
        """

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Give all traffic to a staged release; with None take the service away.

        `fence` grows from deploy to deploy: whoever comes with a lower one than
        was seen has lost its turn, and is refused.
        """

    def unwell(self, release: Release) -> Unwell | None:
        """Return why a staged or live release is not well just now, None where it is."""


@runtime_checkable
class Aside(Protocol):
    """A target where a staged release runs before it gets any traffic."""

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Return why a staged release that nobody uses is not well just now."""


@runtime_checkable
class Splits(Protocol):
    """A target that can give a part of the traffic to a release."""

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Give a staged release so many percent, above 0 and below 100; the live one keeps the rest."""


@runtime_checkable
class ChecksSplit(Protocol):
    """A target where some releases cannot have a part of the traffic."""

    def check_split(self, release: Release) -> None:
        """Refuse a release that `split` would refuse; changes nothing.

        Raises
        ------
        DeployError
            It cannot have a part of the traffic.
        """


@runtime_checkable
class Tidies(Protocol):
    """A target where older releases take up room."""

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """End all but the live release, and remove what is not needed to make one of `keep` live again."""


@runtime_checkable
class Checks(Protocol):
    """A target that knows before anything is done that a release cannot be."""

    def check(self, release: Release) -> None:
        """Refuse a release that a deploy would refuse; changes nothing.

        Raises
        ------
        UsageError
            It cannot be live here.
        """


@runtime_checkable
class Previews(Protocol):
    """A target whose platform says what it would do."""

    def preview(self, release: Release) -> Sequence[Change]:
        """Return what a deploy would change, as the platform says; changes nothing.

        Raises
        ------
        DeployError
            The platform would refuse it; with its own words.
        """


@runtime_checkable
class Tells(Protocol):
    """A target that has the logs of a release."""

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines, and then those that come."""


@runtime_checkable
class Addressed(Protocol):
    """A target that knows where people reach the service."""

    def address(self) -> str:
        """Return a URL, or "" where there is none."""
