"""Install exactly what a notebook's lock names, here: by version and hash, from wheels, and nothing besides.

Who wrote the lock is not known. So it says what is wanted and never where it
comes from; each wheel is found on the sources of this machine, looked into as
every other, and must have one of the locked digests. What the table does not
know, and nothing that it knows needs, is a question: that a name stands in a
file that somebody sent is no evidence. Needs that the lock leaves out are not
added to it silently; the whole is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..errors import InstallError, PolicyRefused, UsageError
from ..events import Emit, Installed, Resolved
from ..values import Candidate, Question, Resolution
from .decide import CHECK_INDEX, Ages, named
from .install import install
from .known import normal, of_distribution
from .locking import closure, shown_index
from .notebook_lock import Lock, Locked
from .query import Found, Query
from .search import Search, find
from .tool import Pip, Tool, Toolbox, Uv, uv_path

_MOST_TOLD = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What followed for each row that was not here, what was installed, and how many were here."""

    resolutions: tuple[Resolution, ...]
    installed: tuple[Installed, ...]
    present: int


def restore(lock: Lock, where: str, search: Search, ages: Ages, tools: Toolbox) -> Restored:
    """Install what of `lock` is not here.

    Parameters
    ----------
    lock : Lock
        The distributions and their digests.
    where : str
        The notebook's name, for messages.
    search, ages, tools
        Where and how to look; how old a release must be; who watches and answers.

    Raises
    ------
    InstallError
        A row cannot be had: its bytes are others, its release is not there,
        is refused, or needs what the lock does not name. Nothing is changed.
    NeedsPerson, PolicyRefused
        Something is a question, and nobody said yes.
    RunTimeout, Cancelled
        As `install` raises them.
    """
    _check_python(lock, where)
    here = closure(row.name for row in lock.packages)
    absent = [row for row in lock.packages if here.get(row.name) != row.version]
    if not absent:
        return Restored(resolutions=(), installed=(), present=len(lock.packages))
    resolutions, candidates = _looked(absent, lock, where, search, ages, tools.emit)
    _agree(resolutions, where, tools)
    boxed = replace(tools, look=lambda queries: _outside(queries, where))
    installed = install(candidates, boxed)
    return Restored(
        resolutions=tuple(resolutions),
        installed=tuple(installed),
        present=len(lock.packages) - len(absent),
    )


def _check_python(lock: Lock, where: str) -> None:
    here = sys.version_info[:2]
    if here < tuple(map(int, lock.python.split("."))):
        raise UsageError(
            f"the lock of {where} is for Python {lock.python} and newer",
            why=f"this is Python {here[0]}.{here[1]}",
            fix=f"a kernel of Python {lock.python}, or %autoexec fix {where}",
        )


def _looked(
    rows: Sequence[Locked], lock: Lock, where: str, search: Search, ages: Ages, emit: Emit
) -> tuple[list[Resolution], list[Candidate]]:
    """Return what follows for each row and the candidate with the locked bytes; raise where there is none."""
    queries = [Query(distribution=row.name, specifier=f"=={row.version}") for row in rows]
    answers = find(queries, search)
    now = datetime.now(UTC)
    resolutions, candidates = [], []
    for row, query in zip(rows, queries, strict=True):
        found = answers[query]
        resolution = named(found, ages, now)
        emit(Resolved(resolution=resolution))
        resolutions.append(resolution)
        candidates.append(_candidate(row, found, resolution, lock, where, search))
    return resolutions, candidates


def _candidate(
    row: Locked, found: Found, resolution: Resolution, lock: Lock, where: str, search: Search
) -> Candidate:
    fix = f"%autoexec fix {where}, which locks what can be had here"
    candidate = resolution.chosen
    if not found.sha256 or candidate is None:
        elsewhere = _elsewhere(lock, search)
        why = "; ".join([*resolution.evidence, *([elsewhere] if elsewhere else [])])
        raise InstallError(
            f"{row.name} {row.version} of the lock of {where} cannot be had, and nothing was installed",
            why=why,
            fix=CHECK_INDEX if found.is_down else fix,
        )
    if found.sha256 not in row.hashes:
        why = f"{found.filename} has the sha256 {found.sha256[:12]}…, and the lock does not name it"
        elsewhere = _elsewhere(lock, search)
        raise InstallError(
            f"{row.name} {row.version} is not what the lock of {where} names, and nothing was installed",
            why=f"{why}; {elsewhere}" if elsewhere else why,
            fix=fix,
        )
    if resolution.decision not in ("install", "ask"):
        raise InstallError(
            f"{row.name} {row.version} of the lock of {where} is refused, and nothing was installed",
            why="; ".join(resolution.evidence),
            fix=resolution.fix or fix,
        )
    return candidate


def _elsewhere(lock: Lock, search: Search) -> str:
    """Return the sentence that the lock came from another index, or ""."""
    ours = [shown_index(url) for url in search.sources.indexes]
    others = [url for url in lock.indexes if url not in ours]
    if not others:
        return ""
    asked = ", ".join(ours) or "no index"
    return f"the lock was made from {', '.join(others[:_MOST_TOLD])}, and here {asked} is asked"


def _agree(resolutions: Sequence[Resolution], where: str, tools: Toolbox) -> None:
    """Ask once about all that is fresh, and all that nobody here knows."""
    doubts = [line for item in resolutions if item.decision == "ask" for line in item.evidence]
    unknown = [item.distribution for item in resolutions if of_distribution(item.distribution) is None]
    pins = [
        f"{item.distribution}=={item.chosen.version}"
        for item in resolutions
        if item.chosen and item.distribution not in unknown
    ]
    if unknown and pins:
        needed = {normal(name) for name in _tool(tools).plan(pins).added}
        unknown = [name for name in unknown if normal(name) not in needed]
    doubts += [f"{name} is in no table, and only the lock names it" for name in unknown]
    if not doubts:
        return
    names = " ".join(item.distribution for item in resolutions)
    question = Question(
        text=f"install what the lock of {where} names: {names} ?",
        evidence=tuple(doubts),
        fix=f"%autoexec fix --sync --yes {where}",
    )
    if not tools.ask(question):
        raise PolicyRefused(f"not installed: {names}", why="; ".join(doubts))


def _tool(tools: Toolbox) -> Tool:
    program = uv_path()
    return Uv(program, tools) if program else Pip(tools)


def _outside(queries: Sequence[Query], where: str) -> Mapping[Query, Resolution]:
    """Refuse what the plan would add and the lock does not name."""
    evidence = (f"it is needed, and the lock of {where} does not name it",)
    return {
        query: Resolution(
            module="",
            cls="third-party",
            decision="refuse",
            distribution=query.distribution,
            evidence=evidence,
        )
        for query in queries
    }
