"""Container images: of a Dockerfile, or of a Python or Node project or a notebook's app, which need none.

A context of our own making goes to the engine's builder; what comes back has
labels that name its inputs by digest, which are read back from the engine, from
a registry it was pushed to, and from the container of a trial. The parts:
`project` (what a folder is), `written` (its Dockerfile), `context` and `ignored`
(what is sent), `planning`; `dockerengine`, `watched`, `classic` and `buildkit` (who
builds), `push` and `registry`, `smoke`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ... import dockerengine as engine
from ...errors import BuildError, PolicyRefused
from ...values import Artifact
from .. import outputs
from ..artifacts import BuildPlan, Source
from ..bench import Bench
from . import buildkit, classic, planning, project, registry, smoke
from . import push as pushing
from .planning import Prepared
from .provenance import difference
from .reference import Reference
from .watched import Watch
from .written import MADE, label_line

__all__ = ["build", "fits", "plan", "ready"]

_PROGRAM = "program"  #: of a plan that is ready: docker's command where it needs BuildKit, else ""


def fits(path: Path) -> bool:
    """Whether an image can be made of a folder: a Dockerfile, an app, or Python or Node to run."""
    return project.fits(path)


def plan(source: Source, bench: Bench) -> BuildPlan:
    """Return what would be done; `data["image"].dockerfile` is the Dockerfile's text, also where it is ours.

    Raises
    ------
    BuildError, UsageError, MissingTool
        It cannot be built, and why.
    """
    return planning.planned(source, bench)


def ready(plan: BuildPlan, bench: Bench) -> BuildPlan:
    """Return the plan once there is an engine, and the registry that it goes to, if any, answers.

    A person is asked about one that the project alone names, before it is asked.

    Raises
    ------
    BuildError, MissingTool, NeedsPerson, PolicyRefused
        There is no engine that can, a person said no, nobody could answer, or
        the registry does not answer or let us in.
    """
    made = plan.data["image"]
    assert isinstance(made, Prepared)
    if _PROGRAM in plan.data:
        return plan
    with engine.connected() as client:
        program, reason = "", made.needs_buildkit
        if reason:
            program = buildkit.require(reason, plan.source.folder, bench)
        if made.push is not None:
            _open_to(made.push, client, plan, bench)
    return dataclasses.replace(plan, data={**plan.data, _PROGRAM: program})


def _open_to(to: Reference, client: engine.Client, plan: BuildPlan, bench: Bench) -> None:
    """Ask about a registry that the project alone names, and see whether it answers.

    Raises
    ------
    BuildError, NeedsPerson, PolicyRefused
        Nobody said yes, or it does not answer or let us in.
    """
    if plan.source.wish.push == pushing.SETTING:
        asked = pushing.question(plan.name, to)
        if not bench.ask(asked):
            raise PolicyRefused(
                f"{plan.name} was not pushed", why=f"a person said no to {to.host}", fix=asked.fix
            )
    bench.say(f"it goes to {to.host}/{to.path}:{to.tag}")
    registry.reached(to, client)


def build(plan: BuildPlan, bench: Bench) -> tuple[Artifact, ...]:
    """Build the image, hold its labels against the plan, and try and push it where that was asked for.

    Raises
    ------
    BuildError, MissingTool, RunTimeout, Cancelled
        It was not built, is not well, or was not pushed; nothing of ours is left.
    """
    plan = ready(plan, bench)
    made = plan.data["image"]
    assert isinstance(made, Prepared)
    wish = plan.source.wish
    with engine.connected() as client:
        image = _built(plan, made, client, bench)
        found = engine.image_of(client, image)
        why = difference(plan.labels, (found or {}).get("Config", {}).get("Labels"))
        if found is None or why:
            fix = "is something else building under that name?"
            raise BuildError(f"the engine has another image as {made.reference}", why=why, fix=fix)
        reference, digest = str(made.reference), image
        if wish.smoke:
            port = made.project.port or _exposed(found)
            if plan.source.wish.ask and not port:
                raise planning.unasked(plan.source.wish.ask, made.project)
            trial = smoke.Trial(
                image=image, name=reference, port=port, ask=_asked(plan, made), labels=plan.labels
            )
            with bench.step(f"start it and ask {trial.ask}" if port else "start it"):
                smoke.tried(trial, client, bench)
        if made.push is not None:
            with bench.step(f"push to {made.push.host}"):
                there = pushing.pushed(image, made.push, plan.labels, client, bench)
            reference, digest = str(there), there.digest
    return (
        Artifact(
            artifact="image",
            name=plan.name,
            version=plan.version,
            reference=reference,
            digest=digest,
            bytes=int(found.get("Size") or 0),
            inputs_digest=plan.inputs_digest,
            lock_digest=plan.labels.get("autoexec.lock-digest", ""),
            provenance=tuple(sorted(plan.labels.items())),
            beside=_bill(plan, made),
            warnings=plan.warnings,
        ),
    )


def _built(plan: BuildPlan, made: Prepared, client: engine.Client, bench: Bench) -> str:
    watch = Watch.of(bench, f"the build of {made.reference}")
    sent, labels = made.context, plan.labels
    if made.project.kind != "dockerfile":  # ours has room for them; they are no input of themselves
        text = made.dockerfile + label_line(labels) + "\n"
        sent = dataclasses.replace(sent, ours={**sent.ours, f"{MADE}/Dockerfile": text.encode()})
        labels = {}
    order = classic.Order(
        name=plan.name,
        tag=str(made.reference),
        context=sent,
        inputs=plan.inputs,
        dockerfile=_dockerfile_path(plan, made),
        labels=labels,
        arguments=made.arguments,
        network=made.network,
    )
    if program := str(plan.data[_PROGRAM]):
        return buildkit.built(order, program, client, bench)
    return classic.built(order, client, bench, watch)


def _dockerfile_path(plan: BuildPlan, made: Prepared) -> str:
    if made.project.kind != "dockerfile":
        return f"{MADE}/Dockerfile"
    named = plan.source.path.name
    return named if named in project.DOCKERFILES else project.dockerfile_of(plan.source.folder)


def _asked(plan: BuildPlan, made: Prepared) -> str:
    """Return the path that is asked: what the person says, else where it says that it is well."""
    return plan.source.wish.ask or made.project.health or "/"


def _exposed(image: dict[str, object]) -> int:
    """Return the first port that an image says it listens on; a base may have said it."""
    inner = image.get("Config")
    ports = inner.get("ExposedPorts") if isinstance(inner, dict) else None
    found = sorted(int(each.partition("/")[0]) for each in ports or () if each.endswith("/tcp"))
    return found[0] if found else 0


def _bill(plan: BuildPlan, made: Prepared) -> tuple[str, ...]:
    """Write the list of packages beside the other artifacts; it is whole or not there."""
    if not made.bill:
        return ()
    file = outputs.place_of(plan.source) / planning.bill_file(plan.source, plan.name, plan.version).name
    try:
        with outputs.whole(file) as part:
            part.write_bytes(made.bill)
    except OSError as error:
        raise BuildError(
            f"{file.name} cannot be written", why=str(error), fix=f"make {file.parent} writable"
        ) from error
    return (str(file),)
