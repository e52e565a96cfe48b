"""Runs on disk: private, numbered without gaps, and readable whoever died while writing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import random
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import needs, requires

from autoexec_magic import executor, history
from autoexec_magic.errors import Cancelled, UsageError
from autoexec_magic.events import CaseStarted, Envelope, Output, RunFinished, RunStarted, Truncated, to_line
from autoexec_magic.executor.identity import HAS_PROC
from autoexec_magic.history import FORMAT, Meta, Owner, Recorder, Store, fan_out, new_id, reopen, short_id
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35"
NOT_IDS = {
    "empty": "",
    "parent": "../",
    "parent-and-id": f"../{ID}",
    "id-and-parent": f"{ID}/..",
    "absolute": "/etc/passwd",
    "absolute-id": f"/{ID}",
    "encoded-parent": "%2e%2e%2f",
    "encoded-dash": ID.replace("-", "%2d"),
    "upper-case": ID.upper(),
    "newline": f"{ID}\n",
    "space": f" {ID}",
    "nul": f"{ID}\0",
    "too-long": f"{ID}0",
    "too-short": ID[:-1],
    "no-dashes": ID.replace("-", ""),
    "version-4": ID.replace("-7e3a", "-4e3a"),
    "wrong-variant": ID.replace("-9b4f", "-cb4f"),
    "full-width-digit": ID.replace("0199", "０199"),
    "glob": "0*",
    "dot": ".",
}
READY_SECONDS = 20.0
FAST_KILLS, ALL_KILLS = 10, 100
NEEDS_PROC = pytest.mark.skipif(not HAS_PROC, reason=needs("there is no /proc", "run it on Linux"))
WRITER = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from autoexec_magic.events import Output
    from autoexec_magic.history import Store, reopen

    recorder = reopen(Store(Path(sys.argv[1]), lambda pid, start: True), sys.argv[2])
    print("ready", flush=True)
    for number in range(1_000_000):
        text = "x" * (100, 4_000, 64_000)[number % 3]
        recorder.emit(Output(phase="run", stream="stdout", text=text))
    """
)


def alive(pid: int, start_time: int) -> bool:
    """Return whether exactly this process lives, as the package asks it."""
    return executor.is_alive(executor.ProcessId(pid, start_time))


def me() -> Owner:
    """Return this process as an owner."""
    found = executor.identify(os.getpid())
    return Owner(pid=found.pid, start_time=found.start_time, host=history.host())


def meta(run_id: str = "", **fields: object) -> Meta:
    """Return what a run is, of this process."""
    usual = {"verb": "sh", "title": "ls", "started": history.now_ms(), "cage": "open", "owner": me()}
    return Meta(run_id=run_id or new_id(), **usual | fields)


def case(number: int = 0) -> CaseStarted:
    """Return an event that is told from others."""
    return CaseStarted(nodeid=f"case-{number}")


SOME_RUN = meta(ID)
FINISHED = RunFinished(verdict=Verdict.FAILED, seconds=1.5, why="exit code 1", fix="read on")


def numbers(store: Store, run_id: str, **options: object) -> list[int]:
    """Return the numbers of the events of a run."""
    return [envelope.seq for envelope in store.read(run_id, **options)]


def log_of(store: Store, run_id: str) -> Path:
    """Return the log of a run."""
    return store.folder / run_id / "events.jsonl"


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def store(tmp_path) -> Store:
    """Return an empty store whose folder does not exist yet."""
    return Store(tmp_path / "data", alive)


@pytest.fixture
def recorder(store) -> Iterator[Recorder]:
    """Return the recorder of a new run."""
    recorder = store.create(meta())
    yield recorder
    recorder.close()


@pytest.fixture
def writes(monkeypatch) -> list[bytes]:
    """Return a list that gets the bytes of each `os.write` to a regular file."""
    seen: list[bytes] = []
    write = os.write

    def counted(descriptor: int, data: bytes) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            seen.append(bytes(data))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", counted)
    return seen


def test_an_id_is_a_uuid_of_version_7():
    """RFC 9562, section 5.7: 48 bits of milliseconds, version, variant, and the rest random."""
    before, made, after = history.now_ms(), [new_id() for _ in range(200)], history.now_ms()
    assert all(history.RUN_ID.fullmatch(run_id) for run_id in made)
    assert all(before <= int(run_id.replace("-", "")[:12], 16) <= after for run_id in made)
    assert len(set(made)) == len(made)
    assert {short_id(run_id) for run_id in made} == {run_id[-8:] for run_id in made}
    assert len({run_id[19] for run_id in made}) > 1  # the variant's other two bits are random, too


