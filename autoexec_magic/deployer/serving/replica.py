"""One replica of an instance: a process on a port of its own, started again when it ends by itself.

It has a thread, in which `executor.run` runs it: so it is judged, caged, streamed,
masked, and ended with this process as everything that this package starts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import AutoexecError
from .instance import Instance, ReplicaState
from .logfile import Lines, LogFile
from .secretfile import secrets_of

if TYPE_CHECKING:  # it takes as long to import as all the rest; what routes requests need not wait for it
    from ... import executor
    from ...events import Event
    from ...values import Outcome

HOST = "127.0.0.1"
_ALL_BYTES = 1 << 62  # nothing of a service's output is cut: its log is rotated
_LINE_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to wait before a start: seconds."""

    first: float = 0.2
    longest: float = 30.0
    well: float = 10.0

    def after(self, last: float, ran: float) -> float:
        """Return the pause that follows one of `last` seconds (0: none yet) and a run of `ran` seconds."""
        if not last or ran >= self.well:
            return self.first
        return min(2 * last, self.longest)


class Ports:
    """Free ports of this machine, none of them given twice."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int:
        """Return one that nobody listens on; it is this caller's until it is given back."""
        with self._lock:
            while True:
                with socket.socket() as found:
                    found.bind((HOST, 0))
                    port: int = found.getsockname()[1]
                if port not in self._taken:
                    self._taken.add(port)
                    return port

    def give_back(self, port: int) -> None:
        """Let it be given again."""
        with self._lock:
            self._taken.discard(port)


class Replica:
    """One process of an instance, and those that follow it."""

    def __init__(
        self, instance: Instance, number: int, *, ports: Ports, log: LogFile, pauses: Pauses
    ) -> None:
        self.instance = instance
        self.state = ReplicaState(number=number)
        self._ports, self._log, self._pauses = ports, log, pauses
        self._ending = threading.Event()
        self._cancel: executor.Cancel | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._keep, name=f"{instance.release_id}-{number}", daemon=True
        )
        self._last_line = ""

    def begin(self) -> None:
        """Start it, on a thread of its own."""
        self._thread.start()

    def ask_to_end(self) -> None:
        """Ask for its end."""
        with self._lock:
            self._ending.set()
            if self._cancel is not None:
                self._cancel.set()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most so long; return whether it ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _keep(self) -> None:
        pause = 0.0
        while not self._ending.is_set():
            began = time.monotonic()
            end = self._once()
            self._note(port=0, pid=0, start_time=0, last_end=end, last_line=self._last_line)
            self._log.write(self.state.number, f"[ended: {end}]")
            if self._ending.is_set():
                break
            pause = self._pauses.after(pause, time.monotonic() - began)
            if not self._ending.wait(pause):
                self._note(restarts=self.state.restarts + 1)
        self._log.close()

    def _once(self) -> str:
        """Run it to its end; return how it ended, or why it could not be started."""
        port = self._ports.take()
        try:
            return _end_of(self._run(port))
        except (AutoexecError, OSError, ValueError, RuntimeError) as error:  # or no thread is to be had
            why = error.why if isinstance(error, AutoexecError) else ""
            said = error.what if isinstance(error, AutoexecError) else str(error)
            from ...redact import one_line

            return one_line(f"{said}: {why}" if why else said)[:_LINE_CHARS]
        finally:
            self._ports.give_back(port)

    def _run(self, port: int) -> Outcome:
        from ... import executor

        instance = self.instance
        secrets = secrets_of(instance)
        own = {"PORT": str(port), "HOST": HOST, "AUTOEXEC_RELEASE": instance.release_id}
        lines = {"stdout": Lines(), "stderr": Lines()}
        self._log.write(self.state.number, f"[starts on port {port}]")
        with self._cancelled() as cancel:
            outcome = executor.run(
                instance.argv,
                emit=lambda event: self._take(event, lines),
                cwd=Path(instance.cwd),
                env={**instance.environment, **secrets, **own},
                pass_on=tuple(secrets),  # what is passed on by name is masked whatever it is called
                cancel=cancel,
                policy=executor.policy.exactly(instance.argv[0]),
                level=instance.level,
                doors=_doors(instance),
                limits=_limits(instance),
                project=Path(instance.project or instance.cwd),
                grace=instance.grace_seconds,
                keep_bytes=_ALL_BYTES,
                on_spawn=lambda process: self._note(
                    port=port, pid=process.pid, start_time=process.start_time
                ),
            )
        for each in lines.values():
            self._write(each.rest())
        return outcome

    @contextlib.contextmanager
    def _cancelled(self) -> Iterator[executor.Cancel]:
        """Return what ends the run; it is asked for at once where the end was asked for before."""
        from ... import executor

        cancel = executor.Cancel()
        with self._lock:
            self._cancel = cancel
            if self._ending.is_set():
                cancel.set()
        try:
            yield cancel
        finally:
            with self._lock:
                self._cancel = None
            cancel.close()

    def _take(self, event: Event, lines: Mapping[str, Lines]) -> None:
        from ...events import Output

        if isinstance(event, Output):
            self._write(lines[event.stream].feed(event.text))

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._log.write(self.state.number, line)
            if line.strip():
                self._last_line = line[:_LINE_CHARS]

    def _note(self, **seen: object) -> None:
        self.state = dataclasses.replace(self.state, **seen)  # type: ignore[arg-type]


def _doors(instance: Instance) -> executor.cage.Doors:
    from ... import executor

    return executor.cage.Doors(
        net="all" if instance.net == "all" else "none",
        unix=instance.unix,
        read=tuple(map(Path, instance.read)),
        write=tuple(map(Path, instance.write)),
    )


def _limits(instance: Instance) -> executor.cage.Limits | None:
    from ...executor.cage.limits import CAGED, Limits

    given = Limits(
        memory_bytes=instance.memory_bytes, processes=instance.processes, open_files=instance.open_files
    )
    if given == Limits():
        return None
    return given if instance.level == "open" else given.over(CAGED)


def _end_of(outcome: Outcome) -> str:
    """Return how a process ended, in a few characters."""
    limit = f", at its limit of {outcome.limit.kind}" if outcome.limit else ""
    if outcome.returncode >= 0:
        return f"exit {outcome.returncode}{limit}"
    try:
        return f"{signal.Signals(-outcome.returncode).name}{limit}"
    except ValueError:
        return f"signal {-outcome.returncode}{limit}"
