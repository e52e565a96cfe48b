"""One look at the containers of a release: do they run, do they stay, and do they answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ... import dockerengine
from ...dockerengine import Client
from ...redact import harmless, mask, one_line
from ...releasefacts import Gate, Release
from .. import probing
from ..target import Unwell
from . import containers, labels
from .containers import Seen

MOST_RESTARTS = 3  #: starts by the engine after which one that ends does not get well by waiting
_LINES = 12
_LEAST_SECONDS = 0.05
_EXEC_PAUSE_SECONDS = 0.05
_SETTLE_SECONDS = 0.05  # a container's proxy takes each connection, and closes it where nobody listens
_CANNOT_RUN = (400, 404, 409)  # no such program; or its container has ended since it was looked at


@dataclass(slots=True, kw_only=True, eq=False)
class Looks:
    """Looks at containers, and knows from one look to the next how often each was started again."""

    secrets: Sequence[str] = ()
    _restarts: dict[str, int] = field(default_factory=dict)
    _first: dict[str, int] = field(default_factory=dict)
    _asking: dict[str, str] = field(default_factory=dict)

    def unwell(self, client: Client, release: Release) -> Unwell | None:
        """Return why a release is not well; takes at most its gate's time for an answer, and the engine's."""
        until = time.monotonic() + release.spec.gate.answer_seconds
        for number in range(1, release.spec.replicas + 1):
            name = labels.name_of(release, number)
            seen = containers.seen(client, name)
            if seen is None or seen.release_id != release.release_id:
                return Unwell(why=f"the container {name} is not there", is_final=True)
            if found := self._of(client, seen, release.spec.gate, until):
                return found
        return None

    def _of(self, client: Client, seen: Seen, gate: Gate, until: float) -> Unwell | None:
        why, is_final = self._state(seen)
        if not why and seen.health not in ("", "healthy"):
            why = f"the health check of its image says {seen.health}"
        if not why:
            why = self._answer(client, seen, gate, max(_LEAST_SECONDS, until - time.monotonic()))
        if not why:
            return None
        evidence = last_lines(client, seen.container_id, _LINES, self.secrets)
        return Unwell(why=f"{seen.name}: {why}", is_final=is_final, evidence=evidence)

    def _state(self, seen: Seen) -> tuple[str, bool]:
        """Return whether it does not stay, and whether waiting does not mend that."""
        first = self._first.setdefault(seen.container_id, seen.restarts)
        if seen.restarts < first:  # somebody started it by hand: the engine counts from 0
            first = self._first[seen.container_id] = 0
        before = self._restarts.get(seen.container_id, first)
        self._restarts[seen.container_id] = seen.restarts
        ended = seen.error or f"it ended with exit code {seen.exit_code}"
        again = seen.restarts - first
        if not seen.is_running:
            times = f", and was started again {again} times" if again else ""
            is_final = again >= MOST_RESTARTS or seen.status == "dead"
            return f"{ended}{times} ({seen.status})", is_final
        if seen.restarts > before:
            return f"{ended}, and was started again {again} times", again >= MOST_RESTARTS
        return "", False

    def from_now(self, seen: Seen) -> None:
        """Count from here on how often it is started again."""
        self._first[seen.container_id] = self._restarts[seen.container_id] = seen.restarts

    def _answer(self, client: Client, seen: Seen, gate: Gate, seconds: float) -> str:
        if gate.path:
            return probing.http(seen.port, gate.path, seconds)
        if gate.command:
            return self._command(client, seen, gate.command, seconds)
        return probing.tcp(seen.port, seconds, settle_seconds=_SETTLE_SECONDS)

    def _command(self, client: Client, seen: Seen, command: Sequence[str], seconds: float) -> str:
        """Run the gate's command inside; one that has not ended is waited for, and not started twice.

        The engine cannot end it: it does so by itself, or with its container.
        """
        until = time.monotonic() + seconds
        asked = self._asking.pop(seen.container_id, "")
        if not asked:
            try:
                asked = client.exec_create(seen.container_id, list(command), stdout=False, stderr=False)["Id"]
                client.exec_start(asked, detach=True)
            except dockerengine.failures() as error:
                if getattr(error, "status_code", 0) not in _CANNOT_RUN:
                    raise
                return f"{command[0]} cannot be run: {one_line(str(getattr(error, 'explanation', error)))}"
        while True:
            told = client.exec_inspect(asked)
            if not told["Running"] and told["ExitCode"] is not None:
                code = told["ExitCode"]
                return "" if code == 0 else f"{command[0]} ends with exit code {code}"
            if time.monotonic() > until:
                self._asking[seen.container_id] = asked
                return f"{command[0]} did not end within {seconds:.1f} s"
            time.sleep(_EXEC_PAUSE_SECONDS)


def last_lines(client: Client, container: str, lines: int, secrets: Sequence[str]) -> tuple[str, ...]:
    """Return what a container wrote last, masked; nothing where the engine does not tell."""
    try:
        text = client.logs(container, tail=lines).decode("utf-8", "replace")
    except dockerengine.failures():
        return ()
    clean = cleaner(secrets)
    return tuple(clean(line) for line in text.splitlines() if line.strip())


def cleaner(secrets: Sequence[str]) -> Callable[[str], str]:
    """Return what makes a line fit to be shown: secrets masked, escapes harmless."""
    known = [each for each in secrets if each]
    return lambda line: harmless(mask(line.rstrip("\r\n"), known))
