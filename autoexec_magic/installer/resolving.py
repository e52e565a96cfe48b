"""What needed modules are, and what follows for each: classified, looked for, looked into, weighed.

Nothing is installed here, and no index is asked unless that was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..values import Resolution
from .classify import PLATFORM, classify
from .context import Context
from .decide import Origins, settled, weigh
from .distributions import needed_by
from .index import is_namespace, is_own
from .known import Entry, candidates, lookup, normal
from .present import is_here
from .query import Found, Query
from .scan import Needed
from .sources import PUBLIC

if TYPE_CHECKING:
    from .search import Search

MOST_CANDIDATES = 5  # of which each is looked into, where none is sure


def resolve(needs: Sequence[Needed], context: Context, *, online: bool) -> list[Resolution]:
    """Return what each needed module is and what follows, in the order given.

    Parameters
    ----------
    needs : sequence of Needed
        Imports, from `scan` or from names.
    context : Context
        The surroundings.
    online : bool
        Whether to ask the index and look into wheels. Without, `proved` is
        None and the decision is what would follow if the proof succeeded.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        The finder did not answer.
    """
    from .search import find  # what asks and installs is loaded where something is missing

    needs = [part for need in needs for part in _parts(need)]
    classes = [classify(need, context.folders) for need in needs]
    third = [need for need, (cls, _) in zip(needs, classes, strict=True) if cls == "third-party"]
    search = context.search if third else None
    choices = {need: _choice(need, search) for need in third if search}
    queries = _queries(choices)
    answers = find(list(dict.fromkeys(queries.values())), search) if online and search else {}
    now = datetime.now(UTC)
    resolutions = []
    for need, (cls, evidence) in zip(needs, classes, strict=True):
        if cls != "third-party":
            resolutions.append(settled(need.module, cls, evidence))
            continue
        choice = choices[need]
        asked = {entry.distribution: queries.get(normal(entry.distribution)) for entry in choice.entries}
        found = {name: answers[query] for name, query in asked.items() if query in answers}
        lead = choice.sure or choice.entries[0]
        below = need.module if _is_deeper(need, lead, found.get(lead.distribution)) else ""
        held = lead.module if lead.source != "name" else need.module
        resolutions.append(weigh(held, choice, found if online else None, context.ages, now, submodule=below))
    return resolutions


def missing(needs: Sequence[Needed], folders: Sequence[Path]) -> list[Needed]:
    """Return those of `needs` that cannot be imported here, each module once, in order."""
    parts = (part for need in needs for part in _parts(need))
    found: dict[str, Needed] = {}
    for need in parts:
        if is_here(need) or classify(need, folders)[0] in ("stdlib", "installed"):
            continue
        old = found.setdefault(need.module, need)
        names = tuple(dict.fromkeys((*old.names, *need.names)))
        found[need.module] = replace(old, names=names, required=old.required or need.required)
    return list(found.values())


def is_required(resolution: Resolution, needs: Sequence[Needed]) -> bool:
    """Whether something that `resolution` is about is needed for certain."""
    return any(need.required and _covers(resolution.module, need.module) for need in needs)


def is_about(resolution: Resolution, module: str) -> bool:
    """Whether a resolution is of a module, of one in it, or of the one that it is in."""
    return _covers(resolution.module, module)


def _covers(resolved: str, module: str) -> bool:
    return resolved == module or resolved.startswith(f"{module}.") or module.startswith(f"{resolved}.")


def _parts(need: Needed) -> list[Needed]:
    """Return an import as several, where what is taken from a namespace comes from several places."""
    if lookup(need.module):
        return [need]
    deeper = {name: f"{need.module}.{name}" for name in need.names}
    apart = [name for name, module in deeper.items() if lookup(module) or module in PLATFORM]
    rest = tuple(name for name in need.names if name not in apart)
    found = [replace(need, module=deeper[name], names=()) for name in apart]
    return [*found, replace(need, names=rest)] if rest or not found else found


def _choice(need: Needed, search: Search) -> Origins:
    """Return where a module may come from, as far as this machine knows."""
    entries = candidates(need.module)
    if not is_own(need.module):
        same = _same_name(need.module)
        names = {normal(entry.distribution) for entry in entries}
        if normal(same.distribution) not in names and not any(not entry.is_rival for entry in entries):
            entries = (*entries, same)
    users = {normal(entry.distribution): needed_by(entry.distribution) for entry in entries}
    public = PUBLIC if len(search.sources.indexes) > 1 else ""
    return Origins(entries=entries, users=users, blocked=search.blocked, public=public)


def _same_name(module: str) -> Entry:
    """Return the distribution that is called like a module; of a namespace, like the part that is meant."""
    top = module.partition(".")[0]
    name = "-".join(module.split(".")[:3]) if is_namespace(top) else top
    return Entry(module=module, distribution=name.replace("_", "-"), source="name", is_rival=True)


def _queries(choices: Mapping[Needed, Origins]) -> dict[str, Query]:
    """Return a query for each distribution that may be meant; where one is sure, for that one alone."""
    merged: dict[str, Query] = {}
    for need, choice in choices.items():
        sure = choice.sure
        for entry in (sure,) if sure else choice.entries[:MOST_CANDIDATES]:
            name = normal(entry.distribution)
            if name in choice.blocked:
                continue
            query = _query(need, entry)
            old = merged.setdefault(name, query)
            modules = tuple(dict.fromkeys((*old.modules, *query.modules)))
            newest = old.newest_known or query.newest_known
            merged[name] = replace(old, modules=modules, newest_known=newest)
    return merged


def _is_deeper(need: Needed, entry: Entry, found: Found | None) -> bool:
    """Whether a submodule is imported that a wheel's files can tell of.

    A single file (six.py) makes its submodules when it runs, and is believed.
    """
    if found is None or not need.module.startswith(f"{entry.module}."):
        return False
    return f"{entry.module}.__init__" in found.held


def _query(need: Needed, entry: Entry) -> Query:
    if entry.source == "name":
        return Query(distribution=entry.distribution, modules=(need.module,))
    modules = tuple(dict.fromkeys((entry.module, f"{entry.module}.__init__", need.module)))
    return Query(distribution=entry.distribution, modules=modules, newest_known=entry.proved)
