"""Ask what an index has: what is known already, the quick way, the finder; in that order.

What comes back is other people's text. What is on the block list is asked for
nowhere.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import executor
from ..redact import cleaned, secrets_in
from .child import Child, answers_of
from .kept import Store, scope_of
from .known import normal
from .patience import Tell, nobody_told
from .query import Found, Query, Request
from .sources import Sources, logins

_SESSION = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")  # where a keyring answers
_NEEDED = ("unearth", "packaging", "httpx2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where to look, and within which bounds.

    `cache` is a folder for wheels, `blocked` are normal names, `keep_seconds`
    is how long an answer counts, `most_bytes` how much is kept, `ahead` whether
    to look into what is needed, too. `tell` hears what is waited for.
    """

    sources: Sources
    cache: Path
    release_age_days: float
    blocked: frozenset[str] = frozenset()
    keep_seconds: float = 0.0
    most_bytes: float = math.inf
    ahead: bool = False
    tell: Tell = nobody_told
    run_id: str = ""
    cancel: executor.Cancel | None = None


def find(queries: Sequence[Query], search: Search) -> dict[Query, Found]:
    """Return what there is to say to each query.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        The finder did not answer; nothing was installed.
    """
    answers = {query: _blocked(query) for query in queries if normal(query.distribution) in search.blocked}
    store, scope = Store(search.cache), scope_of(search.sources, search.release_age_days)
    for query in queries:
        if query not in answers:
            kept = store.recall(query, scope, most_seconds=search.keep_seconds)
            if kept:
                answers[query] = _shown(kept, search.sources)
    left = [query for query in queries if query not in answers]
    if left:
        store.prune(search.most_bytes)
        fresh = _asked(left, search)
        answers |= fresh
        if search.keep_seconds and not search.sources.find_links:
            for query, found in fresh.items():
                if found.sha256:
                    store.keep_choice(query, scope, found)
    return {query: answers[query] for query in queries}


def _asked(queries: Sequence[Query], search: Search) -> dict[Query, Found]:
    """Ask the index, the quick way where it goes; answers to more than was asked may come along."""
    from . import direct  # what it imports is loaded where somebody looks for packages, and not before

    answers: dict[Query, Found] = {}
    if direct.suits(search.sources):
        fresh = direct.ask(
            queries,
            _request(queries, search),
            search.sources,
            ahead=search.ahead,
            blocked=search.blocked,
            cancel=search.cancel,
            tell=search.tell,
        )
        answers = {query: _shown(found, search.sources) for query, found in fresh.items()}
    left = [query for query in queries if query not in answers]
    return answers | _of_finder(left, search) if left else answers


def _blocked(query: Query) -> Found:
    name = query.distribution
    return Found(distribution=name, exists=True, refusal=f"{name} is on your block list (setting `blocked`)")


def _request(queries: Sequence[Query], search: Search) -> Request:
    return Request(
        queries=tuple(queries),
        indexes=search.sources.indexes,
        find_links=search.sources.find_links,
        cache=str(search.cache),
        release_age_days=search.release_age_days,
        keyring=search.sources.keyring,
    )


def _of_finder(queries: Sequence[Query], search: Search) -> dict[Query, Found]:
    cert = search.sources.cert
    finder = Child(
        name="autoexec_magic.installer.finder",
        libraries=_NEEDED,
        clean=lambda text: one_line(text, search.sources),
        fix="check the index: %autoexec config",
        env={"SSL_CERT_FILE": cert} if cert else {},
        pass_on=("NETRC", "SSL_CERT_FILE", *(_SESSION if search.sources.keyring else ())),
        tell=search.tell,
        run_id=search.run_id,
        cancel=search.cancel,
    )
    answers = answers_of(finder, asdict(_request(queries, search)), count=len(queries))
    found = [_shown(_found(answer), search.sources) for answer in answers]
    return dict(zip(queries, found, strict=True))


def one_line(text: str, sources: Sources) -> str:
    """Return other people's text as it may be shown: one line, no secrets, no control characters."""
    return _one_line(text, _secrets(sources))


def _secrets(sources: Sources) -> tuple[str, ...]:
    return (*secrets_in(os.environ), *logins(sources))


def _one_line(text: str, secrets: Sequence[str]) -> str:
    if not text:
        return ""
    shown = cleaned(text, secrets)
    return " ".join("".join(char if char.isprintable() else " " for char in shown).split())


def _found(answer: dict[str, Any]) -> Found:
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in answer.items()}
    return Found(**fields)


def _shown(found: Found, sources: Sources) -> Found:
    """Return `found` with whatever an index or a wheel could have written fit to be shown."""
    secrets = _secrets(sources)

    def line(text: str) -> str:
        return _one_line(text, secrets)

    def lines(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(map(line, texts))

    return replace(
        found,
        filename=line(found.filename),
        summary=line(found.summary),
        tops=lines(found.tops),
        pth=lines(found.pth),
        faults=lines(found.faults),
        overwrites=lines(found.overwrites),
        claims=lines(found.claims),
        notice=line(found.notice),
        refusal=line(found.refusal),
        error=line(found.error),
    )
