"""The door to the process that serves: starts it where there is none, and tells it what is to be live."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import executor
from ...errors import AutoexecError, PhaseError, UsageError
from . import control, place
from .instance import Instance, State, state_from_json
from .routes import Routes, Share

LOG = "serving.log"
LOCK = "client.lock"
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
END_SECONDS = 60.0


class Serving:
    """A service of this machine, by its folder.

    Parameters
    ----------
    folder : Path
        This user's alone; it is made where there is none. One service each.
    answer_seconds : float, default 30.0
        How long the process that serves may take for an answer.
    """

    def __init__(self, folder: Path, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.folder = Path(folder).absolute()
        self._answer_seconds = answer_seconds

    def ensure(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Let the service be served, and return its public port.

        Where no process serves it, one is started, and with it all that was live
        when the last one ended; what that one left running is ended first.

        Parameters
        ----------
        port : int, default 0
            The public port; 0 is the one that it has, or a free one.
        host : str, default "127.0.0.1"
            The address that it listens at.

        Raises
        ------
        UsageError
            It is served at another port already.
        PhaseError
            It could not be started.
        AutoexecError
            This process is part of a run, and cannot start what outlives it.
        """
        place.private(self.folder)
        with _alone(self.folder / LOCK):
            state = self.state()
            if state is None:
                self._end_leftovers()
                self._start_process(port, host)
                state = self.state()
        if state is None:
            raise self._not_there()
        self.check_port(port, state)
        return state.port

    @staticmethod
    def check_port(port: int, state: State | None) -> None:
        """Refuse a public port where the service has another one; 0 is any.

        Raises
        ------
        UsageError
            It is served at another port.
        """
        if state is not None and port not in (0, state.port):
            raise UsageError(
                f"the service is on port {state.port} already, not on {port}",
                why="a port cannot be changed while people reach it",
                fix="leave the port out, or first %autoexec rollback SERVICE --to nothing",
            )

    def state(self) -> State | None:
        """Return what is live, None where no process serves.

        Raises
        ------
        PhaseError
            One is there and does not answer.
        """
        if not self._is_alive():
            return None
        try:
            return state_from_json(self._ask({"do": "state"})["state"])
        except _GoneError:
            return None

    def start(self, instance: Instance) -> None:
        """Start an instance; it gets no request before `route` says so.

        Raises
        ------
        UsageError
            It cannot be started as it is.
        PhaseError
            No process serves, or it could not be done.
        """
        self._ask({"do": "start", "instance": instance.to_json()})

    def stop(self, release_id: str, drain_seconds: float = 10.0) -> bool:
        """Take a release out of the routes, let its requests end, and end it.

        Parameters
        ----------
        drain_seconds : float, default 10.0
            How long requests in flight may take, at least 0; those that take
            longer are cut.

        Returns
        -------
        bool
            Whether it was there.
        """
        asked = {"do": "stop", "release_id": release_id, "drain_seconds": drain_seconds}
        return bool(self._ask(asked, timeout=drain_seconds + END_SECONDS)["was_there"])

    def route(self, shares: Sequence[Share], fallback: Share | str = "", fence: int = 0) -> None:
        """Switch: every request that comes after this is answered by `shares`.

        Parameters
        ----------
        shares : sequence of Share
            100 % together; none at all answers 503.
        fallback : Share or str, optional
            Who is asked where the chosen release fails; the name of an instance
            is enough.
        fence : int, default 0
            The number of the lock that the caller holds. One that is lower than
            the highest so far is refused.

        Raises
        ------
        UsageError
            A release does not run here, or the shares are not 100 %.
        PhaseError
            Another deployment has got the lock since; or no process serves.
        """
        spare = Share(release_id=fallback) if isinstance(fallback, str) and fallback else fallback
        routes = Routes(shares=tuple(shares), fallback=spare if isinstance(spare, Share) else None)
        self._ask({"do": "route", "routes": routes.to_json(), "fence": fence})

    def end(self) -> bool:
        """End the service, all of it, and return whether it was there; its port stays its own.

        Raises
        ------
        PhaseError
            It did not end in time.
        """
        place.private(self.folder)
        with _alone(self.folder / LOCK):
            found = place.read(self.folder)
            if not self._is_alive() or found is None:
                return False
            self._ask({"do": "end"})
            process = executor.ProcessId(found.pid, found.start_time)
            if not _waited(lambda: not executor.is_alive(process), END_SECONDS):
                self._end_all_of(found)
            return True

    def _is_alive(self) -> bool:
        found = place.read(self.folder)
        if found is None or found.boot != place.boot():
            return False
        return executor.is_alive(executor.ProcessId(found.pid, found.start_time))

    def _end_all_of(self, found: place.Place) -> None:
        """End a process that served, and all that it started: that carries its id."""
        service = executor.Service(
            service_id=found.service_id,
            name=self.folder.name,
            pid=found.pid,
            start_time=found.start_time,
            log=self.folder / LOG,
        )
        if found.service_id:  # without one it was started by hand
            executor.stop_service(service)

    def _end_leftovers(self) -> None:
        """End what a process that was killed left: nothing of it may answer beside what comes now."""
        found = place.read(self.folder)
        if found is not None and found.boot == place.boot():
            self._end_all_of(found)

    def _start_process(self, port: int, host: str) -> None:
        before = place.read(self.folder)
        arguments = (str(self.folder), "--host", host, "--port", str(port))
        service = executor.start_service(
            (sys.executable, "-m", "autoexec_magic.deployer.serving", *arguments),
            log=self.folder / LOG,
            name=f"serving {self.folder.name}",
            cwd=self.folder,
            policy=executor.policy.exactly(sys.executable),
        )

        def is_there() -> bool:
            found = place.read(self.folder)
            return (found is not None and found != before) or not executor.is_service_alive(service)

        if not _waited(is_there, START_SECONDS):
            executor.stop_service(service)

    def _not_there(self) -> PhaseError:
        path = self.folder / LOG
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return PhaseError(
            f"the service in {self.folder} could not be started",
            why=" ".join(line.strip() for line in lines[-3:]),
            fix=f"see {path}",
        )

    def _ask(self, asked: Mapping[str, Any], *, timeout: float = 0.0) -> dict[str, Any]:
        """Send a command and return its answer, for which `timeout` is a time of its own."""
        timeout = timeout or self._answer_seconds
        found = place.read(self.folder)
        if found is None:
            raise _GoneError("nothing serves in this folder", fix="ensure() starts it")
        try:
            answer = _line_of(found.socket, json.dumps(asked).encode() + b"\n", timeout)
        except TimeoutError as error:
            why = f"process {found.pid} did not answer within {timeout:g} s"
            raise PhaseError(
                "the service does not answer", why=why, fix=f"see {self.folder / LOG}"
            ) from error
        except OSError as error:
            raise _GoneError("the service is gone", why=str(error), fix="ensure() starts it again") from error
        try:
            data: dict[str, Any] = json.loads(answer)
        except ValueError as error:
            raise _GoneError("the service went away", why="its answer was cut off") from error
        fault = data.get("error")
        if fault:
            kind: type[AutoexecError] = UsageError if fault["code"] == UsageError.code else PhaseError
            raise kind(fault["what"], why=fault["why"], fix=fault["fix"])
        return data


class _GoneError(PhaseError):
    """Nobody is there to answer."""


def _line_of(path: Path, line: bytes, timeout: float) -> bytes:
    """Send a line to a socket and return the line that comes back."""
    until = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        if not control.is_ours(connection):
            raise PermissionError(f"{path} is another user's")
        connection.sendall(line)
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            connection.settimeout(max(0.001, until - time.monotonic()))
            data = connection.recv(65_536)
            if not data:
                break
            parts.append(data)
        return b"".join(parts)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one caller at a time start or end a service."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _waited(lambda: _is_locked(file), START_SECONDS + END_SECONDS):
            raise PhaseError(
                f"{path.parent} is being started or ended by somebody else", why=f"{path} is locked"
            )
        yield
    finally:
        os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _waited(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so, at most so long; return whether it is."""
    return executor.wait_for(lambda: True if is_so() else None, timeout=seconds) is not None
