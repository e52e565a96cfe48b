"""What a caller asks of a cage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ...errors import UsageError
from ...values import Level
from .limits import Limits

LEVELS: tuple[Level, ...] = ("sealed", "workspace", "open")  # the strongest first
Wanted: TypeAlias = Level | Literal["best"]
Net: TypeAlias = Literal["none", "all"] | tuple[int, ...]

# What git reads of a repository that makes it run something, or sends it to another repository for that.
_GIT = ("hooks", "config", "config.worktree", "commondir", "gitdir", "info/attributes")
#: What governs a run, or what runs outside of any cage later, and so may not be written by a run: patterns as
#: in `Path.glob`, from the workspace. Environments are found by what is in them (`protected`).
PROTECTED = (
    *(f".git/{name}" for name in _GIT),
    *(f".git/modules/*/{name}" for name in _GIT),
    *(
        "pyproject.toml",
        "autoexec.toml",
        "autoexec-quarantine.toml",
        "*.pth",
        "sitecustomize.py",
        "usercustomize.py",
    ),
    *("ipython_config.py", "ipython_kernel_config.py", "jupyter*_config.py", "jupyter*_config.json"),
    *(".venv", "pyvenv.cfg", ".husky", ".envrc", ".github/workflows"),
    *(".vscode/tasks.json", ".vscode/settings.json", ".vscode/launch.json"),
)
#: What of that is put back after a run (`held`): which of its failures count is not its own to say.
HELD = "autoexec-quarantine.toml"
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class CageRequest:
    """What one run may touch.

    Parameters
    ----------
    level : "sealed", "workspace", "open" or "best"
        `best` is the strongest there is.
    workspace : Path
        The project's folder: writable in `workspace`, readable in `sealed`.
    scratch : Path, optional
        What the child has for a home and for temporary files; the cage makes
        (and removes) one by default.
    read, write : tuple of Path
        Places allowed beyond.
    net : "none", "all" or tuple of int
        No network, TCP and UDP, or TCP connections to these ports (and 53, for
        names) at any address.
    unix : bool
        Unix sockets may be opened (multiprocessing's managers, local servers).
    mounts : bool
        Use mounts where they can be had; without them protected files are only
        compared before and after.
    protected : tuple of str
        Patterns of what stays read-only in the workspace.
    limits : Limits, optional
        Time, memory, processes, files; by default `limits.CAGED`, and for
        `open` none.
    """

    level: Wanted
    workspace: Path
    scratch: Path | None = None
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    net: Net = "none"
    unix: bool = False
    mounts: bool = True
    protected: tuple[str, ...] = PROTECTED
    limits: Limits | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.level not in (*LEVELS, "best"):
            raise UsageError(
                f"there is no cage level {self.level!r}", fix=f"one of {', '.join(LEVELS)}, best"
            )
        if isinstance(self.net, str):
            if self.net not in ("none", "all"):
                raise UsageError(f"{self.net!r} is no network", fix='"none", "all" or a tuple of ports')
        elif not all(isinstance(port, int) and 0 < port <= _MAX_PORT for port in self.net):
            raise UsageError(f"{self.net!r} are no ports", fix=f"numbers from 1 to {_MAX_PORT}")
        if self.level != "open" and not self.workspace.is_dir():
            raise UsageError(f"there is no folder {self.workspace} to work in", fix="create it")
