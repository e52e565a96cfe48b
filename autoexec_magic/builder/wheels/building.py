"""The order of a build: made, looked into, tried, put in its place, sent.

Nothing is put into the person's folder before all of it is right, and then by
a rename. What passed is kept by the digest of all that it was made of: the same
inputs again are the same bytes at once, also where a backend would write others.
That makes an upload that broke off half way one that can go on.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import BuildError, MissingTool
from ...values import Artifact, ArtifactKind
from .. import installing, outputs
from ..artifacts import BuildPlan
from ..bench import Bench, failure_of
from ..inputs import digest_of
from . import comparing, content, metadata, publishing, trying
from .keeping import Built, keep, kept, own_version
from .making import Made, make
from .project import DYNAMIC, Project
from .repository import Repository

_FIND_SECONDS = 30.0
_REPOSITORY = "repository"


def ready(plan: BuildPlan, bench: Bench) -> BuildPlan:
    """Return the plan with the repository that it may be sent to; nobody is asked twice.

    Raises
    ------
    UsageError, NeedsPerson, BuildError
        There is no such repository or no login for it, or the project chose it and nobody agreed.
    """
    if _REPOSITORY in plan.data:
        return plan
    return replace(plan, data={**plan.data, _REPOSITORY: publishing.ready(plan.source, bench)})


def build(plan: BuildPlan, bench: Bench) -> tuple[Artifact, ...]:
    """Build the wheel and the sdist, check them, try the wheel; return both, the wheel first.

    Raises
    ------
    BuildError, UsageError, MissingTool, NeedsPerson, RunTimeout, Cancelled
        It was not built, or not published; nothing of ours is left.
    """
    plan = ready(plan, bench)
    repository = plan.data[_REPOSITORY]
    assert repository is None or isinstance(repository, Repository)
    python = _python(plan, bench)
    plan = replace(plan, data={**plan.data, "python": python})
    try:
        with bench.scratch() as scratch:
            built = kept(plan, python, bench) or _built(plan, python, bench, scratch / "first")
            if plan.source.wish.twice:
                built = replace(
                    built, warnings=(*built.warnings, *_compared(plan, python, built, bench, scratch))
                )
            with bench.step(f"put into {plan.source.out.name}"):
                files = [_put(file, outputs.place_of(plan.source)) for file in built.files]
    except OSError as error:
        where = error.filename or plan.source.out
        fix = "make room, or see its permissions"
        raise BuildError(f"{where} cannot be written", why=error.strerror or str(error), fix=fix) from error
    told: dict[str, str] = {}
    if repository is not None:
        told = publishing.publish(files, built.name, built.version, repository, bench)
        for file, how in told.items():
            bench.say(f"{file}: {how}, {repository.name}")
    kinds: tuple[ArtifactKind, ...] = ("wheel", "sdist")
    where = repository.name if repository else ""
    return tuple(_artifact(plan, built, kind, file, where) for kind, file in zip(kinds, files, strict=True))


def _built(plan: BuildPlan, python: Path, bench: Bench, scratch: Path) -> Built:
    scratch.mkdir()
    made = make(plan, bench, scratch, python)
    with bench.step("look into them"):
        wheel, about = _looked_into(made, plan, bench, scratch)
    warnings = (*about.warnings, *wheel.warnings, *trying.tried(plan, wheel, about, bench, scratch))
    built = Built(
        files=(made.wheel, made.sdist),
        name=about.name,
        version=about.version,
        packages=made.packages,
        warnings=warnings,
    )
    keep(built, plan, python, bench)
    return built


def _looked_into(
    made: Made, plan: BuildPlan, bench: Bench, scratch: Path
) -> tuple[content.Wheel, metadata.About]:
    wheel = content.look_into_wheel(made.wheel)
    about = metadata.read(wheel.metadata, made.wheel.name)
    other = metadata.read(made.about, made.sdist.name)
    _agree(about, other, made, plan)
    return wheel, replace(about, warnings=(*about.warnings, *metadata.rendered(about, bench, scratch)))


def _agree(about: metadata.About, other: metadata.About, made: Made, plan: BuildPlan) -> None:
    """Refuse a name or version that differs between archives, their files' names, and the plan."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        canonicalize_name,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    try:
        in_wheel, in_sdist = parse_wheel_filename(made.wheel.name)[:2], parse_sdist_filename(made.sdist.name)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise BuildError(
            "the backend gave a file no valid name", why=str(error), fix="a newer backend"
        ) from error
    said = [
        (made.wheel.name, in_wheel[0], str(in_wheel[1])),
        (made.sdist.name, in_sdist[0], str(in_sdist[1])),
        ("the sdist", canonicalize_name(other.name), other.version),
    ]
    if plan.name != DYNAMIC:
        said.append(("the project", canonicalize_name(plan.name), about.version))
    if plan.version != DYNAMIC:
        said.append(("the project", canonicalize_name(about.name), plan.version))
    for who, name, version in said:
        if (name, version) != (canonicalize_name(about.name), about.version):
            why = f"the wheel says {about.name} {about.version}, {who} {name} {version}"
            raise BuildError("what was built is not what it says", why=why, fix="build from a clean checkout")


