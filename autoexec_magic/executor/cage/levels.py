"""The levels, what provides each here, and the cage that is built of it.

The *level* is what a person asks for, the *mechanism* what provides it. A
level that cannot be had is an error that says what to install; `best` takes
the strongest there is, and says which.
"""

from __future__ import annotations

import contextlib
import functools
import platform
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ...errors import AutoexecError, CageError
from ...values import Denial, Level
from ..identity import ProcessId
from . import bubblewrap, cgroup, held, kernel, landlock, limits, protected, scratch, thread
from .explain import Answer, explain, explain_failure
from .request import HELD, LEVELS, CageRequest, Wanted
from .rules import Rule, rules
from .walls import Walls
from .wrap import Wrap

T = TypeVar("T")

_TRY_SECONDS = 10.0


class Cage:
    """The level in force and what provides it; made by `build`, closed by its user.

    Parameters
    ----------
    level : Level
        As in force.
    mechanism : str
        What provides it, for people: "landlock+seccomp+mounts", "bubblewrap",
        "limits".
    request : CageRequest
        What was asked for.
    rules : tuple of Rule
        What the child may use; empty for `open`, which restricts nothing.
    folder : Path, optional
        The scratch folder.
    """

    def __init__(
        self,
        *,
        level: Level,
        mechanism: str,
        request: CageRequest,
        rules: tuple[Rule, ...] = (),
        folder: Path | None = None,
        walls: Walls | None = None,
        wrap: Wrap | None = None,
    ) -> None:
        self.level = level
        self.mechanism = mechanism
        self.request = request
        self.rules = rules
        self.scratch = folder
        self._walls = walls
        self._wrap = wrap
        self._limits = request.limits or (limits.Limits() if level == "open" else limits.CAGED)
        self._group = cgroup.make(self._limits)
        self._is_in_group = False
        self._scratch_identity = scratch.identity(folder) if folder else (-1, -1, -1)
        self._furnished: scratch.Furnished | None = None

    def argv(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return what to start instead of `argv`; for one start, with `pass_fds`."""
        return (*self._wrap.prefix(), *argv) if self._wrap else tuple(argv)

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """The descriptors that what `argv` returned last has to inherit."""
        return self._wrap.descriptors if self._wrap else ()

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return what the child gets instead of the allow-listed `env`."""
        if self.scratch is None:
            return dict(env)
        over_tcp = isinstance(self.request.net, tuple)
        return scratch.environment(env, self.scratch, names_over_tcp=over_tcp)

    def spawn(self, start: Callable[[], T]) -> T:
        """Call `start`, which starts a child and returns it, in the cage."""
        if self._walls is None and (self._group is None or self._wrap is not None):
            return start()  # not on a thread: bubblewrap dies with the one that started it
        if self._walls is not None:
            self._walls.prepare()
        ways_out: list[int] = []

        def enter() -> None:
            if self._group is not None:  # first: it is out of reach from inside
                ways_out.extend(self._group.join())
            self._is_in_group = bool(ways_out)
            if self._walls is not None:
                self._walls.enter()

        def leave() -> None:
            if self._group is not None:
                self._group.leave(ways_out)

        return thread.spawn(enter, start, leave)

    def limit(self, process: ProcessId) -> None:
        """Limit what a process that was just spawned, and what it starts, may use."""
        if self._group is not None and not self._is_in_group:
            self._group.add(process.pid)
        limits.limit(process, self._limits, grouped=self._group.controllers if self._group else ())

    @property
    def limits(self) -> limits.Limits:
        """What a run may use in here."""
        return self._limits

    def refused(self) -> dict[str, int]:
        """Return what the control group refused since this was asked last, as `cgroup.Group.refused` has it.

        A controller that is not in it counts nothing here: each process was limited by itself.
        """
        return self._group.refused() if self._group is not None else {}

    def explain(self, path: Path, *, write: bool) -> Answer:
        """Return who denies a path: "cage", "protected", or "ordinary" (the cage does not)."""
        return explain(path, write=write, rules=self.rules, shut=self._shut())

    def explain_failure(self, text: str, *, folder: Path | None = None, source: str = "") -> Denial | None:
        """Return the denial that a child's error output tells of, or None if it was none of the cage's.

        `folder` is where relative paths begin, the workspace by default, and
        `source` the code that it ran, if it is known.
        """
        return explain_failure(
            text,
            folder=folder or self.request.workspace,
            rules=self.rules,
            shut=self._shut(),
            net=self.request.net,
            has_unix=self.request.unix,
            home=self.scratch / scratch.HOME if self.scratch else None,
            source=source,
        )

    def watch(self) -> protected.Marks:
        """Return what tells later whether a protected file was changed; `voided` takes it."""
        if self.level != "workspace":
            return {}
        return protected.marks(self._workspace, self.request.protected, whole=not self._is_read_only)

    def voided(self, before: protected.Marks) -> tuple[Path, ...]:
        """Return the protected paths that are not what they were at `watch`: nobody may trust them."""
        found = protected.changed(before, self.watch())
        return tuple(path for path in found if path.name != HELD or not held.is_as_held(path))

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Put back, when the block is left, what no run may leave changed; CageError if it cannot be."""
        with contextlib.ExitStack() as stack:
            if self.level == "workspace" and HELD in self.request.protected:
                stack.enter_context(held.held(self._workspace / HELD))
            yield

    def left(self) -> tuple[str, ...]:
        """Return the first few files below the child's home that go with the cage, relative to it."""
        if self.scratch is None or self.request.scratch is not None:
            return ()
        return scratch.left(self.scratch)

    @property
    def _workspace(self) -> Path:
        return self.request.workspace.resolve()

    @property
    def _is_read_only(self) -> bool:
        return self._walls is not None and self._walls.has_mounts

    def _shut(self) -> tuple[str, ...]:
        """Return the protected paths, where they cannot be written."""
        if not self._is_read_only:
            return ()
        return protected.found(self._workspace, self.request.protected)

    def is_deserted(self) -> bool:
        """Whether certainly nothing of the run is alive: its group, which none of it can leave, is empty."""
        return self._is_in_group and self._group is not None and self._group.is_empty()

    def empty(self) -> bool:
        """Remove what a run left, so that another one may have the cage; return whether all is gone."""
        if self.scratch is None or self._wrap is not None:
            return False
        if self._group is not None and not self._group.is_settled():
            return False
        try:
            # Few runs write below their home: to look costs a tenth of what it costs to make it anew.
            if self._furnished is None or not scratch.is_furnished(self.scratch, self._furnished):
                scratch.empty(self.scratch, self._scratch_identity)
                scratch.furnish(self.scratch, self.request.workspace)
                self._furnished = scratch.furnished(self.scratch, self.request.workspace)
            if self._walls is not None:
                self._walls.empty()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Remove what the cage made; a second time does nothing."""
        for part in (self._walls, self._wrap, self._group):
            if part is not None:
                part.close()
        if self.scratch is not None and self.request.scratch is None:
            with contextlib.suppress(FileNotFoundError):
                scratch.remove(self.scratch)

    def __enter__(self) -> Cage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build(request: CageRequest | Wanted) -> Cage:
    """Return a cage of the level asked for; a name alone means the current folder.

    Raises
    ------
    UsageError
        There is no such level.
    CageError
        The level cannot be had here, or not of these places.
    """
    if not isinstance(request, CageRequest):
        request = CageRequest(level=request, workspace=Path.cwd())
    if request.level != "best":
        return _BUILD[request.level](request)
    for level in LEVELS:
        with contextlib.suppress(CageError):
            return _BUILD[level](replace(request, level=level))
    raise AutoexecError("there is not even a cage of level open")


def available(level: Level) -> None:
    """Do nothing if `level` can be had here.

    Raises
    ------
    CageError
        It cannot; with what to install.
    """
    if level == "sealed":
        program = bubblewrap.find()
        _require_system_calls(level)
        _require_bubblewrap(program)
    elif level == "workspace":
        _require_landlock()


def _sealed(request: CageRequest) -> Cage:
    if request.net not in ("none", ()):
        raise CageError(
            "the cage 'sealed' has no network",
            why=f"net {request.net!r} was asked for",
            fix="--cage workspace",
        )
    program = bubblewrap.find()
    _require_system_calls("sealed")
    with _furnished(request) as (folder, allowed):
        wrap = Wrap(program, request, allowed, temporary=folder / scratch.TEMPORARY)
        _require_bubblewrap(program)
        return Cage(
            level="sealed",
            mechanism="bubblewrap+seccomp",
            request=request,
            rules=allowed,
            folder=folder,
            wrap=wrap,
        )


def _workspace(request: CageRequest) -> Cage:
    _require_landlock()
    with _furnished(request) as (folder, allowed):
        walls = Walls(request, allowed)
        return Cage(
            level="workspace",
            mechanism=walls.mechanism,
            request=request,
            rules=allowed,
            folder=folder,
            walls=walls,
        )


@contextlib.contextmanager
def _furnished(request: CageRequest) -> Iterator[tuple[Path, tuple[Rule, ...]]]:
    """Give a furnished scratch folder and the rules; remove it again if the cage is not made."""
    folder = (request.scratch or scratch.make()).resolve()
    try:
        scratch.furnish(folder, request.workspace)
        yield (
            folder,
            rules(
                workspace=request.workspace,
                scratch=folder,
                read=request.read,
                write=request.write,
                may_write_workspace=request.level == "workspace",
            ),
        )
    except BaseException:
        if request.scratch is None:
            scratch.remove(folder)
        raise


def _open(request: CageRequest) -> Cage:
    return Cage(level="open", mechanism="limits", request=request)


_BUILD: dict[Level, Callable[[CageRequest], Cage]] = {
    "sealed": _sealed,
    "workspace": _workspace,
    "open": _open,
}


def _require_system_calls(level: Level) -> None:
    if kernel.column() is None:
        here = f"{sys.platform} on {platform.machine()}"
        raise CageError(
            f"the cage {level!r} cannot be had",
            why=f"cages need Linux on x86_64 or aarch64, this is {here}",
            fix="--cage open, if you trust what runs",
        )


def _require_landlock() -> None:
    _require_system_calls("workspace")
    found = landlock.abi()
    if found < landlock.NEEDED_ABI:
        why = f"Landlock ABI {found}" if found else "no Landlock"
        raise CageError(
            "the cage 'workspace' cannot be had",
            why=f"this kernel ({platform.release()}) has {why}; ABI {landlock.NEEDED_ABI} is needed",
            fix="Linux 6.12 or newer, with landlock among its security modules (boot with lsm=landlock,…);"
            " --cage sealed; or --cage open, if you trust what runs",
        )


@functools.cache
def _require_bubblewrap(program: Path) -> None:
    """Start bwrap once: where user namespaces are forbidden, it is there and makes no cage."""
    from .. import process  # which starts what is in a cage, and so imports this module

    argv = (
        str(program),
        "--unshare-user",
        "--unshare-pid",
        "--unshare-net",
        "--ro-bind",
        "/",
        "/",
        "--",
        "/bin/true",
    )
    request = process.Request(
        stages=(process.Stage(argv=argv, env={}),),
        cwd=Path("/"),
        run_id=f"bubblewrap-{secrets.token_hex(8)}",
        timeout=_TRY_SECONDS,
        grace=0.0,
    )
    outcome = process.stream(request, on_text=lambda *_: None, on_cut=lambda *_: None)
    if outcome.returncode != 0:
        raise CageError(
            "the cage 'sealed' cannot be had",
            why=outcome.stderr.strip() or f"{program} ended with {outcome.returncode}",
            fix="allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone,"
            " kernel.apparmor_restrict_unprivileged_userns); or --cage workspace",
        )
