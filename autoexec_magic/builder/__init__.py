"""From what works to an artifact that can be installed or deployed, with a provenance that is true.

One file or folder a kind, behind three functions (`Builder`): does this folder
fit, what would be done, do it. Those that send what they make have a fourth
(`Sender`): may it go there. What a builder needs of the house it is handed as a
`Bench`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from ..diagnosis.cellmap import CellMap
from ..errors import UsageError
from ..values import Artifact
from .artifacts import PLAIN, BuildPlan, Input, Source, Wish, digest_of_all
from .bench import Bench
from .pulse import Pulse
from .settings import source_of
from .typed import as_typed

__all__ = [
    "KINDS",
    "PLAIN",
    "Bench",
    "BuildPlan",
    "Builder",
    "Input",
    "Pulse",
    "Sender",
    "Source",
    "Wish",
    "app_maps",
    "as_typed",
    "builder_of",
    "digest_of_all",
    "digest_of_app",
    "fitting",
    "handler_of",
    "health_of",
    "ready",
    "source_of",
    "written_app",
]


class Builder(Protocol):
    """Builds one kind of artifact; a module with these three functions is one."""

    def fits(self, path: Path) -> bool:
        """Whether this folder or notebook is something that it builds; cheap, and runs nothing."""

    def plan(self, source: Source, bench: Bench) -> BuildPlan:
        """Return what would be done; runs nothing of the project's, and changes nothing of it.

        Raises
        ------
        BuildError, UsageError, MissingTool
            It cannot be built, and why.
        """

    def build(self, plan: BuildPlan, bench: Bench) -> tuple[Artifact, ...]:
        """Build it, check it, and return what there is.

        Raises
        ------
        BuildError, MissingTool, RunTimeout, Cancelled
            It was not built; nothing of ours is left.
        """


@runtime_checkable
class Sender(Protocol):
    """A builder that sends what it makes, to an index or a registry."""

    def ready(self, plan: BuildPlan, bench: Bench) -> BuildPlan:
        """Return the plan with what a person agreed to; asked before anything of any kind is built.

        A plan that is ready already is returned as it is, and nobody is asked twice.

        Raises
        ------
        BuildError, UsageError, MissingTool, NeedsPerson, PolicyRefused
            It cannot be sent there, or may not be.
        """


#: by the kind that a person names; of a project all that fit are built, in this order
KINDS = {"app": "app", "wheel": "wheels", "npm": "npm", "image": "image"}


def builder_of(kind: str) -> Builder:
    """Return what builds a kind.

    Raises
    ------
    UsageError
        There is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(
            f"there is no kind {kind!r}", why=f"there are {', '.join(KINDS)}", fix="%autoexec build --help"
        )
    return cast("Builder", importlib.import_module(f".{KINDS[kind]}", __name__))


def ready(plan: BuildPlan, bench: Bench) -> BuildPlan:
    """Return a plan once what it makes may go where it is to go (`Sender`); of others it is as it is."""
    own = builder_of(plan.kind)
    return own.ready(plan, bench) if isinstance(own, Sender) else plan


def written_app(plan: BuildPlan, bench: Bench) -> contextlib.AbstractContextManager[Path]:
    """Return what writes a planned app into a folder that is gone afterwards, to plan an image of it."""
    from . import app

    return app.written(plan, bench)


def health_of(plan: BuildPlan) -> str:
    """Return the path by which a planned app will be asked whether it is well, "" where it says none."""
    return _said(plan, "health")


def handler_of(plan: BuildPlan) -> str:
    """Return what of a planned app handles events, as `module.function`, "" where nothing does."""
    return _said(plan, "handler")


def _said(plan: BuildPlan, key: str) -> str:
    from .app.project import APP, Project

    project = plan.data.get("app")
    if not isinstance(project, Project):
        return ""
    return str(json.loads(project.made[APP]).get(key) or "")


def digest_of_app(folder: Path) -> str:
    """Return the digest of an app that was built before, as its artifact has it."""
    from .app import placed

    return digest_of_all(placed.files_of(folder))


def app_maps(text: str, folder: Path) -> tuple[CellMap, ...]:
    """Return which lines are of which cells, of the apps near a folder that a log names a module of.

    Parameters
    ----------
    text : str
        The log.
    folder : Path
        It may be an app itself; those in it are asked, in its `dist` and
        where its settings put them; and the same of its workspace.
    """
    if "/__init__.py" not in text:  # few logs do: nothing is looked for then
        return ()
    from .app import cellmaps

    return cellmaps.maps_for(text, cellmaps.folders_near(folder))


def fitting(path: Path) -> tuple[str, ...]:
    """Return the kinds that fit a folder or a notebook."""
    return tuple(kind for kind in KINDS if builder_of(kind).fits(path))
