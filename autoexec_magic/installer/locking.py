"""Which distributions of this environment some modules come from, what those need, and the hashes to lock.

Versions are those that are installed here; hashes are those that the index
states for every file of such a release (`uv pip compile`), so that the same
lock serves another platform. What no index has (a project that is worked on in
place, a distribution of the operating system) cannot be locked, and is named.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlsplit, urlunsplit

from .. import executor
from ..errors import Cancelled, InstallError, RunTimeout
from ..events import Event, Output
from .decide import CHECK_INDEX
from .known import normal, upwards
from .notebook_lock import Lock, Locked, locked
from .sources import for_uv, without_credentials
from .tool import Toolbox, reason, uv_path

LOOK_SECONDS = 60.0
ANSWER_SECONDS = 5  #: for each answer of the index
_NOT_LOCKED = "is not locked, and --sync cannot bring it"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\]+)")
_DIGEST = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_UNSATISFIED = 1  # uv's exit code where the index answered, and has no such release; 2 is any other failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A lock, and a sentence for each distribution that is not in it."""

    lock: Lock
    left_out: tuple[str, ...] = ()


def owners(modules: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return which installed distributions each module comes from, by normal name, often one."""
    wanted = list(dict.fromkeys(modules))
    if not wanted:
        return {}
    files = _holders({name.partition(".")[0] for name in wanted})
    found = {}
    for name in wanted:
        near = next((files[each] for each in upwards(name) if files.get(each)), set())
        found[name] = tuple(sorted(near))
    return found


def closure(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of installed distributions and of all that they need here, by normal name."""
    from packaging.requirements import InvalidRequirement, Requirement

    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(normal(name), "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = _plain_version(distribution.version)
        for text in distribution.requires or ():
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(normal(requirement.name), each) for each in ("", *sorted(requirement.extras))]
    return found


def make(direct: Iterable[str], tools: Toolbox, old: Lock | None, proved: Mapping[str, str]) -> Made:
    """Return the lock of what is installed here of `direct` and of all that they need.

    Parameters
    ----------
    direct : iterable of str
        Names of installed distributions.
    tools : Toolbox
        Where from, and who watches.
    old : Lock or None
        The lock that is there: what it says of the same version is kept.
    proved : mapping of str to str
        The digests, by normal name, of the wheels that were just installed;
        each is in its row, or there is no lock.

    Raises
    ------
    InstallError, RunTimeout, Cancelled
        The index did not answer.
    """
    versions = closure(direct)
    kept = {row.name: row for row in old.packages} if old else {}
    rows, asked, left_out = [], {}, []
    for name, version in versions.items():
        row = kept.get(name)
        if row and row.version == version and proved.get(name, row.hashes[0]) in row.hashes:
            rows.append(row)
        elif is_in_place(name):
            left_out.append(f"{name} {version} {_NOT_LOCKED}: it was not installed from an index")
        else:
            asked[name] = version
    answers = _hashes(asked, tools)
    for name, version in asked.items():
        digests = {*answers.get(name, ()), *([proved[name]] if name in proved else [])}
        if digests:
            rows.append(Locked(name=name, version=version, hashes=tuple(sorted(digests))))
        else:
            left_out.append(f"{name} {version} {_NOT_LOCKED}: the index has no such release")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    indexes = old.indexes if old and not asked else tuple(map(shown_index, tools.sources.indexes))
    return Made(lock=locked(python, rows, direct, indexes), left_out=tuple(sorted(left_out)))


def shown_index(url: str) -> str:
    """Return an index's address as it may stand in a file that is handed on."""
    try:
        return urlunsplit(urlsplit(without_credentials(url))._replace(query="", fragment=""))
    except ValueError:
        return ""


def is_in_place(name: str) -> bool:
    """Whether a distribution came from a folder, a file or a repository (PEP 610)."""
    try:
        return metadata.distribution(name).read_text("direct_url.json") is not None
    except metadata.PackageNotFoundError:
        return True


def _plain_version(text: str) -> str:
    """Return a version as PEP 440 writes it."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(text))
    except InvalidVersion:
        return text


def _holders(tops: set[str]) -> dict[str, set[str]]:
    """Return, for each module at or below `tops`, the distributions that have a file of it."""
    found: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = normal(distribution.name or "")
        files = distribution.files or ()
        for file in files:
            if file.parts[0].partition(".")[0] not in tops or file.suffix not in (
                ".py",
                ".so",
                ".pyd",
                ".pyi",
            ):
                continue
            stem = file.name.partition(".")[0]
            parts = (*file.parts[:-1], *(() if stem == "__init__" else (stem,)))
            found.setdefault(".".join(parts), set()).add(name)
            if len(parts) == 1 or stem == "__init__":
                continue
            found.setdefault(".".join(parts[:-1]), set()).add(name)
        if not files:  # of the operating system: no list of files
            for top in (distribution.read_text("top_level.txt") or "").split():
                if top in tops:
                    found.setdefault(top, set()).add(name)
    return found


def _hashes(versions: Mapping[str, str], tools: Toolbox) -> dict[str, set[str]]:
    """Return what the index says of the files of each release; a name that it lacks is left out."""
    program = uv_path()
    if not versions or program is None:
        return {}
    pins = [f"{name}=={version}" for name, version in versions.items()]
    said = _compiled(str(program), pins, tools)
    if said is not None:
        return said
    if len(pins) == 1:
        return {}
    # One of them is not there: halves find out which, in few calls.
    names = list(versions)
    middle = len(names) // 2
    first = _hashes({name: versions[name] for name in names[:middle]}, tools)
    return first | _hashes({name: versions[name] for name in names[middle:]}, tools)


def _compiled(program: str, pins: Sequence[str], tools: Toolbox) -> dict[str, set[str]] | None:
    """Return the digests of each release by its name; None where one of them is not on the index."""
    chunks: list[str] = []

    def collect(event: Event) -> None:
        if isinstance(event, Output) and event.stream == "stdout":
            chunks.append(event.text)

    flags = ["--generate-hashes", "--no-deps", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    flags += ["--quiet", "--color", "never", "--python", sys.executable]
    if not tools.sources.indexes:
        flags.append("--no-index")
    variables = {"UV_HTTP_TIMEOUT": str(ANSWER_SECONDS), "UV_HTTP_RETRIES": "0"}
    outcome = executor.run(
        [program, "pip", "compile", *flags, "-"],
        emit=collect,
        phase="install",
        env={**for_uv(tools.sources), **variables},
        pass_on=("UV_CACHE_DIR", "NETRC"),
        stdin="".join(f"{pin}\n" for pin in pins),
        timeout=LOOK_SECONDS,
        cancel=tools.cancel,
        policy=executor.policy.exactly(program),
        run_id=tools.run_id,
        raw=True,
    )
    if outcome.ended == "cancelled":
        raise Cancelled("locking was stopped", why="nothing was written")
    if outcome.ended == "timed-out":
        raise RunTimeout(
            f"locking took longer than {LOOK_SECONDS:g} s", why="nothing was written", fix="%autoexec config"
        )
    if outcome.ended == "exited" and outcome.returncode == _UNSATISFIED:
        return None
    if not outcome.passed:
        why = reason(outcome, tools.sources)
        raise InstallError("cannot lock, and nothing was written", why=why, fix=CHECK_INDEX)
    return _digests("".join(chunks))


def _digests(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        pin = _PIN.match(entry)
        if pin:
            found[normal(pin[1])] = set(_DIGEST.findall(entry))
    return found
