"""Which release answers a request: by weight, and in turn among its ports. Values only, no sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...errors import UsageError

_MOST_PORT = 65_535
_WHOLE = 100.0
_ROUNDING = 0.01

PortsOf: TypeAlias = Callable[["Share"], tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a release gets of the requests.

    `percent` lies in [0, 100]. `ports` are on this machine; where there are none,
    they are those of the instance of that name which is looked after here.
    """

    release_id: str
    percent: float = _WHOLE
    ports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.release_id or not 0 <= self.percent <= _WHOLE:
            raise UsageError(f"a share of {self.percent} % for {self.release_id!r} cannot be")
        if not all(0 < port <= _MOST_PORT for port in self.ports):
            raise UsageError(f"{self.ports} are no ports", fix=f"numbers from 1 to {_MOST_PORT}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Who answers requests; `fallback` is asked where the one that was chosen fails."""

    shares: tuple[Share, ...] = ()
    fallback: Share | None = None

    def releases(self) -> frozenset[str]:
        """Return who may get a request."""
        found = {share.release_id for share in self.shares}
        return frozenset(found | {self.fallback.release_id} if self.fallback else found)

    def without(self, release_id: str) -> Routes:
        """Return these routes with a release taken out; the others have its part by their weights."""
        kept = tuple(share for share in self.shares if share.release_id != release_id)
        is_fallback = self.fallback is not None and self.fallback.release_id == release_id
        return Routes(shares=kept, fallback=None if is_fallback else self.fallback)

    def check_whole(self) -> None:
        """Refuse shares that are not 100 % together, or that name a release twice.

        Raises
        ------
        UsageError
            They do.
        """
        names = [share.release_id for share in self.shares]
        if len(set(names)) < len(names):
            raise UsageError(f"a release has two shares: {', '.join(names)}")
        total = sum(share.percent for share in self.shares)
        if self.shares and abs(total - _WHOLE) > _ROUNDING:
            raise UsageError(f"the shares are {total:g} % together", fix="shares that are 100 % together")

    def to_json(self) -> dict[str, Any]:
        """Return them as JSON has them."""
        return {
            "shares": [_share_to_json(share) for share in self.shares],
            "fallback": _share_to_json(self.fallback) if self.fallback else None,
        }


NOWHERE = Routes()  #: nobody answers


@dataclass(frozen=True, slots=True)
class Upstream:
    """One port of a release."""

    release_id: str
    port: int


@dataclass(slots=True)
class Counts:
    """What became of the requests that a release was asked.

    `errors` are answers of 500 and above, connections that were refused or broke,
    and answers that did not come or were cut off; not one that another release fails to give, too.
    """

    requests: int = 0
    errors: int = 0
    in_flight: int = 0


@dataclass(slots=True)
class Turns:
    """Whose turn it is among the ports of each release."""

    _next: dict[str, int] = field(default_factory=dict)

    def of(self, release_id: str, ports: tuple[int, ...]) -> tuple[Upstream, ...]:
        """Return a release's ports, the one whose turn it is first."""
        if not ports:
            return ()
        at = self._next.get(release_id, 0) % len(ports)
        self._next[release_id] = at + 1
        return tuple(Upstream(release_id, port) for port in (*ports[at:], *ports[:at]))

    def forget(self, release_id: str) -> None:
        """Forget a release that is gone."""
        self._next.pop(release_id, None)


def chosen(routes: Routes, pick: float) -> Share | None:
    """Return the share that `pick`, a number in [0, 1), falls into; None where no share has weight.

    Examples
    --------
    >>> routes = Routes(shares=(Share(release_id="a", percent=90), Share(release_id="b", percent=10)))
    >>> [chosen(routes, pick).release_id for pick in (0.0, 0.89, 0.91)]
    ['a', 'a', 'b']
    """
    weighed = [share for share in routes.shares if share.percent > 0]
    at = pick * sum(share.percent for share in weighed)
    for share in weighed:
        if at < share.percent:
            return share
        at -= share.percent
    return weighed[-1] if weighed else None


def candidates(routes: Routes, pick: float, turns: Turns, ports_of: PortsOf) -> tuple[Upstream, ...]:
    """Return whom to ask, in this order: the ports of the chosen release, then those of the fallback."""
    share = chosen(routes, pick)
    found = turns.of(share.release_id, ports_of(share)) if share else ()
    spare = routes.fallback
    if spare is None or (share is not None and spare.release_id == share.release_id):
        return found
    return (*found, *turns.of(spare.release_id, ports_of(spare)))


def routes_from_json(data: Mapping[str, Any]) -> Routes:
    """Return what `Routes.to_json` returned.

    Raises
    ------
    UsageError
        A share cannot be.
    KeyError, TypeError
        It is something else.
    """
    spare = data["fallback"]
    return Routes(
        shares=tuple(map(_share_from_json, data["shares"])),
        fallback=_share_from_json(spare) if spare else None,
    )


def _share_to_json(share: Share) -> dict[str, Any]:
    return {"release_id": share.release_id, "percent": share.percent, "ports": list(share.ports)}


def _share_from_json(data: Mapping[str, Any]) -> Share:
    return Share(
        release_id=str(data["release_id"]),
        percent=float(data["percent"]),
        ports=tuple(map(int, data["ports"])),
    )
