"""Take the last change of this environment back: remove what it added, put back what it replaced.

What is put back is pinned by version and hash: the hash is on the ledger where
we installed it, else the index's wheel of that version is looked into like any
other. It comes from our cache of wheels where it is there, so an undo needs no
network for what we had installed. First everything is put back, which may
fail, in which case nothing is removed; then what was added is removed, by no
program that could be stopped halfway. The undo is on the ledger like the
install was; one that was killed is done again from where it was.
"""

from __future__ import annotations

import contextlib
import importlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import executor
from ..errors import Cancelled, InstallError, PolicyRefused
from ..events import Installed, Progress, Removed
from ..executor.interrupts import noted
from ..values import Question
from . import lock, undo
from .footprint import files_of, footprint, loaded_from, needing, standing
from .halfway import clear
from .known import normal
from .query import Query
from .record import BEGUN, UNDO, UNDO_BEGUN, UNDO_FAILED, closing, environment, ledger
from .sources import Sources
from .tool import Pip, Tool, Toolbox, Uv, reason, uv_path
from .undo_plan import Undo, going_on, last_change, planned
from .wheels import Wheels

COMMAND = "%autoexec install --undo --yes"
LOOK = "%autoexec ledger show says what was installed; change it by name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What an undo did: what it took out and what it put back; nothing where there was nothing."""

    removed: tuple[Removed, ...] = ()
    restored: tuple[Installed, ...] = ()


def undo_last(tools: Toolbox, cache: Path) -> Undone | None:
    """Take the last change of this environment back, after a question.

    Parameters
    ----------
    tools : Toolbox
        Where what was replaced comes from, who watches, who answers.
    cache : Path
        The folder of wheels that were looked into.

    Returns
    -------
    Undone or None
        None: nothing of this environment is on the ledger that was not taken
        back.

    Raises
    ------
    InstallError
        Something else changed since, or what was replaced cannot be had; the
        environment is as before, or the error says what is not.
    LedgerError
        The ledger cannot be read or written; nothing was changed.
    NeedsPerson, PolicyRefused
        Nobody could answer, or a person said no.
    RunTimeout, Cancelled
        As `install` raises them.
    """

    def tell(text: str) -> None:
        tools.emit(Progress(phase="install", text=text))

    with lock.held(hold_seconds=2 * tools.timeout, tell=tell, cancel=tools.cancel):
        return _undo(tools, cache)


def _undo(tools: Toolbox, cache: Path) -> Undone | None:
    book, here = ledger(), environment()
    rows = book.rows()
    if busy := going_on(rows, here["prefix"]):
        raise InstallError("nothing is undone", why=busy, fix="wait until it has ended")
    row = last_change(rows, here["prefix"])
    if row is None:
        return None
    found = planned(row, standing())
    if found.obstacles:
        what = f"the install of {found.when} cannot be undone"
        raise InstallError(what, why="something changed since: " + "; ".join(found.obstacles), fix=LOOK)
    found = _with_hashes(found, tools)
    _agree(found, tools)
    plan = {
        "environment": here,
        "undoes": row.id,
        "removed": [_short(item) for item in found.removed],
        "restored": [dict(item) for item in found.restored],
    }
    kinds = (UNDO_BEGUN, UNDO, UNDO_FAILED)
    with closing(book, kinds, plan, tools, unchanged="nothing was undone") as body:
        done = _carried_out(found, tools, cache)
        for item in body["restored"]:
            item["files"] = footprint(standing()[normal(item["name"])])
    for out in done.removed:
        tools.emit(out)
    for back in done.restored:
        tools.emit(back)
    return done


def _with_hashes(found: Undo, tools: Toolbox) -> Undo:
    """Return the plan with the hash of everything that is put back, from the index where nobody noted it."""
    unknown = {
        normal(item["name"]): Query(distribution=item["name"], specifier=f"=={item['version']}")
        for item in found.restored
        if not item["sha256"]
    }
    answers = tools.look(list(unknown.values())) if unknown else {}
    restored = []
    for item in found.restored:
        query = unknown.get(normal(item["name"]))
        if query is None:
            restored.append(item)
            continue
        answer = answers.get(query)
        chosen = answer.chosen if answer and answer.decision in ("install", "ask") else None
        if chosen is None or not chosen.sha256:
            raise InstallError(
                f"{item['name']} {item['version']}, which was replaced, cannot be put back",
                why="; ".join(answer.evidence) if answer else "nobody looked for its wheel",
                fix=LOOK,
            )
        restored.append({**item, "sha256": chosen.sha256, "index": chosen.index})
    return replace(found, restored=tuple(restored))


