"""Carry out what was resolved: ask where that is needed, install what was agreed to, take it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import InstallError, NeedsPerson, UsageError
from ..events import Installed, Progress, Resolved
from ..values import Ask, Candidate, Resolution
from . import card
from .context import Context, toolbox
from .decide import CHECK_INDEX, CHECK_NETWORK, MAKE_ROOM, named, settled
from .installed import version_of
from .known import of_distribution, of_module
from .lock import is_left
from .query import Query
from .resolving import is_required, missing, resolve
from .scan import Needed

if TYPE_CHECKING:
    from .undo_last import Undone

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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


def undo_install(context: Context) -> Undone | None:
    """Take the last change of this environment back; None where there is none (`undo_last`)."""
    from .undo_last import undo_last

    return undo_last(toolbox(context), context.search.cache)


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
