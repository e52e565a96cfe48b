"""The phase of a build: what fits the folder, planned, built in the cage, and written on the ledger."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import builder, executor, installer
from ..builder import tools
from ..builder.bench import TEMP_PREFIX
from ..config import workspace
from ..errors import BuildError, Cancelled, LedgerError, MissingTool
from ..events import Built, Emit, Event, Output, Recorded
from ..executor.cage import Doors
from ..installer.sources import for_uv, sources
from ..values import Artifact, Outcome, Verdict
from . import planning
from .plan import Build, PhaseReport, Plan
from .processes import bounds
from .surroundings import Surroundings

ROW = "build"


def build(step: Build, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Plan what was asked for, and build it unless only the plan was."""
    folder = step.path.parent if step.path.is_file() else step.path
    source = builder.source_of(step.path, workspace(folder), step.wish)
    bench = bench_of(plan, emit, here)
    is_named = bool(step.kinds)
    kinds = planning.kinds_of(step.kinds, source)
    planned = planning.plans_of(kinds, source, bench, is_named=is_named)
    made: list[Artifact] = []
    if step.dry_run:
        bench.say("planned; a dry run builds nothing")
    else:
        bench.sweep()
        planned = planning.agreed(planned, bench, is_named=is_named)
        for each in planned:
            made += _built(planning.again(each, bench), bench, emit, here)
    return PhaseReport(
        phase="build", verdict=Verdict.PASSED, seconds=0.0, artifacts=tuple(made), planned=planned
    )


def _built(plan: builder.BuildPlan, bench: builder.Bench, emit: Emit, here: Surroundings) -> list[Artifact]:
    """Build one kind, and write what came of it on the ledger."""
    for warning in plan.warnings:
        bench.say(f"! {warning}")
    made = list(builder.builder_of(plan.kind).build(plan, bench))
    for artifact in made:
        _record(artifact, plan.source.workspace, emit, here)
        emit(Built(artifact=artifact))
    if here.is_cancelled():
        raise Cancelled("build was stopped", why="somebody asked for its end")
    return made


def bench_of(plan: Plan, emit: Emit, here: Surroundings) -> builder.Bench:
    """Return where a build works: its processes are this run's, in its cage and on its record."""
    cache = here.cache / "builds"
    cache.mkdir(parents=True, exist_ok=True)
    pulse = builder.Pulse(emit)
    return builder.Bench(
        start=_Starter(plan=plan, emit=emit, here=here, pulse=pulse),
        pulse=pulse,
        emit=emit,
        ask=here.ask,
        cache=cache,
        uv=installer.uv_path(),
        cancel=here.cancel,
        is_cancelled=here.is_cancelled,
        timeout=plan.timeout or here.config.timeout or None,
        sources=for_uv(sources(here.config.index_url)),
        lock_of=_lock_of,
        setting=_setting(plan, here),
    )


def _setting(plan: Plan, here: Surroundings) -> str:
    """Return a digest of what a caged process of the build finds: a result may depend on each of it."""
    own = bounds(plan, here)
    passed = sorted(
        (name, value)
        for name, value in os.environ.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in own["pass_on"])
    )
    found = (passed, own["level"], own["doors"], own["limits"])
    return hashlib.sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest()


