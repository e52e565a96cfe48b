"""One look at the services of a release: are they ours still, do their tasks stay, do they answer."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ... import dockerengine
from ...dockerengine import Client
from ...releasefacts import Gate, Release
from .. import probing
from ..target import Unwell
from . import swarmlogs, swarmservices
from .looking import MOST_RESTARTS, cleaner
from .swarmservices import Served, Task
from .swarmstaging import is_ingress, slots

_LINES = 12
_LEAST_SECONDS = 0.05
_SETTLE_SECONDS = 0.05  # what listens for a task takes each connection, and closes it where nobody listens
_EXIT = re.compile(r"non-zero exit \((\d+)\)")
_MESH = "; the routing mesh needs ip_vs in the kernel, docker.publish = 'host' does not"


@dataclass(slots=True, kw_only=True, eq=False)
class SwarmLooks:
    """Looks at services, and knows from one look to the next which of their tasks have ended.

    Only tasks of a service's spec as it is now count: one of an earlier spec says
    nothing of this release, nor does an update that the Swarm took back.
    """

    secrets: Sequence[str] = ()
    _first: dict[str, frozenset[str]] = field(default_factory=dict)
    _before: dict[str, frozenset[str]] = field(default_factory=dict)
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def unwell(self, client: Client, release: Release) -> Unwell | None:
        """Return why a release is not well; takes at most its gate's time for an answer, and the engine's."""
        if not release.spec.replicas:
            return None
        until = time.monotonic() + release.spec.gate.answer_seconds
        there = {each.name: each for each in swarmservices.all_of(client, release.service)}
        for name, replicas in slots(release).items():
            served = there.get(name)
            if served is None or served.release_id != release.release_id:
                return Unwell(why=f"the Swarm service {name} is not there", is_final=True)
            if others := swarmservices.differences(served, release):
                how = f" ({served.update})" if served.update else ""
                return Unwell(why=f"{name} was changed{how}: {'; '.join(others)}", is_final=True)
            if found := self._of(client, served, release, replicas, until):
                return found
        return None

    def from_now(self, client: Client, served: Served) -> None:
        """Count from here on how many of its tasks end."""
        ended = self._ended(served, swarmservices.tasks_of(client, served))
        self._first[served.service_id] = self._before[served.service_id] = ended

    def _of(
        self, client: Client, served: Served, release: Release, replicas: int, until: float
    ) -> Unwell | None:
        why, is_final = self._state(served, swarmservices.tasks_of(client, served), replicas)
        if not why:
            why = _answer(served, release.spec.gate, max(_LEAST_SECONDS, until - time.monotonic()))
            why += _MESH if why and is_ingress(release) else ""
        if not why:
            return None
        evidence = last_lines(client, served.name, _LINES, self.secrets)
        return Unwell(why=f"{served.name}: {why}", is_final=is_final, evidence=evidence)

    def _state(self, served: Served, tasks: Sequence[Task], replicas: int) -> tuple[str, bool]:
        """Return whether too few of its tasks run or stay, and whether waiting does not mend that."""
        key = served.service_id
        ended = self._ended(served, tasks)
        first = self._first.setdefault(key, ended)
        fresh = ended - self._before.get(key, first)
        self._before[key] = ended
        again = len(ended - first)
        last = next((each for each in reversed(tasks) if each.task_id in ended - first), None)
        said = _said(last) if last else "a task ended"
        if len([each for each in tasks if each.is_running]) < replicas:
            why = f"{said}, and was started again {again} times" if again else _coming(served, tasks)
            return why, again >= MOST_RESTARTS
        if fresh:
            return f"{said}, and was started again {again} times", again >= MOST_RESTARTS
        return "", False

    def _ended(self, served: Served, tasks: Sequence[Task]) -> frozenset[str]:
        """Return the ids of the tasks that have ended, and of those that were seen and the Swarm forgot."""
        listed = {each.task_id for each in tasks}
        before = self._known.get(served.service_id, frozenset())
        self._known[served.service_id] = before | listed
        return (before - listed) | {each.task_id for each in tasks if each.has_ended}


def last_lines(client: Client, name: str, lines: int, secrets: Sequence[str]) -> tuple[str, ...]:
    """Return what the tasks of a service wrote last, masked; nothing where the engine does not tell."""
    try:
        text = swarmlogs.read(client, name, lines=lines).decode("utf-8", "replace")
    except dockerengine.failures():
        return ()
    clean = cleaner(secrets)
    return tuple(clean(line) for line in text.splitlines() if line.strip())[-lines:]


def _answer(served: Served, gate: Gate, seconds: float) -> str:
    """Return why it does not answer; what is asked by a command the Swarm has asked already."""
    if gate.path:
        return probing.http(served.port, gate.path, seconds)
    if gate.command:
        return ""
    return probing.tcp(served.port, seconds, settle_seconds=_SETTLE_SECONDS)


def _said(task: Task) -> str:
    """Return how a task ended; the Swarm says "non-zero exit (3)"."""
    code = _EXIT.search(task.error)
    if code is None:
        return task.error or f"it has ended ({task.state})"
    more = task.error[code.end() :]
    return f"it ended with exit code {code[1]}{more}"


def _coming(served: Served, tasks: Sequence[Task]) -> str:
    """Return what the tasks that are to run are waiting for."""
    waiting = [each for each in tasks if each.is_wanted and not each.is_running]
    if not waiting:
        return "the Swarm has started none of it yet"
    last = waiting[-1]
    if last.error:
        return f"it is {last.state}: {last.error}"
    if last.state == "starting" and served.has_check:
        return "its health check does not say yet that it is well"
    return f"it is {last.state}"
