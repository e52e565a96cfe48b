"""Whether an app can be imported where only its lock is installed: tried in the cage, on a copy.

What was tried is remembered by its bytes, its environment, and what it found
around it (`Bench.setting`): the same app is not tried again for `FORGOTTEN_DAYS`.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from importlib import metadata
from pathlib import Path

from ...diagnosis import diagnose_log
from ...diagnosis.around import Around
from ...errors import BuildError
from .. import environments
from ..bench import Bench
from ..typed import as_typed
from . import cellmaps, running
from .project import Project

FOLDER = "apps"
FORGOTTEN_DAYS = 30.0
SECONDS = 120.0
#: what uv says of a requirement that the list lacks, or has without version or hash
_UNLOCKED = re.compile(r"no trusted hash was provided for: `([\w.-]+)`|none were provided for: ([\w.-]+)")
_MISSING_FILE = re.compile(r"No such file or directory: '([^'\n]+)'")
_MISSING_MODULE = re.compile(r"No module named '([\w.]+)'")
_CODE = """
import importlib, sys
sys.path.insert(0, "")
module, names = sys.argv[1], sys.argv[2]
if module:
    found = importlib.import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    if not callable(found):
        sys.exit(f"{names} is a {type(found).__name__}, which cannot be called")
else:
    for name in names.split("."):
        importlib.import_module(name)
"""


def tried(project: Project, folder: Path, digest: str, bench: Bench) -> None:
    """Import an app, as it lies in a folder, in an environment that has its lock and nothing else.

    Raises
    ------
    BuildError
        It cannot be imported; the error names the cell.
    MissingTool, RunTimeout, Cancelled
        It could not be tried.
    """
    with bench.step("import it with its lock alone") as cached:
        made = _environment(project, bench)
        name = f"{digest.removeprefix('sha256:')[:32]}-{made.name}-{bench.setting[:32]}"
        stamp = bench.cache / FOLDER / name
        _sweep(stamp.parent)
        if stamp.exists():
            cached.append(True)
            return
        with bench.scratch() as scratch:
            place = scratch / "app"
            shutil.copytree(folder, place, symlinks=True)
            _import(project, place, made, bench)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def _sweep(folder: Path) -> None:
    """Forget what was tried long ago."""
    oldest = time.time() - FORGOTTEN_DAYS * 86_400
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            with contextlib.suppress(OSError):  # another build may forget it just now
                if each.stat().st_mtime < oldest:
                    each.unlink()


def _environment(project: Project, bench: Bench) -> Path:
    """Return the environment of the lock and nothing else: what it names, each by a hash of it."""
    notebook, wanted = project.notebook.name, requirements_of(project.lock)
    try:
        return environments.environment_for(
            wanted, bench, what=f"the lock of {notebook}", is_hashed=bool(wanted)
        )
    except BuildError as error:
        if (found := _UNLOCKED.search(error.why)) is None:
            raise
        name = found[1] or found[2]
        raise BuildError(
            f"the lock of {notebook} lacks {name}, or a hash of it",
            why=f"what is in it needs {name}, and only what is locked is installed",
            fix=f"%autoexec fix {as_typed(project.notebook.path)}",
        ) from error


def requirements_of(lock: str) -> list[str]:
    r"""Return the requirements of a lock, each on one line with its hashes.

    Examples
    --------
    >>> requirements_of("a==1 \\\n    --hash=sha256:00\nb==2\n")
    ['a==1 --hash=sha256:00', 'b==2']
    """
    lines = lock.replace("\\\n", " ").split("\n")
    return [" ".join(line.split()) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _import(project: Project, place: Path, environment: Path, bench: Bench) -> None:
    module, names = project.module, project.shape.object
    if project.shape.kind == "notebook":
        module, names = "", ".".join(running.NEEDS)
    python = str(environments.python_of(environment))
    ended = bench.start(
        (python, "-I", "-B", "-c", _CODE, module, names),
        cwd=place,
        read=environments.bases_of(environment),
        env={"MPLBACKEND": "agg"},
        is_quiet=True,
        timeout=bench.timeout or SECONDS,
    )
    name = project.notebook.name
    failed = BuildError(f"{name} cannot be imported with its lock alone")
    if ended.ended == "exited" and ended.returncode:
        _explain(failed, ended.stderr, project, place)
    bench.ran(ended, failed)


def _explain(failed: BuildError, text: str, project: Project, place: Path) -> None:
    """Say of a failed import in which cell, and why; with what helps."""
    notebook = project.notebook.name
    found = cellmaps.read(place)
    around = Around(apps=(found,) if found else ())
    told = diagnose_log(text, language="python", around=around)
    failed.fix = "mend it, or --no-tests builds it without trying"
    if not told:
        return
    last = told[-1]
    where = last.where.removeprefix(f"{place}/")
    failed.what = f"{where or notebook} fails when the app is imported with its lock alone"
    failed.args = (failed.what,)
    failed.why = last.why
    missing = _MISSING_MODULE.findall(f"{text}\n{last.why}")
    if missing or last.code.startswith(("module-", "import-")):
        failed.fix = _locked_by(missing[-1].partition(".")[0] if missing else "", project.notebook.path)
    elif last.code == "file-not-found":
        failed.fix = _included_by(_MISSING_FILE.findall(text), project)
    elif "network" in last.code or "host" in last.code or "connect" in last.code:
        failed.fix = "do it in a function (a build has no network), or --no-tests builds it without trying"


def _locked_by(module: str, notebook: Path) -> str:
    """Return how a module gets into a lock; what is here and came from no index never does by itself."""
    again = f"%autoexec fix {as_typed(notebook)}"
    owner = next(iter(metadata.packages_distributions().get(module, ())), "") if module else ""
    if not owner:
        return again
    here = f"{owner} {metadata.version(owner)}"
    return (
        f"{again}; where it says that {here} is not locked, no index has that release: "
        f"%autoexec install '{owner}!={metadata.version(owner)}', then {again}"
    )


def _included_by(missing: list[str], project: Project) -> str:
    """Return how a file that was not found gets into an app."""
    if not missing or Path(missing[-1]).is_absolute() or missing[-1].startswith(".."):
        return "put the file beside the notebook, name it by its name alone, and include it in the app"
    path = Path(missing[-1]).as_posix()
    there = (project.notebook.path.parent / path).exists()
    first = "" if there else f"put {path} beside the notebook; "
    return f'{first}include = ["{path}"] in [tool.autoexec.build] of pyproject.toml'
