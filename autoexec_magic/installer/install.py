"""Install exactly what was proved, into the environment of the running interpreter.

First a dry run says what would change; a plan that takes something away that
is installed is a question. Then every distribution of the plan is pinned with
its hashes, the proved ones with the hash of the very bytes that were looked
into, and installed with `--require-hashes` from wheels only. With uv; with pip
where uv is not.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import executor
from ..errors import Cancelled, InstallError, PolicyRefused, RunTimeout
from ..events import Emit, Event, Installed
from ..values import Ask, Candidate, Outcome, Question
from .known import normal
from .sources import Sources, for_pip, for_uv

_PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!+-]+")
_CHANGE = re.compile(r"^ ([+~-]) ([A-Za-z0-9._-]+)==([A-Za-z0-9._!+-]+)")
_CACHES = ("UV_CACHE_DIR", "PIP_CACHE_DIR", "UV_LINK_MODE", "NETRC")
_FIND_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """What an install needs: where from, who watches, who answers."""

    sources: Sources
    emit: Emit
    ask: Ask
    run_id: str = ""
    timeout: float = 900.0
    cancel: executor.Cancel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """`added` maps each distribution to its version; `hashes` to the hashes allowed."""

    added: Mapping[str, str]
    removed: Sequence[str]
    hashes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def install(candidates: Sequence[Candidate], tools: Toolbox) -> list[Installed]:
    """Install `candidates`, which are proved, and what they depend on.

    Returns
    -------
    list of Installed
        Everything that was added; empty if all was there.

    Raises
    ------
    InstallError
        It cannot be installed; the environment is as before.
    NeedsPerson, PolicyRefused
        The plan would take away or replace something that is installed.
    RunTimeout, Cancelled
        The time was up, or a person stopped it.
    """
    _refuse_managed()
    tool = _Uv(tools) if uv_path() else _Pip(tools)
    plan = tool.plan(candidates)
    if plan.removed:
        names = ", ".join(plan.removed)
        wanted = " ".join(candidate.distribution for candidate in candidates)
        question = Question(
            text=f"installing {wanted} replaces {names}; go on ?",
            evidence=tuple(f"adds {name} {version}" for name, version in plan.added.items()),
            fix=f"%autoexec install --yes {wanted}",
        )
        if not tools.ask(question):
            raise PolicyRefused(f"not installed: {wanted}", why=f"it would replace {names}")
    if plan.added:
        tool.apply(_pinned(plan, candidates))
    importlib.invalidate_caches()
    proved = {normal(candidate.distribution): candidate for candidate in candidates}
    return [_installed(name, version, proved.get(normal(name)), plan) for name, version in plan.added.items()]


def uv_path() -> Path | None:
    """Return the uv program: the one that came with us, else the one on PATH."""
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        return Path(found) if found else None


def _installed(name: str, version: str, candidate: Candidate | None, plan: _Plan) -> Installed:
    if candidate is None:  # a dependency
        digest = plan.hashes.get(normal(name), [""])[0]
        return Installed(distribution=name, version=version, sha256=digest, index="")
    return Installed(
        distribution=candidate.distribution, version=version, sha256=candidate.sha256, index=candidate.index
    )


def _pinned(plan: _Plan, candidates: Sequence[Candidate]) -> str:
    """Return the plan as a requirements file, each line with its hashes."""
    proved = {normal(candidate.distribution): candidate.sha256 for candidate in candidates}
    lines = []
    for name, version in plan.added.items():
        hashes = [proved[normal(name)]] if normal(name) in proved else plan.hashes.get(normal(name), [])
        if not hashes:
            raise InstallError(f"cannot install {name} {version}", why="the index gives no hash for it")
        lines.append(f"{name}=={version} " + " ".join(f"--hash=sha256:{digest}" for digest in hashes))
    return "\n".join(lines) + "\n"


class _Uv:
    """uv (Astral): resolves and installs in tens of milliseconds."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools
        self._program = uv_path()
        self._flags = [
            "--no-progress",
            "--color",
            "never",
            "--python",
            sys.executable,
            "--only-binary",
            ":all:",
        ]

    def plan(self, candidates: Sequence[Candidate]) -> _Plan:
        pins = [f"{candidate.distribution}=={candidate.version}" for candidate in candidates]
        dry = self._run(["pip", "install", "--dry-run", *self._flags, *pins])
        changes = [match.groups() for line in dry.stderr.splitlines() if (match := _CHANGE.match(line))]
        added = {name: version for sign, name, version in changes if sign in "+~"}
        removed = [f"{name} {version}" for sign, name, version in changes if sign == "-"]
        if not added:
            return _Plan(added={}, removed=())
        text = "".join(f"{name}=={version}\n" for name, version in added.items())
        flags = ["--no-deps", "--generate-hashes", "--no-header", "--no-annotate", *self._flags]
        locked = self._run(["pip", "compile", *flags, "-"], stdin=text)
        return _Plan(added=added, removed=removed, hashes=_hashes(locked.stdout))

    def apply(self, requirements: str) -> None:
        flags = ["--no-deps", "--require-hashes", *self._flags]
        self._run(["pip", "install", *flags, "-r", "-"], stdin=requirements, emit=self._tools.emit)

    def _run(
        self, words: Sequence[str], *, stdin: str | None = None, emit: Emit = lambda event: None
    ) -> Outcome:
        assert self._program is not None
        argv = [str(self._program), *words]
        return _checked(argv, self._tools, for_uv(self._tools.sources), stdin, emit)