def test_ids_sort_by_the_time_they_were_made(monkeypatch):
    """A listing needs no more than the names of the folders."""
    made = []
    for milliseconds in (0, 1, 1_759_924_551_709, 1_759_924_551_710, (1 << 48) - 1):
        monkeypatch.setattr(time, "time", lambda now=milliseconds: (now + 0.5) / 1000)
        made.append(new_id())
    assert made == sorted(made)
    assert made[0].startswith("00000000-0000-7")
    assert made[-1].startswith("ffffffff-ffff-7")


@pytest.mark.parametrize("bad", NOT_IDS.values(), ids=NOT_IDS)
@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda store, bad: store.create(dataclasses.replace(SOME_RUN, run_id=bad)), id="create"),
        pytest.param(lambda store, bad: store.meta(bad), id="meta"),
        pytest.param(lambda store, bad: store.get(bad), id="get"),
        pytest.param(lambda store, bad: list(store.read(bad)), id="read"),
        pytest.param(lambda store, bad: store.request_cancel(bad), id="request_cancel"),
        pytest.param(lambda store, bad: store.is_cancel_requested(bad), id="is_cancel_requested"),
        pytest.param(reopen, id="reopen"),
        pytest.param(lambda store, bad: store.find(bad), id="find"),
    ],
)
def test_what_is_no_id_opens_nothing(store, monkeypatch, use, bad):
    """Names come from people and from requests: only a whole id, as we make them, is a path."""
    opened: list[object] = []
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: opened.append(path))
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path))
    monkeypatch.setattr(Path, "touch", lambda path, *_, **__: opened.append(path))
    monkeypatch.setattr(Path, "mkdir", lambda path, *_, **__: opened.append(path))
    monkeypatch.setattr(os, "open", lambda path, *_, **__: opened.append(path))
    with pytest.raises(UsageError):
        use(store, bad)
    assert opened == []


def test_other_names_in_the_folder_are_no_runs(store, recorder):
    """A folder that somebody else put there is not listed."""
    for name in (recorder.run_id.upper(), f"{recorder.run_id}.bak", "lost+found"):
        (store.folder / name).mkdir()
    assert store.ids() == [recorder.run_id]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read(tmp_path, umask):
    """Output may hold what a terminal would have forgotten: 0700 and 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        store = Store(tmp_path / "data", alive)
        recorder = store.create(meta())
        recorder.emit(case())
        recorder.note_child(1, 2)
        recorder.close()
        store.request_cancel(recorder.run_id)
    finally:
        os.umask(before)
    run = store.folder / recorder.run_id
    assert [mode(path) for path in (tmp_path / "data", store.folder, run)] == [0o700] * 3
    assert {path.name: mode(path) for path in run.iterdir()} == dict.fromkeys(
        ("meta.json", "events.jsonl", "cancel"), 0o600
    )


@pytest.mark.parametrize("before", [0o755, 0o777, 0o750, 0o701])
def test_a_folder_that_was_open_is_closed(tmp_path, before):
    """The folder of runs, whoever made it, is private from then on; the one it lies in is its maker's."""
    for folder in (tmp_path / "data", tmp_path / "data" / "runs"):
        folder.mkdir()
        folder.chmod(before)
    store = Store(tmp_path / "data", alive)
    store.create(meta()).close()
    assert [mode(path) for path in (tmp_path / "data", store.folder)] == [before, 0o700]


def test_a_folder_of_somebody_else_is_not_used(store, monkeypatch):
    """Whoever owns the folder reads what is in it: it is named, and how to have another one."""
    store.folder.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: store.folder.stat().st_uid + 1)
    with pytest.raises(UsageError, match="somebody else's") as caught:
        store.create(meta())
    assert "AUTOEXEC_DATA_DIR" in caught.value.fix
    assert list(store.folder.iterdir()) == []


def test_a_run_that_cannot_be_written_leaves_nothing(store, monkeypatch):
    """A full disk at the very beginning: no folder without a run in it."""

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, os.strerror(28))

    store.folder.mkdir(parents=True)
    monkeypatch.setattr(Path, "replace", lambda path, target: full(0, b""))
    with pytest.raises(OSError, match="No space left"):
        store.create(meta())
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda store: store.ids(), id="ids"),
        pytest.param(lambda store: store.runs(), id="runs"),
        pytest.param(lambda store: list(store.read(ID)), id="read"),
        pytest.param(lambda store: store.request_cancel(ID), id="request_cancel"),
    ],
)
def test_a_data_folder_that_cannot_be_read_is_an_error(tmp_path, use):
    """A file in its place, or one without leave: the folder is named, and how to have another one."""
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(str(tmp_path / "data"))) as caught:
        use(Store(tmp_path / "data", alive))
    assert "AUTOEXEC_DATA_DIR" in caught.value.fix


def test_a_run_without_a_log_has_no_events(store):
    """Whoever reads before the first event, or after somebody removed the run, reads nothing."""
    assert numbers(store, new_id()) == []


