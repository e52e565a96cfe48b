"""A bench for the tests of builders: the real executor, in the cage that a run has."""

from __future__ import annotations

from pathlib import Path

from autoexec_magic import builder
from autoexec_magic.config import Config
from autoexec_magic.events import Event
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator import Build, Plan, Surroundings
from autoexec_magic.orchestrator.building import bench_of
from autoexec_magic.values import Question


def yes(question: Question) -> bool:
    """Answer yes."""
    return True


def bench(
    tmp_path: Path,
    *,
    level: str = "workspace",
    events: list[Event] | None = None,
    pass_on: tuple[str, ...] = (),
) -> builder.Bench:
    """Return a bench with a cache below `tmp_path`, whose cage is of `level` and has these variables."""
    heard: list[Event] = [] if events is None else events
    data = tmp_path / "data"
    (data / "cache").mkdir(parents=True, exist_ok=True)
    # An id of its own: a run ends whatever bears its id, also what another session's test has started.
    here = Surroundings(
        config=Config(), cwd=tmp_path, workspace=tmp_path, cache=data / "cache", ask=yes, run_id=new_id()
    )
    phases = (Build(path=tmp_path),)
    plan = Plan(verb="build", title="build", phases=phases, level=level, pass_on=pass_on)  # type: ignore[arg-type]
    return bench_of(plan, heard.append, here)
