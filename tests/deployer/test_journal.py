"""The record is a lock that one alone has, and evidence that outlives whoever wrote it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoexec_magic.chain import Head, Row
from autoexec_magic.deployer.journal import ROW, Journal, LockLost, targets_of
from autoexec_magic.deployer.spelled import spelled
from autoexec_magic.errors import DeployError, LedgerError, ServiceLocked, UsageError
from autoexec_magic.events import Recorded
from autoexec_magic.history import host
from autoexec_magic.ledger import Ledger, ledger_in
from autoexec_magic.releasefacts import Release, Secret, Spec

ROUNDS = 20
ENDING_SECONDS = 100.0
SPEC = Spec(
    artifact="app", reference="app", digest="sha256:ab", command=("serve",), environment=(("A", "1"),)
)
CHILD = """
import sys
from pathlib import Path
from autoexec_magic.deployer.journal import Journal
from autoexec_magic.errors import ServiceLocked
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec
journal = Journal(ledger=Ledger(path=Path(sys.argv[1])), service="web", target="local", run_id="r" * 8)
spec = Spec(artifact="app", reference="app", digest="sha256:ab")
release = Release(service="web", target="local", release_id=sys.argv[2], spec=spec)
print("ready", flush=True)
while sys.stdin.readline():
    try:
        with journal.attempt(release, "deploy") as attempt:
            with attempt.step("switch"):
                print("got", attempt.fence, flush=True)
                sys.stdin.readline()
    except ServiceLocked as error:
        print("locked", error.why, flush=True)
        sys.stdin.readline()
    print("done", flush=True)
"""


@dataclass(frozen=True, slots=True)
class InMemory:
    """A ledger that is no file: for rows that nobody would write."""

    kept: list = field(default_factory=list)
    path: Path = Path("nowhere/ledger.db")

    def rows(self, kind="", limit=None, *, since=0):
        """Return the rows of a kind, the newest first."""
        return [row for row in reversed(self.kept) if row.id >= since and (not kind or row.kind == kind)]

    def append(self, kind, body, run_id=""):
        """Keep a row as JSON has it."""
        number = len(self.kept) + 1
        body = json.loads(json.dumps(body))
        self.kept.append(
            Row(id=number, at=number, kind=kind, run_id=run_id, body=body, before="", hash=f"{number:064x}")
        )
        return Head(id=number, hash=f"{number:064x}")


class Failing(Ledger):
    """A ledger that cannot be written when its turn comes: `fails` says at which rows, counted from 0."""

    def append(self, kind, body, run_id=""):
        """Write it, or not."""
        number = TURNS.setdefault(self.path, 0)
        TURNS[self.path] += 1
        if number in FAILS.get(self.path, ()):
            raise LedgerError("the ledger is full")
        return Ledger.append(self, kind, body, run_id)


TURNS, FAILS = {}, {}


@pytest.fixture
def ledger(tmp_path):
    """Return a ledger that nothing was written to yet."""
    return ledger_in(tmp_path / "data")


@pytest.fixture
def journal(ledger):
    """Return the record of one service."""
    return Journal(ledger=ledger, service="web", target="local", project="p1")


@pytest.fixture
def deployers(ledger):
    """Return what starts a process that deploys, which is ended after the test."""
    started = []

    def start(name="1"):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(ledger.path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        assert child.stdout.readline() == "ready\n"
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate(timeout=ENDING_SECONDS)


def tell(child, *words):
    """Send lines to a process, and return the next one that it says."""
    for word in words:
        child.stdin.write(f"{word}\n")
    child.stdin.flush()
    return child.stdout.readline().strip()


def release(name="1", **given):
    """Return a release of the service."""
    return Release(service="web", target="local", release_id=name, spec=replace(SPEC, **given))


def held(journal: Journal) -> list[str]:
    """Return the attempts that keep others from beginning."""
    return [each.attempt for each in journal.open() if not each.is_free and not each.owner.is_gone]


def deployed(journal, name, code="deployed", *, is_good=True):
    """Write down that a release was deployed."""
    with journal.attempt(release(name), "deploy") as attempt:
        attempt.end(code, is_good=is_good)


def begun(ledger, owner, attempt="a1", **more):
    """Write the row with which an attempt begins."""
    body = {"what": "begun", "attempt": attempt, "release": spelled(release()), "owner": owner, **more}
    return ledger.append(ROW, {"service": "web", "target": "local", **body})


def ids(releases):
    """Return the releases' ids."""
    return [each.release_id for each in releases]


