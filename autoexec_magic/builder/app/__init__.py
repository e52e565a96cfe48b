"""A notebook's app: a folder that runs by itself, out of the cells that are meant for it.

The cells are chosen and taken apart (`notebook`, `cells`), put together as a
module whose lines know their cells (`composed`, `cellmaps`), without what only
shows or starts a server (`serving`); what they are is read off them (`shapes`),
what they lack is found (`states`, `hidden`, `needs`); then comes the entry
(`entries`, `running`) and the project (`project`), which is written, tried and
put in its place (`placed`, `trial`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import BuildError, UsageError
from ...values import Artifact
from .. import amount, outputs
from ..artifacts import BuildPlan, Source
from ..bench import Bench
from ..commit import commit_of, labels_of
from ..typed import as_typed
from . import placed, trial
from .named import check_version
from .notebook import is_notebook, read
from .project import Project, project_of, said_version

__all__ = ["build", "fits", "plan", "written"]


def fits(path: Path) -> bool:
    """Whether a path is a notebook of Python's with code in it; a folder of them is not built unasked."""
    return is_notebook(path)


def plan(source: Source, bench: Bench) -> BuildPlan:
    """Return what would be done.

    Raises
    ------
    BuildError, UsageError
        It cannot become an app, and why, with the cell.
    """
    notebook = read(_named(source))
    project = project_of(
        source,
        notebook,
        bench.lock_of(notebook.path),
        check_version(said_version(source)),
        lambda files: amount.ask_first(files, "app", bench),
    )
    place = source.out / project.name
    placed.refuse_foreign(place)
    commit = commit_of(source.folder, bench, project.inputs)
    labels = {
        "shape": project.shape.kind,
        "notebook-digest": f"sha256:{notebook.digest}",
        **({"lock-digest": project.lock_digest} if project.lock else {}),
        **labels_of(commit),
    }
    draft = BuildPlan(
        kind="app",
        name=project.name,
        version=project.version,
        source=source,
        inputs=project.inputs,
        commands=(("python", "-c", f"import {project.module}"),) if _is_tried(source) else (),
        outputs=(str(place), *(str(place / path) for path in _files(project))),
        labels=labels,
        warnings=project.warnings,
        written={module: project.made[module].decode() for module in [f"{project.module}/__init__.py"]},
        data={"app": project},
    )
    if not draft.version:
        import dataclasses

        from ..image.provenance import version_of

        draft = dataclasses.replace(draft, version=version_of("", commit, draft.inputs_digest))
    return draft


def build(plan: BuildPlan, bench: Bench) -> tuple[Artifact, ...]:
    """Write the app, try it, and put it in its place.

    Raises
    ------
    BuildError, MissingTool, RunTimeout, Cancelled
        It cannot be written or imported; what was there before stays.
    """
    project = plan.data["app"]
    assert isinstance(project, Project)
    place = outputs.place_of(plan.source) / project.name
    with placed.written(project, place) as made:
        files = placed.files_of(made)
        digest = placed.digest(files, plan)
        if _is_tried(plan.source):
            trial.tried(project, made, digest, bench)
        with bench.step(f"put it into {place.parent.name}/{place.name}") as cached:
            cached.append(placed.put(made, place))
    return (
        Artifact(
            artifact="app",
            name=plan.name,
            version=plan.version,
            reference=str(place),
            digest=digest,
            bytes=sum(each.bytes for each in files),
            inputs_digest=plan.inputs_digest,
            lock_digest=project.lock_digest,
            provenance=tuple(sorted(plan.labels.items())),
            warnings=plan.warnings,
        ),
    )


@contextlib.contextmanager
def written(plan: BuildPlan, bench: Bench) -> Iterator[Path]:
    """Yield a folder with all files of a planned app, untried; it is gone afterwards.

    Raises
    ------
    BuildError
        It cannot be written.
    """
    project = plan.data["app"]
    assert isinstance(project, Project)
    with bench.scratch() as scratch, placed.written(project, scratch / project.name) as made:
        yield made


def _files(project: Project) -> list[str]:
    return sorted((*project.made, *(path for path, _, _ in project.copied)))


def _named(source: Source) -> Path:
    """Return the notebook that is meant: the one that was named, or the only one of the folder."""
    if source.path.is_file():
        if source.path.suffix == ".ipynb":
            return source.path
        raise BuildError(f"{source.path.name} is no notebook", fix="%autoexec build app NOTEBOOK.ipynb")
    found = sorted(path for path in source.folder.glob("*.ipynb") if is_notebook(path))
    if len(found) == 1:
        return found[0]
    name = as_typed(found[0]) if found else "NOTEBOOK.ipynb"
    why = f"there are {len(found)}" if found else "there is none with code in it"
    raise UsageError(
        f"which notebook of {source.folder.name or source.folder}?",
        why=why,
        fix=f"%autoexec build app {name}",
    )


def _is_tried(source: Source) -> bool:
    return source.wish.tests and source.settings.get("tests", True) is not False
