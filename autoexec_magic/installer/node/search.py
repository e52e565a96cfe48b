"""Start the child that asks the registry, and read its answers; what it says is other people's text."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ... import executor
from ...errors import Cancelled, InstallError, RunTimeout
from ...events import Event, Output
from ...redact import cleaned, secrets_in
from ...values import Outcome
from .query import Found, Query, Request
from .settings import Settings

SECONDS = 300.0
MOST_QUERIES = 1000
_MOST_CHARS = 400
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# As for Python's finder: `-m` would import it before it runs it, and nothing of the user's may stand
# before the standard library.
_CODE = """
import sys
sys.path += sys.argv[1:]
from autoexec_magic.installer.node import registry
sys.exit(registry.serve())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where to look, and within which bounds. `cache` is a folder for tarballs."""

    settings: Settings
    cache: Path
    release_age_days: float
    run_id: str = ""
    cancel: executor.Cancel | None = None


def find(queries: Sequence[Query], search: Search) -> dict[Query, Found]:
    """Return what the registry has for each query.

    Where npm's settings say offline, nothing is asked, and each answer says so.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        There is no answer; nothing was installed.
    """
    queries = list(dict.fromkeys(queries))
    if not queries:
        return {}
    if len(queries) > MOST_QUERIES:
        raise InstallError(f"{len(queries)} packages are too many for one go", fix="install fewer in one go")
    if search.settings.is_offline:
        offline = "npm's settings say offline, so the registry is not asked"
        return {each: Found(name=each.name, error=offline, is_down=True) for each in queries}
    outcome, text = _run(_request(queries, search), search)
    if outcome.ended == "cancelled":
        raise Cancelled("the search for packages was stopped", why="nothing was installed")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"the search for packages took longer than {SECONDS:g} s",
            why="nothing was installed",
            fix="check the registry: npm config get registry",
        )
    answers = _answers(text, search.settings)
    if not outcome.passed or outcome.dropped_bytes or len(answers) != len(queries):
        said = (outcome.stderr.strip() or f"it {outcome.ended}").splitlines()[-1]
        raise InstallError(
            "the search for packages failed", why=one_line(said, search.settings), fix="%autoexec doctor"
        )
    return dict(zip(queries, answers, strict=True))


def one_line(text: str, settings: Settings) -> str:
    """Return other people's text as it may be shown: one line, no secrets, no control characters."""
    shown = cleaned(_COLOUR.sub("", text), (*secrets_in(os.environ), *settings.secrets))
    return " ".join("".join(char if char.isprintable() else " " for char in shown).split())[:_MOST_CHARS]


def _request(queries: Sequence[Query], search: Search) -> Request:
    return Request(
        queries=tuple(queries),
        registry=search.settings.registry,
        scopes=dict(search.settings.scopes),
        logins=dict(search.settings.logins),
        cafile=search.settings.cafile,
        cache=str(search.cache),
        release_age_days=search.release_age_days,
    )


def _run(request: Request, search: Search) -> tuple[Outcome, str]:
    lines: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            lines.append(event.text)

    outcome = executor.run(
        [sys.executable, "-P", "-c", _CODE, str(Path(__file__).parents[3]), *_site()],
        emit=collect,
        phase="install",
        stdin=json.dumps(asdict(request)),
        timeout=SECONDS,
        cancel=search.cancel,
        policy=executor.policy.exactly(sys.executable),
        run_id=search.run_id,
        raw=True,
    )
    return outcome, "".join(lines)


def _site() -> list[str]:
    """Return where `packaging` is, which the package around the child imports."""
    import packaging

    return [str(Path(packaging.__file__).parents[1])]


def _answers(text: str, settings: Settings) -> list[Found]:
    try:
        return [_shown(json.loads(line), settings) for line in text.splitlines()]
    except (ValueError, TypeError) as error:
        raise InstallError(
            "the search for packages failed", why=one_line(text[-200:], settings), fix="%autoexec doctor"
        ) from error


def _shown(answer: dict[str, Any], settings: Settings) -> Found:
    """Return an answer with whatever a registry or a package could have written fit to be shown."""
    exact = ("name", "sha256", "integrity", "is_down", "exists", "held")
    fields: dict[str, Any] = {}
    for name, value in answer.items():
        if isinstance(value, list):
            fields[name] = tuple(v if name in exact else one_line(str(v), settings) for v in value)
        else:
            fields[name] = (
                one_line(value, settings) if isinstance(value, str) and name not in exact else value
            )
    return Found(**fields)