def test_a_run_is_created_once(store):
    """Two runs never share a folder."""
    once = meta()
    store.create(once).close()
    with pytest.raises(FileExistsError):
        store.create(once)


def test_each_event_is_one_write_that_ends_with_a_newline(store, recorder, writes):
    """A reader that comes between two writes sees whole lines only."""
    for number in range(5):
        recorder.emit(Output(phase="run", stream="stdout", text="line\n" * 10**number))
    assert len(writes) == 5
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in writes)
    assert log_of(store, recorder.run_id).read_bytes() == b"".join(writes)


def test_a_write_that_is_cut_short_is_finished(store, recorder, monkeypatch):
    """A signal or a nearly full disk takes less than was given: the rest follows."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:7]))
    recorder.emit(case(1))
    recorder.emit(case(2))
    assert [envelope.event for envelope in store.read(recorder.run_id)] == [case(1), case(2)]


def test_what_is_written_is_read(store, recorder):
    """Events come back in order, numbered from 0 without gaps, with their time and run."""
    before = history.now_ms()
    events = [RunStarted(verb="sh", title="ls", cage="open"), *map(case, range(20)), FINISHED]
    for event in events:
        recorder.emit(event)
    found = list(store.read(recorder.run_id))
    assert [envelope.event for envelope in found] == events
    assert [envelope.seq for envelope in found] == list(range(len(events)))
    assert {envelope.run_id for envelope in found} == {recorder.run_id}
    assert all(before <= envelope.at <= history.now_ms() for envelope in found)


def test_a_reader_goes_on_after_any_number(store, recorder):
    """Whoever was cut off reads what came since, and nothing twice."""
    for number in range(5):
        recorder.emit(case(number))
    assert [numbers(store, recorder.run_id, after=after) for after in (-1, 0, 3, 4, 99)] == [
        [0, 1, 2, 3, 4],
        [1, 2, 3, 4],
        [4],
        [],
        [],
    ]


def test_a_closed_recorder_stays_closed(recorder):
    """Closing twice does no harm, and closes nothing that is somebody else's by then."""
    recorder.close()
    reader, writer = os.pipe()  # one of them gets the number that the log had
    recorder.close()
    os.write(writer, b"x")
    assert os.read(reader, 1) == b"x"
    os.close(reader)
    os.close(writer)
    with pytest.raises(OSError, match="Bad file descriptor"):
        recorder.emit(case())


def test_the_log_is_not_inherited(recorder):
    """A child that keeps the log open could write into it."""
    log = recorder.folder / "events.jsonl"
    held = [
        number
        for number in range(3, 256)
        if is_open(number) and os.path.samestat(os.fstat(number), log.stat())
    ]
    assert [os.get_inheritable(number) for number in held] == [False]


