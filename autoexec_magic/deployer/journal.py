"""What a deploy intends, does and comes to, on the ledger; the same rows are its lock.

An attempt is opened by a row with all of the release and its owner, before
anything is touched. Each step has a row before and one after it, so whoever comes
after a crash knows what may be half done. While an attempt of a service is open
and its owner lives, no other may begin: of two that are opened at once the
lower row has it. An attempt's fence is the time, in milliseconds: it grows from
each to the next, also where the other one was made by another machine with a
ledger of its own, for a platform that both deploy to.

An owner that is dead is proved dead (host, pid, start time) and its turn is
over at once. A person may break a lock that is held, with a reason; whoever
held it finds the row before its next step, and touches nothing more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from .. import executor
from ..chain import Head, Row
from ..errors import DeployError, LedgerError, ServiceLocked, UsageError
from ..events import Emit, Recorded
from ..history import host, new_id, now_ms
from ..ledger import Ledger
from ..redact import mask
from ..releasefacts import DeployCode, Deployed, Release
from . import projects
from .attempts import Open, Owner, opened, release_in, stepped
from .difference import changes_of, fields_of
from .shift import AT_ONCE, Shift
from .spelled import spelled

ROW = "deploy"
_SETTLED = ("deployed", "rolled-back", "cancelled", "withdrawn")  #: ends after which it is known what is live
_CODES: tuple[DeployCode, ...] = get_args(DeployCode)
_log = logging.getLogger(__name__)


class LockLost(ServiceLocked):
    """Somebody broke the lock of this deploy: it must not touch anything any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The deploys of one service to one target, on the ledger.

    `project` tells the services of one project from those of another that have
    the same names; it is a digest, and names no folder. `folder` is where that lies: once it is
    gone, its services are whoever's comes next. `secrets` are values that
    no reason that is written down may show.
    """

    ledger: Ledger
    service: str
    target: str
    project: str = ""
    folder: str = ""
    run_id: str = ""
    emit: Emit = field(default=lambda event: None)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    _read: list[Row] = field(default_factory=list, init=False, repr=False, compare=False)

    def ended(self) -> list[Deployed]:
        """Return how the releases fared, the newest first."""
        found, releases = [], {}
        for row in reversed(self._rows()):
            body = row.body
            if body["what"] == "begun" and (release := release_in(body.get("release"))):
                releases[body["attempt"]] = release
            elif body["what"] == "ended" and body["attempt"] in releases and body.get("code") in _CODES:
                found.append(
                    Deployed(
                        release=releases[body["attempt"]],
                        code=body["code"],
                        is_good=body.get("is_good") is True,
                        why=str(body.get("why", "")),
                        run_id=row.run_id,
                        at=row.at,
                    )
                )
        return found[::-1]

    def authors(self) -> dict[str, str]:
        """Return who deployed each release last, by its id; "" where the machine knew no name."""
        begun = (row.body for row in reversed(self._rows()) if row.body["what"] == "begun")
        return {
            release.release_id: str(body.get("by", ""))
            for body in begun
            if (release := release_in(body.get("release")))
        }

    def known(self, release_id: str) -> Release | None:
        """Return a release of this service by its id, as its newest row has it."""
        rows = (release_in(row.body.get("release")) for row in self._rows() if row.body["what"] == "begun")
        return next((each for each in rows if each and each.release_id == release_id), None)

    def good(self) -> list[Release]:
        """Return the releases that passed their gate and their bake time, the newest evidence first."""
        found: dict[str, Release] = {}
        for each in self.ended():
            if each.is_good:
                found.setdefault(each.release.release_id, each.release)
        return list(found.values())

    def open(self) -> list[Open]:
        """Return the attempts that have not ended, the oldest first."""
        found: dict[str, Open] = {}
        rows = self._rows()
        ended = {row.body["attempt"] for row in rows if row.body["what"] == "ended"}
        for row in reversed(rows):
            body = row.body
            attempt, what = str(body["attempt"]), body["what"]
            if attempt in ended:
                continue  # most of them: what they were about need not be read
            if what == "begun" and (made := opened(row)):
                found[attempt] = made
            elif attempt in found:
                found[attempt] = stepped(found[attempt], body)
        return list(found.values())

    def left(self) -> Open | None:
        """Return the last attempt that nobody is at and nobody settled, with what was live before it."""
        found = [each for each in self.open() if each.is_free or each.owner.is_gone]
        if not found:
            return None
        known = next((each for each in reversed(found) if each.knows_before), found[-1])
        return dataclasses.replace(found[-1], before=known.before, knows_before=known.knows_before)

    @contextlib.contextmanager
    def attempt(self, release: Release, why: str, shift: Shift = AT_ONCE) -> Iterator[Attempt]:
        """Hold the lock of the service while the block runs.

        `shift` is how the traffic goes over, for whoever resumes it.

        Raises
        ------
        ServiceLocked
            Somebody else deploys it.
        LedgerError
            Nothing can be written down, and so nothing is begun.
        DeployError
            What is written down is not the release, because some of it looks
            like a secret: a rollback to it would be to something else.
        """
        self._refuse_other_project()
        self._refuse_held(self.open())
        projects.remember(self.ledger.path.parent, self.project, self.folder)
        owner = _me(self.run_id)
        attempt, fence = new_id(), self._fence()
        head = self._append(
            {
                "what": "begun",
                "attempt": attempt,
                "release": spelled(release),
                "why": why,
                "project": self.project,
                "fence": fence,
                "shift": dataclasses.asdict(shift),
                "owner": {"host": owner.host, "pid": owner.pid, "start_time": owner.start_time},
                "by": _who(),
            }
        )
        made = Attempt(journal=self, attempt=attempt, row=head.id, fence=fence, release=release)
        try:
            self._take_over(made)
            yield made
        finally:
            there = self._open_if_readable()
            own = next((each for each in there if each.attempt == attempt and not each.is_free), None)
            if own is not None and own.has_touched:
                made.let_go()  # an owner that lives would hold it for ever
            elif own is not None:
                made.end("failed", why="it was cut short, and nothing was switched")

    def break_lock(self, reason: str) -> list[Open]:
        """Take the lock from whoever holds it, because a person says so; return whose it was.

        Raises
        ------
        UsageError
            There is no reason.
        """
        if not reason.strip():
            raise UsageError("a lock is broken for a reason", fix="--break-lock 'its machine is gone'")
        self._refuse_other_project()
        held = [each for each in self.open() if not each.owner.is_gone and not each.is_free]
        for each in held:
            self._append({"what": "broken", "attempt": each.attempt, "why": reason, "by": _who()})
        return held

    def _take_over(self, made: Attempt) -> None:
        """Make sure that an attempt is the only one, and can be taken back by what is written of it."""
        there = self.open()
        others = [each for each in there if each.row < made.row]
        own = next((each for each in there if each.attempt == made.attempt), None)
        try:
            self._refuse_held(others)
            _refuse_changed(made.release, own.release if own else None)
        except DeployError as error:
            made.end("failed", why=error.what)
            raise

    def _fence(self) -> int:
        """Return the time, or more where a clock went back: above all that there were."""
        seen = (row.body.get("fence") for row in self._rows() if row.body["what"] == "begun")
        return max(now_ms(), *(each + 1 for each in seen if type(each) is int), 0)

    def _refuse_other_project(self) -> None:
        """Refuse to take the place of a service of the same name that another project has."""
        newest = next((row.body for row in self._rows() if row.body["what"] == "begun"), None)
        project = str(newest.get("project", "")) if newest else ""
        data = self.ledger.path.parent
        if project and self.project and project != self.project and not projects.is_gone(data, project):
            where = projects.folder_of(data, project) or "nobody knows where it is"
            raise DeployError(
                f"another project has a service {self.service} on {self.target}",
                why=f"to deploy this one would take its place: {where}",
                fix=f"%autoexec deploy … --name {self.service[:36]}-2, or roll the other one back there",
            )

    def _open_if_readable(self) -> list[Open]:
        try:
            return self.open()
        except LedgerError:
            return []

    def _refuse_held(self, others: Sequence[Open]) -> None:
        held = next((each for each in others if not each.owner.is_gone and not each.is_free), None)
        if held is not None:
            raise ServiceLocked(
                f"{self.service} is being deployed to {self.target} by somebody else",
                why=f"{held.owner.shown} is at {held.at_step}, since {_stamp(held.at)}",
                fix=f"wait for it, or %autoexec deploy {self.service} --break-lock REASON",
            )

    def _rows(self) -> list[Row]:
        """Return the rows of this service, the newest first; each is read once, as none is ever changed."""
        since = self._read[0].id + 1 if self._read else 0
        self._read[:0] = self.ledger.rows(ROW, since=since)
        mine = (self.service, self.target)
        return [
            row
            for row in self._read
            if (row.body.get("service"), row.body.get("target")) == mine
            and isinstance(row.body.get("attempt"), str)
            and isinstance(row.body.get("what"), str)
        ]

    def _append(self, body: Mapping[str, Any]) -> Head:
        why = {"why": mask(str(body["why"]), self.secrets)} if "why" in body else {}
        whole = {"service": self.service, "target": self.target, **body, **why}
        return self.ledger.append(ROW, whole, self.run_id)


def _stamp(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at / 1000))


def targets_of(service: str, project: str, ledger: Ledger) -> list[str]:
    """Return the targets that a service was deployed to, by a project or one that is gone, newest first."""
    data = ledger.path.parent
    found = (
        row.body["target"]
        for row in ledger.rows(ROW)
        if row.body.get("what") == "begun"
        and row.body.get("service") == service
        and (row.body.get("project") == project or projects.is_gone(data, str(row.body.get("project"))))
        and isinstance(row.body.get("target"), str)
    )
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that is under way; `row` opened it, `fence` only grows from one to the next."""

    journal: Journal
    attempt: str
    row: int
    fence: int
    release: Release

    def check(self) -> None:
        """Raise `LockLost` where this attempt's turn is over."""
        mine = next((each for each in self.journal.open() if each.attempt == self.attempt), None)
        if mine is None or mine.is_broken:
            raise LockLost(
                f"this deploy of {self.journal.service} has lost its lock, and stops",
                why="somebody broke it, or took over; nothing more was changed",
                fix=f"%autoexec status {self.journal.service}",
            )

    def note_before(self, before: Release | None) -> None:
        """Write down what was live when it began."""
        self._note({"what": "found", "before": spelled(before) if before else None})

    @contextlib.contextmanager
    def step(self, name: str, *, is_undo: bool = False) -> Iterator[None]:
        """Write down that a step is intended, and that it was done.

        An undo goes on where neither can be written: what is live counts more than the record.
        """
        if not is_undo:
            self.check()
        self._note({"what": "step", "step": name, "done": False}, is_needed=not is_undo)
        yield
        self._note({"what": "step", "step": name, "done": True}, is_needed=not is_undo)

    def let_go(self) -> None:
        """Write down that nobody is at it any more, and that it was not settled."""
        self._note({"what": "let-go"}, is_needed=False)

    def pause(self) -> None:
        """Write down that it waits for a person."""
        self._note({"what": "step", "step": "paused", "done": True})

    def end(
        self,
        code: DeployCode,
        *,
        why: str = "",
        live: str = "",
        is_good: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write down what it came to; return whether that could be.

        Where it settles what is live, that settles the attempts before it, too,
        which somebody left half done.
        """
        body = {"code": code, "why": why, "live": live, "is_good": is_good, "evidence": dict(evidence or {})}
        head = self._note({"what": "ended", **body}, is_needed=False)
        if head is None:
            return False
        self.journal.emit(Recorded(row=ROW, head=str(head)))
        if code in _SETTLED:
            self._settle_others()
        return True

    def _settle_others(self) -> None:
        for each in self.journal.open():
            if each.row < self.row:
                why = f"{each.owner.shown} left it at {each.at_step}; a later deploy settled it"
                body = {"attempt": each.attempt, "code": "unknown", "why": why}
                self._note({"what": "ended", **body}, is_needed=False)

    def _note(self, body: Mapping[str, Any], *, is_needed: bool = True) -> Head | None:
        try:
            return self.journal._append({"attempt": self.attempt, **body})
        except (LedgerError, UsageError) as error:  # the latter: the row would be too long
            if is_needed:
                raise
            _log.error("the ledger does not have that %s: %s", body.get("what"), error)
            return None


def _refuse_changed(release: Release, written: Release | None) -> None:
    """Refuse a release that the ledger, which masks what looks like a secret, does not have as it is."""
    if written is not None and written.spec == release.spec:
        return
    changes = changes_of(fields_of(written.spec) if written else {}, fields_of(release.spec))
    name = changes[0].name if changes else "reference"
    raise DeployError(
        f"the {name} of {release.service} cannot be written down as it is",
        why="it looks like a secret, or has control characters; a rollback would be to something else",
        fix="give the secret as a variable: --secret NAME=env:NAME",
    )


def _me(run_id: str) -> Owner:
    me = executor.identify(os.getpid()) or executor.ProcessId(os.getpid(), 0)
    return Owner(host=host(), pid=me.pid, start_time=me.start_time, run_id=run_id)


def _who() -> str:
    """Return the name of who deploys, "" where the machine knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
