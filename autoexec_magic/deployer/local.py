"""The target `local`: supervised processes on this machine, behind a small proxy; no account, no Docker.

Each release is a folder of its own, with its files, its environment and its
secrets (0600), and a process (or several) on a port of its own. The proxy has the
service's port; to switch is to tell it which release answers. The one that
was live answers in the place of the new one where that fails, until the gate is
passed. Supervisor and proxy are one process for each service (`serving`), which
outlives the notebook, and which is asked what is live.

Needs nothing but this machine: it writes below the data folder and listens on
the loopback address.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ..errors import DeployError, UsageError
from ..events import Emit
from ..history import short_id
from ..releasefacts import Release, TargetKind
from ..values import Level
from . import gatecommand, probing
from .difference import fields_of
from .following import last_lines
from .secretrefs import matching
from .serving.client import Serving
from .serving.instance import Instance, State
from .serving.routes import Share
from .spelled import release_of, spelled
from .target import Live, Unwell

RELEASES = "releases"
SERVING = "serving"
_ABOUT = "release.json"
_SECRETS = "secrets.json"
_RESTARTS = 3  #: after so many it does not get well by waiting
_MOST_FAILED = 0.05  #: of the requests between two looks: some apps answer 500 now and then
_MOST_DRAIN_SECONDS = 3600.0
_KEPT_LOGS = 10  #: of releases that are gone: what was unwell is looked into afterwards
_EVIDENCE = 8  #: lines of its log
OPTIONS: frozenset[str] = frozenset({"drain"})
_DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """How a release is started from its folder: the words, and what a cage has to let it read."""

    argv: tuple[str, ...]
    cwd: Path
    level: Level = "open"
    read: tuple[Path, ...] = ()


#: Puts a release's files into a folder that is empty, and says how they are started.
Prepare = Callable[[Release, Path], Prepared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """One service on this machine.

    Parameters
    ----------
    service : str
        Its name.
    folder : Path
        The service's own folder, private.
    prepare : callable
        Makes a release's folder what it is; called once for each release.
    values : mapping of str to str
        The secrets' values, by name.
    versions : mapping of str to str, optional
        The version of each value; None is not asked.
    counted : dict
        Requests and errors of each release at the last look.
    restarted : dict
        How often each release had been started again at the first look.
    """

    kind: ClassVar[TargetKind] = "local"
    service: str
    folder: Path
    prepare: Prepare
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] | None = None
    counted: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)
    restarted: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def serving(self) -> Serving:
        """Who serves it."""
        return Serving(self.folder / SERVING)

    def live(self) -> Live | None:
        """Return what is live, as the proxy says; a supervisor that was killed is started again first."""
        state = self._state()
        shares = state.routes.shares if state else ()
        if not state or not shares:
            return None
        first = max(shares, key=lambda share: share.percent)
        release = self._about(first.release_id)
        return Live(
            release_id=first.release_id,
            digest=release.digest if release else "",
            fields={**fields_of(release.spec), "port": str(state.port)} if release else {},
            release=release,
            shares=tuple((share.release_id, share.percent) for share in shares),
            changed=self._changed(first.release_id) if release else "its folder is gone",
        )

    def check(self, release: Release) -> None:
        """Refuse what this target cannot do, and another port than the service has."""
        self._check(release)
        self.serving.check_port(release.spec.port, self._state())

    def stage(self, release: Release, emit: Emit) -> Release:
        """Put a release into its folder and start it on ports of its own."""
        self._check(release)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # of one that is there, too: code, logs and secrets are in it
        place = self._place(release.release_id)
        if not (place / _ABOUT).is_file():
            self._furnish(release, place)
        self.serving.ensure(port=release.spec.port)
        self.serving.start(self._instance(release, place))
        return replace(release, place=str(place))

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Let a release answer all requests; the one that did before answers where it fails."""
        before = self.live()
        shared = before.shares if before and release else ()
        was = next((each for each, _ in shared if release and each != release.release_id), "")
        shares = [Share(release_id=release.release_id)] if release else []
        self.serving.route(shares, fallback=was, fence=fence)

    def split(self, release: Release, percent: float, emit: Emit, *, fence: int) -> None:
        """Let a release answer some of the requests."""
        live = self.live()
        if live is None:
            raise DeployError(
                f"nothing of {self.service} is live yet to share traffic with", fix="leave --canary out"
            )
        rest = next((each for each, _ in live.shares if each != release.release_id), "")
        if not rest:
            return
        shares = [
            Share(release_id=release.release_id, percent=percent),
            Share(release_id=rest, percent=100 - percent),
        ]
        self.serving.route(shares, fallback=rest, fence=fence)

    def unwell(self, release: Release) -> Unwell | None:
        """Return why it is not well: its processes, its port, and what the proxy saw of its answers."""
        if (found := self.unwell_aside(release)) is not None:
            return found
        state = self.serving.state()
        seen = state.instance(release.release_id) if state else None
        requests, errors = (seen.requests, seen.errors) if seen else (0, 0)
        before = self.counted.get(release.release_id, (requests, errors))
        self.counted[release.release_id] = (requests, errors)
        if errors - before[1] <= _MOST_FAILED * (requests - before[0]):
            return None
        many = f"{errors - before[1]} of {requests - before[0]} requests since the last look failed"
        return Unwell(why=many, evidence=self._words(release))

    def unwell_aside(self, release: Release) -> Unwell | None:
        """Return why it is not well, on its own ports."""
        if not release.spec.replicas:
            return None
        state = self.serving.state()
        found = state.instance(release.release_id) if state else None
        if state is None or found is None:
            return Unwell(why="it does not run", evidence=self._words(release))
        restarts = max((each.restarts for each in found.replicas), default=0)
        # of one that lives for months only those count that come while it is looked at
        restarts -= self.restarted.setdefault(release.release_id, restarts)
        ended = next((each.last_end for each in found.replicas if each.last_end), "")
        if len(found.ports) < release.spec.replicas or restarts >= _RESTARTS:
            why = f"it ended ({ended})" if ended else "it is not started yet"
            again = f", and was started again {restarts} times" if restarts > 1 else ""
            return Unwell(why=f"{why}{again}", is_final=restarts >= _RESTARTS, evidence=self._words(release))
        for port in found.ports:
            if why := self._asked(release, port):
                return Unwell(why=why, evidence=self._words(release))
        return None

    def _asked(self, release: Release, port: int) -> str:
        """Return why the gate's question is not answered well on a port, "" where it is."""
        gate = release.spec.gate
        if gate.command:
            about = self._started_by(release)
            return gatecommand.asked(
                gate.command,
                cwd=Path(about["cwd"]),
                variables={**dict(release.spec.environment), "PORT": str(port), "HOST": "127.0.0.1"},
                seconds=gate.answer_seconds,
                folders=[Path(about["argv"][0]).parent],
            )
        if gate.path:
            return probing.http(port, gate.path, gate.answer_seconds)
        return probing.tcp(port, gate.answer_seconds)

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """End what is not live, and remove the folders of what is not to be kept."""
        state = self.serving.state()
        if state is not None:
            if live is not None:
                self.serving.route([Share(release_id=live.release_id)], fence=state.fence)
            for each in state.instances:
                if each.replicas and (live is None or each.release_id != live.release_id):
                    self.serving.stop(each.release_id, drain_seconds=self._drain(live))
            if live is None:
                self.serving.end()
        kept = {each.release_id for each in (*keep, *([live] if live else []))}
        for place in sorted((self.folder / RELEASES).glob("*")):
            if place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)
        self._forget_logs(kept)

    def _forget_logs(self, kept: Collection[str]) -> None:
        """Remove the logs of releases that are gone, but for the newest of them."""
        found: dict[str, list[Path]] = {}
        for path in sorted((self.folder / SERVING / "logs").glob("*.log*"), reverse=True):
            found.setdefault(path.name.partition(".log")[0], []).append(path)
        gone = [name for name in found if name not in kept]  # the newest first: ids sort by time
        for name in gone[_KEPT_LOGS:]:
            for path in found[name]:
                path.unlink(missing_ok=True)

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines of its log, and then those that come."""
        return last_lines(self._log(release), lines=lines, follow=follow)

    def address(self) -> str:
        """Return where people reach it."""
        state = self.serving.state()
        return f"http://{state.host}:{state.port}" if state else ""

    def _state(self) -> State | None:
        if (state := self.serving.state()) is not None:
            return state
        if not self._was_serving():
            return None
        self.serving.ensure()
        return self.serving.state()

    def _was_serving(self) -> bool:
        """Whether its supervisor had something to look after when it was there last."""
        try:
            found = json.loads((self.folder / SERVING / "state.json").read_bytes())
            return bool(found["instances"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _place(self, release_id: str) -> Path:
        return self.folder / RELEASES / release_id

    def _log(self, release: Release) -> Path:
        return self.folder / SERVING / "logs" / f"{release.release_id}.log"

    def _words(self, release: Release) -> tuple[str, ...]:
        return tuple(last_lines(self._log(release), lines=_EVIDENCE, follow=False))

    def _about(self, release_id: str) -> Release | None:
        try:
            return release_of(json.loads((self._place(release_id) / _ABOUT).read_bytes())["release"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _started_by(self, release: Release) -> dict[str, Any]:
        """Return how a staged release is started, as it was prepared.

        Raises
        ------
        DeployError
            Its folder is damaged.
        """
        place = self._place(release.release_id)
        try:
            about: dict[str, Any] = json.loads((place / _ABOUT).read_bytes())
        except (OSError, ValueError) as error:
            raise DeployError(
                f"release {short_id(release.release_id)} of {self.service} cannot be started",
                why=f"{place / _ABOUT}: {error}",
                fix=f"deploy it anew: %autoexec deploy {self.service}",
            ) from error
        return about

    def _changed(self, release_id: str) -> str:
        """Return which of a release's code is not as it was staged, "" where all is."""
        place = self._place(release_id)
        try:
            staged = dict(json.loads((place / _ABOUT).read_bytes()).get("code", {}))
        except (OSError, ValueError):
            return f"its {_ABOUT} cannot be read"
        found = [name for name, digest in staged.items() if _digest(place / name) != digest]
        return f"{', '.join(found[:3])} in its folder is not as it was deployed" if found else ""

    def _check(self, release: Release) -> None:
        unknown = [name for name, _ in release.spec.options if name not in OPTIONS]
        if unknown:
            raise UsageError(
                f"local knows no option {unknown[0]!r}", fix=f"one of {', '.join(sorted(OPTIONS))}"
            )
        self._drain(release)
        if release.spec.cpus:
            raise UsageError(
                "local cannot bound processors", fix="leave cpus out, or deploy to docker or kubernetes"
            )

    def _drain(self, live: Release | None) -> float:
        if live is None:
            return 0.0
        text = live.spec.option("drain", str(_DRAIN_SECONDS))
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= _MOST_DRAIN_SECONDS:  # nor is it a NaN
            raise UsageError(f"drain cannot be {text!r}", fix="seconds, 0 to 3600: drain = 10")
        return seconds

    def _furnish(self, release: Release, place: Path) -> None:
        """Make a release's folder, whole at once: what is found there later is all of it."""
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        part.mkdir(mode=0o700, parents=True)
        try:
            values = matching(release.spec.secrets, self.values, self.versions)
            missing = [each.name for each in release.spec.secrets if each.name not in values]
            if missing:
                raise DeployError(
                    f"{short_id(release.release_id)} of {self.service} has no value of {missing[0]} any more",
                    why="its folder, which had that version of the secret, is gone",
                    fix=f"deploy it anew: %autoexec deploy {self.service}",
                )
            prepared = self.prepare(release, part)
            _write(part / _SECRETS, values)
            about = {
                "release": spelled(release),
                "argv": [_in(word, part, place) for word in prepared.argv],
                "cwd": _in(str(prepared.cwd), part, place),
                "level": prepared.level,
                "read": [_in(str(path), part, place) for path in prepared.read],
                "code": _code(part, prepared.cwd),
            }
            _write(part / _ABOUT, about)
            part.rename(place)
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(part)

    def _instance(self, release: Release, place: Path) -> Instance:
        about = self._started_by(release)
        spec = release.spec
        return Instance(
            release_id=release.release_id,
            argv=tuple(about["argv"]),
            cwd=about["cwd"],
            environment=dict(spec.environment),
            secrets_file=str(place / _SECRETS) if spec.secrets else "",
            replicas=spec.replicas,
            level=about["level"],
            read=(str(place), *about["read"]),
            memory_bytes=spec.memory_bytes or None,
            labels={"digest": spec.digest},
        )


def _code(part: Path, folder: Path) -> dict[str, str]:
    """Return the digests of the code in a folder, by its path from the release's."""
    return {str(path.relative_to(part)): _digest(path) for path in sorted(folder.rglob("*.py"))}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _in(text: str, part: Path, place: Path) -> str:
    """Return a path below the unfinished folder as it is once that has its name."""
    return text.replace(str(part), str(place))


def _write(path: Path, value: object) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(json.dumps(value).encode())
        stream.flush()
        os.fsync(stream.fileno())