def test_of_two_processes_at_once_exactly_one_gets_it(deployers, journal):
    """Twenty times; and each time the fence is higher than all before."""
    children, fences = [deployers("1"), deployers("2")], []
    for _ in range(ROUNDS):
        threads, said = [], {}

        def go(child, said=said):
            said[child.pid] = tell(child, "go")

        for child in children:
            threads.append(threading.Thread(target=go, args=(child,)))
            threads[-1].start()
        for thread in threads:
            thread.join(ENDING_SECONDS)
        kinds = sorted(each.split()[0] for each in said.values())
        assert kinds == ["got", "locked"], said
        fences += [int(each.split()[1]) for each in said.values() if each.startswith("got")]
        assert [tell(child, "end") for child in children] == ["done", "done"]
    assert fences == sorted(set(fences))
    assert held(journal) == []


@pytest.mark.parametrize("is_reaped", [True, False])
def test_an_owner_that_was_killed_is_followed_at_once(deployers, journal, is_reaped):
    """Dead is dead, also where nobody has taken note of it; how far it came is on the record."""
    child = deployers("old")
    assert tell(child, "go").startswith("got")
    with pytest.raises(ServiceLocked) as caught, journal.attempt(release("new"), "deploy"):
        pytest.fail("it was held")
    assert f"process {child.pid}" in caught.value.why
    assert "at switch" in caught.value.why
    assert journal.left() is None
    child.kill()
    if is_reaped:
        child.wait(ENDING_SECONDS)
    else:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    left = journal.left()
    assert (left.release.release_id, left.steps, left.at_step) == ("old", (("switch", False),), "switch")
    with journal.attempt(release("new"), "deploy") as attempt:
        assert attempt.fence > left.fence
        assert held(journal) == [attempt.attempt]
        attempt.end("deployed", is_good=True)
    assert journal.open() == []
    old = [each for each in journal.ended() if each.release.release_id == "old"]
    assert [(each.code, each.is_good) for each in old] == [("unknown", False)]
    assert "left it at switch; a later deploy settled it" in old[0].why


def test_an_owner_of_another_machine_is_respected(ledger, journal):
    """Nobody here can know that it is dead, whatever its number is."""
    begun(ledger, {"host": "elsewhere", "pid": 2**22 + 1, "start_time": 1})
    with pytest.raises(ServiceLocked, match="somebody else"), journal.attempt(release(), "deploy"):
        pytest.fail("it was held")
    assert journal.left() is None
    assert [each.owner.host for each in journal.open()] == ["elsewhere"]
    assert [each.attempt for each in journal.break_lock("that machine is gone")] == ["a1"]
    with journal.attempt(release(), "deploy"):
        pass


def test_a_number_that_was_given_to_another_process_is_not_the_owner(ledger, journal):
    """The pid lives, and started at another time."""
    begun(ledger, {"host": host(), "pid": os.getpid(), "start_time": 1})
    assert journal.left().attempt == "a1"
    with journal.attempt(release(), "deploy"):
        pass


def test_a_second_one_of_the_same_process_is_refused(journal):
    """Two cells, or two threads, of one kernel; the first one goes on."""
    with journal.attempt(release("1"), "deploy") as attempt:
        with pytest.raises(ServiceLocked), journal.attempt(release("2"), "deploy"):
            pytest.fail("it was held")
        with attempt.step("switch"):
            pass
    assert held(journal) == []


def test_other_services_and_other_targets_do_not_wait(ledger, journal):
    """One lock is one service at one target."""
    with journal.attempt(release(), "deploy"):
        for other in (replace(journal, service="api"), replace(journal, target="docker")):
            assert other.open() == other.ended() == other.good() == []
            with other.attempt(release(), "deploy") as attempt:
                attempt.end("deployed", is_good=True)
    assert journal.good() == []


