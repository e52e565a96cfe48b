"""Our command line, asked by the server for the panel: in the workspace and by the interpreter of a run.

What deploys may be installed where the kernel is, and not where the server is;
so the server's own interpreter asks no platform and rolls nothing back. It
starts what a person would type, and reads what that says.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import executor
from ..errors import AutoexecError, RunTimeout, UsageError
from ..history import RUN_ID, Store, new_id

_MOST_BYTES = 4 * 2**20
#: What a platform's own client looks for, by target: a person has it in a terminal, too.
_PASS_ON = {
    "docker": ("DOCKER_*",),
    "kubernetes": ("KUBECONFIG",),
    "aws": ("AWS_*",),
    "gcp": ("GOOGLE_*", "CLOUDSDK_*"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run was: its interpreter and its workspace."""

    interpreter: Path
    workspace: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a verb said: its result, and the records before it, each with its `kind`."""

    result: dict[str, Any]
    records: tuple[dict[str, Any], ...] = ()

    @property
    def fault(self) -> dict[str, str]:
        """What kept it from being done, by `code`, `what`, `why` and `fix`; empty where nothing did."""
        if "error" not in self.result:
            return {}
        names = {"code": "error", "what": "what", "why": "why", "fix": "fix"}
        return {name: str(self.result.get(key, "")) for name, key in names.items()}


def origin_of(store: Store, runs: Iterable[str], service: str) -> Origin:
    """Return where the first of these runs was that is still on record, and whose place is still there.

    Raises
    ------
    UsageError
        There is none.
    """
    for run_id in runs:
        meta = store.meta(run_id) if RUN_ID.fullmatch(run_id) else None
        if meta is None:
            continue
        interpreter, workspace = Path(meta.interpreter), Path(meta.workspace)
        is_there = workspace.is_absolute() and workspace.is_dir()
        if is_there and interpreter.is_absolute() and os.access(interpreter, os.X_OK):
            return Origin(interpreter=interpreter, workspace=workspace)
    raise UsageError(
        f"nobody knows any more where {service} was deployed from",
        why="none of its runs is on record with an interpreter and a workspace that are still there",
        fix=f"%autoexec status {service} in its notebook, or in a terminal in its project",
    )


def answered(store: Store, origin: Origin, words: Sequence[str], *, target: str, timeout: float) -> Answer:
    """Return what a verb says, once it has ended.

    Parameters
    ----------
    words : sequence of str
        The verb and what it takes; `--json` is added.
    target : str
        Where the service is: what its client needs from this environment is passed on.
    timeout : float
        Seconds, greater than 0.

    Raises
    ------
    RunTimeout
        It did not end in time; it was ended.
    AutoexecError
        It cannot be started, or said nothing.
    """
    with _started(store, origin, words, target) as (service, log):
        if not _waited(lambda: not executor.is_service_alive(service), timeout):
            executor.stop_service(service)
            raise RunTimeout(
                f"{words[0]} did not answer within {timeout:g} s",
                fix=f"%autoexec {words[0]} {words[1]} in its notebook, or in a terminal",
            )
        return _said(log, words[0])


def begun(store: Store, origin: Origin, words: Sequence[str], *, target: str, timeout: float) -> str | Answer:
    """Start a verb, and return the id of its run as soon as it has one; it goes on by itself.

    The parameters are as in `answered`. Where it ended without a run, what it
    said is returned in its place.

    Raises
    ------
    AutoexecError
        It cannot be started, or said nothing; or has no run within `timeout` seconds, and was ended.
    """
    before = new_id()
    with _started(store, origin, words, target) as (service, log):
        found: list[str] = []

        def is_known() -> bool:
            is_over = not executor.is_service_alive(service)  # asked first: a run is there before its end
            found.extend(_runs_of(store, service, before))
            return is_over or bool(found)

        if not _waited(is_known, timeout):
            executor.stop_service(service)
            raise RunTimeout(f"{words[0]} did not begin within {timeout:g} s", fix="try it again")
        return found[0] if found else _said(log, words[0])


@contextlib.contextmanager
def _started(
    store: Store, origin: Origin, words: Sequence[str], target: str
) -> Iterator[tuple[executor.Service, Path]]:
    data = store.folder.parent
    folder = data / "cache"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = folder / f"said-{new_id()}"
    try:
        yield (
            executor.start_own(
                origin.interpreter,
                (words[0], "--json", *words[1:]),
                log=log,
                cwd=origin.workspace,
                env={"AUTOEXEC_DATA_DIR": str(data)},
                pass_on=_PASS_ON.get(target, ()),
            ),
            log,
        )
    finally:
        log.unlink(missing_ok=True)  # of what has a run that has it all


def _runs_of(store: Store, service: executor.Service, before: str) -> list[str]:
    """Return the runs whose owner is this very process; ids sort by time."""
    found = []
    for run_id in store.ids():
        if run_id <= before:
            break
        meta = store.meta(run_id)
        if meta and (meta.owner.pid, meta.owner.start_time) == (service.pid, service.start_time):
            found.append(run_id)
    return found


def _said(log: Path, verb: str) -> Answer:
    with log.open("rb") as stream:
        lines = stream.read(_MOST_BYTES).splitlines()
    records: list[dict[str, Any]] = []
    for line in lines:
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict) and isinstance(value.get("kind"), str):
                records.append(value)
    if not records or records[-1]["kind"] != "Result":
        last = lines[-1].decode("utf-8", "replace")[:500] if lines else "it said nothing"
        raise AutoexecError(f"{verb} did not come to an end", why=last, fix=f"%autoexec {verb} in a terminal")
    return Answer(result=records[-1], records=tuple(records[:-1]))


def _waited(is_so: Callable[[], bool], seconds: float) -> bool:
    return executor.wait_for(lambda: True if is_so() else None, timeout=seconds) is not None