class _Pip:
    """pip: slower, and there where uv is not."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools
        self._flags = ["--only-binary", ":all:", "--no-color", "--progress-bar", "off"]

    def plan(self, candidates: Sequence[Candidate]) -> _Plan:
        pins = [f"{candidate.distribution}=={candidate.version}" for candidate in candidates]
        chunks: list[str] = []

        def collect(event: Event) -> None:
            if getattr(event, "stream", "") == "stdout":
                chunks.append(getattr(event, "text", ""))

        self._run(["install", "--dry-run", "--quiet", "--report", "-", *self._flags, *pins], emit=collect)
        items = json.loads("".join(chunks))["install"]
        added = {item["metadata"]["name"]: item["metadata"]["version"] for item in items}
        hashes = {normal(item["metadata"]["name"]): [_archive_hash(item)] for item in items}
        return _Plan(added=added, removed=_replaced(added), hashes=hashes)

    def apply(self, requirements: str) -> None:
        words = ["install", "--no-deps", "--require-hashes", *self._flags, "-r", "/dev/stdin"]
        self._run(words, stdin=requirements, emit=self._tools.emit)

    def _run(
        self, words: Sequence[str], *, stdin: str | None = None, emit: Emit = lambda event: None
    ) -> Outcome:
        argv = [sys.executable, "-P", "-m", "pip", *words]
        return _checked(argv, self._tools, for_pip(self._tools.sources), stdin, emit)


def _checked(
    argv: Sequence[str], tools: Toolbox, env: Mapping[str, str], stdin: str | None, emit: Emit
) -> Outcome:
    """Run one of our own tools and raise unless it succeeded."""
    outcome = executor.run(
        argv,
        emit=emit,
        phase="install",
        env=env,
        pass_on=_CACHES,
        stdin=stdin,
        timeout=tools.timeout,
        cancel=tools.cancel,
        policy=executor.policy.exactly(argv[0]),
        run_id=tools.run_id,
    )
    if outcome.ended == "cancelled":
        raise Cancelled("the install was stopped", why="the environment is as before")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"the install took longer than {tools.timeout:.0f} s",
            fix="try again, or see if the index answers",
        )
    if not outcome.passed:
        lines = [line.strip() for line in (outcome.stderr or outcome.stdout).splitlines() if line.strip()]
        raise InstallError("the install did not succeed", why=" ".join(lines)[-600:], fix="%autoexec doctor")
    return outcome


def _refuse_managed() -> None:
    """Refuse a system Python that its distribution manages (PEP 668)."""
    is_virtual = sys.prefix != sys.base_prefix
    if not is_virtual and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
        raise InstallError(
            "nothing is installed into this Python",
            why=f"{sys.prefix} is managed by the operating system (PEP 668)",
            fix="python3 -m venv .venv, and use its kernel",
        )


def _hashes(locked: str) -> dict[str, list[str]]:
    """Return the SHA-256 hashes of each pin in what `uv pip compile` prints."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in locked.replace("\\\n", " ").split():
        if _PIN.fullmatch(word):
            name = normal(word.partition("==")[0])
        elif word.startswith("--hash=sha256:"):
            found.setdefault(name, []).append(word.rpartition(":")[2])
    return found


def _archive_hash(item: Mapping[str, object]) -> str:
    download = item.get("download_info")
    archive = download.get("archive_info", {}) if isinstance(download, dict) else {}
    return str(archive.get("hashes", {}).get("sha256", ""))


def _replaced(added: Mapping[str, str]) -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    replaced = []
    for name in added:
        try:
            replaced.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return replaced