def test_whoever_lost_the_lock_touches_nothing_more(journal):
    """A person broke it: the next step is not begun, and the one that comes after is not disturbed."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(journal.attempt(release("1"), "deploy"))
        with first.step("stage"):
            pass
        broken = journal.break_lock("it hangs")
        assert [(each.attempt, each.at_step) for each in broken] == [(first.attempt, "stage")]
        second = stack.enter_context(journal.attempt(release("2"), "deploy"))
        assert second.fence > first.fence
        with pytest.raises(LockLost, match="lost its lock"), first.step("switch"):
            pytest.fail("it was touched")
        with pytest.raises(LockLost):
            first.check()
        second.check()
        assert journal.left().is_broken
    assert [each.code for each in journal.ended()] == ["failed"]


def test_a_lock_that_is_broken_in_a_step_is_lost_at_the_next_one(journal):
    """What is under way cannot be called back; the undo of it is not stopped."""
    done = []
    with journal.attempt(release(), "deploy") as attempt:
        with attempt.step("switch"):
            journal.break_lock("it hangs")
        with pytest.raises(LockLost), attempt.step("gate"):
            done.append("gate")
        with attempt.step("undo", is_undo=True):
            done.append("undo")
    assert done == ["undo"]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_lock_is_broken_for_a_reason(journal, reason):
    """And stays where there is none."""
    with journal.attempt(release(), "deploy") as attempt:
        with pytest.raises(UsageError):
            journal.break_lock(reason)
        attempt.check()


def test_a_lock_that_nobody_holds_needs_no_breaking(ledger, journal):
    """The reason and who gave it are on the record where one was held."""
    assert journal.break_lock("why not") == []
    assert ledger.rows(ROW) == []
    with journal.attempt(release(), "deploy"):
        journal.break_lock("it hangs")
    assert [row.body["why"] for row in ledger.rows(ROW) if row.body["what"] == "broken"] == ["it hangs"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("step", ["stage", "switch"])
def test_one_that_is_cut_short_holds_nothing(journal, fault, step):
    """Its owner lives, and would hold it as long as that does; what may be half done is told."""
    with pytest.raises(fault), journal.attempt(release(), "deploy") as attempt, attempt.step(step):
        raise fault
    assert held(journal) == []
    if step == "stage":
        assert [(each.code, each.is_good) for each in journal.ended()] == [("failed", False)]
        assert journal.left() is None
    else:
        assert journal.ended() == []
        assert journal.left().attempt == attempt.attempt


def test_one_that_ended_in_order_is_not_ended_twice(journal):
    """The first word is the last."""
    deployed(journal, "1")
    assert [(each.code, each.is_good) for each in journal.ended()] == [("deployed", True)]


def test_one_that_waits_for_a_person_holds_nothing(journal):
    """It stays open, to be gone on with or taken back; another deploy may begin, and ends it."""
    with journal.attempt(release("1"), "deploy") as attempt:
        attempt.note_before(None)
        with attempt.step("10 %"):
            pass
        attempt.pause()
    left = journal.left()
    assert (left.attempt, left.is_free, left.knows_before, left.before) == (
        attempt.attempt,
        True,
        True,
        None,
    )
    with journal.attempt(release("2"), "deploy") as other:
        assert held(journal) == [other.attempt]
        other.end("deployed", is_good=True)
        with pytest.raises(LockLost):
            attempt.check()
    assert journal.left() is None


def test_what_was_live_before_is_on_the_record(journal):
    """All of it, for whoever comes after a crash; nothing is another thing than not known yet."""
    was = release("0", secrets=(Secret(name="S", reference="env:S", version="0" * 16),), port=80)
    with journal.attempt(release("1"), "deploy") as attempt:
        assert not journal.open()[0].knows_before
        attempt.note_before(was)
        assert (journal.open()[0].before, journal.open()[0].knows_before) == (was, True)


def test_a_step_is_on_the_record_before_and_after(journal):
    """So is one that failed: it was meant, and not done."""
    with journal.attempt(release(), "deploy") as attempt:
        with attempt.step("stage"):
            assert journal.open()[0].steps == (("stage", False),)
        with pytest.raises(ValueError, match="no"), attempt.step("switch"):
            raise ValueError("no")
        assert journal.open()[0].steps == (("stage", True), ("switch", False))


def test_good_is_chosen_by_evidence_and_not_by_order(journal):
    """The newest evidence first; what did not pass is not good, whatever it was called or came after."""
    deployed(journal, "3")
    deployed(journal, "1")
    deployed(journal, "9", "rolled-back", is_good=False)
    deployed(journal, "2")
    deployed(journal, "8", "unknown", is_good=False)
    deployed(journal, "3")
    deployed(journal, "1", "rolled-back", is_good=False)
    with journal.attempt(release("7"), "deploy"):
        assert ids(journal.good()) == ["3", "2", "1"]
    assert ids(each.release for each in journal.ended()) == ["7", "1", "3", "8", "2", "9", "1", "3"]


@pytest.mark.parametrize("is_good", ["true", 1, [1], {"a": 1}, None])
def test_evidence_is_true_and_nothing_that_looks_like_it(is_good):
    """A row that another program wrote."""
    ledger = InMemory()
    journal = Journal(ledger=ledger, service="web", target="local")
    deployed(journal, "1", is_good=False)
    ledger.kept[-1].body["is_good"] = is_good
    assert ids(journal.good()) == []


def test_a_release_is_known_as_its_newest_row_has_it(journal):
    """Also one that was never good."""
    deployed(journal, "1", "failed", is_good=False)
    with journal.attempt(release("1", port=80), "deploy"):
        pass
    assert journal.known("1") == release("1", port=80)
    assert journal.known("2") is None


@contextlib.contextmanager
def kept_by_another(path):
    """Let another process keep the ledger from being written; it can still be read."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_where_nothing_can_be_written_nothing_is_begun(tmp_path):
    """The block is not entered."""
    (tmp_path / "file").write_text("")
    journal = Journal(ledger=Ledger(path=tmp_path / "file" / "ledger.db"), service="web", target="local")
    with pytest.raises(LedgerError), journal.attempt(release(), "deploy"):
        pytest.fail("it was begun")


