"""A conflict of versions reduced to the pair that cannot be had together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .spots import Seen, Spot, seen

YOU = "you"  #: who asks for what no package asks for
EXITS = (1, 2)  #: how pip and uv end when they could not do it
LOOSEN = "loosen one of the two requirements, or take another version of what asks for it"
#: What says that a compiler or another installer failed inside a build: they say why themselves.
COMPILED = (
    ": error: ",
    ": fatal error: ",
    "error: command '",
    "error[E",
    "undefined reference",
    "cannot find -l",
    "No matching distribution",
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST = 60  # requirements that are compared


@dataclass(frozen=True, slots=True)
class Want:
    """Who wants what: a package and its requirement, as in `gamma<2`."""

    who: str
    requirement: str

    def __str__(self) -> str:
        return f"{self.who} {'want' if self.who == YOU else 'wants'} {self.requirement}"


def clash(wants: list[Want]) -> tuple[Want, Want] | None:
    """Return the first two that ask for the same package by different requirements."""
    first: dict[str, Want] = {}
    for want in wants[:_MOST]:
        match = _NAME.match(want.requirement)
        name = match[0].lower().replace("_", "-") if match else ""
        before = first.setdefault(name, want)
        if name and before.requirement != want.requirement and before.who != want.who:
            return before, want
    return None


def conflict(spot: Spot, one: Want, other: Want, *, last: Spot, evidence: tuple[str, ...] = ()) -> Seen:
    """Return the conflict of two that want what cannot be had together."""
    why = f"{one}, but {other}"
    return seen(spot, "version-conflict", why, LOOSEN, last=last, exits=EXITS, evidence=evidence)
