"""The two programs that install: what each would change, and how each is made to do it.

uv where it is, pip where it is not. Both get the same sources, wheels only,
and a requirements file on standard input in which every line has its hash.
What they print is read here and never shown as it is.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from .. import executor
from ..errors import Cancelled, InstallError, RunTimeout
from ..events import Emit, Event, Output
from ..redact import mask
from ..values import Ask, Outcome, Resolution
from .kept import Store
from .query import Query
from .search import one_line
from .sources import Sources, for_pip, for_uv, logins

_CHANGE = re.compile(r"^ ([+~-]) ([A-Za-z0-9._-]+)==([A-Za-z0-9._!+-]+)")
NOWHERE = Sources(indexes=())
# uv reads every certificate there is before it does anything, also where it may ask nobody: 6 of 16 ms.
_UNTRUSTING = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
_CACHES = ("UV_CACHE_DIR", "PIP_CACHE_DIR", "UV_LINK_MODE", "NETRC")
_WHY_CHARS = 600

Look = Callable[[Sequence[Query]], Mapping[Query, Resolution]]
Begin = Callable[[], None]


def nobody_looks(queries: Sequence[Query]) -> Mapping[Query, Resolution]:
    """Look into nothing: what was not proved is then not installed."""
    return {}


def at_once() -> None:
    """Have nothing to do before an install begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """What an install needs: where from, who watches, who answers, who looks into dependencies.

    `timeout` is in seconds, for each program that is started; `store` has the
    proofs and the wheels that were looked into, or is None where nothing is kept;
    `reasons` are what was decided about each distribution, for the ledger.
    """

    sources: Sources
    emit: Emit
    ask: Ask
    look: Look = nobody_looks
    store: Store | None = None
    run_id: str = ""
    timeout: float = 900.0
    cancel: executor.Cancel | None = None
    reasons: tuple[Resolution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`added` maps each distribution to its version; `removed` are `NAME VERSION`."""

    added: Mapping[str, str]
    removed: Sequence[str] = ()


class Tool(Protocol):
    """A program that installs."""

    def plan(self, pins: Sequence[str]) -> Plan:
        """Return what installing `pins` would change."""

    def apply(
        self,
        requirements: str,
        cancel: executor.Cancel,
        timeout: float,
        places: Sequence[Path] = (),
        begin: Begin = at_once,
    ) -> Outcome:
        """Install the lines of a requirements file, each with its hash.

        From the folders `places`, and then from nowhere else, or from the indexes.
        `begin` is called while the program starts, before it is told any line;
        where that raises, it is told none and ended.
        """


def uv_path() -> Path | None:
    """Return the uv program: the one that came with us, else the one on PATH."""
    found = _uv_path(sys.prefix, os.environ.get("PATH", ""))
    return found if found and os.path.exists(found) else None  # noqa: PTH110


@functools.lru_cache(maxsize=4)
def _uv_path(prefix: str, path: str) -> Path | None:
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv", path=path)
        return Path(found) if found else None


class Uv:
    """uv (Astral): resolves and installs in tens of milliseconds."""

    def __init__(self, program: Path, tools: Toolbox) -> None:
        self._tools = tools
        self._program = program
        place = ["--python", sys.executable, "--only-binary", ":all:"]
        self._plain = ["--no-progress", "--color", "never", *place]
        # `--no-index` is read from no variable.
        self._flags = self._plain if tools.sources.indexes else [*self._plain, "--no-index"]

    def plan(self, pins: Sequence[str]) -> Plan:
        """Return what installing `pins` would change."""
        argv = [str(self._program), "pip", "install", "--dry-run", *self._flags, *pins]
        variables = {**for_uv(self._tools.sources), **_uv_cache(self._tools)}
        said = _read(argv, self._tools, variables, "stderr")
        changes = [match.groups() for line in said.splitlines() if (match := _CHANGE.match(line))]
        added = {name: version for sign, name, version in changes if sign in "+~"}
        return Plan(
            added=added, removed=[f"{name} {version}" for sign, name, version in changes if sign == "-"]
        )

    def apply(
        self,
        requirements: str,
        cancel: executor.Cancel,
        timeout: float,
        places: Sequence[Path] = (),
        begin: Begin = at_once,
    ) -> Outcome:
        """Install the lines of a requirements file, each with its hash."""
        flags, variables = self._flags, for_uv(self._tools.sources)
        if places:
            flags, variables = (
                [*self._plain, "--quiet", "--offline", *_only(places)],
                {**for_uv(NOWHERE), **_UNTRUSTING},
            )
        words = ["install", "--no-deps", "--require-hashes", *flags, "-r", "-"]
        argv = [str(self._program), "pip", *words]
        variables = {**variables, **_uv_cache(self._tools)}
        return _write(argv, self._tools, variables, requirements, cancel, timeout, begin)


class Pip:
    """pip: slower, and there where uv is not."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools
        self._flags = ["--only-binary", ":all:", "--no-color", "--progress-bar", "off"]

    def plan(self, pins: Sequence[str]) -> Plan:
        """Return what installing `pins` would change."""
        words = ["install", "--dry-run", "--quiet", "--report", "-", *self._flags, *pins]
        said = _read(
            [sys.executable, "-P", "-m", "pip", *words],
            self._tools,
            for_pip(self._tools.sources),
            "stdout",
        )
        try:
            described = [item["metadata"] for item in json.loads(said)["install"]]
            added = {item["name"]: item["version"] for item in described}
        except (ValueError, KeyError, TypeError) as error:
            raise InstallError(
                "pip did not say what it would install",
                why=one_line(said, self._tools.sources)[-_WHY_CHARS:],
                fix="%autoexec doctor",
            ) from error
        return Plan(added=added, removed=_replaced(added))

    def apply(
        self,
        requirements: str,
        cancel: executor.Cancel,
        timeout: float,
        places: Sequence[Path] = (),
        begin: Begin = at_once,
    ) -> Outcome:
        """Install the lines of a requirements file, each with its hash."""
        flags = [*self._flags, *_only(places)] if places else self._flags
        words = ["install", "--no-deps", "--require-hashes", *flags, "-r", "/dev/stdin"]
        argv = [sys.executable, "-P", "-m", "pip", *words]
        variables = for_pip(NOWHERE if places else self._tools.sources)
        return _write(argv, self._tools, variables, requirements, cancel, timeout, begin)


def _uv_cache(tools: Toolbox) -> dict[str, str]:
    """Return what gives uv a cache in our own, where a person has no home to keep one in."""
    if os.environ.get("UV_CACHE_DIR") or tools.store is None:
        return {}
    usual = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "uv"  # noqa: PTH111
    there = next((place for place in (usual, *usual.parents) if os.path.exists(place)), usual)  # noqa: PTH110
    if os.access(there, os.W_OK | os.X_OK):
        return {}
    return {"UV_CACHE_DIR": str(tools.store.wheels.folder.parent / "uv")}


def _only(places: Sequence[Path]) -> list[str]:
    """Return the options that make either program look into these folders alone."""
    return ["--no-index", *(word for place in places for word in ("--find-links", str(place)))]


def reason(outcome: Outcome, sources: Sources) -> str:
    """Return what a program said of its failure, as it may be shown."""
    return one_line(outcome.stderr.strip() or outcome.stdout, sources)[-_WHY_CHARS:]


def _read(argv: Sequence[str], tools: Toolbox, env: Mapping[str, str], stream: str) -> str:
    """Run a program that changes nothing and return all that it wrote to one stream, unmasked."""
    chunks: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == stream:
            chunks.append(event.text)

    outcome = executor.run(
        argv,
        emit=collect,
        phase="install",
        env=env,
        pass_on=_CACHES,
        timeout=tools.timeout,
        cancel=tools.cancel,
        policy=executor.policy.exactly(argv[0]),
        run_id=tools.run_id,
        raw=True,
    )
    if outcome.ended == "cancelled":
        raise Cancelled("the install was stopped", why="nothing was installed")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"the install took longer than {tools.timeout:g} s",
            why="nothing was installed",
            fix="try again, or see if the index answers: %autoexec config",
        )
    if not outcome.passed:
        raise InstallError(
            "the install did not succeed", why=reason(outcome, tools.sources), fix="%autoexec doctor"
        )
    if outcome.dropped_bytes:
        raise InstallError(
            "the plan of the install was too long to be read",
            why=f"{outcome.dropped_bytes} bytes of it are lost; nothing was installed",
            fix="install fewer distributions in one go",
        )
    return "".join(chunks)


def _write(
    argv: Sequence[str],
    tools: Toolbox,
    env: Mapping[str, str],
    requirements: str,
    cancel: executor.Cancel,
    timeout: float,
    begin: Begin,
) -> Outcome:
    """Run a program that installs; its output is shown without the index's logins."""
    secrets = logins(tools.sources)

    def masked(event: Event) -> None:
        tools.emit(replace(event, text=mask(event.text, secrets)) if isinstance(event, Output) else event)

    return executor.run(
        argv,
        emit=masked,
        phase="install",
        env=env,
        pass_on=_CACHES,
        stdin=requirements,
        timeout=timeout,
        cancel=cancel,
        on_spawn=lambda process: begin(),
        policy=executor.policy.exactly(argv[0]),
        run_id=tools.run_id,
    )


def _replaced(added: Mapping[str, str]) -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    replaced = []
    for name in added:
        try:
            replaced.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return replaced
