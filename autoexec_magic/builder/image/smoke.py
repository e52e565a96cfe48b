"""An image started as strictly as one can be, asked whether it is well, and removed whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ... import dockerengine as engine
from ...errors import AutoexecError, BuildError
from ...redact import mask, one_line
from ..bench import Bench
from . import leftovers
from .provenance import difference
from .watched import Watch

_LIMIT_SECONDS = 60.0
_TURN_SECONDS = 0.2
_ASK_SECONDS = 5.0  # for the whole of an answer
_LOOK_SECONDS = 0.1
_ALIVE_SECONDS = 3.0  # what does not listen lives for so long, or ends well
_SECOND = 10**9
_LOG_LINES = 12
_SHOWN_BYTES = 300  # of an answer
_MEMORY_BYTES = 2 << 30
_PROCESSES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: an image by its id, where it listens (0: nowhere), what is asked, what it must say."""

    image: str
    name: str
    port: int
    ask: str
    labels: Mapping[str, str]


def tried(trial: Trial, client: engine.Client, bench: Bench) -> None:
    """Start it, wait until it is well, ask it, and read its labels where it runs.

    Its root is read-only but for /tmp, it has no capabilities and cannot gain any.

    Raises
    ------
    BuildError, RunTimeout, Cancelled
        It is not well.
    """
    container = (
        f"autoexec-trial-{uuid.uuid4().hex[:12]}"  # known before it is there, so that it can be removed
    )
    identity = engine.identity(client)
    leftovers.sweep(client, bench.cache, identity)
    with leftovers.noted(bench.cache, identity) as notes:
        notes.write("trial", container)  # who kills us here leaves it to the next build
        try:
            _answered(trial, container, client, bench)
        except engine.failures() as error:
            raise engine.explained(error, f"{trial.name} cannot be started", image=trial.name) from error


def _answered(trial: Trial, container: str, client: engine.Client, bench: Bench) -> None:
    """Start it, ask it, and tell what it answers; it is removed whatever happens."""
    try:
        _create(trial, container, client)
        client.start(container)
        answer = _await(trial, container, client, Watch.of(bench, f"the trial of {trial.name}"))
        running = client.inspect_container(container)
    finally:
        _removed(container)
    if why := difference(trial.labels, running["Config"].get("Labels")):
        raise BuildError(f"{trial.name} runs as another image", why=why, fix="%autoexec build image")
    if trial.port:
        bench.say(f"{trial.ask} answers: {answer}")
    else:
        bench.say(f"{trial.name} {answer}: nothing was asked, as nothing says where it listens")


