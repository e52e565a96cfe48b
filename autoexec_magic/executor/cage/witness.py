"""What a cage really keeps out: every door tried inside it, and by an uncaged twin.

"Has a sandbox" is not "is in a sandbox". So each kind of write, read, network
door and kernel door is tried in the cage and must fail, and is tried without a
cage in an equal place and must succeed: a door that is shut for everybody on
this machine proves nothing and is listed as not testable.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import CageError
from ...values import Level
from . import scratch
from .levels import Cage, build
from .request import CageRequest, Wanted

_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What was tried, and what came of it; each door by its name.

    Parameters
    ----------
    level, mechanism : str
        The cage that was tried.
    held : tuple of str
        Shut in the cage, open to the twin.
    open : tuple of str
        Open in the cage.
    not_testable : tuple of str
        Shut to the twin, too.
    """

    level: Level
    mechanism: str
    held: tuple[str, ...]
    open: tuple[str, ...]
    not_testable: tuple[str, ...]

    @property
    def tried(self) -> int:
        """How many doors were tried."""
        return len(self.held) + len(self.open) + len(self.not_testable)


def witness(level: Wanted, *, mounts: bool = True, unix: bool = False) -> Witness:
    """Try every door in a cage of `level` and outside, and return what held.

    Raises
    ------
    CageError
        The level cannot be had, or nothing could be tried in it.
    """
    with _arena() as (workspace, arena):
        # Not for bubblewrap: it makes the folders on the way there in a /tmp that is the child's own.
        readable = (Path(str(arena["outside"]), "readable"),) if level == "workspace" else ()
        request = CageRequest(level=level, workspace=workspace, read=readable, mounts=mounts, unix=unix)
        with build(request) as cage:
            caged = _try(cage, workspace, arena)
            found_level, mechanism = cage.level, cage.mechanism
    with _arena() as (workspace, arena), build(CageRequest(level="open", workspace=workspace)) as free:
        twin = _try(free, workspace, arena)
    return Witness(
        level=found_level,
        mechanism=mechanism,
        held=tuple(name for name in caged if caged[name] != "open" and twin[name] == "open"),
        open=tuple(name for name in caged if caged[name] == "open"),
        not_testable=tuple(name for name in caged if caged[name] != "open" and twin[name] != "open"),
    )


def _try(cage: Cage, workspace: Path, arena: dict[str, object]) -> dict[str, str]:
    """Run the probe in a cage and return its answers."""
    from .. import process  # which starts what is in a cage, and so imports this package

    environment = {"PATH": os.defpath}
    request = process.Request(
        stages=(process.Stage(argv=(sys.executable, "-I", "-S", "-", json.dumps(arena)), env=environment),),
        cwd=workspace,
        run_id=f"witness-{secrets.token_hex(8)}",
        cage=cage,
        stdin=Path(__file__).with_name("probe.py").read_bytes(),
        timeout=_SECONDS,
        is_raw=True,
    )
    outcome = process.stream(request, on_text=lambda *_: None, on_cut=lambda *_: None, on_spawn=cage.limit)
    try:
        answers: dict[str, str] = json.loads(outcome.stdout)
    except ValueError as error:
        why = outcome.stderr.strip().splitlines()[-1:] or [f"the probe ended with {outcome.returncode}"]
        raise CageError(f"the cage {cage.level!r} could not be witnessed", why=why[0]) from error
    return answers


@contextlib.contextmanager
def _arena() -> Iterator[tuple[Path, dict[str, object]]]:
    """Make a workspace, what lies outside it, and listeners; remove all of it."""
    root = Path(tempfile.mkdtemp(prefix="autoexec-witness-")).resolve()
    workspace, outside = root / "workspace", root / "outside"
    try:
        _fill(workspace, outside)
        with contextlib.ExitStack() as stack:
            yield (
                workspace,
                {
                    "workspace": str(workspace),
                    "outside": str(outside),
                    "parent": os.getpid(),
                    **_listeners(stack, outside),
                },
            )
    finally:
        scratch.remove(root)


def _fill(workspace: Path, outside: Path) -> None:
    for folder in (".git/hooks", ".venv"):
        (workspace / folder).mkdir(parents=True)
    for name in (".git/config", "pyproject.toml", "comer", "linked", "replacement"):
        (workspace / name).write_text("x", encoding="ascii")
    (workspace / "way-out").symlink_to(outside / "file")
    for folder in ("folder", "home/.ssh", "runtime", "readable"):
        (outside / folder).mkdir(parents=True)
    (outside / "pointer").symlink_to("file")
    names = (
        "file",
        "leaver",
        "renamed",
        "removed",
        "secret",
        "readable/file",
        "home/.ssh/id_ed25519",
        "runtime/kernel-1.json",
    )
    for name in names:
        (outside / name).write_text("secret", encoding="ascii")
        (outside / name).chmod(0o600)


def _listeners(stack: contextlib.ExitStack, outside: Path) -> dict[str, object]:
    """Open a socket of each kind, to be closed with `stack`; return where they are."""
    abstract = f"autoexec-{secrets.token_hex(8)}"
    kinds: dict[str, tuple[int, int, object]] = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM, str(outside / "socket")),
        "unix-datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, str(outside / "datagrams")),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{abstract}"),
    }
    found: dict[str, object] = {}
    for name, (family, kind, address) in kinds.items():
        end = stack.enter_context(socket.socket(family, kind))
        end.bind(address)  # type: ignore[arg-type]
        if kind == socket.SOCK_STREAM:
            end.listen(16)
        found[name] = end.getsockname()[1] if family == socket.AF_INET else address
    return found | {"abstract": abstract}