def _compared(plan: BuildPlan, python: Path, built: Built, bench: Bench, scratch: Path) -> tuple[str, ...]:
    with bench.step("build once more"):
        again = scratch / "again"
        again.mkdir()
        made = make(plan, bench, again, python)
    if made.packages != built.packages:
        return ("a second build was made by other packages than the first: not compared",)
    pairs = zip(built.files, (made.wheel, made.sdist), strict=True)
    found = tuple(text for first, second in pairs for text in comparing.differing(first, second))
    bench.say("a second build made the same bytes" if not found else "a second build made other bytes")
    return found


def _python(plan: BuildPlan, bench: Bench) -> Path:
    """Return an interpreter that the project is for: the running one, else one that uv finds here.

    Raises
    ------
    MissingTool
        There is none.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    project = plan.data["project"]
    assert isinstance(project, Project)
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        wanted = SpecifierSet(project.python)
        if any(each.operator == "===" for each in wanted):
            raise InvalidSpecifier("=== takes any text, also a path")
        if wanted.contains(here, prereleases=True):
            return Path(sys.executable)
    except InvalidSpecifier as error:
        fix = 'mend it: requires-python = ">=3.11"'
        raise BuildError(
            f"requires-python is not valid: {project.python!r}", why=str(error), fix=fix
        ) from error
    words = ("python", "find", "--no-python-downloads", "--system", project.python)
    with bench.scratch() as place:  # what uv does not take for a version it takes for a path
        ended = bench.start(
            (str(installing.uv_of(bench)), *words),
            cwd=place,
            env=installing.PLAIN,
            is_foreign=False,
            is_quiet=True,
            timeout=_FIND_SECONDS,
        )
    if ended.ended != "exited":
        raise failure_of(ended, BuildError(f"no Python was found for {plan.name}"))
    found = Path(ended.stdout.strip())
    if ended.returncode == 0 and found.is_absolute():
        return found
    why = f"the project is for {project.python}, and here is {here}"
    raise MissingTool(
        f"there is no Python for {plan.name}", why=why, fix="install one, or mend requires-python"
    )


def _put(file: Path, out: Path) -> Path:
    """Copy a file to where it is put."""
    with outputs.whole(out / file.name) as part:
        shutil.copyfile(file, part)
    return out / file.name


def _artifact(plan: BuildPlan, built: Built, kind: ArtifactKind, file: Path, where: str) -> Artifact:
    digest, size = digest_of(file)
    labels: Mapping[str, str] = {
        **plan.labels,
        "builder": f"autoexec-magic {own_version()}",
        "backend": _backend(plan, built.packages),
        "source-date-epoch": str(plan.data["epoch"]),
        **({"published": where} if where else {}),
    }
    return Artifact(
        artifact=kind,
        name=built.name,
        version=built.version,
        reference=str(file),
        digest=f"sha256:{digest}",
        bytes=size,
        inputs_digest=plan.inputs_digest,
        lock_digest=_digest(built.packages),
        provenance=tuple(labels.items()),
        warnings=built.warnings if kind == "wheel" else (),
    )


def _backend(plan: BuildPlan, packages: Sequence[str]) -> str:
    """Return the backend with its version, as its requirement names it."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = plan.data["project"]
    assert isinstance(project, Project)
    asked = [canonicalize_name(Requirement(each).name) for each in project.requires]
    found = [each for name in asked for each in packages if each.partition("==")[0] == name]
    return found[0] if found else project.backend


def _digest(packages: Sequence[str]) -> str:
    """Return one digest of the packages that built it."""
    return f"sha256:{hashlib.sha256(chr(10).join(packages).encode()).hexdigest()}" if packages else ""
