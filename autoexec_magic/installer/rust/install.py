"""Add exactly the crates that were proved to a project, or leave its files byte for byte as they were.

cargo cannot say what an addition would do without doing it. So it is done, the
project is resolved, and `Cargo.toml` and `Cargo.lock` are put back at once;
only then is a person asked about what else comes along, and it is done again.
What it resolves to the second time is what was agreed to, or all is put back.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ... import executor
from ...errors import Cancelled, InstallError, PolicyRefused
from ...events import Installed, Progress
from ...executor.interrupts import noted
from ...values import Question
from .. import lock
from ..record import recording_in
from . import cargo
from .cargo import Resolved, Toolbox
from .crate import Crate, checked, crate_named
from .project import read_toml

Agreed = frozenset[tuple[str, str]]


def install(wanted: Sequence[Crate], tools: Toolbox) -> list[Installed]:
    """Add `wanted`, which are proved, to the manifest.

    Returns
    -------
    list of Installed
        Everything that the project resolves to now and did not before.

    Raises
    ------
    InstallError
        It cannot be added; both files are as before, or the error says which
        is not.
    NeedsPerson, PolicyRefused
        What comes along runs code when it is built, and nobody said yes.
    RunTimeout, Cancelled, MissingTool
        The time was up, a person stopped it, or cargo is not there.
    """
    root = tools.project.root
    with lock.held(hold_seconds=3 * tools.timeout, tell=_tell(tools), cancel=tools.cancel, folder=root):
        return _install(wanted, tools)


def _tell(tools: Toolbox) -> Callable[[str], None]:
    return lambda text: tools.emit(Progress(phase="install", text=text))


def _install(wanted: Sequence[Crate], tools: Toolbox) -> list[Installed]:
    cancel = tools.cancel or executor.Cancel()
    with noted(cancel), _put_back(tools, always=True):
        before = _before(tools, cancel)
        planned = _carried_out(wanted, tools, cancel)
    added = [each for each in planned if (each.name, each.version) not in before]
    crates = _looked(added, wanted, tools)
    _agree(added, wanted, tools)
    if cancel.is_set():
        raise Cancelled("the install was stopped", why="nothing was changed")
    installed = [
        Installed(distribution=each.name, version=each.version, sha256=each.digest, index=tools.source.shown)
        for each in crates
    ]
    record = recording_in(tools.project.root, "rust", installed, tools)
    with noted(cancel), record, _put_back(tools, always=False):
        after = {(each.name, each.version) for each in _carried_out(wanted, tools, cancel)}
        strange = after - before - {(each.name, each.version) for each in added}
        if strange:
            raise InstallError(
                "cargo resolves to something else than before, and nothing was changed",
                why=", ".join(f"{name} {version}" for name, version in sorted(strange)),
                fix="try again",
            )
        _compare(crates, tools)
    for item in installed:
        tools.emit(item)
    return installed


def _carried_out(wanted: Sequence[Crate], tools: Toolbox, cancel: executor.Cancel) -> list[Resolved]:
    cargo.add([f"{each.name}@{each.version}" for each in wanted], tools, cancel)
    found = cargo.resolved(tools, cancel)
    for crate in wanted:
        versions = sorted({each.version for each in found if each.name == crate.name})
        if crate.version not in versions:
            # A directory source cannot be held at a version by the lock (`cargo update --precise`).
            raise InstallError(
                f"{crate.name} {crate.version} was proved, and nothing was changed",
                why=f"cargo would take {', '.join(versions)}",
                fix=f"cargo add {crate.name}@={crate.version}",
            )
    return found


def _looked(added: Sequence[Resolved], wanted: Sequence[Crate], tools: Toolbox) -> list[Crate]:
    """Return the crates behind what is added, each looked into; a fault in any refuses the whole."""
    proved = {(each.name, each.version): each for each in wanted}
    crates = []
    for each in added:
        crate = proved.get((each.name, each.version))
        if crate is None and tools.source.folder is not None:
            found = crate_named(each.name, tools.source.folder, each.version)
            crate = checked(found, tools.blocked) if found else None
        if crate is None or crate.faults:
            raise InstallError(
                f"cannot add {each.name} {each.version}, and nothing was changed",
                why="; ".join(crate.faults) if crate else "it is not in the directory that was looked into",
                fix=f"leave out what needs {each.name}",
            )
        crates.append(crate)
    return crates


def _agree(added: Sequence[Resolved], wanted: Sequence[Crate], tools: Toolbox) -> None:
    """Ask about what comes along and runs code when it is built; what was chosen was asked before."""
    chosen = {(each.name, each.version) for each in wanted}
    doubts = [
        f"{each.name} {each.version} runs code when it is built: {', '.join(each.runs)}"
        for each in added
        if each.runs and (each.name, each.version) not in chosen
    ]
    if not doubts:
        return
    names = " ".join(each.name for each in wanted)
    question = Question(
        text=f"add {names} with what it needs ?",
        evidence=(*doubts, *(f"adds {each.name} {each.version}" for each in added)),
        fix=f"cargo add {' '.join(f'{each.name}@{each.version}' for each in wanted)}",
    )
    if not tools.ask(question):
        raise PolicyRefused(f"not added: {names}", why="; ".join(doubts))


def _before(tools: Toolbox, cancel: executor.Cancel) -> Agreed:
    """Return what the project resolves to now; what its lock has, where it does not resolve."""
    try:
        return frozenset((each.name, each.version) for each in cargo.resolved(tools, cancel))
    except InstallError:
        listed = read_toml(tools.project.root / "Cargo.lock").get("package", [])
        return frozenset((str(each.get("name")), str(each.get("version"))) for each in listed)


def _compare(crates: Sequence[Crate], tools: Toolbox) -> None:
    """Raise where the lock has another digest of a crate than was proved."""
    listed = read_toml(tools.project.root / "Cargo.lock").get("package", [])
    digests = {(each.get("name"), each.get("version")): each.get("checksum", "") for each in listed}
    for crate in crates:
        if digests.get((crate.name, crate.version)) != crate.digest:
            raise InstallError(
                f"cargo took another {crate.name} {crate.version} than was proved, and nothing was changed",
                why="the lock has another digest of it",
                fix="cargo vendor",
            )


@contextlib.contextmanager
def _put_back(tools: Toolbox, *, always: bool) -> Iterator[None]:
    """Put the manifest and the lock back as they were, after a failure or always."""
    files = dict.fromkeys(
        (tools.manifest, tools.project.root / "Cargo.toml", tools.project.root / "Cargo.lock")
    )
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    is_done = False
    try:
        yield
        is_done = True
    finally:
        if always or not is_done:
            for path, content in before.items():
                _put(path, content)


def _put(path: Path, content: bytes | None) -> None:
    """Write a file as it was, in one step, unless it is so already."""
    if content is None:
        path.unlink(missing_ok=True)
        return
    if path.is_file() and path.read_bytes() == content:
        return
    mode = path.stat().st_mode if path.exists() else 0o644
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(part).chmod(mode)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