def is_open(number: int) -> bool:
    """Return whether this process has a file open at `number`."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_a_log_cut_at_any_byte_is_read_and_continued(store):
    """Whatever is left of the last line: the lines before it are read, and nothing is glued to it."""
    whole = [to_line(Envelope(run_id=ID, seq=seq, at=1, event=case(seq))) for seq in range(3)]
    store.create(meta(ID)).close()
    log = log_of(store, ID)
    for cut in range(len(whole[2]) + 1):
        log.write_bytes(b"".join(whole[:2]) + whole[2][:cut])
        torn: list[bytes] = []
        kept = numbers(store, ID, on_torn=torn.append)
        is_whole = cut >= len(whole[2]) - 1  # all but the newline
        assert kept == ([0, 1, 2] if is_whole else [0, 1])
        assert torn == ([] if is_whole or not cut else [whole[2][:cut]])
        recorder = reopen(store, ID)
        recorder.emit(case(99))
        recorder.close()
        assert numbers(store, ID) == [*kept, len(kept)]
        lines = log.read_bytes().split(b"\n")
        assert json.loads(lines[-2])["event"]["nodeid"] == "case-99"
        assert lines[-1] == b""


def test_reopen_writes_the_missing_newline_first(store, recorder, writes):
    """The repair is a line end of its own, before any event; a whole log needs none."""
    recorder.emit(case())
    recorder.close()
    again = reopen(store, recorder.run_id)
    again.close()
    assert len(writes) == 1
    log = log_of(store, recorder.run_id)
    log.write_bytes(log.read_bytes() + b'{"torn')
    again = reopen(store, recorder.run_id)
    again.emit(case(1))
    again.close()
    assert writes[1] == b"\n"
    assert json.loads(writes[2])["seq"] == 1


def test_reopen_keeps_what_a_run_is(store, recorder):
    """The one who goes on with a run knows its child, its title, its notebook."""
    recorder.note_child(12, 34)
    again = reopen(store, recorder.run_id)
    again.close()
    assert again.meta == recorder.meta == store.meta(recorder.run_id)
    assert again.meta.child == (12, 34)


def test_a_run_that_ended_again_says_how_it_ended_last(store, recorder):
    """Whoever goes on with a run ends it once more: the last event counts."""
    recorder.emit(FINISHED)
    recorder.close()
    again = reopen(store, recorder.run_id)
    again.emit(RunFinished(verdict=Verdict.PASSED, seconds=3.0))
    again.close()
    run = store.get(recorder.run_id)
    assert (run.verdict, run.seconds) == (Verdict.PASSED, 3.0)


def test_reopen_of_no_run_is_an_error(store):
    """An id that was never used is told as such, and nothing is made."""
    with pytest.raises(UsageError, match="there is no run"):
        reopen(store, new_id())
    assert not store.folder.exists()


def start_writer(store: Store, run_id: str) -> subprocess.Popen[bytes]:
    """Return a process that writes into a run until it is ended."""
    argv = [sys.executable, "-c", WRITER, str(store.folder.parent), run_id]
    writer = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert select.select([writer.stdout], [], [], READY_SECONDS)[0]
    assert writer.stdout.readline() == b"ready\n"
    return writer


def check_kills(store: Store, kills: int) -> None:
    """Kill `kills` writers of one run at some moment each, and read the run after each."""
    run_id = new_id()
    store.create(meta(run_id)).close()
    moments = random.Random(7)
    seen = 0
    for kill in range(1, kills + 1):
        writer = start_writer(store, run_id)
        time.sleep(moments.uniform(0, 0.01))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        torn: list[bytes] = []
        found = numbers(store, run_id, on_torn=torn.append)
        assert found == list(range(len(found)))
        assert len(found) >= seen
        # Each is the beginning of one line: no other one is glued to it.
        assert all(line.count(b"run_id") <= 1 for line in torn)
        assert len(torn) <= kill
        assert store.get(run_id).verdict == Verdict.RUNNING
        seen = len(found)
    assert seen > 0


def test_a_writer_that_is_killed_leaves_a_readable_run(store):
    """`kill -9` at any moment: numbers stay without gaps, and the next writer goes on."""
    check_kills(store, FAST_KILLS)


@pytest.mark.slow
def test_a_hundred_writers_that_are_killed_leave_a_readable_run(store):
    """The same, often enough to hit the moment between two pages of one write."""
    for _ in range(ALL_KILLS // FAST_KILLS):
        check_kills(store, FAST_KILLS)


GARBAGE = {
    "empty-line": b"\n",
    "spaces": b"   \n",
    "zeroes": b"\0" * 64 + b"\n",
    "no-text": b"\xff\xfe\xfd\n",
    "no-envelope": b"{}\n",
    "a-number": b"5\n",
    "two-glued": b'{"run_id":"a","seq":0{"run_id":"a","seq":1}\n',
    "other-json": b'{"level":"info"}\n',
    "deep": b"[" * 5_000 + b"\n",
    "infinite-number": to_line(Envelope(run_id=ID, seq=4321, at=1, event=case())).replace(b"4321", b"1e999"),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_a_line_that_is_no_envelope_is_skipped(store, recorder, garbage):
    """One bad line, in the middle or at the end, costs that line and not the run."""
    log = log_of(store, recorder.run_id)
    recorder.emit(case(0))
    log.write_bytes(log.read_bytes() + garbage)
    recorder.emit(FINISHED)
    log.write_bytes(log.read_bytes() + garbage)
    torn: list[bytes] = []
    assert numbers(store, recorder.run_id, on_torn=torn.append) == [0, 1]
    assert torn == ([] if garbage.isspace() else [garbage] * 2)
    assert [run.verdict for run in store.runs()] == [Verdict.FAILED]
    again = reopen(store, recorder.run_id)
    again.emit(case(2))
    again.close()
    assert numbers(store, recorder.run_id) == [0, 1, 2]


def test_unknown_kinds_and_fields_are_skipped(store, recorder):
    """A newer version wrote into the same run: what is known of it is read."""
    recorder.emit(case(0))
    newer = json.loads(to_line(Envelope(run_id=recorder.run_id, seq=1, at=2, event=case(1))))
    newer |= {"signature": "x"}
    newer["event"] |= {"colour": "red"}
    other = {"run_id": recorder.run_id, "seq": 2, "at": 3, "event": {"kind": "Teleported"}}
    with log_of(store, recorder.run_id).open("ab") as log:
        log.write(b"".join(json.dumps(line).encode() + b"\n" for line in (newer, other)))
    torn: list[bytes] = []
    assert numbers(store, recorder.run_id, on_torn=torn.append) == [0, 1]
    assert torn == []


def test_reopen_does_not_use_a_number_twice(store, recorder):
    """An event that this version does not know has a number all the same."""
    recorder.emit(case(0))
    recorder.close()
    other = {"run_id": recorder.run_id, "seq": 1, "at": 3, "event": {"kind": "Teleported"}}
    log = log_of(store, recorder.run_id)
    log.write_bytes(log.read_bytes() + json.dumps(other).encode() + b"\n")
    again = reopen(store, recorder.run_id)
    again.emit(case(2))
    again.close()
    assert [json.loads(line)["seq"] for line in log.read_bytes().splitlines()] == [0, 1, 2]


def rewrite_meta(store: Store, run_id: str, **changes: object) -> None:
    """Change fields of a run's meta.json."""
    path = store.folder / run_id / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), encoding="utf-8")


