"""Missing crates of a Rust project, healed by proof.

The same steps, classes and rules as for Python. Crates are proved where they
are on this machine: in the directory that cargo's own settings put in the
place of crates.io (`cargo vendor`, a distribution's packages). A name from an
error message counts only once the user's own files are seen to ask for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import NeedsPerson, UsageError
from ...events import Installed, Resolved
from ...values import Question, Resolution
from ..own_files import Use, uses
from ..scan import Needed
from .cargo import Toolbox
from .classify import classify, is_name
from .crate import Crate, checked, crates_for
from .decide import Case, decide, settled, unconfirmed
from .install import install
from .known import is_aged, near, reason
from .message import blamed
from .project import ENDINGS, Package, Project, read_project
from .source import Source, source

if TYPE_CHECKING:
    from .. import Context

__all__ = ["heal", "missing", "resolve"]

_ELSEWHERE = ("stdlib", "installed")


def missing(project: Path) -> list[Use]:
    """Return the crates that the project's own files name and its manifest has not, each once.

    Parameters
    ----------
    project : Path
        A folder at or below a `Cargo.toml`.

    Raises
    ------
    UsageError
        There is no `Cargo.toml`.
    MissingTool
        The grammar that reads the sources is not installed.
    """
    found = _project(project)
    return [use for use in _own(found) if classify(use, found)[0] not in _ELSEWHERE]


def resolve(
    names: Sequence[str], context: Context, online: bool, *, project: Path | None = None
) -> list[Resolution]:
    """Return what each name is and what follows; nothing is added.

    Parameters
    ----------
    names : sequence of str
        Crates as a path in the source begins with them: `serde_json`.
    context : Context
        The surroundings; its first folder is the project, unless one is given.
    online : bool
        Whether to compare the crate's files with their digests. No network is
        used either way. Without, `proved` is None and the decision is what
        would follow if the proof succeeded.
    project : Path, optional
        The project's folder.

    Raises
    ------
    UsageError
        cargo's settings cannot be followed.
    """
    folder = project or (context.folders[0] if context.folders else Path.cwd())
    found = read_project(folder) or _empty(folder)
    return [each for each, _ in _resolved([Use(module=name) for name in names], found, is_checked=online)]


def heal(
    wanted: Sequence[str] | str, project: Path, context: Context
) -> tuple[list[Resolution], list[Installed]]:
    """Add what is missing and may be added to the manifest.

    Parameters
    ----------
    wanted : sequence of str or str
        Crates as the source names them; or what rustc wrote, of which only
        those names count that the project's own files ask for.
    project : Path
        A folder at or below a `Cargo.toml`.
    context : Context
        The surroundings.

    Returns
    -------
    (list of Resolution, list of Installed)
        What was decided about each that is missing, and what was added.

    Raises
    ------
    UsageError
        There is no `Cargo.toml`, or cargo's settings cannot be followed.
    InstallError
        It cannot be added; nothing was changed.
    RunTimeout, Cancelled, NeedsPerson, PolicyRefused, MissingTool
        As the install raises them.
    """
    found = _project(project)
    refused: list[Resolution] = []
    if isinstance(wanted, str):
        needed, refused = _from_message(wanted, found)
    else:
        needed = [Use(module=name) for name in wanted]
    answers = [each for each in _resolved(needed, found, is_checked=True) if each[0].cls not in _ELSEWHERE]
    resolutions = [*(each for each, _ in answers), *refused]
    for resolution in resolutions:
        context.emit(Resolved(resolution=resolution))
    optional = {use.module for use in needed if not use.required}
    chosen = [crate for each in answers if (crate := _wanted(*each, context, optional))]
    if not chosen:
        return resolutions, []
    place = next((found.root / use.file for use in needed if use.file), found.root / "src" / "main.rs")
    tools = Toolbox(
        project=found,
        manifest=found.package_at(place).folder / "Cargo.toml",
        source=source(found.root),
        emit=context.emit,
        ask=context.ask,
        run_id=context.run_id,
        cancel=context.cancel,
    )
    return resolutions, install(list(dict.fromkeys(chosen)), tools)


def _project(folder: Path) -> Project:
    found = read_project(folder)
    if found is None:
        raise UsageError(f"{folder} is no Rust project", why="no Cargo.toml is there", fix="cargo init")
    return found


def _empty(folder: Path) -> Project:
    return Project(root=folder, packages=(Package(folder=folder, wants={}),), locked={}, shared={})


def _own(project: Project) -> list[Use]:
    """Return what the project's own files name, each crate once."""
    found: dict[str, Use] = {}
    for use in uses(project.root, ENDINGS, _scanned):
        old = found.setdefault(use.module, use)
        if use.required and not old.required:
            found[use.module] = use
    return list(found.values())


def _scanned(path: Path, text: str) -> Sequence[Needed]:
    from ..scan_rust import scan_rust

    return scan_rust(text)


def _from_message(text: str, project: Project) -> tuple[list[Use], list[Resolution]]:
    """Return what a message names and the user's own files ask for, and the refusal of all else."""
    every = uses(project.root, ENDINGS, _scanned)
    needed, refused = [], []
    for blame in blamed(text):
        asking = [use for use in every if use.module == blame.crate]
        # cargo says a file as it is below the workspace, rustc as it was named to it.
        here = [use for use in asking if blame.file and blame.file.endswith(use.file)]
        if asking:
            needed.append((here or asking)[0])
        elif is_name(blame.crate):
            refused.append(unconfirmed(blame.crate))
    return needed, refused


def _resolved(
    needed: Sequence[Use], project: Project, *, is_checked: bool
) -> list[tuple[Resolution, Crate | None]]:
    given = source(project.root)
    resolved: list[tuple[Resolution, Crate | None]] = []
    for use in needed:
        cls, evidence = classify(use, project)
        if cls != "third-party":
            resolved.append((settled(use.module, cls, evidence), None))
            continue
        case = _case(use.module, project, given, is_checked=is_checked)
        crate = case.crates[0] if case.crates else None
        resolved.append((decide(case, given), crate))
    return resolved


def _case(module: str, project: Project, given: Source, *, is_checked: bool) -> Case:
    name = module.partition("::")[0].removeprefix("r#")
    crates = crates_for(name, given.folder) if given.folder and given.kind == "directory" else []
    if crates and is_checked:
        crates[0] = checked(crates[0])
    best = crates[0] if crates else None
    locked = project.locked.get(best.name, ()) if best else ()
    return Case(
        module=name,
        crates=tuple(crates),
        reason=reason(best.name if best else name, project, given),
        is_aged=bool(best) and is_aged(best.name, best.version, project, given) if best else False,
        is_checked=is_checked,
        near=near(name),
        locked=next((each.checksum for each in locked if best and each.version == best.version), ""),
    )


def _wanted(
    resolution: Resolution, crate: Crate | None, context: Context, optional: Collection[str]
) -> Crate | None:
    """Return what to add, after a question where one is needed; what may not be built stops nobody."""
    candidate = resolution.chosen
    if (
        crate is None
        or candidate is None
        or not candidate.proved
        or resolution.decision not in ("install", "ask")
    ):
        return None
    if resolution.decision == "install":
        return crate
    question = Question(
        text=f"add {crate.name} {crate.version} ?", evidence=resolution.evidence, fix=resolution.fix
    )
    try:
        return crate if context.ask(question) else None
    except NeedsPerson:
        if resolution.module not in optional:
            raise
        return None
