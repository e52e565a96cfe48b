"""What the record tells of all services, read in one pass; no platform is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ledger import Ledger
from ..releasefacts import Deployed
from .attempts import Open
from .journal import ROW, Journal
from .spelled import release_of

_NOTHING_KNOWN = frozenset({"rollback-failed", "rollback-unverified", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a release fared last, who deployed it then, and `why`: "rollback", or "" of a deploy."""

    deployed: Deployed
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTold:
    """All that the record has of a service.

    `live` is the id of the release that was left live, "" where none was, None
    where nobody knows. `told` are its releases, each once, the newest first, `runs`
    the ids of the runs that deployed it, also the newest first, and `open` the
    attempts that have not ended.
    """

    service: str
    target: str
    live: str | None
    told: tuple[Told, ...]
    runs: tuple[str, ...]
    open: tuple[Open, ...] = ()


def services_told(ledger: Ledger) -> list[ServiceTold]:
    """Return all services that were ever deployed, the one that was deployed last first.

    Raises
    ------
    LedgerError
        The ledger cannot be read.
    """
    folds: dict[tuple[str, str], _Fold] = {}
    for row in reversed(ledger.rows(ROW)):
        body = row.body
        if all(isinstance(body.get(name), str) for name in ("service", "target", "attempt", "what")):
            key = str(body["service"]), str(body["target"])
            fold = folds.pop(key, None) or _Fold()
            fold.take(body, run_id=row.run_id, at=row.at)
            folds[key] = fold  # the last one that was touched comes last
    return [_whole(ledger, *key, fold) for key, fold in reversed(folds.items()) if fold.runs]


@dataclass(slots=True)
class _Fold:
    """What is known of a service after some of its rows, the oldest first."""

    live: str | None = ""
    begun: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    found: dict[str, bool] = field(default_factory=dict)  # by attempt: whether something was live before
    told: dict[str, Told] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)

    def take(self, body: Mapping[str, Any], *, run_id: str, at: int) -> None:
        """Take the next row."""
        attempt, what = body["attempt"], body["what"]
        if what == "begun":
            self.begun[attempt] = body
            self.runs.append(run_id)
        elif what == "found":
            self.found[attempt] = body.get("before") is not None
        elif what == "ended" and (begun := self.begun.pop(attempt, None)) is not None:
            self.live = self._live_after(body, attempt)
            self._tell(begun, body, run_id=run_id, at=at)
        elif what == "broken":
            self.begun.pop(attempt, None)

    def _live_after(self, body: Mapping[str, Any], attempt: str) -> str | None:
        if body.get("code") in _NOTHING_KNOWN:
            return None
        if live := str(body.get("live") or ""):
            return live
        # It ended before it had looked what was live, and so before it touched anything; or that was nothing.
        return self.live if self.found.get(attempt, True) else ""

    def _was_good(self, release_id: str) -> bool:
        """Whether it passed its gate before: once is enough, however it fared since."""
        return release_id in self.told and self.told[release_id].deployed.is_good

    def _tell(self, begun: Mapping[str, Any], body: Mapping[str, Any], *, run_id: str, at: int) -> None:
        try:
            release = release_of(begun.get("release") or {})
        except ValueError:
            return
        deployed = Deployed(
            release=release,
            code=body["code"],
            is_good=body.get("is_good") is True or self._was_good(release.release_id),
            why=str(body.get("why", "")),
            run_id=run_id,
            at=at,
        )
        self.told.pop(release.release_id, None)
        by, why = str(begun.get("by", "")), str(begun.get("why", ""))
        self.told[release.release_id] = Told(deployed=deployed, by=by, why=why)


def _whole(ledger: Ledger, service: str, target: str, fold: _Fold) -> ServiceTold:
    is_open = bool(fold.begun)
    journal = Journal(ledger=ledger, service=service, target=target)
    return ServiceTold(
        service=service,
        target=target,
        live=fold.live,
        told=tuple(reversed(fold.told.values())),
        runs=tuple(dict.fromkeys(reversed(fold.runs))),
        open=tuple(journal.open()) if is_open else (),
    )