def test_a_newer_format_is_read_but_not_written(store, recorder):
    """An older version shows what it knows of a run and leaves it as it is."""
    recorder.emit(case(0))
    recorder.emit(FINISHED)
    rewrite_meta(store, recorder.run_id, format=FORMAT + 1, shape="round")
    before = log_of(store, recorder.run_id).read_bytes()
    assert numbers(store, recorder.run_id) == [0, 1]
    assert store.get(recorder.run_id).verdict == Verdict.FAILED
    with pytest.raises(UsageError, match="read-only") as caught:
        reopen(store, recorder.run_id)
    assert f"format {FORMAT + 1}" in caught.value.why
    assert "upgrade" in caught.value.fix
    assert log_of(store, recorder.run_id).read_bytes() == before


def test_an_owner_that_says_more_is_still_an_owner(store, recorder):
    """A newer version tells more of the owner: the run does not vanish from the list for it."""
    more = dataclasses.asdict(recorder.meta.owner) | {"boot": "3f1c"}
    rewrite_meta(store, recorder.run_id, owner=more)
    assert [run.run_id for run in store.runs()] == [recorder.run_id]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="torn"),
        pytest.param(b"\xff\xfe", id="no-text"),
        pytest.param(b"{}", id="no-fields"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"5", id="number"),
        pytest.param(b"[" * 5_000, id="deep"),
        pytest.param(b'{"run_id": "a", "owner": 5}', id="owner-is-a-number"),
        pytest.param(None, id="missing"),
        pytest.param("folder", id="folder"),
    ],
)
def test_a_damaged_run_does_not_hide_the_others(store, recorder, content):
    """What cannot be read is None, and the list goes on with the next."""
    damaged = meta()
    store.create(damaged).close()
    path = store.folder / damaged.run_id / "meta.json"
    path.unlink()
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    assert store.meta(damaged.run_id) is None
    assert store.get(damaged.run_id) is None
    assert [run.run_id for run in store.runs()] == [recorder.run_id]


def test_meta_is_replaced_as_a_whole(store, recorder):
    """A reader sees the old meta.json or the new one; nothing of the way there is left."""
    before = (store.folder / recorder.run_id / "meta.json").stat().st_ino
    recorder.note_child(12, 34)
    assert (store.folder / recorder.run_id / "meta.json").stat().st_ino != before
    assert sorted(path.name for path in recorder.folder.iterdir()) == ["events.jsonl", "meta.json"]
    assert store.meta(recorder.run_id).child == (12, 34)


def test_a_finished_run_says_how_it_ended(store, recorder):
    """History lists the verdict, the time and the reason from the run's last event."""
    recorder.emit(case())
    recorder.emit(FINISHED)
    run = store.get(recorder.run_id)
    assert (run.verdict, run.seconds, run.why, run.code) == (Verdict.FAILED, 1.5, "exit code 1", 1)
    assert (run.verb, run.title, run.started, run.cage) == ("sh", "ls", recorder.meta.started, "open")


@pytest.mark.parametrize("size", [100, 8_000, 8_200, 70_000, 1_000_000])
def test_a_long_reason_is_found(store, recorder, size):
    """A command of many words says all of them in its last event: the run has ended all the same."""
    recorder.emit(dataclasses.replace(FINISHED, why="x" * size))
    assert store.get(recorder.run_id).verdict == Verdict.FAILED


@pytest.mark.parametrize("size", [100, 9_000, 70_000])
def test_a_long_event_before_the_last_one_does_no_harm(store, recorder, size):
    """The end of a log may lie anywhere in a line."""
    recorder.emit(Output(phase="run", stream="stdout", text="x" * size))
    assert store.get(recorder.run_id).verdict == Verdict.RUNNING
    recorder.emit(FINISHED)
    assert store.get(recorder.run_id).verdict == Verdict.FAILED


def test_a_run_that_has_no_log_yet_runs(store, recorder):
    """Between its two files a new run has but one of them."""
    log_of(store, recorder.run_id).unlink()
    assert store.get(recorder.run_id).verdict == Verdict.RUNNING


