"""Questions to the engine, asked again where it is busy or away for a moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from ... import dockerengine
from ...dockerengine import Client
from ...errors import DeployError, MissingTool, UsageError
from ..target import Unanswered

LIMIT_SECONDS = 20.0  #: for so long one that does not answer is asked again
_FIRST_PAUSE_SECONDS = 0.2
_MOST_PAUSE_SECONDS = 3.0
_BUSY = frozenset({429, 502, 503, 504})
_START = "sudo systemctl start docker"

T = TypeVar("T")


@dataclass(slots=True, kw_only=True, eq=False)
class Calls:
    """Asks the engine that DOCKER_HOST or docker's context names.

    One that never answered is missing, and is said to be so at once; one that
    did is waited for: it may be starting again.
    """

    limit_seconds: float = LIMIT_SECONDS
    _has_answered: bool = False

    def asked(self, what: str, ask: Callable[[Client], T], *, changes: bool = False, image: str = "") -> T:
        """Return what `ask` returns, which gets a client and may be called more than once.

        Parameters
        ----------
        what : str
            What failed where it fails, one line.
        ask : callable
            Asks by the client that it gets.
        changes : bool, default False
            Whether it changes something: then an error 500 is the engine's last word.
        image : str, optional
            For the command that helps.

        Raises
        ------
        DeployError
            The engine refuses.
        Unanswered
            It does not answer any more.
        MissingTool
            There is none.
        UsageError
            It is another machine's, so nothing of it can be reached here.
        """
        until = time.monotonic() + self.limit_seconds
        busy = _BUSY if changes else _BUSY | {500}
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._once(ask)
            except MissingTool as error:
                if not self._has_answered:
                    raise
                last: Exception = error
            except dockerengine.failures() as error:
                if not _is_busy(error, busy):
                    raise dockerengine.explained(error, what, image=image, kind=DeployError) from error
                last = error
            if time.monotonic() + pause > until:
                why = last.why if isinstance(last, MissingTool) else dockerengine.explained(last, what).why
                raise Unanswered(f"{what}: the Docker Engine does not answer", why=why, fix=_START) from last
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _MOST_PAUSE_SECONDS)

    def _once(self, ask: Callable[[Client], T]) -> T:
        with dockerengine.connected() as client:
            self._has_answered = True
            _check_here(client)
            return ask(client)


def _is_busy(error: BaseException, busy: frozenset[int]) -> bool:
    status = getattr(error, "status_code", None)
    return status in busy if status is not None else dockerengine.is_gone(error)


def _check_here(client: Client) -> None:
    """Refuse an engine of another machine: what stands in front of the containers is on this one."""
    url = urlsplit(str(client.base_url))
    is_here = url.hostname in ("127.0.0.1", "localhost", "localnpipe", "::1")
    if not is_here:
        raise UsageError(
            "the Docker Engine is another machine's",
            why=f"its containers would publish their ports there, at {url.hostname}",
            fix="run this on that machine, or unset DOCKER_HOST",
        )