def test_a_step_that_cannot_be_written_down_is_not_taken_and_an_undo_is(ledger, journal, caplog):
    """What is live counts more than the record, once something is to be put back."""
    done = []
    journal = replace(journal, ledger=replace(ledger, busy_seconds=0.05))
    with journal.attempt(release(), "deploy") as attempt:
        with kept_by_another(ledger.path):
            with pytest.raises(LedgerError), attempt.step("switch"):
                done.append("switch")
            with pytest.raises(LedgerError):
                attempt.note_before(None)
            with attempt.step("undo", is_undo=True):
                done.append("undo")
            attempt.end("rolled-back")
        assert done == ["undo"]
    assert "the ledger does not have that" in caplog.text
    assert held(journal) == []


def test_a_fault_of_an_undo_is_its_own(journal):
    """What the step raises gets out as it is."""
    with contextlib.ExitStack() as stack:
        attempt = stack.enter_context(journal.attempt(release(), "deploy"))
        with pytest.raises(ValueError, match="no"), attempt.step("undo", is_undo=True):
            raise ValueError("no")


def test_an_end_that_is_too_long_to_be_written_stops_nothing(journal, caplog):
    """The last words of a program may be a novel; what is live is as it is."""
    with journal.attempt(release(), "deploy") as attempt:
        attempt.end("rolled-back", why="x" * 2_000_000)
    assert "too long" in caplog.text
    assert held(journal) == []


