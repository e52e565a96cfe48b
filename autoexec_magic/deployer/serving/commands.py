"""What each command does to what is live. It is on disk before the answer is given.

Commands that change something are carried out one after the other; waiting for
requests to end is not part of that, so a switch need not wait for a drain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import PhaseError, UsageError
from . import record
from .instance import InstanceState, State, instance_from_json
from .keeping import Keeping
from .record import Record
from .router import Router
from .routes import Routes, Share, routes_from_json


class Commands:
    """Carries out the commands of one service.

    Parameters
    ----------
    folder : Path
        Where its record is.
    pid : int
        Of this process.
    wanted : Record
        What is to be live, as it was when the last process of the service ended.
    on_end : callable
        Called when the end was asked for, and after its answer.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pid: int,
        wanted: Record,
        router: Router,
        keeping: Keeping,
        on_end: Callable[[], None],
    ) -> None:
        self._folder, self._pid, self._wanted = folder, pid, wanted
        self._router, self._keeping, self._on_end = router, keeping, on_end
        self._lock = asyncio.Lock()

    async def __call__(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out one command; `do` says which.

        Raises
        ------
        UsageError
            It cannot be meant; nothing was changed.
        PhaseError
            It was refused, or it could not be written down; nothing was changed.
        """
        name = asked["do"]
        if name == "state":
            return {"state": self.state().to_json()}
        if name == "start":
            return await self._start(asked)
        if name == "stop":
            return await self._stop(str(asked["release_id"]), float(asked["drain_seconds"]))
        if name == "route":
            return await self._route(routes_from_json(asked["routes"]), int(asked["fence"]))
        if name == "end":
            return await self._end()
        raise UsageError(f"there is no command {name!r}")

    def state(self) -> State:
        """Return what is live."""
        names = [each.release_id for each in self._keeping.instances()]
        names += sorted(self._router.routes.releases() - set(names))
        return State(
            pid=self._pid,
            host=self._wanted.host,
            port=self._wanted.port,
            fence=self._wanted.fence,
            routes=self._router.routes,
            instances=tuple(map(self._seen, names)),
        )

    def restore(self) -> None:
        """Make live what is to be: after a kill, or a new start of the machine."""
        self._router.routes = self._wanted.routes
        for instance in self._wanted.instances:
            self._keeping.start(instance)

    def _seen(self, release_id: str) -> InstanceState:
        counts = self._router.counts(release_id)
        instance = next((x for x in self._keeping.instances() if x.release_id == release_id), None)
        return InstanceState(
            release_id=release_id,
            replicas=self._keeping.replicas_of(release_id),
            requests=counts.requests,
            errors=counts.errors,
            in_flight=counts.in_flight,
            log=str(self._keeping.log_of(release_id)) if instance else "",
            labels=instance.labels if instance else {},
        )

    async def _start(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        instance = instance_from_json(asked["instance"])
        async with self._lock:
            if instance not in self._wanted.instances:
                await asyncio.to_thread(self._keeping.check, instance)
                await self._save(self._wanted.with_instance(instance))
            self._keeping.start(instance)
        return {}

    async def _stop(self, release_id: str, drain_seconds: float) -> Mapping[str, Any]:
        """Take a release out of the routes, wait until nobody needs it, and end it."""
        async with self._lock:
            await self._save(self._wanted.without(release_id))
            self._router.routes = self._wanted.routes
        is_idle = await self._router.idle(release_id, drain_seconds)
        async with self._lock:
            wanted = {each.release_id for each in self._wanted.instances}
            if release_id in wanted:  # somebody started it again while its requests ended
                return {"was_there": False, "is_idle": is_idle}
            was_there = await asyncio.to_thread(self._keeping.stop, release_id)
        if (
            self._router.counts(release_id).in_flight == 0
            and release_id not in self._wanted.routes.releases()
        ):
            self._router.forget(release_id)
        return {"was_there": was_there, "is_idle": is_idle}

    async def _route(self, routes: Routes, fence: int) -> Mapping[str, Any]:
        """Switch: from the answer on, each new request goes where the new routes say."""
        routes.check_whole()
        async with self._lock:
            if fence < self._wanted.fence:
                raise PhaseError(
                    "the routes were not changed",
                    why=f"a later deployment holds the lock ({self._wanted.fence}, this one had {fence})",
                    fix="look at what is live, then deploy again",
                )
            known = {each.release_id for each in self._wanted.instances}
            asked: tuple[Share, ...] = (*routes.shares, *((routes.fallback,) if routes.fallback else ()))
            lost = [share.release_id for share in asked if not share.ports and share.release_id not in known]
            if lost:
                raise UsageError(f"{', '.join(lost)} does not run here", fix="start it first")
            await self._save(replace(self._wanted, routes=routes, fence=fence))
            self._router.routes = routes
        return {}

    async def _end(self) -> Mapping[str, Any]:
        """Take the service away: nothing is to be live, and the port stays its own."""
        async with self._lock:
            await self._save(replace(self._wanted, routes=Routes(), instances=()))
            self._on_end()
        return {}

    async def _save(self, wanted: Record) -> None:
        """Write down what is to be; a disk may take its time, and requests do not wait for it."""
        await asyncio.to_thread(record.save, self._folder, wanted)
        self._wanted = wanted