def test_a_run_whose_owner_lives_runs(store, recorder):
    """Without a last event, and with its owner alive, a run goes on."""
    recorder.emit(case())
    run = store.get(recorder.run_id)
    assert (run.verdict, run.seconds, run.code) == (Verdict.RUNNING, None, None)


@NEEDS_PROC
def test_a_run_whose_owner_is_gone_is_lost(store):
    """A process that was killed before the end; it is found on reading and stored nowhere."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    owner = executor.identify(child.pid)
    run = meta(owner=Owner(pid=owner.pid, start_time=owner.start_time, host=history.host()))
    store.create(run).close()
    assert store.get(run.run_id).verdict == Verdict.RUNNING
    before = {path: path.read_bytes() for path in (store.folder / run.run_id).iterdir()}
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert store.get(run.run_id).verdict == Verdict.LOST  # not waited for yet: a zombie does not live
    child.wait()
    child.stdin.close()
    found = store.get(run.run_id)
    assert (found.verdict, found.code) == (Verdict.LOST, None)
    assert {path: path.read_bytes() for path in (store.folder / run.run_id).iterdir()} == before


@NEEDS_PROC
def test_a_pid_that_is_somebody_elses_by_now_does_not_keep_a_run(store):
    """The same number with another start time is another process."""
    owner = me()
    other = dataclasses.replace(owner, start_time=owner.start_time + 1)
    run = meta(owner=other)
    store.create(run).close()
    assert store.get(run.run_id).verdict == Verdict.LOST


def test_a_finished_run_is_never_lost(store, recorder):
    """An owner may go once its run has ended."""
    recorder.emit(FINISHED)
    gone = Store(store.folder.parent, lambda pid, start: False)
    assert gone.get(recorder.run_id).verdict == Verdict.FAILED


def test_a_run_that_ends_while_it_is_looked_at_is_not_lost(tmp_path):
    """The log is read, then it ends, then its owner does, then the owner is looked for."""
    run = meta()
    found: list[Recorder] = []

    def is_alive(pid: int, start: int) -> bool:
        found[0].emit(FINISHED)
        return False

    store = Store(tmp_path, is_alive)
    found.append(store.create(run))
    assert store.get(run.run_id).verdict == Verdict.FAILED
    found[0].close()


def test_a_run_of_another_host_runs_as_far_as_we_know(tmp_path):
    """In a shared home nobody here can say whether a process there lives."""
    store = Store(tmp_path / "data", lambda pid, start: False)
    run = meta(owner=dataclasses.replace(me(), host=f"not-{socket.gethostname()}"))
    store.create(run).close()
    assert store.get(run.run_id).verdict == Verdict.RUNNING


def test_a_cancel_is_noted(store, recorder):
    """Whoever ends a run says so first; asking twice is asking."""
    assert not store.is_cancel_requested(recorder.run_id)
    store.request_cancel(recorder.run_id)
    store.request_cancel(recorder.run_id)
    assert store.is_cancel_requested(recorder.run_id)
    assert not store.is_cancel_requested(new_id())


def test_a_store_that_was_never_used_is_empty(store):
    """Reading makes nothing."""
    assert (store.ids(), store.runs(), store.get(new_id())) == ([], [], None)
    assert not store.folder.exists()


def test_runs_are_listed_newest_first(store):
    """At most as many as were asked for, and then the newest."""
    made = [f"0199c5a2-7c1{digit}-7e3a-9b4f-2d6c8e0f1a35" for digit in "0123"]
    for run_id in (made[2], made[0], made[3], made[1]):
        store.create(meta(run_id)).close()
    assert [run.run_id for run in store.runs()] == made[::-1]
    assert [run.run_id for run in store.runs(2)] == [made[3], made[2]]
    assert store.runs(0) == []


FOUND = (
    "0199c5a2-7c10-7e3a-9b4f-2d6c8e0f1a35",
    "0199c5a2-7c11-7e3a-9b4f-2d6c8e0f1a36",
    "0199c5b3-0000-7e3a-9b4f-2d6c8e0f1a35",
)


@pytest.fixture
def full_store(store) -> Store:
    """Return a store of three runs whose ids begin or end alike."""
    for run_id in FOUND:
        store.create(meta(run_id)).close()
    return store


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param(FOUND[0], 0, id="whole"),
        pytest.param("0199c5a2-7c10", 0, id="beginning"),
        pytest.param("0199C5A2-7C10", 0, id="upper-case"),
        pytest.param("0199c5b", 2, id="short-beginning"),
        pytest.param("6", 1, id="last-digit"),
        pytest.param("8e0f1a36", 1, id="short-id"),
    ],
)
def test_a_run_is_found_by_an_end_of_its_id(full_store, text, number):
    """The first digits tell the minute, the last eight tell runs of one minute apart."""
    assert full_store.find(text) == FOUND[number]


@pytest.mark.parametrize(
    ("text", "count"),
    [pytest.param("0199", 3, id="beginning"), pytest.param("8e0f1a35", 2, id="ending")],
)
def test_an_end_of_two_ids_is_neither(full_store, text, count):
    """Guessing would cancel the wrong run: the candidates are named instead."""
    with pytest.raises(UsageError, match=f"means {count} runs") as caught:
        full_store.find(text)
    assert all(short_id(run_id) in caught.value.why for run_id in FOUND if re.search(text, run_id))


@pytest.mark.parametrize(
    "text", ["", "7e3a", "0199c5a2-7c12", "*", ".", "0199c5a2-7c10-7e3a-9b4f-2d6c8e0f1a350"]
)
def test_a_text_that_ends_no_id_is_no_run(full_store, text):
    """Nor does the middle of an id name a run, nor a pattern, nor nothing."""
    with pytest.raises(UsageError, match="there is no run"):
        full_store.find(text)


def test_every_sink_gets_every_event(emit):
    """One sink of many: all in the order given, one event after the other."""
    order: list[str] = []
    both = fan_out(emit, lambda event: order.append("second"), lambda event: order.append("third"))
    both(case(1))
    both(case(2))
    assert emit == [case(1), case(2)]
    assert order == ["second", "third"] * 2
    fan_out()(case(3))
    fan_out(emit, emit)(case(4))  # each place is a sink of its own
    assert emit[2:] == [case(4), case(4)]


def test_a_sink_that_raises_is_dropped_once_and_logged(emit, caplog):
    """A broken panel does not stop a deployment halfway, nor write a log line for each event."""
    calls: list[object] = []

    def broken(event: object) -> None:
        calls.append(event)
        raise RuntimeError("the panel is gone")

    both = fan_out(broken, emit)
    with caplog.at_level(logging.ERROR):
        for number in range(3):
            both(case(number))
    assert calls == [case(0)]
    assert emit == [case(0), case(1), case(2)]
    (logged,) = caplog.records
    assert logged.name == history.__name__
    assert "the panel is gone" in caplog.text


def test_the_sink_that_raises_is_dropped_and_not_one_like_it(emit):
    """Two sinks may be equal, as two empty lists are; the one that failed goes."""

    class Broken(type(emit)):
        def __call__(self, event: object) -> None:
            raise RuntimeError("the panel is gone")

    both = fan_out(emit, Broken([case(0)]))
    for number in range(3):
        both(case(number))
    assert emit == [case(0), case(1), case(2)]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), Cancelled("stopped"), SystemExit(1)], ids=repr)
def test_a_stop_goes_through_a_fan_out(emit, stop):
    """Ctrl-C in a sink is not the sink's fault: it ends the run and drops nobody."""
    stops = [stop]

    def stopping(event: object) -> None:
        if stops:
            raise stops.pop()

    both = fan_out(stopping, emit)
    with pytest.raises(type(stop)):
        both(case(1))
    both(case(2))
    assert emit == [case(2)]


