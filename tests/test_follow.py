"""A log is followed while it is written: each whole line once, in order, whatever is torn."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from autoexec_magic.follow import READ_BYTES, Follower


def line(seq: int, text: str = "x", kind: str = "Output") -> bytes:
    """Return an envelope as it is written."""
    return (
        json.dumps({"run_id": "r", "seq": seq, "at": 1, "event": {"kind": kind, "text": text}}).encode()
        + b"\n"
    )


def numbers(data: bytes) -> list[int]:
    """Return the numbers of the lines."""
    return [json.loads(part)["seq"] for part in data.splitlines()]


def everything(follower: Follower) -> bytes:
    """Read until there is nothing new."""
    return b"".join(iter(follower.read, b""))


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path):
    """A run is listed a moment before its log is made."""
    follower = Follower(tmp_path / "events.jsonl")
    assert follower.read() == b""
    (tmp_path / "events.jsonl").write_bytes(line(0))
    assert numbers(follower.read()) == [0]


def test_lines_come_as_they_stand(tmp_path: Path):
    """Kinds and fields that nobody here knows are passed on."""
    log = tmp_path / "events.jsonl"
    raw = b'{"new": 1, "seq": 0, "event": {"kind": "FromTheFuture"}}\n'
    log.write_bytes(raw)
    assert Follower(log).read() == raw


@pytest.mark.parametrize("cut", range(len(line(1))))
def test_half_a_line_waits_for_its_end(tmp_path: Path, cut: int):
    """Wherever the writer is, only whole lines are passed on, and nothing is lost."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(line(0) + line(1)[:cut])
    follower = Follower(log)
    assert numbers(follower.read()) == [0]
    assert follower.read() == b""
    with log.open("ab") as more:
        more.write(line(1)[cut:])
    assert numbers(follower.read()) == [1]


@pytest.mark.parametrize(
    "torn",
    [
        b'{"run_id": "r", "seq": 1, "at',
        b'{"seq": 1, "event": {"kind": "Output", "text": "}',
        b"\xff\x00",
        b"[1]",
        b"7",
        b'{"seq": "many", "event": {"kind": "Output"}}',
        b'{"seq": 1, "event": 7}',
        b"[" * 100_000,
    ],
)
def test_a_torn_line_is_left_out(tmp_path: Path, torn: bytes):
    """What a killed writer left, mended with a newline by the next one, stops nobody."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(line(0) + torn + b"\n" + line(1))
    assert numbers(everything(Follower(log))) == [0, 1]


@pytest.mark.parametrize("after", [-1, 0, 1, 8, 9, 10, 1000])
def test_it_resumes_after_any_number(tmp_path: Path, after: int):
    """Who has seen events up to a number gets the rest, each once."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"".join(map(line, range(10))))
    assert numbers(everything(Follower(log, after=after))) == list(range(10))[after + 1 :]


def test_an_event_that_is_written_twice_comes_once(tmp_path: Path):
    """A number that was passed on is not passed on again."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(line(0) + line(1) + line(1) + line(0) + line(2))
    assert numbers(everything(Follower(log))) == [0, 1, 2]


@pytest.mark.parametrize("size", [READ_BYTES - 1, READ_BYTES, READ_BYTES + 1, 5 * READ_BYTES])
def test_a_line_may_be_longer_than_a_read(tmp_path: Path, size: int):
    """One piece of output that is larger than what is read at once comes whole."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(line(0) + line(1, "y" * size) + line(2))
    found = everything(Follower(log))
    assert numbers(found) == [0, 1, 2]
    assert len(json.loads(found.splitlines()[1])["event"]["text"]) == size


def test_the_end_of_the_run_is_noticed(tmp_path: Path):
    """Also by who resumes after it."""
    log = tmp_path / "events.jsonl"
    log.write_bytes(line(0) + line(1, kind="RunFinished"))
    follower = Follower(log)
    assert not follower.is_finished
    everything(follower)
    assert follower.is_finished
    late = Follower(log, after=1)
    assert late.read() == b""
    assert late.is_finished


def test_nothing_is_lost_while_somebody_writes(tmp_path: Path):
    """A writer that appends all the time, in pieces of any size, is read whole."""
    log = tmp_path / "events.jsonl"
    count = 20_000

    def write() -> None:
        data = b"".join(line(seq, "z" * (seq % 97)) for seq in range(count))
        with log.open("ab", buffering=0) as target:
            for start in range(0, len(data), 3001):
                target.write(data[start : start + 3001])

    writer = threading.Thread(target=write)
    follower = Follower(log)
    writer.start()
    found: list[int] = []
    while len(found) < count:
        is_over = not writer.is_alive()  # asked before the read: what was written by then is read now
        new = numbers(follower.read())
        assert new or not is_over
        found += new
    writer.join()
    assert found == list(range(count))


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path):
    """A folder in its place is not taken for an empty log."""
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        Follower(tmp_path / "events.jsonl").read()
