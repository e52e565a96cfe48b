"""An npm package out of a folder: built in a copy, packed, looked into, installed, imported, published.

The order is that of npm's own release, with nothing left to trust: packages
come by the lock and without their scripts; the project's scripts run in the
cage after a person was asked once; npm packs with scripts off; what it packed is
read as data; and it is handed out only after it was installed and loaded as
whoever gets it will do.

Where there are scripts to run, files that git ignores are no input: a `dist` of
last week does not get into the package, and what is built is what is committed.
"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ...errors import BuildError, PolicyRefused
from ...values import Artifact
from .. import amount, git, outputs
from ..artifacts import BuildPlan, Input, Source
from ..bench import Bench
from ..commit import commit_of, labels_of
from ..inputs import digest_of, files_below, inputs_of, usual
from . import contents, making, origins, programs, publishing, scripts, trying
from .locks import lock_of
from .making import Recipe
from .manifest import MANIFEST, Manifest, load, read, wrong_for_new
from .npmrc import NAME, of_person
from .programs import Programs
from .registry import Door, door_to, is_persons, registry_for
from .roots import refuse_root

__all__ = ["build", "fits", "plan", "ready"]

_RECIPE = "recipe"
_REGISTRY = "registry"
_DOOR = "door"
#: what builds put into the folder of artifacts, which is no input of the next one
_MADE = (".tgz", ".whl", ".tar.gz", ".cdx.json")


def fits(path: Path) -> bool:
    """Whether a folder has a package.json with a name and a version that may be published.

    One that cannot be read fits, too: its plan says what is wrong with it.
    """
    if not (path / MANIFEST).is_file():
        return False
    try:
        data = load(path / MANIFEST)
    except BuildError:
        return True
    return bool(data.get("name") and data.get("version")) and not data.get("private")


def plan(source: Source, bench: Bench) -> BuildPlan:
    """Return what would be done: what it reads by digest, the commands, the tarball and its labels."""
    folder = source.folder
    refuse_root(folder)
    manifest, lock = read(folder / MANIFEST), lock_of(folder)
    origins.refuse(manifest.data, lock.data, lock.name)
    programs.found(folder)
    chosen = scripts.to_run(manifest.scripts)
    registry = registry_for(source, manifest)
    ignored = _ignored(folder, bench) if chosen else ()
    inputs = _inputs(source, ignored, bench)
    commit = commit_of(folder, bench, inputs)
    recipe = Recipe(
        manifest=manifest,
        lock=lock,
        scripts=chosen,
        root=folder,
        epoch=commit.seconds if commit else None,
    )
    labels = labels_of(commit)
    needs = manifest.needs_packages()
    publishes = (
        (("npm", "publish", manifest.file, "--ignore-scripts", "--registry", registry),) if registry else ()
    )
    return BuildPlan(
        kind="npm",
        name=manifest.name,
        version=manifest.version,
        source=source,
        inputs=inputs,
        commands=(*recipe.commands, ("npm", "install", "--ignore-scripts", manifest.file), *publishes),
        outputs=(str(source.out / manifest.file), *((f"{registry}{manifest.name}",) if registry else ())),
        labels=labels | ({"lock": lock.digest} if lock.digest else {}),
        warnings=(*_warnings(manifest, ignored), *(lock.warnings if needs else ())),
        data={_RECIPE: recipe, _REGISTRY: registry},
    )


def ready(plan: BuildPlan, bench: Bench) -> BuildPlan:
    """Return the plan with the login for its registry, after a person agreed to it and to the scripts.

    Raises
    ------
    BuildError, PolicyRefused, NeedsPerson
        There is no login, a person said no, or nobody could answer.
    """
    if _DOOR in plan.data:
        return plan
    recipe, registry = cast("Recipe", plan.data[_RECIPE]), str(plan.data[_REGISTRY])
    # The login is looked for before anybody is asked or anything is made, not after it.
    door = door_to(registry, recipe.manifest.name, of_person()) if registry else None
    if door is not None:
        publishing.check(recipe.manifest, door)
    _ask(plan, recipe, bench)
    return dataclasses.replace(plan, data={**plan.data, _DOOR: door})


def build(plan: BuildPlan, bench: Bench) -> tuple[Artifact, ...]:
    """Make the tarball, look into it, install and load it, and publish it where that was asked for."""
    plan = ready(plan, bench)
    recipe, door = cast("Recipe", plan.data[_RECIPE]), cast("Door | None", plan.data[_DOOR])
    manifest = recipe.manifest
    with bench.scratch() as scratch:
        (scratch / "empty").mkdir()
        tools = programs.programs(bench, scratch / "empty", recipe.root)
        made = _Made(plan=plan, recipe=recipe, tools=tools, bench=bench, scratch=scratch)
        file, found, warnings = made.checked()
        tried = made.tried(file, found)
        if door is not None:
            publishing.check_packed(found, manifest)
        again = made.again(found) if plan.source.wish.twice else {}
        _handed_out(file, outputs.place_of(plan.source) / manifest.file, found.digest)
        sent = _sent(door, file, found, made) if door else {}
    provenance = _provenance(plan, recipe, tools, found, tried) | again | sent
    lines = (*plan.warnings, *warnings, *tried.warnings)
    if again.get("reproducible", "yes") != "yes":
        lines = (*lines, f"a second build differs: {again['reproducible'].removeprefix('no: ')}")
    return (
        Artifact(
            artifact="npm",
            name=manifest.name,
            version=manifest.version,
            reference=str(plan.source.out / manifest.file),
            digest=found.digest,
            bytes=found.bytes,
            inputs_digest=plan.inputs_digest,
            lock_digest=recipe.lock.digest if manifest.needs_packages() else "",
            provenance=tuple(provenance.items()),
            warnings=lines,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A build that goes on in a scratch folder."""

    plan: BuildPlan
    recipe: Recipe
    tools: Programs
    bench: Bench
    scratch: Path

    def checked(self, name: str = "first") -> tuple[Path, contents.Contents, tuple[str, ...]]:
        """Return a tarball that may be handed out, what is in it, and what to know of it."""
        place = self.scratch / name
        file = making.make(self.plan, self.recipe, self.tools, self.bench, place)
        with self.bench.step("look into the tarball"):
            found = contents.read(file, folders=(place, self.recipe.root))
            warnings = contents.check(
                found, self.recipe.manifest, scripts.not_run(self.recipe.manifest.scripts)
            )
        return file, found, warnings

    def tried(self, file: Path, found: contents.Contents) -> trying.Tried:
        """Install and load it."""
        folder, manifest = self.scratch / "tried", self.recipe.manifest
        npmrc = self.recipe.root / NAME
        trying.install(file, manifest, self.tools, self.bench, folder, npmrc=npmrc)
        return trying.load(found, manifest, self.tools, self.bench, folder)

    def again(self, first: contents.Contents) -> dict[str, str]:
        """Build once more and compare."""
        self.bench.say("once more, to compare")
        _, found, _ = self.checked("second")
        other = contents.differing(first, found)
        more = f" and {len(other) - 5} more" if len(other) > 5 else ""
        return {"reproducible": f"no: {', '.join(other[:5])}{more}" if other else "yes"}