def _agree(found: Undo, tools: Toolbox) -> None:
    """Show what would change, and who would lack something, and ask; where nothing would, do not."""
    if not found.removed and not found.restored and found.row.kind != BEGUN:
        return
    back = {normal(item["name"]): item["version"] for item in found.restored}
    gone = {normal(item["name"]) for item in found.removed} - back.keys()
    lines = []
    for what, items in (("removes", found.removed), ("restores", found.restored)):
        names = ", ".join(f"{item['name']} {item['version']}" for item in items)
        lines += [f"{what} {names}"] if names else []
    lines += list(needing(gone, back))
    lines += ["clears away what it left, for it was killed"] if found.row.kind == BEGUN else []
    question = Question(
        text=f"undo the install of {found.when} ?",
        evidence=tuple(lines),
        fix=COMMAND,
    )
    if not tools.ask(question):
        raise PolicyRefused("nothing was undone", why="a person said no")


def _carried_out(found: Undo, tools: Toolbox, cache: Path) -> Undone:
    there = standing()
    names = [normal(item["name"]) for item in found.removed]
    loaded = {name: loaded_from(files_of([there[name]])) for name in names}
    back = {normal(item["name"]) for item in found.restored}
    cancel = tools.cancel or executor.Cancel()
    with noted(cancel):  # a signal is a request: what is taken out is not left half there
        if found.row.kind == BEGUN:
            _clear_halfway(found, cache)
        if found.restored:
            _restore(found, tools, cache, cancel)
        for name in names:
            if name not in back:
                undo.remove(there[name])
        if found.row.kind == BEGUN:  # a record that came with the wheel does not list what was made here
            _clear_halfway(found, cache)
        importlib.invalidate_caches()
    left = [name for name in names if name not in back and name in standing()]
    if left:
        raise InstallError("not all of it is undone", why=f"still there: {', '.join(left)}", fix=COMMAND)
    return Undone(
        removed=tuple(
            Removed(distribution=item["name"], version=item["version"], loaded=loaded[normal(item["name"])])
            for item in found.removed
        ),
        restored=tuple(
            Installed(
                distribution=item["name"],
                version=item["version"],
                sha256=item["sha256"],
                index=item.get("index", ""),
            )
            for item in found.restored
        ),
    )


def _clear_halfway(found: Undo, cache: Path) -> None:
    """Remove what a killed install left without a record, as its wheels in our cache tell."""
    for item in found.row.body.get("added", ()):
        wheel = Wheels(cache).checked(item["sha256"])
        if wheel is not None:
            clear(wheel, item["name"])


def _restore(found: Undo, tools: Toolbox, cache: Path, cancel: executor.Cancel) -> None:
    """Put back what was replaced, all of it or nothing."""
    before = undo.snapshot()
    pins = "".join(
        f"{item['name']}=={item['version']} --hash=sha256:{item['sha256']}\n" for item in found.restored
    )
    versions = {item["name"]: item["version"] for item in found.restored}
    with _from_cache(found.restored, tools.sources, cache) as sources:
        program = uv_path()
        having = replace(tools, sources=sources)
        tool: Tool = Uv(program, having) if program else Pip(having)
        try:
            outcome = tool.apply(pins, cancel, tools.timeout)
        except BaseException:
            undo.take_back(versions, before)
            raise
    if outcome.passed:
        return
    left = undo.take_back(versions, before)
    why = f"not as before: {', '.join(left)}" if left else "nothing was changed"
    if outcome.ended == "cancelled":
        raise Cancelled("the undo was stopped", why=why, fix="%autoexec install --undo")
    said = reason(outcome, tools.sources)
    raise InstallError("what was replaced cannot be put back", why=f"{said}; {why}", fix=LOOK)


@contextlib.contextmanager
def _from_cache(items: Sequence[dict[str, Any]], sources: Sources, cache: Path) -> Iterator[Sources]:
    """Yield sources that have the wheels of `items` which are in our cache; alone, where all of them are."""
    wheels = Wheels(cache)
    kept = {item["sha256"]: path for item in items if (path := wheels.checked(item["sha256"])) is not None}
    if not kept:
        yield sources
        return
    with tempfile.TemporaryDirectory(dir=cache, prefix="undo-") as folder:
        for path in kept.values():
            shutil.copyfile(path, Path(folder) / path.name)
        indexes = () if len(kept) == len(items) else sources.indexes
        yield replace(sources, indexes=indexes, find_links=(folder, *(sources.find_links if indexes else ())))


def _short(item: dict[str, Any]) -> dict[str, Any]:
    return {key: item.get(key, "") for key in ("name", "version", "sha256", "index")}
