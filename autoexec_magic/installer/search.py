"""Ask what an index has: what is known already, the quick way, the finder; in that order.

What comes back is other people's text. What is on the block list is asked for
nowhere.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import executor
from ..errors import Cancelled, InstallError, RunTimeout
from ..events import Event, Output
from ..redact import cleaned, secrets_in
from ..values import Outcome
from .kept import Store, scope_of
from .known import normal
from .patience import Tell, nobody_told
from .query import TOLD, Found, Query, Request
from .sources import Sources, logins

SECONDS = 300.0
# `-m` would import the finder before it runs it; and the folders come last, so that nothing in
# them (a folder of the user's, perhaps) stands before the standard library, as PYTHONPATH would.
_CODE = """
import sys
sys.path += sys.argv[1:]
from autoexec_magic.installer import finder
sys.exit(finder.serve())
"""
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
    text, outcome = _run(_request(queries, search), search)
    if outcome.ended == "cancelled":
        raise Cancelled("the search for packages was stopped", why="nothing was installed")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"the search for packages took longer than {SECONDS:.0f} s",
            why="nothing was installed",
            fix="check the index: %autoexec config",
        )
    answers = _answers(text, search.sources)
    if not outcome.passed or outcome.dropped_bytes or len(answers) != len(queries):
        said = (outcome.stderr.strip() or f"the finder {outcome.ended}").splitlines()[-1]
        raise InstallError(
            "the search for packages failed", why=one_line(said, search.sources), fix="%autoexec doctor"
        )
    return dict(zip(queries, answers, strict=True))


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


def _run(request: Request, search: Search) -> tuple[str, Outcome]:
    """Run the finder; return all that it wrote, and how it ended."""
    lines = [""]

    def collect(event: Event) -> None:
        if not isinstance(event, Output) or event.stream != "stdout":
            return
        *whole, rest = (lines.pop() + event.text).split("\n")
        for line in whole:
            if line.startswith(f'{{"{TOLD}":'):
                search.tell(one_line(str(json.loads(line)[TOLD]), search.sources))
            else:
                lines.append(f"{line}\n")
        lines.append(rest)

    cert = search.sources.cert
    outcome = executor.run(
        [sys.executable, "-P", "-c", _CODE, *_folders()],
        emit=collect,
        phase="install",
        env={"SSL_CERT_FILE": cert} if cert else {},
        pass_on=("NETRC", "SSL_CERT_FILE", *(_SESSION if search.sources.keyring else ())),
        stdin=json.dumps(asdict(request)),
        timeout=SECONDS,
        cancel=search.cancel,
        policy=executor.policy.exactly(sys.executable),
        run_id=search.run_id,
        raw=True,
    )
    return "".join(lines), outcome


def _folders() -> list[str]:
    """Return where this package and what the finder needs are, wherever this process has them from."""
    found = [str(Path(__file__).parents[2])]
    for name in _NEEDED:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            found.append(str(Path(spec.origin).absolute().parents[1]))
    return list(dict.fromkeys(found))


def _answers(text: str, sources: Sources) -> list[Found]:
    answers = []
    for line in text.splitlines():
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise InstallError(
                "the search for packages failed", why=one_line(line, sources), fix="%autoexec doctor"
            ) from error
        answers.append(_shown(_found(answer), sources))
    return answers


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
