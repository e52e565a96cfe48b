"""What a build of a wheel reads, runs and makes, before anything runs.

What is built is a copy of the inputs, so that the digests are of exactly what
was built, the backend leaves nothing in the person's folder, and what an
earlier build left there (`build/lib`, an old `.egg-info`) gets into no wheel.

`SOURCE_DATE_EPOCH` is the time of the commit, also where the tree is dirty;
without a commit it is 1980-01-02, the first day that a ZIP file can hold in
every time zone. The copies have that time, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from .. import amount
from ..artifacts import BuildPlan, Input, Source
from ..bench import Bench
from ..commit import commit_of, labels_of
from ..inputs import digest_of, files_below, read_input, usual
from ..secretfiles import secret_in
from . import repository
from .project import DYNAMIC, Project, is_project, read

FIRST_DAY = 315_619_200  #: 1980-01-02T00:00:00Z
MUCH_BYTES = 10**9
_SCRATCH = re.compile(r"build/(?:lib|lib\..*|bdist\..*|temp\..*)/\Z")
#: backends that ask git which version it is
_ASKS_GIT = re.compile(r"(?i)scm|vcs|versioningit|dunamai|dynamic-versioning|git-version|\bpbr\b|versioneer")


def fits(path: Path) -> bool:
    """Whether a folder is a Python project."""
    return path.is_dir() and is_project(path)


def plan(source: Source, bench: Bench) -> BuildPlan:
    """Return what would be done; nothing of the project's runs.

    Raises
    ------
    UsageError
        What the project says cannot be.
    BuildError
        A file cannot be read.
    """
    project = read(source.folder)
    amount.ask_first(files_below(source.folder, left_out(source)), "wheel", bench)
    inputs = inputs_of(source)
    commit = commit_of(source.folder, bench, inputs)
    known = repository.named(source.wish.publish, source) if source.wish.publish else None
    planned = BuildPlan(
        kind="wheel",
        name=project.name,
        version=project.version,
        source=source,
        inputs=inputs,
        commands=tuple(_commands(source, known.name if known else "")),
        outputs=_outputs(project, source, known),
        warnings=tuple(_warnings(project, inputs)),
        data={
            "project": project,
            "epoch": commit.seconds if commit else FIRST_DAY,
            "asks_git": _asks_git(project, source.folder),
        },
    )
    return replace(planned, labels={**labels_of(commit), "inputs": planned.inputs_digest})


def build_words(uv: str, what: str, place: str, python: str, out: str) -> tuple[str, ...]:
    """Return the command that builds; `what` is "--sdist" or "--wheel". It may ask no index."""
    quiet = ("--no-config", "--offline", "--no-cache", "--no-progress", "--color", "never")
    own = ("--no-build-isolation", "--no-create-gitignore", "--python", python, "--out-dir", out)
    return (uv, "build", what, *own, *quiet, place)


def inputs_of(source: Source) -> tuple[Input, ...]:
    """Return what is built from; of a link that leads out of the folder, what it leads to counts."""
    found = []
    for path, file in files_below(source.folder, left_out(source)):
        followed = outside_link(file, source)
        if followed is not None:
            digest, size = digest_of(followed)
            found.append(Input(path=path, digest=digest, bytes=size))
        else:
            found.append(read_input(path, file))
    return tuple(found)


def left_out(source: Source) -> Callable[[str], bool]:
    """Return what says whether a file or folder is no input: what is made, and where it is put."""
    out = ""
    if source.out.is_relative_to(source.folder) and source.out != source.folder:
        out = f"{source.out.relative_to(source.folder).as_posix()}/"
    return lambda path: usual(path) or path == out or bool(_SCRATCH.match(path))


def outside_link(file: Path, source: Source) -> Path | None:
    """Return the file that a link leads to, where that is outside the folder and in its workspace."""
    if not file.is_symlink():
        return None
    try:
        target = file.resolve()
    except (OSError, RuntimeError):  # a loop
        return None
    is_out = not target.is_relative_to(source.folder.resolve())
    return (
        target if is_out and target.is_relative_to(source.workspace.resolve()) and target.is_file() else None
    )


def _commands(source: Source, repository_name: str) -> Sequence[tuple[str, ...]]:
    out = _shown(source.out, source)
    found = [
        build_words("uv", "--sdist", ".", "python", out),
        build_words("uv", "--wheel", f"{out}/*.tar.gz", "python", out),
        ("uv", "pip", "install", f"{out}/*.whl"),
    ]
    if source.wish.tests and source.settings.get("tests", True):
        found.append(("python", "-m", "pytest"))
    if repository_name:
        found.append(("uv", "publish", repository_name))
    return found


def _outputs(project: Project, source: Source, known: repository.Repository | None) -> tuple[str, ...]:
    if DYNAMIC in (project.name, project.version):
        stem = f"{project.name if project.name != DYNAMIC else '*'}-*"
        names = [f"{stem}.tar.gz", f"{stem}.whl"]
    else:
        stem = f"{re.sub(r'[-_.]+', '_', project.name).lower()}-{project.version}"
        names = [f"{stem}.tar.gz", f"{stem}-*.whl"]
    out = _shown(source.out, source)
    return tuple(f"{out}/{name}" for name in names) + ((known.name,) if known else ())


def _warnings(project: Project, inputs: Sequence[Input]) -> list[str]:
    found = []
    if project.version == DYNAMIC:
        found.append("the version is dynamic: the backend says it when it is built")
    if project.name == DYNAMIC:
        found.append("the name stands nowhere as a text: the backend says it when it is built")
    if (size := sum(each.bytes for each in inputs)) > MUCH_BYTES:
        found.append(f"{size / 1e9:.1f} GB are copied to be built: move data out of the project's folder")
    # by their names: what is in them is read where it counts, in what was built
    named = ((each.path, why) for each in inputs if (why := secret_in(each.path, None)))
    if secret := next(named, None):
        path, why = secret
        found.append(f"{path} is a secret ({why}): the build is refused if it gets into a package")
    return found


def _asks_git(project: Project, folder: Path) -> bool:
    if any(_ASKS_GIT.search(each) for each in project.requires):
        return True
    return (folder / "versioneer.py").is_file()


def _shown(path: Path, source: Source) -> str:
    return path.relative_to(source.folder).as_posix() if path.is_relative_to(source.folder) else str(path)
