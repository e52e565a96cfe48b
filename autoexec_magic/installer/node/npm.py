"""npm: what an install would change, and how it is made to do it.

Scripts never run (`--ignore-scripts` beats whatever a file says), nothing is
installed globally, and no update is looked for. npm runs in the cage
`workspace` with the network open: it may write the project and its own cache,
and reads of the home only the person's `.npmrc`. What it prints is read here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import executor
from ...errors import Cancelled, InstallError, MissingTool, RunTimeout
from ...events import Emit, Event, Output
from ...redact import mask
from ...values import Ask, Level, Outcome
from .project import table
from .search import Search, one_line
from .settings import Settings

_FLAGS = (
    *("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--no-update-notifier"),
    *("--location=project", "--no-global", "--no-dry-run", "--no-force", "--json", "--loglevel=error"),
    *("--fetch-retries=1", "--fetch-timeout=30000"),
)
_PASS_ON = ("npm_config_*", "NPM_CONFIG_*", "SSL_CERT_FILE")
LEVEL: Level = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """What an install needs; `cwd` is the folder of the package that gets the dependency.

    `members` are the names of the project's workspaces, which npm links.
    `timeout` is in seconds, for each time npm is started.
    """

    root: Path
    cwd: Path
    members: frozenset[str] = frozenset()
    settings: Settings
    search: Search
    cache: Path
    emit: Emit
    ask: Ask
    run_id: str = ""
    timeout: float = 900.0
    cancel: executor.Cancel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package that would stand in `place` below `node_modules`; `before` is the version it replaces."""

    name: str
    version: str
    place: Path
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an install would do; `removed` are packages that would go."""

    added: tuple[Change, ...]
    removed: tuple[Change, ...] = ()


def npm_path() -> Path:
    """Return the npm program.

    Raises
    ------
    MissingTool
        There is none on PATH.
    """
    found = shutil.which("npm")
    if found is None:
        raise MissingTool("npm is not installed", fix="install Node.js, which brings it")
    return Path(found)


def plan(specs: Sequence[str], tools: Toolbox) -> Plan:
    """Return what installing `specs`, each `NAME@VERSION`, would change; nothing is changed.

    Raises
    ------
    InstallError, RunTimeout, Cancelled, MissingTool
        npm did not say.
    """
    chunks: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            chunks.append(event.text)

    flags = [flag for flag in _FLAGS if flag != "--no-dry-run"]
    outcome = _start(["install", "--dry-run", *flags, *specs], tools, collect, tools.cancel, raw=True)
    if not outcome.passed:
        raise failed(outcome, (), tools)
    text = "".join(chunks)
    try:
        # npm 9 and older, and some of npm 11, say each change in a line of its own before the table.
        content = json.loads(text[text.index("{") :])
        return _plan(content, tools)
    except (ValueError, TypeError, KeyError) as error:
        raise InstallError(
            "npm did not say what it would install",
            why=one_line(text[-300:], tools.settings),
            fix="npm --version; 7 or newer is needed",
        ) from error


def apply(specs: Sequence[str], tools: Toolbox, cancel: executor.Cancel, *, is_exact: bool) -> Outcome:
    """Install `specs`; what npm says is shown without the registry's logins.

    `is_exact` writes the very version into `package.json`: where no lock keeps
    it. Otherwise the project's own settings say how it is written.
    """
    secrets = tools.settings.secrets

    def masked(event: Event) -> None:
        tools.emit(replace(event, text=mask(event.text, secrets)) if isinstance(event, Output) else event)

    more = ["--save-exact"] if is_exact else []
    return _start(["install", "--save", *_FLAGS, *more, *specs], tools, masked, cancel)


def failed(outcome: Outcome, left: Sequence[str], tools: Toolbox) -> InstallError | RunTimeout | Cancelled:
    """Return what to raise; `left` is what could not be taken back."""
    why = f"not as before: {', '.join(left)}" if left else "nothing was installed"
    fix = "npm ci --ignore-scripts, which restores node_modules from the lock" if left else ""
    if outcome.ended == "cancelled":
        return Cancelled("the install was stopped", why=why, fix=fix)
    if outcome.ended == "timed-out":
        return RunTimeout(
            f"npm took longer than {tools.timeout:g} s",
            why=why,
            fix=fix or "try again, or check the registry: npm config get registry",
        )
    said = _reason(outcome, tools.settings)
    return InstallError(
        "npm did not succeed", why=f"{said}; {why}" if left else said, fix=fix or "npm config get registry"
    )


def _start(
    words: Sequence[str],
    tools: Toolbox,
    emit: Emit,
    cancel: executor.Cancel | None,
    *,
    raw: bool = False,
) -> Outcome:
    program = npm_path()
    cache = tools.cache / "npm"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = tools.settings.user_file
    read = [Path(path) for path in (user, tools.settings.cafile) if path and Path(path).is_file()]
    return executor.run(
        [str(program), *words],
        emit=emit,
        phase="install",
        cwd=tools.cwd,
        # In the cage the home is another one, and with it npm would miss the person's own settings.
        env={
            **tools.settings.environment,
            "npm_config_userconfig": user,
            "npm_config_cache": str(cache),
        },
        pass_on=(*_PASS_ON, *tools.settings.variables),
        timeout=tools.timeout,
        cancel=cancel,
        policy=executor.policy.exactly(program),
        level=LEVEL,
        doors=executor.cage.Doors(net="all", read=tuple(read), write=(tools.root, cache)),
        run_id=tools.run_id,
        raw=raw,
    )


def _plan(content: Mapping[str, Any], tools: Toolbox) -> Plan:
    added = [_change(each, tools.root) for each in content["add"]]
    for each in content["change"]:
        change = _change(each["to"], tools.root)
        added.append(replace(change, before=str(table(each.get("from")).get("version", ""))))
    removed = tuple(_change(each, tools.root) for each in content["remove"])
    return Plan(added=tuple(each for each in added if each.name not in tools.members), removed=removed)


def _change(entry: Mapping[str, Any], root: Path) -> Change:
    place = Path(str(entry["path"]))
    if not place.is_relative_to(root.resolve()) and not place.is_relative_to(root):
        raise ValueError(f"{place} is outside of the project")
    return Change(name=str(entry["name"]), version=str(entry["version"]), place=place)


def _reason(outcome: Outcome, settings: Settings) -> str:
    """Return npm's own words of why it failed: its JSON's summary, or the end of its errors."""
    for text in (outcome.stdout, outcome.stderr):
        start = text.find('{\n  "error"')
        try:
            error = json.loads(text[start:])["error"] if start >= 0 else {}
        except (ValueError, KeyError, TypeError):
            continue
        words = [str(error[key]) for key in ("code", "summary", "detail") if table(error).get(key)]
        if words:
            return one_line("; ".join(words), settings)
    return one_line((outcome.stderr.strip() or outcome.stdout)[-600:], settings)
