"""Missing packages of a Node project, healed by proof.

The same steps, classes and rules as for Python: what a file asks for is
classified, its package is looked up in the one registry that serves it, the
tarball is looked into, and only what is known, proved and aged is installed
without a question, by npm, without scripts. A name from an error message
counts only once the user's own files are seen to ask for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InstallError, NeedsPerson, UsageError
from ...events import Installed, Resolved
from ...values import Candidate, Question, Resolution
from ..own_files import Use, uses
from ..scan import Needed
from .case import case_of, query_of
from .classify import classify, installed_at
from .decide import decide, settled, unconfirmed
from .install import install
from .message import Blamed, blamed, confirmed
from .names import is_name, split, types_of
from .npm import Toolbox
from .project import ENDINGS, Package, Project, read_project
from .query import Found
from .search import Search, find
from .settings import Settings, settings

if TYPE_CHECKING:
    from .. import Context

__all__ = ["heal", "missing", "resolve"]

_TYPESCRIPT = frozenset({".ts", ".mts", ".cts", ".tsx"})
_ELSEWHERE = ("stdlib", "installed")


def missing(project: Path) -> list[Use]:
    """Return what the project's own files ask for that is not there, each specifier once.

    Parameters
    ----------
    project : Path
        A folder at or below a `package.json`.

    Raises
    ------
    UsageError
        There is no `package.json`.
    MissingTool
        The grammar that reads the sources is not installed.
    """
    found = _project(project)
    return [use for use in _own(found) if classify(use, found)[0] not in _ELSEWHERE]


def resolve(
    names: Sequence[str], context: Context, online: bool, *, project: Path | None = None
) -> list[Resolution]:
    """Return what each specifier is and what follows; nothing is installed.

    Parameters
    ----------
    names : sequence of str
        Specifiers, as an import has them: `express`, `lodash/fp`, `node:fs`.
    context : Context
        The surroundings; its first folder is the project, unless one is given.
    online : bool
        Whether to ask the registry. Without, `proved` is None and the decision
        is what would follow if the proof succeeded.
    project : Path, optional
        The project's folder.

    Raises
    ------
    UsageError
        npm's settings cannot be read.
    InstallError, RunTimeout, Cancelled
        There is no answer.
    """
    folder = project or (context.folders[0] if context.folders else Path.cwd())
    found = read_project(folder) or _empty(folder)
    return [
        each for each, _ in _resolved([Use(module=name) for name in names], found, context, online=online)
    ]


def heal(
    wanted: Sequence[str] | str, project: Path, context: Context
) -> tuple[list[Resolution], list[Installed]]:
    """Install what is missing and may be installed.

    Parameters
    ----------
    wanted : sequence of str or str
        Specifiers; or the text of an error, of which only those names count
        that the project's own files ask for.
    project : Path
        A folder at or below a `package.json`.
    context : Context
        The surroundings.

    Returns
    -------
    (list of Resolution, list of Installed)
        What was decided about each that is missing, and what was installed.

    Raises
    ------
    UsageError
        There is no `package.json`.
    InstallError
        The registry could not be asked, or the install failed.
    RunTimeout, Cancelled, NeedsPerson, PolicyRefused, MissingTool
        As the search and the install raise them.
    """
    found = _project(project)
    refused: list[Resolution] = []
    if isinstance(wanted, str):
        needed, refused = _from_message(wanted, found)
    else:
        needed = [Use(module=name) for name in wanted]
    answers = [
        answer for answer in _resolved(needed, found, context, online=True) if answer[0].cls not in _ELSEWHERE
    ]
    resolutions = [*(each for each, _ in answers), *refused]
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    _raise_where_down(answers)
    optional = {use.module for use in needed if not use.required}
    chosen = [pair for each in answers if (pair := _wanted(*each, found, context, optional))]
    if not chosen:
        return resolutions, []
    return resolutions, _installed_by_npm(chosen, found, needed, context)


def _installed_by_npm(
    chosen: Sequence[Found], project: Project, needed: Sequence[Use], context: Context
) -> list[Installed]:
    place = next((project.root / use.file for use in needed if use.file), project.root / "index.js")
    given = settings(project.root)
    tools = Toolbox(
        root=project.root,
        cwd=project.package_at(place).folder,
        members=frozenset(each.name for each in project.packages),
        settings=given,
        search=_search(given, context),
        cache=context.cache,
        emit=context.emit,
        ask=context.ask,
        run_id=context.run_id,
        cancel=context.cancel,
    )
    return install(list(dict.fromkeys(chosen)), tools, context.ages)


def _project(folder: Path) -> Project:
    found = read_project(folder)
    if found is None:
        raise UsageError(f"{folder} is no Node project", why="no package.json is there", fix="npm init -y")
    return found


def _empty(folder: Path) -> Project:
    return Project(root=folder, packages=(Package(folder=folder, wants={}),), locked={})


def _own(project: Project) -> list[Use]:
    """Return what the project's own files ask for, each specifier once."""
    found: dict[str, Use] = {}
    for use in uses(project.root, ENDINGS, _scanned):
        old = found.setdefault(use.module, use)
        if use.required and not old.required:
            found[use.module] = use
    return list(found.values())


