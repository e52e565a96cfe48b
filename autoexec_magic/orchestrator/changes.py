"""What has changed in a project, as git tells it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from .. import executor
from ..errors import Cancelled, MissingTool, UsageError
from ..events import Event, Output
from .plan import Plan
from .surroundings import Surroundings

# A repository's own settings can name programs that git starts: none here, and it is in the run's cage.
_GIT = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_DIFF = ("diff", "--name-only", "--no-renames", "-z", "--relative", "--no-ext-diff")
_SAYS = ("fatal: ", "error: ", "warning: ")  # else its last lines are of its help
_NEW = ("ls-files", "--others", "--exclude-standard", "-z")


def changed_files(since: str, plan: Plan, here: Surroundings) -> tuple[str, ...]:
    """Return the files of the workspace that are not as they were, sorted; paths from there, with slashes.

    Parameters
    ----------
    since : str
        A commit, branch or tag; "" for the last commit.

    Raises
    ------
    UsageError
        It is no git repository, or there is no such commit.
    MissingTool
        There is no git.
    """
    if since.startswith("-"):
        raise UsageError(f"--changed {since} cannot be", fix="--changed, or --changed=COMMIT")
    found = {*_said(_NEW, plan, here)}  # first: without a repository it says so, `diff` compares files then
    found.update(_said((*_DIFF, since or "HEAD", "--", "."), plan, here))
    return tuple(sorted(path for path in found if path))


def _said(argv: tuple[str, ...], plan: Plan, here: Surroundings) -> list[str]:
    pieces: list[str] = []

    def take(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            pieces.append(event.text)

    git = shutil.which("git")
    if git is None:
        raise MissingTool(
            "git is not here", why="it tells what changed", fix="install git, or leave --changed out"
        )
    doors = plan.doors
    if plan.level != "open":
        doors = replace(doors, read=(*doors.read, *repository_of(here.workspace)))
    fix = "run it in a git repository with a commit"
    if _DIFF[0] in argv and "HEAD" not in argv:
        fix = "name a commit, branch or tag: --changed=COMMIT; paths stand before --changed"
    outcome = executor.run(
        (git, *_GIT, *argv),
        emit=take,
        phase="test",
        cwd=here.workspace,
        policy=executor.policy.exactly(git),
        env={"GIT_OPTIONAL_LOCKS": "0", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"},
        raw=True,
        level=plan.level,
        doors=doors,
        timeout=60.0,
        cancel=here.cancel,
        run_id=here.run_id,
        within=here.within,
    )
    if outcome.ended == "cancelled" or here.is_cancelled():
        raise Cancelled("the tests were stopped", why="while git told what changed")
    if not outcome.passed:
        lines = outcome.stderr.strip().splitlines()
        why = next((line for line in lines if line.startswith(_SAYS)), "") or "".join(lines[-1:])
        raise UsageError(
            "cannot tell what changed", why=why or f"git ended with {outcome.returncode}", fix=fix
        )
    return [path.replace(os.sep, "/") for path in "".join(pieces).split("\0")]


def repository_of(workspace: Path) -> tuple[Path, ...]:
    """Return what git reads of a repository outside of the workspace: of a folder above, or a worktree's.

    A file `.git` may name any folder, and whatever runs in the workspace may
    have written it. So the other side has to name it in turn, which no caged run can write.
    """
    for folder in (workspace, *workspace.parents):
        at = folder / ".git"
        if at.is_dir():
            return () if folder == workspace else (at, *_rules_above(workspace, folder))
        if at.is_file():
            return (at, *_linked(at), *_rules_above(workspace, folder))
    return ()


def _rules_above(workspace: Path, root: Path) -> list[Path]:
    """Return the files above a workspace that say what git leaves out there."""
    above = [folder for folder in workspace.parents if folder.is_relative_to(root)]
    files = [folder / name for folder in above for name in (".gitignore", ".gitattributes")]
    return [file for file in files if file.is_file() and not file.is_symlink()]


def _linked(at: Path) -> tuple[Path, ...]:
    """Return the repository that a worktree's file `.git` names, if that one knows the worktree."""
    try:
        own = (at.parent / at.read_text("utf-8").strip().removeprefix("gitdir: ")).resolve()
        common = (own / (own / "commondir").read_text("utf-8").strip()).resolve()
        known = Path((own / "gitdir").read_text("utf-8").strip())
        is_known = own.parent == common / "worktrees" and known.samefile(at)
    except (OSError, ValueError):
        return ()
    return (common,) if is_known else ()