def _create(trial: Trial, container: str, client: engine.Client) -> None:
    health = (client.inspect_image(trial.image)["Config"] or {}).get("Healthcheck") or {}
    settings = client.create_host_config(
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        tmpfs={"/tmp": "rw,nosuid,nodev,size=256m,mode=1777"},
        mem_limit=_MEMORY_BYTES,
        pids_limit=_PROCESSES,
        port_bindings={trial.port: ("127.0.0.1", None)} if trial.port else None,
    )
    words: dict[str, Any] = {"image": trial.image, "host_config": settings, "name": container}
    if trial.port:
        words["ports"] = [trial.port]
    if (health.get("Test") or ["NONE"])[0] != "NONE":  # asked every half second, not as seldom as in service
        quick = {"interval": _SECOND // 2, "timeout": 5 * _SECOND, "retries": 100, "start_period": 0}
        words["healthcheck"] = {"test": health["Test"], **quick}
    client.create_container(**words)


def _await(trial: Trial, container: str, client: engine.Client, watch: Watch) -> str:
    """Return what it answered, or did, when it is well; raise what it wrote when it is not."""
    began, said = time.monotonic(), ""
    while (spent := time.monotonic() - began) < _LIMIT_SECONDS:
        state = client.inspect_container(container)["State"]
        if not state["Running"]:
            if state["ExitCode"] == 0 and not trial.port:
                return "ended well"
            raise _unwell(trial, container, client, f"it ended with exit code {state['ExitCode']}")
        health = (state.get("Health") or {}).get("Status", "")
        if health in ("", "healthy"):
            if not trial.port:
                if health or spent > _ALIVE_SECONDS:
                    return "says that it is well" if health else f"ran for {spent:.0f} s"
            else:
                said, answer = _answer(client, container, trial, watch)
                if not said:
                    return answer
                if re.match(r"HTTP [45]", said) and health:
                    break  # it says itself that it is well: it will answer the same later
        else:
            said = f"its health check says {health}"
        watch.pause(_TURN_SECONDS)
    raise _unwell(trial, container, client, said or f"it was not well within {_LIMIT_SECONDS:.0f} s")


def _answer(client: engine.Client, container: str, trial: Trial, watch: Watch) -> tuple[str, str]:
    """Return "" where the URL answers well, else what it said; and how the answer begins."""
    bound = client.inspect_container(container)["NetworkSettings"]["Ports"].get(f"{trial.port}/tcp")
    if not bound:
        return f"port {trial.port} is not published", ""
    host = urlsplit(client.base_url).hostname if client.base_url.startswith(("http://", "https://")) else None
    asking = _Asking(host=host or "127.0.0.1", port=int(bound[0]["HostPort"]), path=trial.ask)
    status, text = asking.asked(watch)
    if not status:
        return f"GET {trial.ask}: {text}", ""
    words = "".join(sign if sign.isprintable() else " " for sign in mask(text))
    return ("" if status < 400 else f"HTTP {status} from GET {trial.ask}"), " ".join(words.split())


@dataclass(slots=True, kw_only=True, eq=False)
class _Asking:
    """One question to what is tried, in a thread of its own: an answer may come byte by byte, for ever."""

    host: str
    port: int
    path: str
    found: tuple[int, str] = (0, "")
    line: socket.socket | None = None

    def asked(self, watch: Watch) -> tuple[int, str]:
        """Return the status and the beginning of the answer; 0 and what was wrong where there is none.

        Raises
        ------
        Cancelled, RunTimeout
            It should end.
        """
        thread = threading.Thread(target=self._ask, name="autoexec-trial", daemon=True)
        until = time.monotonic() + _ASK_SECONDS
        thread.start()
        try:
            while thread.is_alive():
                watch.look()
                if time.monotonic() > until:
                    return 0, f"no whole answer within {_ASK_SECONDS:.0f} s"
                thread.join(_LOOK_SECONDS)
        finally:
            if thread.is_alive() and self.line is not None:
                with contextlib.suppress(OSError):
                    self.line.shutdown(socket.SHUT_RDWR)
                thread.join(_TURN_SECONDS)
        return self.found

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ASK_SECONDS)
        try:
            connection.connect()
            self.line = connection.sock
            connection.request("GET", self.path if self.path.startswith("/") else f"/{self.path}")
            with connection.getresponse() as got:
                self.found = got.status, got.read(_SHOWN_BYTES).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.found = 0, one_line(str(error)) or type(error).__name__
        finally:
            connection.close()


def _unwell(trial: Trial, container: str, client: engine.Client, why: str) -> BuildError:
    error = BuildError(
        f"{trial.name} is not well when it is started",
        why=why,
        fix=f"docker run --rm --read-only --tmpfs /tmp {trial.name}",
    )
    with contextlib.suppress(*engine.failures()):
        text = client.logs(container, tail=_LOG_LINES).decode("utf-8", "replace")
        error.evidence = tuple(mask(line) for line in text.splitlines() if line.strip())
    return error


def _removed(container: str) -> None:
    """Remove it by a connection of its own: the other one may be in the middle of a word."""
    with contextlib.suppress(*engine.failures(AutoexecError)), engine.connected() as client:
        client.remove_container(container, force=True, v=True)