@pytest.mark.parametrize(
    "given",
    [
        {"environment": (("REGION", "production-east"),)},
        {"command": ("serve", "--password=hunter2hunter2")},
        {"reference": "registry/production-east:1"},
        {"environment": (("COLOUR", "\x1b]0;title\x07"),)},
    ],
)
def test_a_release_that_the_record_would_have_otherwise_is_refused(journal, monkeypatch, given):
    """It masks what looks like a secret: a rollback to that would be to something else."""
    monkeypatch.setenv("APP_TOKEN", "production-east")
    refused = pytest.raises(DeployError, match="cannot be written down as it is")
    with refused as caught, journal.attempt(release("1", **given), "deploy"):
        pytest.fail("it was begun")
    assert "hunter2" not in str(caught.value)
    assert "production-east" not in str(caught.value)
    assert journal.open() == []
    with journal.attempt(release("2"), "deploy"):
        pass


def test_what_is_good_is_all_that_it_was(journal):
    """An undo restores the whole of it from here."""
    whole = release(
        "1",
        secrets=(Secret(name="S", reference="env:S", version="0123456789abcdef"),),
        environment=(("A", ""), ("B", "a\nb\t\xe4")),
        cpus=0.5,
        memory_bytes=2**40,
        options=(("drain", "3"),),
    )
    with journal.attempt(whole, "deploy") as attempt:
        attempt.end("deployed", is_good=True)
    assert journal.good() == [whole]


def test_another_projects_service_of_the_same_name_is_not_taken(journal):
    """Its place would be taken; nothing is written."""
    deployed(journal, "1")
    other = replace(journal, project="p2")
    rows = len(journal.ledger.rows(ROW))
    with pytest.raises(DeployError, match="another project"), other.attempt(release("2"), "deploy"):
        pytest.fail("it was begun")
    assert len(journal.ledger.rows(ROW)) == rows
    deployed(journal, "3")


def test_a_service_whose_project_is_gone_is_whoever_comes_next(journal, tmp_path):
    """Its folder was moved: nobody could update it, or take it away."""
    folder = tmp_path / "project"
    folder.mkdir()
    here = replace(journal, folder=str(folder))
    deployed(here, "1")
    other = replace(journal, project="p2", folder=str(tmp_path))
    with pytest.raises(DeployError, match="another project") as caught, other.attempt(release("2"), "deploy"):
        pytest.fail("it was begun")
    assert str(folder) in caught.value.why
    assert targets_of("web", "p2", journal.ledger) == []
    folder.rename(tmp_path / "moved")
    assert targets_of("web", "p2", journal.ledger) == ["local"]
    deployed(other, "2")
    with pytest.raises(DeployError, match="another project"), here.attempt(release("3"), "deploy"):
        pytest.fail("it was begun")


def test_a_lock_is_told_with_its_time(journal):
    """Whatever a clock says since."""
    with journal.attempt(release("1"), "deploy"):
        with pytest.raises(ServiceLocked) as caught, journal.attempt(release("2"), "deploy"):
            pytest.fail("it was begun")
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", caught.value.why)


def test_the_targets_of_a_service_are_its_projects_own_the_newest_first(ledger, journal):
    """A name that several projects have means this project's."""
    for target in ("local", "docker", "local"):
        deployed(replace(journal, target=target), "1")
    deployed(replace(journal, target="aws", project="p2"), "1")
    deployed(replace(journal, target="gcp", service="api"), "1")
    assert targets_of("web", "p1", ledger) == ["local", "docker"]
    assert targets_of("web", "p3", ledger) == []


def test_the_end_of_an_attempt_is_told_with_its_row(journal):
    """Whoever looks at a run finds it on the ledger."""
    told = []
    deployed(replace(journal, emit=told.append), "1")
    newest = journal.ledger.head()
    assert told == [Recorded(row=ROW, head=str(newest))]


texts = st.text(max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=6,
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "service": st.just("web") | anything,
        "target": st.just("local") | anything,
        "what": st.sampled_from(["begun", "found", "step", "ended", "broken", "newer"]) | anything,
        "attempt": st.sampled_from(["a1", "a2"]) | anything,
        "release": st.just(json.loads(json.dumps(spelled(release())))) | anything,
        "owner": st.fixed_dictionaries({}, optional=dict.fromkeys(("host", "pid", "start_time"), anything))
        | st.just({"host": "elsewhere", "pid": 1, "start_time": 1})
        | anything,
        "before": anything,
        "project": anything,
        "step": anything,
        "done": anything,
        "code": anything | st.just("deployed"),
        "is_good": anything,
        "why": anything,
    },
)
MINE = {"service": "web", "target": "local", "attempt": "a1"}
BEGUN = {**MINE, "what": "begun", "release": json.loads(json.dumps(spelled(release())))}
OWNED = {**BEGUN, "owner": {"host": "elsewhere", "pid": 1, "start_time": 1}}


