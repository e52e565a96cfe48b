"""Start the child that asks the registry, and read its answers; what it says is other people's text."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ... import executor
from ...errors import InstallError
from ...redact import cleaned, secrets_in
from ..child import Child, answers_of
from .query import Found, Query, Request
from .settings import Settings

MOST_QUERIES = 1000
_MOST_CHARS = 400
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where to look, and within which bounds.

    `cache` is a folder for tarballs, `blocked` are names that are not looked
    for, in small letters.
    """

    settings: Settings
    cache: Path
    release_age_days: float
    run_id: str = ""
    cancel: executor.Cancel | None = None
    blocked: frozenset[str] = frozenset()


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
    answers = {each: _blocked(each) for each in queries if each.name.lower() in search.blocked}
    asked = [each for each in queries if each not in answers]
    return answers | (_asked(asked, search) if asked else {})


def one_line(text: str, settings: Settings) -> str:
    """Return other people's text as it may be shown: one line, no secrets, no control characters."""
    shown = cleaned(_COLOUR.sub("", text), (*secrets_in(os.environ), *settings.secrets))
    return " ".join("".join(char if char.isprintable() else " " for char in shown).split())[:_MOST_CHARS]


def _blocked(query: Query) -> Found:
    return Found(name=query.name, exists=True, faults=("is on your block list (setting `blocked`)",))


def _asked(queries: Sequence[Query], search: Search) -> dict[Query, Found]:
    registry = Child(
        name="autoexec_magic.installer.node.registry",
        libraries=("httpx2", "packaging"),
        clean=lambda text: one_line(text, search.settings),
        fix="check the registry: npm config get registry",
        pass_on=("SSL_CERT_FILE",),
        run_id=search.run_id,
        cancel=search.cancel,
    )
    answers = answers_of(registry, asdict(_request(queries, search)), count=len(queries))
    return dict(zip(queries, [_shown(answer, search.settings) for answer in answers], strict=True))


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
