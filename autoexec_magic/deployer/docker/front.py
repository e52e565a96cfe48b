"""What stands in front of the containers: who gets the traffic, and what became of the requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ...errors import DeployError, PhaseError
from ..serving.client import Serving
from ..serving.instance import State
from ..serving.record import load
from ..serving.routes import Routes, Share
from ..target import Unanswered, Unwell

MOST_ERRORS = 0.05  #: the part of the requests between two looks that may fail
DRAIN_SECONDS = 10.0
_WHOLE = 100.0

T = TypeVar("T")


@dataclass(slots=True, kw_only=True, eq=False)
class Front:
    """The reverse proxy of one service, with its errors told as a deploy's."""

    serving: Serving
    host: str = "127.0.0.1"
    _noted: dict[str, tuple[int, int]] = field(default_factory=dict)

    def state(self) -> State | None:
        """Return what is seen of it, None where it does not run.

        Raises
        ------
        Unanswered
            It runs, and says nothing.
        """
        return self._asked(self.serving.state)

    def ensure(self, port: int) -> int:
        """Let it run, and return its port; the errors are those of `Serving.ensure`, as a deploy's."""
        try:
            return self.serving.ensure(port, self.host)
        except PhaseError as error:
            raise _told(error) from error

    def meant(self) -> Routes:
        """Return who would get the traffic if it ran: what it has written down."""
        try:
            found = load(self.serving.folder)
        except PhaseError as error:
            raise _told(error) from error
        return found.routes if found else Routes()

    def route(self, *shares: Share, fallback: Share | None, fence: int) -> None:
        """Give the traffic to `shares`.

        Raises
        ------
        DeployError
            A later deploy was here.
        Unanswered
            It does not run, or says nothing.
        """
        try:
            self.serving.route(shares, fallback=fallback or "", fence=fence)
        except PhaseError as error:
            state = self.state()
            if state is None:
                raise _unanswered(error) from error
            raise _told(error) from error

    def end_routes_of(self, release_id: str) -> None:
        """Let the requests to a release end, and forget it."""
        if self.state() is None:
            return
        self._asked(lambda: self.serving.stop(release_id, DRAIN_SECONDS))
        self._noted.pop(release_id, None)

    def end(self, fence: int) -> None:
        """Take the service away; its port stays its own.

        Raises
        ------
        DeployError
            A later deploy was here.
        """
        if self.state() is None and not self.meant().shares:
            return
        self.ensure(0)  # one that does not run would come back with all that it had
        self.route(fallback=None, fence=fence)
        self._asked(self.serving.end)

    def note(self, release_id: str) -> None:
        """Count a release's errors from here on."""
        state = self.state()
        if state is not None:
            self._noted[release_id] = _counts(state, release_id)

    def unwell(self, release_id: str, state: State) -> Unwell | None:
        """Return whether too many requests to a release failed since the last look."""
        requests, errors = _counts(state, release_id)
        before = self._noted.get(release_id)
        self._noted[release_id] = (requests, errors)
        if before is None or requests < before[0]:  # it was started again, and counts from 0
            return None
        asked, failed = requests - before[0], errors - before[1]
        if failed <= MOST_ERRORS * asked:
            return None
        return Unwell(why=f"{failed} of {asked} requests to it failed")

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except PhaseError as error:
            raise _unanswered(error) from error


def main_share(routes: Routes) -> Share | None:
    """Return the share of the release that counts as live, None where nobody gets anything.

    While a part of the traffic goes to a new one, the live one is whoever answers where that fails.
    """
    shares = [each for each in routes.shares if each.percent > 0]
    whole = next((each for each in shares if each.percent >= _WHOLE), None)
    spare = routes.fallback.release_id if routes.fallback else ""
    older = next((each for each in shares if each.release_id == spare), None)
    return whole or older or max(shares, key=lambda each: each.percent, default=None)


def _counts(state: State, release_id: str) -> tuple[int, int]:
    found = state.instance(release_id)
    return (found.requests, found.errors) if found else (0, 0)


def _told(error: PhaseError) -> DeployError:
    return DeployError(error.what, why=error.why, fix=error.fix)


def _unanswered(error: PhaseError) -> Unanswered:
    return Unanswered(error.what, why=error.why, fix=error.fix)
