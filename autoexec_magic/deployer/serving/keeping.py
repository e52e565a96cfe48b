"""Looks after instances: starts the replicas of each, and ends all of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from ...errors import UsageError
from .instance import Instance, ReplicaState
from .logfile import LogFile
from .replica import Pauses, Ports, Replica
from .secretfile import secrets_of

_END_SECONDS = 10.0


class Keeping:
    """The instances that run here.

    Parameters
    ----------
    logs : Path
        The folder of their logs.
    pauses : Pauses, optional
        Between an end and the next start.
    """

    def __init__(self, logs: Path, *, pauses: Pauses | None = None) -> None:
        self._logs, self._pauses = logs, pauses or Pauses()
        self._ports = Ports()
        self._kept: dict[str, tuple[Instance, tuple[Replica, ...]]] = {}
        self._lock = threading.Lock()

    def check(self, instance: Instance) -> None:
        """Refuse an instance that cannot be started as it is.

        Raises
        ------
        UsageError
            Another one of that name runs; or its folder or its secrets cannot be read.
        """
        if not Path(instance.cwd).is_dir():
            raise UsageError(f"{instance.release_id} cannot be started", why=f"there is no {instance.cwd}")
        secrets_of(instance)
        before = self._kept.get(instance.release_id)
        if before is not None and before[0] != instance:
            raise UsageError(
                f"{instance.release_id} runs already, with other settings",
                fix="stop it first, or give the new one a name of its own",
            )

    def start(self, instance: Instance) -> None:
        """Start an instance; one of its name that runs already stays as it is.

        What keeps a replica from its start is in its state, and it is tried again.
        """
        with self._lock:
            if instance.release_id in self._kept:
                return
            log = LogFile(self.log_of(instance.release_id))
            replicas = tuple(
                Replica(instance, number, ports=self._ports, log=log, pauses=self._pauses)
                for number in range(1, instance.replicas + 1)
            )
            self._kept[instance.release_id] = (instance, replicas)
        for replica in replicas:
            replica.begin()

    def stop(self, release_id: str) -> bool:
        """End an instance, all of it; return whether it was there."""
        with self._lock:
            found = self._kept.pop(release_id, None)
        if found is None:
            return False
        instance, replicas = found
        for replica in replicas:
            replica.ask_to_end()
        until = time.monotonic() + instance.grace_seconds + _END_SECONDS
        for replica in replicas:
            replica.wait(max(0.0, until - time.monotonic()))
        return True

    def end(self) -> None:
        """End all instances, at the same time."""
        names = [instance.release_id for instance in self.instances()]
        threads = [threading.Thread(target=self.stop, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def instances(self) -> tuple[Instance, ...]:
        """Return what runs, in the order of the starts."""
        with self._lock:
            return tuple(instance for instance, _ in self._kept.values())

    def ports_of(self, release_id: str) -> tuple[int, ...] | None:
        """Return the ports of the replicas that run; None where no such instance is looked after."""
        found = self._kept.get(release_id)
        return None if found is None else tuple(each.state.port for each in found[1] if each.state.port)

    def replicas_of(self, release_id: str) -> tuple[ReplicaState, ...]:
        """Return what is seen of an instance's replicas; nothing where there is no such instance."""
        found = self._kept.get(release_id)
        return () if found is None else tuple(each.state for each in found[1])

    def log_of(self, release_id: str) -> Path:
        """Return the log of a release."""
        return self._logs / f"{release_id}.log"
