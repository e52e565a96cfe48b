"""The process of one service: takes requests and commands until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import AutoexecError, PhaseError
from . import control, place, record
from .commands import Commands
from .keeping import Keeping
from .record import Record
from .router import Router
from .routes import Share

LOCK = "daemon.lock"
LOGS = "logs"
DRAIN_SECONDS = 5.0
_RUN_VARIABLE = "AUTOEXEC_RUN_ID"  # executor.identity has it, which takes too long to import here


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the end; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m autoexec_magic.deployer.serving")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        folder = place.private(given.folder)
        lock = _locked(folder)
        try:
            asyncio.run(_serve(folder, given.host, given.port))
        finally:
            os.close(lock)
    except AutoexecError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _serve(folder: Path, host: str, port: int) -> None:
    wanted = record.load(folder) or Record()
    keeping = Keeping(place.private(folder / LOGS))
    router = Router(lambda share: _ports_of(keeping, share))
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end.set)
    wanted = await _bound(router, wanted, host, port)
    record.save(folder, wanted)
    commands = Commands(
        folder, pid=os.getpid(), wanted=wanted, router=router, keeping=keeping, on_end=end.set
    )
    commands.restore()
    before = place.read(folder)
    if before is not None:
        place.remove_socket(before.socket)
    path = place.new_socket(folder)
    server = await control.listen(path, commands)
    place.write(folder, _here(path))
    try:
        await end.wait()
        await router.close(DRAIN_SECONDS)
        await asyncio.to_thread(keeping.end)
    finally:
        server.close()
        place.remove_socket(path)


async def _bound(router: Router, wanted: Record, host: str, port: int) -> Record:
    """Bind the public port: the one that is given, the one that it had, or a free one."""
    asked = port or wanted.port
    try:
        return replace(wanted, host=host, port=await router.listen(host, asked))
    except (OSError, OverflowError) as error:
        raise PhaseError(
            f"port {asked} of {host} cannot be had",
            why=str(error),
            fix="end what listens there, or give another port",
        ) from error


def _ports_of(keeping: Keeping, share: Share) -> tuple[int, ...]:
    if share.ports:
        return share.ports
    return keeping.ports_of(share.release_id) or ()


def _here(path: Path) -> place.Place:
    return place.Place(
        pid=os.getpid(),
        start_time=_start_time(),
        service_id=os.environ.get(_RUN_VARIABLE, ""),
        boot=place.boot(),
        socket=path,
    )


def _start_time() -> int:
    """Return when this process was started, in ticks since boot (proc(5), field 22); 0 without /proc."""
    try:
        text = Path("/proc/self/stat").read_bytes()
    except OSError:
        return 0
    return int(text[text.rindex(b")") + 2 :].split()[19])


def _locked(folder: Path) -> int:
    """Return the file whose lock says that this is the one process of the service.

    Raises
    ------
    PhaseError
        Another one is.
    """
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise PhaseError(f"{folder} is served by another process", why=str(error)) from error
    return file
