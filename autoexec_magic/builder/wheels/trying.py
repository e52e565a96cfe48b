"""Tries a wheel: installed into a fresh environment, imported, and its tests run on what is installed.

First the bare wheel with what it says that it needs: its modules and entry
points must import there, so that a dependency that nobody declared is found.
Then what its tests need (an extra or a dependency group called `test`, `tests`,
`testing` or `dev`) and pytest; the tests run in a copy of the project without
the package itself, so that what they import is what was installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import BuildError
from .. import environments, reading
from ..artifacts import BuildPlan
from ..bench import Bench, failure_of
from ..requirements import checked
from . import copying
from .content import Wheel
from .metadata import About
from .project import Project

MOST_SECONDS = 3600.0
_IMPORT_SECONDS = 300.0
_MOST_ANSWER = 16 << 20
_NAMES = ("test", "tests", "testing", "dev")
_SOURCES = ("src", "lib", "python")
_NO_TESTS = 5  # pytest's exit code where it finds none


def tried(plan: BuildPlan, wheel: Wheel, about: About, bench: Bench, scratch: Path) -> tuple[str, ...]:
    """Return warnings; what is tried is put below `scratch`.

    Raises
    ------
    BuildError, MissingTool, RunTimeout, Cancelled
        It cannot be installed or imported, or a test of it fails.
    """
    project = plan.data["project"]
    assert isinstance(project, Project)
    python = plan.data.get("python")
    place = scratch / "trial"
    place.mkdir()
    base = python if isinstance(python, Path) else None
    checked(about.requires)  # they are read by uv as they stand in the wheel
    with bench.step("install the wheel"):
        failed = BuildError(f"{wheel.path.name} cannot be installed", fix="mend its dependencies")
        own = environments.Own(wheel=wheel.path, name=about.name)
        bare = environments.furnished(place / "bare", (), bench, failed, python=base, own=own)
    with bench.step("import it"):
        warnings = _imported(wheel, bare, bench, place)
    if not (plan.source.wish.tests and plan.source.settings.get("tests", True)):
        return warnings
    copy = _copy_without(plan, project, wheel, place / "tests")
    if copy is None:
        return (*warnings, "the project has no tests: only imported")
    with bench.step("install what its tests need"):
        failed = BuildError("what the tests need cannot be installed", fix="mend [dependency-groups]")
        own, needed = _needed(project, wheel, about)
        full = environments.furnished(place / "full", needed, bench, failed, python=base, own=own)
    with bench.step("test it"):
        return (*warnings, *_tested(copy, full, bench))


def _imported(wheel: Wheel, environment: Path, bench: Bench, place: Path) -> tuple[str, ...]:
    names = [*wheel.modules, *wheel.scripts, *wheel.plugins]
    if not names:
        return ()
    work = place / "imports"
    work.mkdir()
    argv = (str(environments.python_of(environment)), "-I", "-", json.dumps(names), str(work / "failed.json"))
    ended = bench.start(
        argv,
        cwd=work,
        stdin=Path(__file__).with_name("proof.py").read_text("utf-8"),
        read=environments.bases_of(environment),
        timeout=bench.timeout or _IMPORT_SECONDS,
    )
    error = BuildError(f"{wheel.path.name} does not import", fix="%autoexec why")
    bench.ran(ended, error)
    try:
        said = json.loads(reading.text(work / "failed.json", most=_MOST_ANSWER, follows=False))
        failed = {str(name): str(why) for name, why in said}
    except (OSError, ValueError, TypeError, RecursionError) as fault:
        error.why = "it ended Python while it was imported"
        raise error from fault
    decisive = {name: why for name, why in failed.items() if name not in wheel.plugins}
    if decisive:
        name, why = next(iter(decisive.items()))
        error.what = f"{name} of {wheel.path.name} does not import where only it is installed"
        error.why, error.fix = why, _import_fix(why)
        error.evidence = tuple(f"{each}: {reason}" for each, reason in list(decisive.items())[1:6])
        raise error
    return tuple(f"entry point {name} does not import here: {why}" for name, why in failed.items())


def _import_fix(why: str) -> str:
    if why.startswith("ModuleNotFoundError"):
        return "name what it imports in [project] dependencies, or see which packages the backend finds"
    return "mend the module"


def _needed(project: Project, wheel: Wheel, about: About) -> tuple[environments.Own, list[str]]:
    """Return the wheel with the extras that its tests need, and what else they do."""
    extras = [name for name in about.extras if name in _NAMES[:3]]
    groups = [name for name in _NAMES if name in project.groups]
    if not extras and not groups and "dev" in about.extras:
        extras = ["dev"]
    own = environments.Own(wheel=wheel.path, name=about.name, extras=tuple(extras))
    return own, [*(project.groups[groups[0]] if groups else ()), "pytest"]


def _copy_without(plan: BuildPlan, project: Project, wheel: Wheel, to: Path) -> Path | None:
    """Copy the project but for its package; None where it has no tests outside of that."""
    tops = {name.partition(".")[0] for name in wheel.modules}
    ours = {f"{top}/" for top in tops} | {f"{top}.py" for top in tops}
    ours |= {f"{folder}/{each}" for folder in _SOURCES for each in ours}
    # What is a test by its place is no part of the package, even where the wheel has that, too.
    places = project.testpaths or tuple(
        name for name in ("tests", "test") if (plan.source.folder / name).is_dir()
    )
    kept = [
        each
        for each in plan.inputs
        if _is_within(each.path, places)
        or not any(each.path == own or each.path.startswith(own) for own in ours)
    ]
    if not any(_is_test(each.path) for each in kept):
        return None
    for each in kept:
        copying.copy_input(each, plan.source, to, has_links_out=False)
    return to


def _is_within(path: str, places: Sequence[str]) -> bool:
    return any(path.startswith(f"{place.strip('/')}/") for place in places)


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def _tested(copy: Path, environment: Path, bench: Bench) -> tuple[str, ...]:
    argv = (str(environments.python_of(environment)), "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ended = bench.start(
        argv,
        cwd=copy,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        read=environments.bases_of(environment),
        timeout=bench.timeout or MOST_SECONDS,
    )
    if ended.ended == "exited" and ended.returncode == _NO_TESTS:
        return ("pytest found no tests: only imported",)
    if ended.ended == "exited" and ended.returncode == 0:
        return ()
    error = BuildError("the tests fail on the wheel that was installed")
    error.fix = "mend them, or --no-tests imports it only"
    lines = [line for line in ended.stdout.splitlines() + ended.stderr.splitlines() if line.strip()]
    told = list(_decisive(lines))
    if told:
        error.why, error.evidence = told[0], tuple(told[1:6])
    raise failure_of(ended, error)


def _decisive(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines of pytest's summary that name a failure, else those that name an error."""
    summary = [line.strip() for line in lines if line.startswith(("FAILED ", "ERROR "))]
    yield from summary or [line.removeprefix("E   ").strip() for line in lines if line.startswith("E   ")]