def _scanned(path: Path, text: str) -> Sequence[Needed]:
    from ..scan_node import scan_node

    return scan_node(text, typescript=path.suffix in _TYPESCRIPT)


def _from_message(text: str, project: Project) -> tuple[list[Use], list[Resolution]]:
    """Return what a message names and the user's own files ask for, and the refusal of all else."""
    every = uses(project.root, ENDINGS, _scanned)
    needed, refused = [], []
    for blame in blamed(text):
        use = confirmed(blame, every, str(project.root))
        if use is not None:
            module = types_of(split(use.module)[0]) if blame.is_type else use.module
            needed.append(replace(use, module=module))
        elif is_name(split(blame.specifier)[0]) and not blame.specifier.startswith("."):
            refused.append(unconfirmed(blame.specifier, _blame(blame, project)))
    return needed, refused


def _blame(blame: Blamed, project: Project) -> str:
    """Return who asks for a name that none of the user's own files asks for."""
    asking = next((each for each in blame.importers if "/node_modules/" in each), "")
    if not asking:
        return f"none of your own files asks for {blame.specifier}"
    name = split(asking.rpartition("/node_modules/")[2])[0]
    folder = installed_at(name, project.root / "index.js", project.root)
    whose = f"{name}, which is installed," if folder else "an installed package"
    return f"none of your own files asks for {blame.specifier}; {whose} does"


def _resolved(
    needed: Sequence[Use], project: Project, context: Context, *, online: bool
) -> list[tuple[Resolution, Found | None]]:
    given = settings(project.root)
    classes = [classify(use, project) for use in needed]
    cases = {
        use: case_of(use, project, given)
        for use, (cls, _) in zip(needed, classes, strict=True)
        if cls == "third-party"
    }
    queries = {use: query_of(case, project) for use, case in cases.items() if not case.faults}
    answers = find(list(queries.values()), _search(given, context)) if online else {}
    now = datetime.now(UTC)
    resolved: list[tuple[Resolution, Found | None]] = []
    for use, (cls, evidence) in zip(needed, classes, strict=True):
        if use not in cases:
            resolved.append((settled(use.module, cls, evidence), None))
            continue
        found = answers.get(queries[use]) if use in queries else None
        resolved.append((decide(cases[use], found, context.ages, now), found))
    return resolved


def _search(given: Settings, context: Context) -> Search:
    return Search(
        settings=given,
        cache=context.cache / "tarballs",
        release_age_days=context.config.release_age_days,
        run_id=context.run_id,
        cancel=context.cancel,
    )


def _raise_where_down(answers: Sequence[tuple[Resolution, Found | None]]) -> None:
    for resolution, found in answers:
        if found is not None and found.is_down:
            raise InstallError(
                f"cannot look for {resolution.distribution}, and nothing was installed",
                why=found.error,
                fix=resolution.fix,
            )


def _wanted(
    resolution: Resolution, found: Found | None, project: Project, context: Context, optional: Collection[str]
) -> Found | None:
    """Return what to install; what may never be needed is no reason to stop."""
    try:
        return _agreed(resolution, found, project, context)
    except NeedsPerson:
        if resolution.module not in optional:
            raise
        return None


def _agreed(resolution: Resolution, found: Found | None, project: Project, context: Context) -> Found | None:
    """Return what to install, after a question where one is needed."""
    candidate = resolution.chosen
    if found is None or candidate is None or not candidate.proved:
        return None
    if resolution.decision == "install":
        return found
    if resolution.decision != "ask" or not _is_ours(project, resolution, candidate):
        return None
    question = Question(
        text=f"install {candidate.distribution} {candidate.version} ?",
        evidence=resolution.evidence,
        fix=resolution.fix,
    )
    return found if context.ask(question) else None


def _is_ours(project: Project, resolution: Resolution, candidate: Candidate) -> bool:
    """Whether it is npm that installs here, and under this very name; else the command is for a person."""
    return project.keeper == "npm" and not any("by the name" in line for line in resolution.evidence)