def test_a_fault_of_the_disk_is_logged_in_one_line(emit, caplog):
    """Nobody needs our stack to know that a disk is full."""

    def full(event: object) -> None:
        raise OSError(28, os.strerror(28))

    both = fan_out(full, emit)
    both(case(0))
    both(case(1))
    assert emit == [case(0), case(1)]
    (logged,) = caplog.records
    assert "No space left" in logged.getMessage()
    assert logged.exc_info is None


def test_a_full_disk_costs_events_and_not_the_run(emit, caplog, tmp_path):
    """The recorder says so once, and is not left out: there may be room again."""
    requires(Path("/dev/full").exists(), "there is no /dev/full", "run it on Linux")
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "events.jsonl").symlink_to("/dev/full")
    recorder = Recorder(folder, meta())
    both = fan_out(recorder.emit, emit)
    for number in range(3):
        both(case(number))
    recorder.close()
    assert emit == [case(0), case(1), case(2)]
    (logged,) = caplog.records
    assert "No space left" in logged.getMessage()
    assert short_id(recorder.run_id) in logged.getMessage()


class Disk:
    """A disk with room for so many bytes; `os.write` and `os.ftruncate` go through it."""

    def __init__(self, patch: pytest.MonkeyPatch, *, can_cut: bool) -> None:
        self.room: float = float("inf")
        self._write, self._cut, self._can_cut = os.write, os.ftruncate, can_cut
        patch.setattr(os, "write", self.write)
        patch.setattr(os, "ftruncate", self.cut)

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.room:
            raise OSError(28, os.strerror(28))
        taken = bytes(data)[: int(min(self.room, len(data)))]
        self.room -= len(taken)
        return self._write(descriptor, taken)

    def cut(self, descriptor: int, size: int) -> None:
        if not self._can_cut:
            raise OSError(5, os.strerror(5))
        self._cut(descriptor, size)


