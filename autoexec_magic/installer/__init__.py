"""Missing imports, healed by proof: scan, classify, find, prove, decide, install.

`resolve` says what modules are and what follows; `install` carries out what
was decided. Nothing is installed whose wheel was not looked into, and nothing
without a question that is not known, proved and aged (`decide`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .. import executor
from ..config import Config
from ..errors import InstallError, NeedsPerson, UsageError
from ..events import Emit, Installed, Progress, Resolved
from ..values import Ask, Candidate, Resolution
from . import card
from .classify import PLATFORM, classify
from .decide import CHECK_INDEX, CHECK_NETWORK, MAKE_ROOM, Ages, Origins, named, settled, weigh
from .distributions import needed_by
from .drift import version_with
from .index import is_namespace, is_own
from .installed import version_of
from .kinds import Kind, kinds
from .known import Entry, candidates, lookup, normal, of_distribution, of_module
from .lock import is_left
from .present import is_here
from .query import Found, Query
from .quick import quick
from .scan import Needed, scan
from .sources import PUBLIC, Sources, sources
from .tree import Fault, Import, Scanned, group_of, scan_tree, when_slow

if TYPE_CHECKING:
    from .search import Search
    from .tool import Toolbox
    from .undo_last import Undone

LONGEST_HOURS = 24.0  # a release may have been withdrawn, or a project put into quarantine
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

__all__ = [
    "CHECK_NETWORK",
    "Context",
    "Fault",
    "Import",
    "Kind",
    "Needed",
    "Scanned",
    "exported",
    "group_of",
    "heal",
    "install_named",
    "is_about",
    "is_here",
    "is_required",
    "kinds",
    "missing",
    "quick",
    "resolve",
    "scan",
    "scan_tree",
    "tidy",
    "toolbox",
    "undo_install",
    "uv_path",
    "version_with",
    "when_slow",
]

MOST_CANDIDATES = 5  # of which each is looked into, where none is sure


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the installer needs to know of its surroundings.

    `folders` are where the user's own files are; `cache` keeps wheels. `ahead`
    says that what is found is to be installed, with what it needs.
    """

    config: Config
    folders: tuple[Path, ...]
    cache: Path
    emit: Emit
    ask: Ask
    run_id: str = ""
    cancel: executor.Cancel | None = None
    ahead: bool = False

    @property
    def sources(self) -> Sources:
        """Where packages come from."""
        return sources(self.config.index_url)

    @property
    def ages(self) -> Ages:
        """How old a project and a release must be."""
        return Ages(project=self.config.project_age_days, release=self.config.release_age_days)

    @property
    def search(self) -> Search:
        """Where and how to look for packages."""
        from .search import Search

        return Search(
            sources=self.sources,
            cache=self.cache / "wheels",
            release_age_days=self.config.release_age_days,
            blocked=frozenset(map(normal, self.config.blocked)),
            keep_seconds=3600 * min(self.config.index_hours, LONGEST_HOURS),
            most_bytes=self.config.cache_mb * 2**20,
            ahead=self.ahead,
            tell=lambda text: self.emit(Progress(phase="install", text=text)),
            run_id=self.run_id,
            cancel=self.cancel,
        )


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


def heal(needs: Sequence[Needed], context: Context) -> tuple[list[Resolution], list[Installed]]:
    """Install what of `needs` is missing and may be installed.

    Returns
    -------
    (list of Resolution, list of Installed)
        What was decided about each module that is not here, and what was
        installed. A module that was only asked about, or refused, is not.

    Raises
    ------
    InstallError
        The index could not be asked, or the install failed.
    RunTimeout, Cancelled, NeedsPerson, PolicyRefused
        As `install` and the finder raise them.
    """
    absent = missing(needs, context.folders)
    if not absent:
        return [], []
    from .install import install

    resolutions = resolve(absent, replace(context, ahead=True), online=True)
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    for resolution in resolutions:
        if resolution.fix == CHECK_NETWORK:  # whoever is offline still gets what needs no network
            text = f"{resolution.evidence[0]}; going on without {resolution.distribution}"
            context.emit(Progress(phase="install", text=text))
        if resolution.fix in (CHECK_INDEX, MAKE_ROOM) and is_required(resolution, needs):
            raise InstallError(
                f"cannot look for {resolution.distribution}, and nothing was installed",
                why=resolution.evidence[0],
                fix=resolution.fix,
            )
    chosen: list[Candidate | None] = []
    unanswered: list[NeedsPerson] = []
    for resolution in resolutions:
        try:
            chosen.append(_wanted(resolution, needs, context.ask))
        except NeedsPerson as error:  # nobody is there: all that is open is told at once
            unanswered.append(error)
    if unanswered:
        raise card.all_of(unanswered)
    resolutions = [_settled_by(*each) for each in zip(resolutions, chosen, strict=True)]
    wanted = {candidate.distribution: candidate for candidate in chosen if candidate}
    if not wanted:
        return resolutions, []
    return resolutions, install(list(wanted.values()), toolbox(context, resolutions))


def tidy(context: Context) -> None:
    """Clear away what an install left half done that was killed; costs next to nothing where none was.

    Raises
    ------
    InstallError, LedgerError, Cancelled
        It could not be done; the next install tries again.
    """
    if is_left():
        from .install import clear_left

        clear_left(toolbox(context))


def exported(path: Path, form: str) -> str:
    """Return a notebook's lock as text: `script` (PEP 723) or `requirements`, with hashes.

    Raises
    ------
    UsageError
        It is no notebook, or has no lock that can be used.
    """
    from . import notebook, notebook_lock

    found = notebook_lock.of_value(notebook.read(path).value(*notebook_lock.KEY), path.name)
    return notebook_lock.requirements(found) if form == "requirements" else notebook_lock.script(found)


