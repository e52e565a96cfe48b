"""What may outlive its run: a release served here, its proxy, the monitor in the background.

`start` is the only way to start such a thing (`executor.start_service`). It is
judged by the policy as any command is, and then belongs to no run: a session and a log
file of its own, no terminal, no descriptor and no variable of what started it,
nothing that tells it of its starter's death, and it is no child of it. Its own
id stands where a run's would, so that what it starts is ended with it.

A process that is itself part of a run cannot start one that outlives that run:
the mark of a run stays on all that comes from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AutoexecError, UsageError
from ..history import new_id
from . import ending, interrupts, mark, process
from .identity import OUTER_VARIABLE, RUN_VARIABLE, ProcessId, identify, is_alive
from .interrupts import Cancel

GRACE_SECONDS = 5.0
_LAUNCH = """
import json, os, signal, sys
hears, says = os.pipe()
pid = os.fork()
if pid == 0:
    try:
        os.setsid()
        os.dup2(2, 1)
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.execv(sys.argv[1], sys.argv[1:])
    except BaseException as error:
        os.write(says, str(error).encode())
    os._exit(127)
os.close(says)
os.write(1, json.dumps([pid, os.read(hears, 4096).decode()]).encode())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A process that belongs to no run. `start_time` is in clock ticks since boot."""

    service_id: str
    name: str
    pid: int
    start_time: int
    log: Path

    @property
    def process(self) -> ProcessId:
        """The process for certain."""
        return ProcessId(self.pid, self.start_time)


def start(
    argv: Sequence[str], *, name: str, log: Path, cwd: Path, env: Mapping[str, str], is_marked: bool = True
) -> Service:
    """Start a service; `argv[0]` is an absolute path, `env` all of its environment.

    One that is not marked is as if a person had started it in a terminal
    (`commandline`): what it starts is its own, and is not ended with it.

    Raises
    ------
    UsageError
        The log cannot be written.
    AutoexecError
        It cannot be started.
    """
    if mark.is_on_any(os.getpid()):
        raise AutoexecError(
            f"cannot start {name}",
            why="this process is part of a run, and would be ended with what it started",
            fix="start it from the notebook, or from a terminal",
        )
    service_id = new_id()
    cancel = Cancel()
    with contextlib.closing(cancel), interrupts.noted(cancel):
        mark_id = service_id if is_marked else ""
        found = _launched(argv, mark_id, name=name, log=log, cwd=cwd, env=env)
        service = Service(
            service_id=service_id, name=name, pid=found.pid, start_time=found.start_time, log=log
        )
        if cancel.is_set():  # nobody would know of it
            stop(service, grace=0.0)
            raise KeyboardInterrupt
    return service


def stop(service: Service, *, grace: float = GRACE_SECONDS) -> bool:
    """End a service and all that it started; return whether anything of it was there.

    Parameters
    ----------
    service : Service
        As `start` returned it, from whatever process.
    grace : float, default 5.0
        Seconds between TERM and KILL, at least 0.
    """
    return ending.end_orphans([(service.process, service.service_id)], grace=grace)


def is_service_alive(service: Service) -> bool:
    """Whether exactly this process still runs."""
    return is_alive(service.process)


def _launched(
    argv: Sequence[str], mark_id: str, *, name: str, log: Path, cwd: Path, env: Mapping[str, str]
) -> ProcessId:
    variables = {name: value for name, value in env.items() if name not in (RUN_VARIABLE, OUTER_VARIABLE)}
    variables |= {RUN_VARIABLE: mark_id} if mark_id else {}
    output = _log(log)
    try:
        launch = (sys.executable, "-I", "-S", "-B", "-c", _LAUNCH, *argv)
        said = process.start_apart(launch, cwd=cwd, env=variables, stderr=output)
    except (OSError, ValueError) as error:
        raise AutoexecError(f"cannot start {name}", why=str(error)) from error
    finally:
        os.close(output)
    pid, fault = json.loads(said) if said else (0, "the interpreter that launches it failed")
    found = None if fault else identify(pid)
    if found is None:
        raise AutoexecError(f"cannot start {name}", why=fault or "it ended at once", fix=f"see {log}")
    if mark_id:
        mark.put(pid, mark_id)
    return found


def _log(path: Path) -> int:
    """Open a file for a service's output, which is nobody else's to read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        raise UsageError(f"the log {path} cannot be written", why=str(error), fix="check the path") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        os.close(descriptor)
        raise UsageError(f"the log {path} is no file of yours", fix="give another path")
    if found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
    os.set_blocking(descriptor, True)
    return descriptor
