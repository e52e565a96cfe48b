"""The phase of a deploy: what is described is built, made a release, and deployed to its target."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import builder, deployer
from ..deployer import Journal, Service, Target, Work
from ..deployer.shift import AT_ONCE
from ..errors import AutoexecError, Cancelled, UsageError
from ..events import Emit, PhaseFinished, PhaseStarted, Progress, Released
from ..executor.stops import Stop
from ..history import new_id, now_ms, short_id
from ..ledger import ledger_in
from ..redact import cleaned
from ..releasefacts import Deployed, Release, Secret, Spec
from ..values import Artifact, Verdict
from .building import build
from .images import named_image
from .manifested import manifested
from .plan import Build, Deploy, PhaseReport, Plan
from .preparing import about_app
from .surroundings import Surroundings
from .targets import NOBODY, Held, target_of

NOTHING = "nothing"  #: what a service is rolled back to that is taken away
_HEALTH, _HANDLER = "health", "handler"  #: of an app, among what it says of itself
#: the kinds of artifact that a target takes, the first one is built of a notebook
TAKES: Mapping[str, tuple[str, ...]] = {
    "local": ("app", "wheel"),
    "docker": ("image",),
    "kubernetes": ("image",),
    "aws": ("app", "wheel", "image"),
    "gcp": ("image",),
}


def deploy(step: Deploy, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Carry out what was asked for: deploy, roll back, resume, abort; or only show what a deploy changes."""
    journal = journal_of(step.service.name, step.service.target, here, emit)
    if step.break_lock:
        for broken in journal.break_lock(step.break_lock):
            emit(Progress(phase="deploy", text=f"the lock of {broken.owner.shown} is broken"))
    way = _Way(step=step, plan=plan, here=here, journal=journal)
    if step.action == "deploy":
        release, held, artifacts = _release(step, plan, emit, here)
        with masking(held, emit) as said:
            if step.dry_run:
                there = way.target(held, said, release)
                deployer.check_shift(there, release, step.service.shift)
                changes = difference(there, release)
                return PhaseReport(phase="deploy", verdict=Verdict.PASSED, seconds=0.0, changes=changes)

            def does(target: Target, work: Work) -> Deployed:
                return deployer.deploy(target, release, work)

            return way.report(does, held, said, artifacts, release)
    if step.action == "rollback" and step.to == NOTHING:
        return way.report(deployer.withdraw, NOBODY, emit)
    if step.action == "rollback":
        older_one = older(step.to, journal, way.target(NOBODY, emit))
        held = _values(older_one, step.service, here)
        with masking(held, emit) as said:

            def back(target: Target, work: Work) -> Deployed:
                at_once = dataclasses.replace(work, shift=AT_ONCE)  # what is live is not wanted any more
                return deployer.deploy(target, older_one, at_once, why="rollback")

            return way.report(back, held, said, release=older_one)
    left = journal.left()
    held = _values(left.release if left else None, step.service, here)
    with masking(held, emit) as said:
        does_left = deployer.resume if step.action == "resume" else deployer.abort
        return way.report(does_left, held, said, release=left.release if left else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What all that a deploy can be has in common."""

    step: Deploy
    plan: Plan
    here: Surroundings
    journal: Journal

    def target(self, held: Held, emit: Emit, release: Release | None = None) -> Target:
        """Return where it goes, as a release's handler says where it has one."""
        service = self.step.service
        handler = release.spec.option(_HANDLER) if release and service.target == "aws" else ""
        if handler:
            options = {_HANDLER: handler, **dict(service.options)}
            service = dataclasses.replace(service, options=tuple(sorted(options.items())))
        return target_of(service, self.plan, emit, self.here, held)

    def value_of(self, reference: str) -> str:
        """Return the value of what a canary's query needs, by where it is kept."""
        name = "query-token"
        wanted = (Secret(name=name, reference=reference),)
        return deployer.resolved(wanted, self.step.service.folder, self.here.cache.parent)[1][name]

    def report(
        self,
        does: Callable[[Target, Work], Deployed],
        held: Held,
        emit: Emit,
        artifacts: Sequence[Artifact] = (),
        release: Release | None = None,
    ) -> PhaseReport:
        """Do it, and tell what came of it."""
        service, here = self.step.service, self.here
        work = Work(
            journal=dataclasses.replace(self.journal, emit=emit, secrets=tuple(held.values.values())),
            emit=emit,
            stop=Stop(
                cancel=here.cancel, is_cancelled=here.is_cancelled, what=f"the deploy of {service.name}"
            ),
            shift=service.shift,
            value_of=self.value_of,
        )
        target = self.target(held, emit, release)
        found = does(target, work)
        address, why = address_of(target)
        if why:
            emit(Progress(phase="deploy", text=f"! where it is reached cannot be asked: {why}"))
        emit(Released(deployed=found, address=address))
        return PhaseReport(
            phase="deploy",
            verdict=Verdict.PASSED,
            seconds=0.0,
            deployed=(found,),
            artifacts=tuple(artifacts),
        )


def address_of(target: Target) -> tuple[str, str]:
    """Return where people reach a service, "" where that is not known, and why it could not be asked."""
    if not isinstance(target, deployer.Addressed):
        return "", ""
    try:
        return target.address(), ""
    except AutoexecError as error:  # what is live is live all the same
        return "", f"{error.what}: {error.why}" if error.why else error.what


@contextlib.contextmanager
def masking(held: Held, emit: Emit) -> Iterator[Emit]:
    """Yield a sink that shows no value of a secret; nor does what is raised."""
    values = tuple(held.values.values())
    try:
        yield lambda event: emit(cleaned(event, values))
    except (AutoexecError, Cancelled) as error:
        texts = (error.what, error.why, error.fix)
        error.what, error.why, error.fix = (cleaned(each, values) for each in texts)
        error.evidence = cleaned(error.evidence, values)
        error.args = (error.what,)
        raise


def _values(release: Release | None, service: Service, here: Surroundings) -> Held:
    """Return the values of an older release's secrets, as far as they are still the same."""
    secrets = release.spec.secrets if release else ()
    return Held.of(secrets, deployer.still_there(secrets, service.folder, here.cache.parent))


def journal_of(service: str, target: str, here: Surroundings, emit: Emit = lambda event: None) -> Journal:
    """Return the record of a service's deploys to a target."""
    return Journal(
        ledger=ledger_in(here.cache.parent),
        service=service,
        target=target,
        project=project_of(here.workspace),
        folder=str(here.workspace.resolve()),
        run_id=here.run_id,
        emit=emit,
    )


def project_of(workspace: Path) -> str:
    """Return what tells a project from others of this user: a digest of where it lies."""
    return hashlib.sha256(str(workspace.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def difference(target: Target, release: Release) -> tuple[deployer.Change, ...]:
    """Return what a deploy would change, as the platform says where it can, else by what it runs with."""
    if isinstance(target, deployer.Previews):
        return tuple(target.preview(release))
    if isinstance(target, deployer.Checks):
        target.check(release)
    live = target.live()
    now, new = dict(live.fields) if live else {}, deployer.fields_of(release.spec)
    if not release.spec.port:
        now.pop("port", None)  # where it listens is kept
    was = live.release.spec if live and live.release else None
    if was and was.inputs_digest and was.inputs_digest == release.spec.inputs_digest:
        new["digest"] = was.digest
    return deployer.changes_of(now, new)


def older(to: str, journal: Journal, target: Target) -> Release:
    """Return the release that a rollback makes live: the one that is named, else the last good one.

    Raises
    ------
    UsageError
        There is none, or the words mean several.
    """
    releases = {each.release.release_id: each.release for each in reversed(journal.ended())}
    if to:
        found = [one for one in releases if to in (one, short_id(one)) or one.endswith(to)]
        if len(found) != 1:
            raise UsageError(
                f"{'no' if not found else 'more than one'} release of {journal.service} is {to!r}",
                fix=f"%autoexec releases {journal.service}",
            )
        return releases[found[0]]
    live = target.live()
    good = [each for each in journal.good() if live is None or each.release_id != live.release_id]
    if not good:
        raise UsageError(
            f"there is no release of {journal.service} to go back to",
            why="none but what is live has passed its gate",
            fix=f"%autoexec releases {journal.service}",
        )
    return good[0]


def _release(
    step: Deploy, plan: Plan, emit: Emit, here: Surroundings
) -> tuple[Release, Held, tuple[Artifact, ...]]:
    """Return the release that is to be live, the values of its secrets, and what was built for it."""
    service = manifested(step.service, here.workspace)
    secrets, values = deployer.resolved(service.secrets, service.folder, here.cache.parent)
    kind = _kind(service)
    artifacts = _built(service, kind, step, plan, emit, here)
    artifact = next(each for each in artifacts if each.artifact == kind)
    gate, port = service.gate, service.port
    if kind == "app" and not gate.path:
        gate = dataclasses.replace(gate, path=dict(artifact.provenance).get(_HEALTH, ""))
    spec = Spec(
        artifact=kind,
        reference=_from(here.workspace, artifact.reference),
        digest=artifact.digest,
        inputs_digest=artifact.inputs_digest,
        command=service.command,
        port=port,
        environment=service.environment,
        secrets=secrets,
        replicas=service.replicas,
        memory_bytes=service.memory_bytes,
        cpus=service.cpus,
        gate=gate,
        options=_options(service, artifact),
    )
    release = Release(
        service=service.name,
        target=service.target,
        release_id=new_id(),
        spec=spec,
        started=now_ms(),
        notebook=step.notebook,
    )
    return release, Held.of(secrets, values), artifacts


def _options(service: Service, artifact: Artifact) -> tuple[tuple[str, str], ...]:
    """Return the target's options; a function's has the name of its handler, also for a later rollback."""
    handler = dict(artifact.provenance).get(_HANDLER, "") if service.target == "aws" else ""
    found = {**({_HANDLER: handler} if handler else {}), **dict(service.options)}
    return tuple(sorted(found.items()))


def _kind(service: Service) -> str:
    """Return the kind of artifact that is deployed.

    Raises
    ------
    UsageError
        The target does not take it.
    """
    takes = TAKES[service.target]
    is_notebook = service.path.suffix == ".ipynb" and dict(service.options).get("service") != "ecs"
    kind = service.artifact or ("image" if service.image else "")
    kind = kind or (takes[0] if is_notebook or len(takes) == 1 else takes[-1])
    if service.image and kind != "image":
        raise UsageError(f"an image is no {kind}", fix="leave artifact out, or image")
    if kind not in takes:
        raise UsageError(
            f"{service.target} takes no {kind}",
            why=f"it takes {' and '.join(takes)}",
            fix="--target docker" if kind == "image" else f"leave artifact = '{kind}' out",
        )
    return kind


def _built(
    service: Service, kind: str, step: Deploy, plan: Plan, emit: Emit, here: Surroundings
) -> tuple[Artifact, ...]:
    """Build what is deployed; of a dry run return what would be, by what it would be built of."""
    if service.image:
        return (named_image(service.image),)
    kinds = ("app", "image") if kind == "image" and service.path.suffix == ".ipynb" else (kind,)
    if kind == "app" and service.path.is_dir() and (service.path / "autoexec-app.json").is_file():
        return (_there(service.path),)
    began = time.monotonic()
    emit(PhaseStarted(phase="build", title=f"{', '.join(kinds)} of {service.path.name}"))
    verdict = Verdict.FAILED
    try:
        own = Build(path=service.path, kinds=kinds, wish=builder.PLAIN, dry_run=step.dry_run)
        report = build(own, plan, emit, here)
        verdict = Verdict.PASSED
    finally:
        emit(PhaseFinished(phase="build", verdict=verdict, seconds=time.monotonic() - began))
    if not step.dry_run:
        is_function = service.target == "aws"
        return tuple(
            _with_health(each, may_handle=is_function) if each.artifact == "app" else each
            for each in report.artifacts
        )
    return tuple(
        Artifact(
            artifact=each.kind,
            name=each.name,
            version=each.version,
            reference=each.outputs[0] if each.outputs else "",
            digest=f"(built of {each.inputs_digest})",
            bytes=0,
            inputs_digest=each.inputs_digest,
            provenance=((_HEALTH, builder.health_of(each)), (_HANDLER, builder.handler_of(each))),
        )
        for each in report.planned
    )


def _with_health(app: Artifact, *, may_handle: bool = False) -> Artifact:
    """Return an app with the path by which it is asked whether it is well, and with what handles events.

    Raises
    ------
    DeployError
        It neither listens, nor may and does handle events.
    """
    about = about_app(Path(app.reference), may_handle=may_handle)
    found = ((_HEALTH, str(about.get("health") or "")), (_HANDLER, str(about.get("handler") or "")))
    return dataclasses.replace(app, provenance=(*app.provenance, *found))


def _from(workspace: Path, reference: str) -> str:
    """Return a path from the project, where it lies in it: the ledger needs no home's name."""
    path = Path(reference)
    is_inside = path.is_absolute() and path.is_relative_to(workspace)
    return str(path.relative_to(workspace)) if is_inside else reference


def _there(folder: Path) -> Artifact:
    """Return an app that was built before as an artifact."""
    about = about_app(folder)
    return _with_health(
        Artifact(
            artifact="app",
            name=str(about["name"]),
            version=str(about["version"]),
            reference=str(folder),
            digest=builder.digest_of_app(folder),
            bytes=sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()),
            inputs_digest=str(about.get("inputs_digest", "")),
        )
    )