def is_required(resolution: Resolution, needs: Sequence[Needed]) -> bool:
    """Whether something that `resolution` is about is needed for certain."""
    return any(need.required and _covers(resolution.module, need.module) for need in needs)


def install_named(names: Sequence[str], context: Context) -> tuple[list[Resolution], list[Installed]]:
    """Install distributions that a person named, each `NAME` or `NAME==VERSION`.

    Raises
    ------
    UsageError
        A name is no requirement, or is a module that another distribution holds.
    NeedsPerson
        One of them is fresh, and nobody could say yes.
    InstallError, PolicyRefused
        One is refused, has only a source archive or is not there, or the
        install failed.
    """
    if here := _all_here(names):
        for resolution in here:
            context.emit(Resolved(resolution=resolution))
        return here, []
    from .install import install
    from .search import find

    queries = [_named_query(name) for name in names]
    answers = find(list(dict.fromkeys(queries)), replace(context, ahead=True).search)
    now = datetime.now(UTC)
    resolutions = [named(answers[query], context.ages, now) for query in queries]
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    chosen = [
        _agreed(resolution, context.ask, typed=name)
        for name, resolution in zip(names, resolutions, strict=True)
    ]
    wanted = [candidate for candidate in chosen if candidate]
    return resolutions, install(wanted, toolbox(context, resolutions)) if wanted else []


def uv_path() -> Path | None:
    """Return the uv program: the one that came with us, else the one on PATH."""
    from . import tool

    return tool.uv_path()


def undo_install(context: Context) -> Undone | None:
    """Take the last change of this environment back; None where there is none (`undo_last`)."""
    from .undo_last import undo_last

    return undo_last(toolbox(context), context.search.cache)


def toolbox(context: Context, reasons: Sequence[Resolution] = ()) -> Toolbox:
    """Return what an install needs; `reasons` are what was decided, for the ledger."""
    from .kept import Store
    from .search import find
    from .tool import Toolbox

    search = replace(context, ahead=True).search  # to work out the sources reads several files

    def look(queries: Sequence[Query]) -> Mapping[Query, Resolution]:
        answers = find(queries, search)
        now = datetime.now(UTC)
        return {query: named(found, context.ages, now) for query, found in answers.items()}

    return Toolbox(
        sources=search.sources,
        emit=context.emit,
        ask=context.ask,
        look=look,
        store=Store(search.cache),
        run_id=context.run_id,
        cancel=context.cancel,
        reasons=tuple(reasons),
    )


def _all_here(names: Sequence[str]) -> list[Resolution]:
    """Return what there is to say where all of `names` are installed as they are wanted, else nothing."""
    found = []
    for name in names:
        word, _, wanted = (part.strip() for part in name.partition("=="))
        version = version_of(word) if _NAME.fullmatch(word) else None
        if not version or wanted not in ("", version):
            return []
        found.append(settled(word, "installed", f"{word} {version} is installed"))
    return found


def _wanted(resolution: Resolution, needs: Sequence[Needed], ask: Ask) -> Candidate | None:
    """Return the candidate to install; what may never be needed is no reason to stop."""
    try:
        return _agreed(resolution, ask)
    except NeedsPerson:
        if is_required(resolution, needs):
            raise
        return None


def _settled_by(resolution: Resolution, chosen: Candidate | None) -> Resolution:
    """Return a resolution that is about what was chosen; where a person chose nothing, how to choose."""
    if chosen is None:
        is_open = resolution.decision == "ask" and card.can_be_chosen(resolution)
        return (
            replace(resolution, fix=card.question(resolution, datetime.now(UTC)).fix)
            if is_open
            else resolution
        )
    return replace(resolution, distribution=chosen.distribution, proved=chosen.proved)


def is_about(resolution: Resolution, module: str) -> bool:
    """Whether a resolution is of a module, of one in it, or of the one that it is in."""
    return _covers(resolution.module, module)


def _covers(resolved: str, module: str) -> bool:
    return resolved == module or resolved.startswith(f"{module}.") or module.startswith(f"{resolved}.")


def _agreed(resolution: Resolution, ask: Ask, *, typed: str = "") -> Candidate | None:
    """Return the candidate to install, after a question where one is needed.

    `typed` is what a person named; without it, nothing has to be installed.
    """
    if resolution.decision == "install":
        return resolution.chosen
    if resolution.decision == "ask" and card.can_be_chosen(resolution):
        question = card.question(resolution, datetime.now(UTC), typed=typed)
        return card.chosen(resolution, question, ask(question))
    if typed and resolution.decision != "nothing":
        raise InstallError(
            f"cannot install {resolution.distribution}",
            why="; ".join(resolution.evidence),
            fix=resolution.fix,
        )
    return None


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


def _named_query(text: str) -> Query:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        what = f"{text!r} is not a distribution's name"
        fix = "%autoexec install NAME, or NAME==VERSION"
        raise UsageError(what, why=str(error).splitlines()[0], fix=fix) from error
    if requirement.url or requirement.extras or requirement.marker:
        raise UsageError(
            f"cannot take {text!r}", why="only NAME or NAME==VERSION", fix=f"%pip install {text!r}"
        )
    row = of_module(requirement.name)
    if row and not requirement.specifier:
        raise UsageError(
            f"{requirement.name} is a module of {row.distribution}",
            why=f"a distribution called {requirement.name} would be another project",
            fix=f"%autoexec install {row.distribution}",
        )
    known = of_distribution(requirement.name)
    newest = known.proved if known else ""
    return Query(distribution=requirement.name, specifier=str(requirement.specifier), newest_known=newest)