def _ask(plan: BuildPlan, recipe: Recipe, bench: Bench) -> None:
    """Ask about the scripts that will run, and about a registry that the project alone names.

    Raises
    ------
    PolicyRefused, NeedsPerson
        A person said no, or nobody could answer.
    """
    registry = str(plan.data[_REGISTRY])
    if registry and not is_persons(plan.source.wish.publish):
        asked = publishing.question(recipe.manifest, registry)
        if not bench.ask(asked):
            why = f"a person said no to {registry}"
            raise PolicyRefused(f"{plan.name} was not published", why=why, fix=asked.fix)
    if recipe.scripts and not bench.ask(
        scripts.question(plan.name, recipe.scripts, recipe.manifest.scripts, plan.inputs, recipe.lock.digest)
    ):
        raise PolicyRefused(
            f"{plan.name} was not built",
            why=f"a person said no to its scripts: {', '.join(each.name for each in recipe.scripts)}",
            fix="%autoexec build npm, and say yes; or take the scripts out of package.json",
        )


def _sent(door: Door, file: Path, found: contents.Contents, made: _Made) -> dict[str, str]:
    folder, manifest = made.scratch / "publish", made.recipe.manifest
    return publishing.publish(file, found, manifest, door, made.tools, made.bench, folder)


def _handed_out(file: Path, target: Path, digest: str) -> None:
    """Put the tarball where it belongs, whole or not at all.

    Raises
    ------
    BuildError
        There is no room, or no right to write there, or it is not any more what was looked into.
    """
    try:
        with outputs.whole(target) as part:
            shutil.copyfile(file, part)
            if f"sha256:{digest_of(part)[0]}" != digest:
                raise BuildError(f"{target.name} was changed after it was looked into", fix="build it again")
    except OSError as error:
        why = error.strerror or str(error)
        raise BuildError(f"{target.name} cannot be written", why=why, fix=outputs.FIX) from error


def _provenance(
    plan: BuildPlan, recipe: Recipe, tools: Programs, found: contents.Contents, tried: trying.Tried
) -> dict[str, str]:
    said: dict[str, str] = dict(plan.labels) | {"integrity": found.integrity}
    said |= tools.provenance | {"files": str(len(found.files))}
    if recipe.scripts:
        said["scripts"] = ", ".join(each.name for each in recipe.scripts)
    if tried.worked:
        said["loaded"] = ", ".join(tried.worked)
    return said


def _inputs(source: Source, ignored: tuple[str, ...], bench: Bench) -> tuple[Input, ...]:
    folder, out = source.folder, source.out
    place = f"{out.relative_to(folder).as_posix()}/" if out.is_relative_to(folder) and out != folder else ""

    def is_left_out(path: str) -> bool:
        is_made = path.endswith(_MADE) and path.startswith(place) and "/" not in path[len(place) :]
        return usual(path) or is_made or any(path == each or path.startswith(each) for each in ignored)

    amount.ask_first(files_below(folder, is_left_out), "npm", bench)
    return inputs_of(folder, is_left_out)


def _ignored(folder: Path, bench: Bench) -> tuple[str, ...]:
    """Return what git ignores, folders with a / at their end; nothing outside of a repository."""
    return tuple(path for path in git.ignored(folder, bench) if path not in ("./", MANIFEST))


def _warnings(manifest: Manifest, ignored: tuple[str, ...]) -> tuple[str, ...]:
    said = []
    if manifest.is_private:
        said.append("it can be built, and not published: package.json says private")
    if why := wrong_for_new(manifest.name):
        said.append(f"a new package cannot be called {manifest.name}: {why}")
    if unrun := scripts.not_run(manifest.scripts):
        does = "does" if len(unrun) == 1 else "do"
        said.append(f"{', '.join(unrun)} {does} not run: a build runs build, prepack and prepare")
    left = [path for path in ignored if not usual(path)]
    if left:
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""
        said.append(f"git ignores {', '.join(left[:5])}{more}: the scripts make them anew")
    return tuple(said)
