"""From a folder to a tarball: a copy of it, what it needs, its scripts, and npm's pack.

All of it happens in a copy, so that a build leaves no `node_modules` and no
half of a `dist` behind, and takes in what the plan names and nothing else: a
file that is another one by then ends the build.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import BuildError
from ...values import Outcome
from .. import reading
from ..artifacts import BuildPlan, Input
from ..bench import Bench, failure_of
from ..inputs import read_input
from . import programs
from .locks import Lock
from .manifest import Manifest
from .npmrc import NAME, harmless
from .programs import Programs
from .scripts import Script

_MOST_LINES = 8
#: lines that npm, or Node at its end, writes around what a script says
_OF_NPM = (">", "npm error", "npm ERR!", "npm warn", "npm WARN", "npm notice", "Node.js v")
#: the line that says what is wrong, also above a trace: `Error: …`, `error TS2322: …`, `✘ [ERROR] …`
_ERROR = re.compile(r"^(?!\s+at )(?=.*(?:\b\w*Error\b|\berror\b|\bERROR\b|not found))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the plan of a package has found out; its folder is `root`.

    `epoch` is the time of the commit, in seconds since 1970.
    """

    manifest: Manifest
    lock: Lock
    scripts: tuple[Script, ...]
    root: Path
    epoch: int | None = None

    @property
    def install(self) -> tuple[str, ...]:
        """The command that installs what it needs, or nothing."""
        if not self.manifest.needs_packages():
            return ()
        return ("npm", "ci" if self.lock.name else "install", "--ignore-scripts", "--prefer-offline")

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """What runs in the cage, in its order."""
        return (
            *((self.install,) if self.install else ()),
            *(("npm", "run", script.name) for script in self.scripts),
            ("npm", "pack", "--ignore-scripts"),
        )


def make(plan: BuildPlan, recipe: Recipe, tools: Programs, bench: Bench, scratch: Path) -> Path:
    """Return the tarball, in `scratch`, which is an empty folder.

    Raises
    ------
    BuildError, RunTimeout, Cancelled, MissingTool
        There is none.
    """
    work, packed = scratch / "work", scratch / "packed"
    packed.mkdir(parents=True)
    with bench.step("copy"):
        copy(plan.inputs, recipe.root, work)
        _install(recipe, tools, bench, work)
    for script in recipe.scripts:
        _run(script, recipe, tools, bench, work)
    with bench.step("npm pack"):
        words = ("pack", "--ignore-scripts", "--pack-destination", str(packed), "--json")
        ended = programs.npm(
            words, tools, bench, cwd=work, timeout=programs.PACK_SECONDS, write=(packed,), is_quiet=True
        )
    if ended.returncode != 0 or ended.ended != "exited":
        raise programs.failed(ended, f"npm could not pack {plan.name}", "npm pack --dry-run shows it")
    made = [path for path in packed.iterdir() if path.name.endswith(".tgz") and path.is_file()]
    if len(made) != 1:
        raise BuildError(f"npm packed {len(made)} tarballs of {plan.name}", fix="npm pack --dry-run shows it")
    return made[0]


def copy(inputs: tuple[Input, ...], root: Path, work: Path) -> None:
    """Copy what a build reads, and look that it is what was planned; of links only those that stay inside.

    Raises
    ------
    BuildError
        A file is not what it was when the build was planned, or cannot be copied.
    """
    work.mkdir(parents=True)
    for each in inputs:
        source, target = root / each.path, work / each.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_one(source, target)
        except OSError as error:
            why = f"{error.strerror or error}"
            raise BuildError(f"{each.path} cannot be copied", why=why, fix="%autoexec build npm") from error
        if read_input(each.path, target) != each:
            raise BuildError(
                f"{each.path} was changed while it was built",
                why="it is not what the plan read a moment ago",
                fix="%autoexec build npm, once nothing writes there",
            )
        if target.is_symlink() and not target.resolve().is_relative_to(work):
            target.unlink()
        elif PurePosixPath(each.path).name == NAME:
            said = harmless(target)
            target.unlink()
            target.write_text(said, "utf-8")


def _copy_one(source: Path, target: Path) -> None:
    """Copy a file with its mode, or a link as it is; what is neither is refused, and waited for by nobody."""
    if source.is_symlink():
        target.symlink_to(os.readlink(source))  # noqa: PTH115 (as it stands there)
        return
    with reading.opened(source, follows=False) as stream, target.open("xb") as written:
        shutil.copyfileobj(stream, written)
        status = os.fstat(stream.fileno())
    target.chmod(status.st_mode & 0o777)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _install(recipe: Recipe, tools: Programs, bench: Bench, work: Path) -> None:
    if not recipe.install:
        return
    with bench.step(" ".join(recipe.install[:2])):
        ended = programs.npm(
            recipe.install[1:], tools, bench, cwd=work, timeout=programs.INSTALL_SECONDS, online=True
        )
    if ended.returncode != 0 or ended.ended != "exited":
        fix = "npm install, and commit package-lock.json" if recipe.lock.name else "npm install shows it"
        raise programs.failed(ended, f"what {recipe.manifest.name} needs cannot be installed", fix)


def _run(script: Script, recipe: Recipe, tools: Programs, bench: Bench, work: Path) -> None:
    """Run a script of the package's in the cage."""
    env = {} if recipe.epoch is None else {"SOURCE_DATE_EPOCH": str(recipe.epoch)}
    with bench.step(f"npm run {script.name}"):
        ended = programs.npm(
            ("run", script.name),
            tools,
            bench,
            cwd=work,
            timeout=programs.SCRIPT_SECONDS,
            env=env,
        )
    if ended.returncode != 0 or ended.ended != "exited":
        raise _unrun(script, recipe, ended)


def _unrun(script: Script, recipe: Recipe, ended: Outcome) -> BaseException:
    """Return the error of a script that failed: what it wrote itself, not what npm says of it."""
    own = [
        line.rstrip()
        for line in (ended.stdout + "\n" + ended.stderr).splitlines()
        if line.strip() and not line.startswith(_OF_NPM)
    ]
    name = recipe.manifest.name
    error = BuildError(f"the {script.name} script of {name} failed", fix=f"npm run {script.name}")
    silent = f"it ended with exit code {ended.returncode}, and wrote nothing"
    told = next((line for line in reversed(own) if _ERROR.search(line)), own[-1] if own else silent)
    error.why = told.strip()
    denied = ended.denial
    if denied is not None and denied.option:
        error.why, error.fix = denied.why, f"%autoexec build npm {denied.option}, if it may have that"
    meant = failure_of(ended, error)
    if meant is error:
        error.evidence = tuple(line for line in own[-_MOST_LINES:] if line.strip() != told.strip())
    return meant
