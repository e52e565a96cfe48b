"""Makes an sdist and a wheel: a copy of the inputs, the backend's environment, uv in the cage.

The environment is kept (`environments`); the backend asks for more of it by its
hooks (PEP 517), in the cage. uv then calls the backend without an isolation of
its own and without a network; the wheel is built from the sdist, unpacked anew,
so that an sdist that lacks a file is found out here and not by its users.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import BuildError
from ...events import Output
from ...values import Outcome, Stream
from .. import environments, installing, reading
from ..artifacts import BuildPlan
from ..bench import Bench, failure_of
from . import copying, gitfolder
from . import sdist as sdists
from .planning import build_words
from .project import Project

MOST_SECONDS = 3600.0  #: of one call of a backend, where nobody set a limit
_HOOK_SECONDS = 600.0
_MOST_ANSWER = 1 << 20
_NOISE = ("Building ", "hint:", "error: Failed to build", "Successfully ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An sdist and a wheel in a scratch folder; `packages` built them, `about` is the sdist's PKG-INFO."""

    sdist: Path
    wheel: Path
    packages: tuple[str, ...]
    about: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a backend works, where it answers, by which Python, and what it is told.

    `git` is what it may read of the repository.
    """

    folder: Path
    answers: Path
    python: Path
    git: tuple[Path, ...]
    environment: Path = Path()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def read(self) -> tuple[Path, ...]:
        """What it may read."""
        return (*environments.bases_of(self.environment), *self.git)


def make(plan: BuildPlan, bench: Bench, scratch: Path, python: Path) -> Made:
    """Build both in `scratch`, which is empty.

    Raises
    ------
    BuildError, MissingTool, RunTimeout, Cancelled
        It cannot be built, and why.
    """
    project = plan.data["project"]
    assert isinstance(project, Project)
    with bench.step("copy the inputs"):
        folder, git = _copied(plan, bench, scratch / "source")
    bare = _Place(folder=folder, answers=scratch / "answers", python=python, git=git)
    place = _furnished(bare, project.requires, plan, bench)
    with bench.step("sdist"):
        place = _extended("get_requires_for_build_sdist", place, plan, bench)
        sdist = _built("--sdist", place, _folder(scratch / "sdist"), bench)
    about = sdists.look_into(sdist)  # before anything of it is unpacked: that is done outside of the cage
    with bench.step("wheel, from the sdist"):
        wheel_place = replace(place, folder=sdists.unpack(sdist, _folder(scratch / "unpacked")))
        wheel_place = _extended("get_requires_for_build_wheel", wheel_place, plan, bench)
        wheel = _built("--wheel", wheel_place, _folder(scratch / "wheel"), bench)
    packages = environments.packages_of(wheel_place.environment)
    return Made(sdist=sdist, wheel=wheel, packages=packages, about=about)


def _copied(plan: BuildPlan, bench: Bench, to: Path) -> tuple[Path, tuple[Path, ...]]:
    """Copy the inputs; return the copy's folder, and what of git the backend has to read."""
    source, epoch = plan.source, plan.data["epoch"]
    assert isinstance(epoch, int)
    found = gitfolder.repository_of(source.folder) if plan.data["asks_git"] else None
    folder = to / (source.folder.resolve().relative_to(found.top) if found else Path("project"))
    folder.mkdir(parents=True)
    for each in plan.inputs:
        copying.copy_input(each, source, folder)
    copying.set_times(folder, epoch)
    if found is None:
        return folder, ()
    gitfolder.copy(found, to, bench)
    return folder, (found.objects, to)


def _furnished(place: _Place, requires: Sequence[str], plan: BuildPlan, bench: Bench) -> _Place:
    """Return the place with an environment that has what is asked for."""
    with bench.step("the backend's environment"):
        environment = environments.environment_for(
            requires, bench, what="what the build needs", python=place.python
        )
    path = os.pathsep.join([str(environment / "bin"), os.environ.get("PATH", os.defpath)])
    variables = {
        "SOURCE_DATE_EPOCH": str(plan.data["epoch"]),
        "PATH": path,
        "VIRTUAL_ENV": str(environment),
        "GIT_OPTIONAL_LOCKS": "0",
    }
    return replace(place, environment=environment, variables=variables)


def _extended(hook: str, place: _Place, plan: BuildPlan, bench: Bench) -> _Place:
    """Return the place with an environment that has what the backend's hook asks for, too."""
    project = plan.data["project"]
    assert isinstance(project, Project)
    answer = _folder(place.answers / hook) / "needed.json"
    script = Path(__file__).with_name("hook.py").read_text("utf-8")
    argv = (
        *(str(environments.python_of(place.environment)), "-I", "-", hook, project.backend),
        *(json.dumps(project.backend_path), str(answer)),
    )
    ended = bench.start(
        argv,
        cwd=place.folder,
        env=place.variables,
        stdin=script,
        read=place.read,
        write=(answer.parent,),
        timeout=bench.timeout or _HOOK_SECONDS,
        is_quiet=True,
    )
    _raise_unless_built(ended, f"the build backend {project.backend} failed in {hook}")
    try:
        needed = [str(each) for each in json.loads(reading.text(answer, most=_MOST_ANSWER, follows=False))]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise BuildError(
            f"the build backend ended in {hook}", why="it left no answer", fix="see its output"
        ) from error
    if not set(needed) - set(project.requires):
        return place
    return _furnished(place, (*project.requires, *needed), plan, bench)


def _built(what: str, place: _Place, out: Path, bench: Bench) -> Path:
    """Return what the backend made, in a folder that nothing of the project's may write to afterwards."""
    python = str(environments.python_of(place.environment))
    argv = build_words(str(installing.uv_of(bench)), what, ".", python, str(out))
    ended = bench.start(
        argv,
        cwd=place.folder,
        env={**place.variables, "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"},
        read=(*place.read, installing.uv_of(bench)),
        write=(out,),
        timeout=bench.timeout or MOST_SECONDS,
        is_quiet=True,  # setuptools alone writes a line for each file
    )
    if not ended.passed:  # then what it wrote is wanted
        written: dict[Stream, str] = {"stdout": ended.stdout, "stderr": ended.stderr}
        for stream, text in written.items():
            if text:
                bench.emit(Output(phase="build", stream=stream, text=text))
    _raise_unless_built(ended, f"the build backend made no {what.strip('-')}")
    return _one(out, "*.tar.gz", "an sdist") if what == "--sdist" else _one(out, "*.whl", "a wheel")


def _raise_unless_built(ended: Outcome, what: str) -> None:
    """Raise what a backend's end means; the last thing that the backend itself said is the reason."""
    if ended.ended == "exited" and ended.returncode == 0:
        return
    lines = [line.rstrip() for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    cut = next((n for n, line in enumerate(lines) if line.startswith("error: Failed to build")), len(lines))
    said = [line for line in lines[:cut] if not line.startswith(_NOISE)]
    said = said or [line.strip() for line in lines[cut:] if not line.startswith(_NOISE)]
    error = BuildError(
        what, fix="mend what it says; `%autoexec build wheel --dry-run` shows what it is given"
    )
    if said:
        error.why, error.evidence = said[-1].strip(), tuple(said[-6:-1])
    raise failure_of(ended, error)


def _one(folder: Path, pattern: str, what: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        why = f"it left {len(found)} files that end with {pattern[1:]}"
        raise BuildError(f"the build backend made not {what}", why=why, fix="see its output")
    if not stat.S_ISREG(found[0].lstat().st_mode):
        why = f"what it left as {found[0].name} is no file"
        raise BuildError(f"the build backend made not {what}", why=why, fix="see its output")
    return found[0]


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
