"""Packages put beside an app's files, for another machine than this one: what a function's zip holds.

Only wheels, chosen by that machine's platform and Python: nothing of them runs
here. What an installer leaves that tells of this machine or of the moment goes
(programs with a path in them, times, addresses), so the same lock makes the
same bytes.
"""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import BuildError
from .bench import Bench
from .installing import installed
from .requirements import checked
from .secretfiles import refuse_secrets

#: what uv writes beside a wheel's own files: of this machine, of this moment, of where it came from
_TRACES = frozenset({"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"})
#: how the name of a file ends that Python imports
_MODULES = frozenset({".py", ".pyc", ".pyd", ".so"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where packages are to run: its platform as uv calls it, and its Python, such as 3.12."""

    platform: str
    python: str


def vendored(
    folder: Path,
    lines: Sequence[str],
    machine: Machine,
    bench: Bench,
    failed: BuildError,
    *,
    own: Sequence[str] = (),
    is_hashed: bool = False,
) -> None:
    """Put packages into a folder, beside the files that are there.

    Parameters
    ----------
    folder : Path
        An app's folder; a file of it is never replaced.
    lines : sequence of str
        As `requirements.checked` allows them.
    machine : Machine
        Where it is to run.
    failed : BuildError
        Raised where they are not to be had, with the reason.
    own : sequence of str
        Lines that name wheels of our own making.
    is_hashed : bool, default False
        Whether each line has its hashes, and nothing else is installed.

    Raises
    ------
    MissingTool, BuildError, RunTimeout, Cancelled
        They are not to be had for that machine, would hide a file of the app,
        or a secret stands in what was written about them.
    """
    wanted = [*own, *checked(lines)]
    if not wanted:
        return
    with bench.scratch() as scratch:
        made = scratch / "packages"
        into = ["--target", str(made), "--python", sys.executable]
        into += ["--python-platform", machine.platform, "--python-version", machine.python]
        installed(into, wanted, bench, failed, cwd=scratch, is_hashed=is_hashed)
        _bare(made)
        _scan(made)
        _moved(made, folder)


def _bare(made: Path) -> None:
    """Remove what differs from machine to machine, and from time to time."""
    shutil.rmtree(made / "bin", ignore_errors=True)
    (made / ".lock").unlink(missing_ok=True)
    for about in made.glob("*.dist-info"):
        for name in _TRACES:
            (about / name).unlink(missing_ok=True)
        record = about / "RECORD"
        if record.is_file():
            text = _recorded(record.read_text("utf-8"), made)
            record.unlink()  # it may be a link into uv's cache
            record.write_text(text, "utf-8")


def _recorded(text: str, made: Path) -> str:
    """Return a list of files without those that are gone, in order."""
    rows = [row for row in csv.reader(text.splitlines()) if row and _is_there(row[0], made)]
    into = io.StringIO()
    csv.writer(into, lineterminator="\n").writerows(sorted(rows))
    return into.getvalue()


def _is_there(path: str, made: Path) -> bool:
    return ".." not in PurePosixPath(path).parts and (made / path).is_file()


def _scan(made: Path) -> None:
    """Refuse a secret in what is written about packages; all else is as their makers publish it."""
    files = [
        (path.relative_to(made).as_posix(), path)
        for about in sorted(made.glob("*.dist-info"))
        for path in sorted(about.rglob("*"))
        if path.is_file()
    ]
    refuse_secrets(files, "the zip", "look where that package comes from")


def _moved(made: Path, folder: Path) -> None:
    """Move what was installed beside the app's files, folder by folder where both have one."""
    _check_names(made, folder, PurePosixPath())
    for path in sorted(made.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        place = folder / path.relative_to(made)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)


def _check_names(made: Path, folder: Path, within: PurePosixPath) -> None:
    """Refuse what has the name of something of the app, as a file or for `import`, in each folder of both."""
    own = [(path, _import_name(path)) for path in sorted(folder.iterdir())]
    for path in sorted(made.iterdir()):
        name = _import_name(path)
        for there, known in own:
            is_same = there.name == path.name
            if is_same and there.is_dir() and path.is_dir():
                _check_names(path, there, within / path.name)
            elif is_same or (name and name == known):
                raise BuildError(
                    f"{within / path.name} of a package would hide a file of the app",
                    fix=f"call {within / there.name} of the app otherwise",
                )


def _import_name(path: Path) -> str:
    """Return by what name Python imports a file or a folder, "" where it does not."""
    if path.is_dir():
        return path.name if any(each.suffix in _MODULES for each in path.rglob("*")) else ""
    return path.name.partition(".")[0] if path.suffix in _MODULES else ""