@given(st.lists(parts | parts.map(lambda part: {**MINE, **part}) | anything, max_size=8))
@example([BEGUN, {**MINE, "what": "ended"}])
@example([BEGUN, {**MINE, "what": "ended", "code": []}])
@example([BEGUN, {**MINE, "what": "ended", "code": "newer"}])
@example([{**OWNED, "owner": {"host": 1, "pid": "x", "start_time": None}}])
@example([{**OWNED, "owner": {"host": "h", "pid": 10**30, "start_time": -1}}])
@example([OWNED, {**MINE, "what": "step", "step": ["paused"], "done": "x"}])
@example([{**OWNED, "target": ["local"]}])
def test_rows_that_nobody_would_write_break_nothing(bodies):
    """Any JSON: what can be read of it is, and no more; a lock that is readable is respected."""
    ledger = InMemory()
    for body in bodies:
        if isinstance(body, dict):
            ledger.append(ROW, body)
    journal = Journal(ledger=ledger, service="web", target="local")
    is_held = any(not each.is_free and not each.owner.is_gone for each in journal.open())
    for each in journal.ended():
        assert isinstance(each.release, Release)
        assert isinstance(each.code, str)
    journal.left()
    journal.good()
    journal.known("1")
    assert all(isinstance(each, str) for each in targets_of("web", "", ledger))
    if is_held:
        with pytest.raises(ServiceLocked), journal.attempt(release("9"), "deploy"):
            pytest.fail("it was held")
        journal.break_lock("garbage")
    with journal.attempt(release("9"), "deploy") as attempt:
        attempt.end("deployed", is_good=True)
    assert ids(journal.good())[0] == "9"


def test_a_row_of_a_newer_version_changes_no_step():
    """It is passed over: a canary that waits still waits."""
    ledger = InMemory()
    ledger.append(ROW, OWNED)
    ledger.append(ROW, {**MINE, "what": "step", "step": "paused", "done": True})
    ledger.append(ROW, {**MINE, "what": "invented-later"})
    journal = Journal(ledger=ledger, service="web", target="local")
    assert journal.left().steps == (("paused", True),)


def test_a_row_is_read_once_and_new_ones_are_seen(journal, ledger, monkeypatch):
    """A deploy asks its record some twenty times; a record of years must not make each of them slow."""
    deployed(journal, "1")
    asked = []
    real = Ledger.rows

    def rows(self, kind="", limit=None, *, since=0):
        found = real(self, kind, limit, since=since)
        asked.append(len(found))
        return found

    monkeypatch.setattr(Ledger, "rows", rows)
    other = replace(journal)
    assert ids(other.good()) == ["1"]
    assert (other.open(), asked[1:]) == ([], [0])
    deployed(journal, "2")
    assert ids(other.good()) == ["2", "1"]
    assert sum(asked) < 30


def test_the_fence_is_the_time_on_every_machine(journal, tmp_path):
    """A ledger of its own counts anew, what it deploys to does not; nor does a clock that went back."""
    from autoexec_magic.history import now_ms

    start = now_ms()
    fences = []
    for ledger in (journal.ledger, Ledger(path=tmp_path / "other.db"), journal.ledger):
        with replace(journal, ledger=ledger).attempt(release("1"), "deploy") as attempt:
            fences.append(attempt.fence)
            attempt.end("deployed", is_good=True)
    assert fences[0] >= start
    assert fences == sorted(fences)
    later = InMemory()
    begun(later, {"host": host(), "pid": 0, "start_time": 0})
    later.kept[-1].body["fence"] = start + 10**9
    with replace(journal, ledger=later).attempt(release("2"), "deploy") as attempt:
        assert attempt.fence == start + 10**9 + 1