def _lock_of(path: Path) -> str:
    """Return a notebook's lock as requirements with hashes, "" where it has none.

    Raises
    ------
    UsageError
        It has one that cannot be used.
    """
    from ..installer import notebook, notebook_lock

    if notebook.read(path).value(*notebook_lock.KEY) is None:
        return ""
    return installer.exported(path, "requirements")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Starter:
    """Starts what a build needs (`builder.bench.Start`)."""

    plan: Plan
    emit: Emit
    here: Surroundings
    pulse: builder.Pulse

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        is_foreign: bool = True,
        read: Sequence[Path] = (),
        write: Sequence[Path] = (),
        net: bool = False,
        pass_on: Sequence[str] = (),
        timeout: float | None = None,
        is_quiet: bool = False,
        is_whole: bool = False,
    ) -> Outcome:
        """Run it to its end; see the protocol."""
        near = (
            cwd,
            self.here.workspace,
            *(each.path for each in self.plan.phases if isinstance(each, Build)),
        )
        # what is ours lies there also where the workspace is all of it; a cage is around what it may hold
        ours = (self.here.cache, *_scratch_of(argv[0])) if is_foreign else ()
        program = _program(argv[0], near, ours)
        own = bounds(self.plan, self.here)
        doors = self.plan.doors
        if is_foreign:
            own["doors"] = Doors(
                net="all" if net else doors.net,
                unix=doors.unix,
                read=tuple(dict.fromkeys((*doors.read, *read))),
                write=tuple(dict.fromkeys((*doors.write, *write))),
            )
        else:
            own["level"], own["doors"], own["limits"] = "open", executor.cage.SHUT, None
        if net or not is_foreign:  # also what a tool starts itself, as npm does Node
            env = {"PATH": os.pathsep.join(tools.folders(*near)), **(env or {})}
        own["pass_on"] = (*own["pass_on"], *pass_on) if is_foreign else tuple(pass_on)
        own["timeout"] = timeout if timeout is not None else own["timeout"]
        heard: list[Event] = []
        ended = executor.run(
            (program, *argv[1:]),
            emit=heard.append if is_whole else _silent if is_quiet else self.emit,
            phase="build",
            cwd=cwd,
            env=env,
            stdin=stdin,
            policy=executor.policy.exactly(program),
            ask=self.here.ask,
            project=cwd,
            raw=is_whole,
            on_tick=self.pulse,
            **own,
        )
        return replace(ended, stdout=_written(heard)) if is_whole else ended


def _scratch_of(program: str) -> tuple[Path, ...]:
    """Return the folder that a build has made for itself and that a program lies in, if it lies in one."""
    temporary = Path(tempfile.gettempdir()).resolve()
    made = [each for each in Path(program).parents if each.parent == temporary]
    return tuple(each for each in made if each.name.startswith(TEMP_PREFIX))


def _program(name: str, near: Sequence[Path], ours: Sequence[Path] = ()) -> str:
    """Return the file that a program's name means, for the policy: a build starts exactly what it says.

    Raises
    ------
    MissingTool
        There is none, or only one that the project has put there.
    """
    if "/" in name:
        path = Path(name)
        is_ours = ".." not in path.parts and any(path.is_relative_to(each) for each in ours)
        if path.is_absolute() and (is_ours or not tools.is_theirs(path, *near)):
            return name
        why = "it lies in the project, which nobody has read"
        raise MissingTool(
            f"{path.name} is not started", why=why, fix=f"install {path.name}, outside of the project"
        )
    found = tools.found(name, *near)
    if found is None:
        why = "PATH has none outside of the project"
        raise MissingTool(f"{name} is not installed", why=why, fix=f"install {name}, outside of the project")
    return str(found)


def _written(heard: Sequence[Event]) -> str:
    """Return all that was written to stdout."""
    return "".join(each.text for each in heard if isinstance(each, Output) and each.stream == "stdout")


def _silent(event: object) -> None:
    """Let what a tool writes be kept alone."""


def _record(artifact: Artifact, workspace: Path, emit: Emit, here: Surroundings) -> None:
    """Write what was built on the ledger.

    Raises
    ------
    BuildError
        It cannot be written: what is not on record is not handed out.
    """
    from ..ledger import ledger_in

    body = {
        "artifact": artifact.artifact,
        "name": artifact.name,
        "version": artifact.version,
        "reference": _shown(artifact.reference, workspace),
        "digest": artifact.digest,
        "bytes": artifact.bytes,
        "inputs_digest": artifact.inputs_digest,
        "lock_digest": artifact.lock_digest,
        "provenance": dict(artifact.provenance),
    }
    try:
        head = ledger_in(here.cache.parent).append(ROW, body, here.run_id)
    except LedgerError as error:
        fix = "%autoexec doctor"
        raise BuildError(
            f"{artifact.name} was built, but is not on the ledger", why=error.what, fix=fix
        ) from error
    emit(Recorded(row=ROW, head=str(head)))


def _shown(reference: str, workspace: Path) -> str:
    """Return a path relative to the workspace, where it is in it: the ledger needs no home's name."""
    path = Path(reference)
    return (
        str(path.relative_to(workspace))
        if path.is_absolute() and path.is_relative_to(workspace)
        else reference
    )