@pytest.mark.parametrize("can_cut", [True, False], ids=["half-a-line-is-taken-back", "half-a-line-stays"])
@pytest.mark.parametrize("room", [0, 1, 40])
def test_a_run_goes_on_when_there_is_room_again(store, recorder, monkeypatch, room, can_cut):
    """Numbers have no gaps, no line is glued to half a one, and the output that was lost is counted."""
    disk = Disk(monkeypatch, can_cut=can_cut)
    recorder.emit(case(0))
    disk.room = room
    for text, stream in (("äää", "stdout"), ("b", "stderr"), ("c", "stdout")):
        recorder.emit(Output(phase="run", stream=stream, text=text))
    recorder.emit(case(1))
    disk.room = float("inf")
    recorder.emit(case(2))
    recorder.emit(FINISHED)
    torn: list[bytes] = []
    found = list(store.read(recorder.run_id, on_torn=torn.append))
    assert [envelope.event for envelope in found] == [
        case(0),
        Truncated(phase="run", stream="stdout", dropped_bytes=7),
        Truncated(phase="run", stream="stderr", dropped_bytes=1),
        case(2),
        FINISHED,
    ]
    assert [envelope.seq for envelope in found] == [0, 1, 2, 3, 4]
    assert len(torn) == (0 if can_cut or not room else 1)
    assert store.get(recorder.run_id).verdict == Verdict.FAILED


def test_a_run_that_ended_on_a_full_disk_can_be_continued(store, recorder, monkeypatch):
    """Half a line fits, then nothing, then the process is gone: the next one repairs the end."""
    with monkeypatch.context() as patch:
        disk = Disk(patch, can_cut=False)
        recorder.emit(case(0))
        disk.room = 40
        recorder.emit(case(1))
        recorder.close()
    assert numbers(store, recorder.run_id) == [0]
    again = reopen(store, recorder.run_id)
    again.emit(case(1))
    again.close()
    assert numbers(store, recorder.run_id) == [0, 1]


def test_a_listed_run_is_one_line(store):
    """Titles and reasons come from anywhere: nothing in a list moves the cursor or breaks the line."""
    recorder = store.create(meta(title="a\x1b[2J\nb\u202ec"))
    recorder.emit(dataclasses.replace(FINISHED, why="x\r\ny\x1b]0;t\x07"))
    recorder.close()
    run = store.get(recorder.run_id)
    assert (run.title, run.why) == ("a b c", "x y")


TINY_BYTES = 256 * 1024


@pytest.fixture
def tiny_disk(tmp_path) -> Iterator[Path]:
    """Yield a folder on a disk of its own that is soon full."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TINY_BYTES},mode=0700", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
        is_mounted = done.returncode == 0
    except OSError:
        is_mounted = False
    requires(is_mounted, "no file system may be mounted", "be root, with CAP_SYS_ADMIN")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_run_goes_on_when_the_disk_has_room_again(tiny_disk, caplog):
    """What was lost is counted, the numbers have no gaps, and the run ends on record."""
    store = Store(tiny_disk / "data", alive)
    recorder = store.create(meta())
    recorder.emit(case(0))
    filler = tiny_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    both = fan_out(recorder.emit)
    for _ in range(3):
        both(Output(phase="run", stream="stdout", text="é" * 10_000))
    filler.unlink()
    both(case(1))
    both(FINISHED)
    recorder.close()
    events = [envelope.event for envelope in store.read(recorder.run_id)]
    notes = [
        event for event in events if isinstance(event, Truncated)
    ]  # one is short: it may have found room
    assert sum(event.dropped_bytes for event in notes) == 60_000
    assert [event for event in events if event not in notes] == [case(0), case(1), FINISHED]
    assert numbers(store, recorder.run_id) == list(range(len(events)))
    assert store.get(recorder.run_id).verdict == Verdict.FAILED
    (logged,) = caplog.records
    assert "No space left" in logged.getMessage()
    assert logged.exc_info is None


def test_the_last_event_fits_where_a_longer_one_did_not(tiny_disk):
    """Half a line is taken back: its room is what the end of the run needs."""
    store = Store(tiny_disk / "data", alive)
    recorder = store.create(meta())
    for _ in range(20):
        recorder.emit(Output(phase="run", stream="stdout", text="x" * 30_000))
    recorder.emit(FINISHED)
    recorder.close()
    assert store.get(recorder.run_id).verdict == Verdict.FAILED
    torn: list[bytes] = []
    found = numbers(store, recorder.run_id, on_torn=torn.append)
    assert found == list(range(len(found)))
    assert torn == []


def test_the_folder_above_keeps_its_mode(tmp_path):
    """A data folder that everybody shares, as /tmp is, stays everybody's."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    Store(shared, alive).create(meta()).close()
    assert [mode(path) for path in (shared, shared / "runs")] == [0o1777, 0o700]
