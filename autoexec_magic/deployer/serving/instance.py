"""What is to run of a release, and what is seen of it: values, and as JSON."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...errors import UsageError
from ...values import Level
from .routes import Routes, routes_from_json

_MOST_REPLICAS = 64
_RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A release as it runs on this machine.

    Parameters
    ----------
    release_id : str
        Names it, its log and its share of the requests: at most 100 letters,
        digits, `.`, `_` and `-`.
    argv : tuple of str, length at least 1
        The program, by its absolute path, and its arguments. It listens on the
        port in the variable `PORT`, at the address in `HOST`.
    cwd : str
        Where it is started: a folder that is there, by its absolute path.
    environment : mapping of str to str, optional
        Set on top of what every process gets. Nothing secret: it is told to
        whoever of this user asks.
    secrets_file : str, optional
        A file of JSON, variables and their values, that only this user can read. It is
        read at each start; the values are told nowhere, and masked in the log.
    replicas : int, default 1
        How many of it run, 1 to 64.
    level : Level, default "open"
        The cage. Its workspace is `project`, or `cwd`.
    net : "all" or tuple of int, default "all"
        In a cage: "all", without which nothing can listen.
    unix : bool, default False
        In a cage: whether it may open unix sockets.
    read, write : tuple of str
        In a cage: what is open beside the workspace, by absolute paths.
    project : str, optional
        The cage's workspace.
    memory_bytes, processes, open_files : int, optional
        As in `executor.cage.limits.Limits`, for each replica.
    grace_seconds : float, default 5.0
        Between TERM and KILL.
    labels : mapping of str to str, optional
        What is told again with its state: the artifact's digest, who asked for it.
    """

    release_id: str
    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    secrets_file: str = ""
    replicas: int = 1
    level: Level = "open"
    net: str = "all"
    unix: bool = False
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    project: str = ""
    memory_bytes: int | None = None
    processes: int | None = None
    open_files: int | None = None
    grace_seconds: float = 5.0
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        """Refuse what cannot be started, or not be told apart."""
        if not _RELEASE_ID.fullmatch(self.release_id):
            raise UsageError(
                f"a release cannot be called {self.release_id!r}",
                fix="at most 100 letters, digits, `.`, `_` and `-`, the first one a letter or digit",
            )
        if not 1 <= self.replicas <= _MOST_REPLICAS:
            raise UsageError(f"{self.replicas} replicas cannot be", fix=f"1 to {_MOST_REPLICAS}")
        if not self.argv or not Path(self.argv[0]).is_absolute():
            raise UsageError(
                f"{self.release_id} has no program to start",
                why=f"{self.argv[:1]} is no absolute path",
                fix="name its file",
            )
        places = (self.cwd, self.project or "/", self.secrets_file or "/", *self.read, *self.write)
        wrong = [place for place in places if not Path(place).is_absolute()]
        if wrong:
            raise UsageError(f"{wrong[0]!r} of {self.release_id} is no absolute path")
        if not self.grace_seconds >= 0:
            raise UsageError(f"a grace of {self.grace_seconds} s cannot be", fix="0 or more")
        check_variables(self.environment, self.release_id)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {
            name: dict(value)
            if isinstance(value, Mapping)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in found.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaState:
    """What is seen of one replica.

    `port` is 0 and `pid` is 0 while it is not running. `restarts` counts how often
    it was started again. `last_end` is how it ended last ("exit 1", "SIGKILL"), or
    why it could not be started, and `last_line` the last line that it wrote then.
    """

    number: int
    port: int = 0
    pid: int = 0
    start_time: int = 0
    restarts: int = 0
    last_end: str = ""
    last_line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceState:
    """What is seen of a release: its replicas, in their order, and its requests."""

    release_id: str
    replicas: tuple[ReplicaState, ...] = ()
    requests: int = 0
    errors: int = 0
    in_flight: int = 0
    log: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of those that run."""
        return tuple(each.port for each in self.replicas if each.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is live: read from what serves it, at the moment of the question.

    `instances` has also those releases of the routes that are not looked after
    here, without replicas. `fence` is the highest seen.
    """

    pid: int
    host: str
    port: int
    fence: int
    routes: Routes
    instances: tuple[InstanceState, ...]

    def instance(self, release_id: str) -> InstanceState | None:
        """Return what is seen of a release, None where it is not known."""
        return next((each for each in self.instances if each.release_id == release_id), None)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "pid": self.pid,
            "host": self.host,
            "port": self.port,
            "fence": self.fence,
            "routes": self.routes.to_json(),
            "instances": [_state_to_json(each) for each in self.instances],
        }


def check_variables(variables: Mapping[str, str], release_id: str) -> None:
    """Refuse what is no environment; no value is told.

    Raises
    ------
    UsageError
        A name is none, or a value is no text without NUL.
    """
    for name, value in variables.items():
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise UsageError(f"{release_id} cannot have a variable {name!r}")
        if not isinstance(value, str) or "\0" in value:
            raise UsageError(f"the variable {name} of {release_id} is no text")


def instance_from_json(data: Mapping[str, Any]) -> Instance:
    """Return what `Instance.to_json` returned; what is not known in it is left out.

    Raises
    ------
    UsageError
        It cannot be.
    KeyError, TypeError
        It is something else.
    """
    known = {each.name for each in dataclasses.fields(Instance)}
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data.items()
        if name in known
    }
    return Instance(**found)


def state_from_json(data: Mapping[str, Any]) -> State:
    """Return what `State.to_json` returned; the errors are those of `instance_from_json`."""
    return State(
        pid=data["pid"],
        host=data["host"],
        port=data["port"],
        fence=data["fence"],
        routes=routes_from_json(data["routes"]),
        instances=tuple(
            InstanceState(**{**each, "replicas": tuple(ReplicaState(**one) for one in each["replicas"])})
            for each in data["instances"]
        ),
    )


def _state_to_json(state: InstanceState) -> dict[str, Any]:
    return {
        "release_id": state.release_id,
        "replicas": [dataclasses.asdict(each) for each in state.replicas],
        "requests": state.requests,
        "errors": state.errors,
        "in_flight": state.in_flight,
        "log": state.log,
        "labels": dict(state.labels),
    }
