"""No line of a log is lost, made up or told twice, whatever becomes of the file meanwhile."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from autoexec_magic.deployer import following
from autoexec_magic.deployer.following import last_lines

PATIENCE_SECONDS = 60.0


@pytest.fixture
def log(tmp_path):
    """Return where a log will be."""
    return tmp_path / "web.log"


@pytest.fixture
def followed(log):
    """Return a list that grows as a thread follows the log, which is ended after the test."""
    found, ended = [], threading.Event()

    def follow():
        rows = last_lines(log, lines=100, follow=True)
        for row in rows:
            if row == "END" or ended.is_set():
                break
            found.append(row)
        rows.close()

    thread = threading.Thread(target=follow)
    yield found, thread
    ended.set()
    if thread.is_alive():
        write(log, "END\n")
        thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def write(path, text):
    """Put text at the end of a file."""
    with path.open("ab") as stream:
        stream.write(text if isinstance(text, bytes) else text.encode())


def until(found, want):
    """Wait until all that is wanted was told; fail where something else was."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(found) < len(want) and time.monotonic() < end:
        time.sleep(0.01)
    assert found == want


def last(path, lines):
    """Return the last lines of a log that nobody follows."""
    return list(last_lines(path, lines=lines, follow=False))


@pytest.mark.parametrize(
    ("text", "lines", "want"),
    [
        pytest.param("", 5, [], id="empty"),
        pytest.param("a\nb\nc\n", 2, ["b", "c"], id="the-last-ones"),
        pytest.param("a\nb\n", 9, ["a", "b"], id="fewer-than-asked-for"),
        pytest.param("a\nb\n", 0, [], id="none"),
        pytest.param("a\nb", 9, ["a", "b"], id="no-newline-at-the-end"),
        pytest.param("a\nb", 1, ["b"], id="the-last-words-of-who-died"),
        pytest.param("a\nb", 0, [], id="none-of-those-either"),
        pytest.param("only", 3, ["only"], id="no-newline-at-all"),
        pytest.param("\n\n", 3, ["", ""], id="empty-lines"),
        pytest.param("a\r\nb\x0bc\u2028d\n", 3, ["a\r", "b\x0bc\u2028d"], id="newlines-alone-end-a-line"),
        pytest.param(b"\xff\xc3\n\xc3\xa4\n", 3, ["\ufffd\ufffd", "\xe4"], id="no-utf-8"),
    ],
)
def test_the_last_lines(log, text, lines, want):
    """As they stand in the file, without their ends."""
    write(log, text)
    assert last(log, lines) == want


def test_no_log_is_an_empty_one(log):
    """A release that never started has said nothing."""
    assert last(log, 5) == []


def test_of_a_large_log_no_half_line_is_told(log):
    """What is read begins somewhere in a line, or in a character: that one is left out."""
    write(log, "\xe4" * 3_000_000 + "\nsecond\nthird\n")
    assert last(log, 9) == ["second", "third"]


def test_one_endless_line_is_shown_by_its_end(log):
    """It is not whole, and it is all there is."""
    write(log, "x" * 5_000_000)
    assert [set(row) for row in last(log, 1)] == [{"x"}]


def test_lines_that_come_are_told_once_they_are_whole(log, followed):
    """A line that is written in pieces is one line, also if a piece ends within a character."""
    found, thread = followed
    write(log, "first\n")
    thread.start()
    until(found, ["first"])
    write(log, b"sec")
    write(log, b"ond \xc3")
    time.sleep(3 * following.POLL_SECONDS)
    assert found == ["first"]
    write(log, b"\xa4\nthird\n")
    until(found, ["first", "second \xe4", "third"])


def test_what_stood_there_without_an_end_is_told_with_it(log, followed):
    """The beginning of the line was there before anybody followed."""
    found, thread = followed
    write(log, "one\ntw")
    thread.start()
    until(found, ["one"])
    write(log, "o\n")
    until(found, ["one", "two"])


def test_a_log_that_is_not_there_yet_is_waited_for(log, followed):
    """A release may be followed before it has said anything."""
    found, thread = followed
    thread.start()
    time.sleep(2 * following.POLL_SECONDS)
    write(log, "first\n")
    until(found, ["first"])


def test_a_log_that_is_turned_over_loses_nothing(log, followed):
    """The old one is read to its end, also a line without one, which the new one does not go on with."""
    found, thread = followed
    write(log, "1\n")
    thread.start()
    until(found, ["1"])
    for number in range(2, 12, 2):
        write(log, f"{number}\n{number + 1}")
        log.rename(log.with_suffix(f".{number}"))
        write(log, "")
        until(found, [str(each) for each in range(1, number + 2)])


class TurnedOver(type(Path())):
    """A path whose log is ended, turned over and begun anew in the moment in which it is looked at."""

    def stat(self, **given):
        """Return what is there after that."""
        if not os.path.exists(self.with_suffix(".1")):
            write(self, "2\n3")
            self.rename(self.with_suffix(".1"))
            write(self, "4\n")
        return super().stat(**given)


def test_what_the_old_one_gets_last_is_told_first(log):
    """Between a read that finds nothing and the look at the name, anything may happen."""
    write(log, "1\n")
    rows = last_lines(TurnedOver(log), lines=5, follow=True)
    assert [next(rows) for _ in range(4)] == ["1", "2", "3", "4"]
    rows.close()


def test_a_log_that_is_taken_away_and_comes_back_is_gone_on_with(log, followed):
    """Meanwhile there is nothing to tell, and nothing to raise."""
    found, thread = followed
    write(log, "1\n")
    thread.start()
    until(found, ["1"])
    log.rename(log.with_suffix(".old"))
    time.sleep(3 * following.POLL_SECONDS)
    assert thread.is_alive()
    write(log, "2\n")
    until(found, ["1", "2"])


def test_whoever_stops_following_leaves_no_file_open(log):
    """Each look at a log would cost a descriptor else."""
    write(log, "1\n")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    rows = last_lines(log, lines=1, follow=True)
    assert next(rows) == "1"
    rows.close()
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after == before
