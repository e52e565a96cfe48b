"""Logs: whose they are, how large they grow, and what a line is."""

from __future__ import annotations

import re
import stat
import threading

from autoexec_magic.deployer.serving.logfile import KEPT, Lines, LogFile


def test_a_line_has_the_time_and_the_replica(tmp_path):
    log = LogFile(tmp_path / "web.log")
    log.write(2, "hello")
    log.close()
    line = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 2 hello\n"
    assert re.fullmatch(line, (tmp_path / "web.log").read_text())


def test_nobody_else_can_read_it(tmp_path):
    path = tmp_path / "web.log"
    path.touch(0o644)
    log = LogFile(path)
    log.write(1, "hello")
    log.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_rotated_and_a_few_older_ones_are_kept(tmp_path):
    """No line is lost between two files, and none is torn."""
    log = LogFile(tmp_path / "web.log", most_bytes=1000)
    for number in range(200):
        log.write(1, f"line {number}")
    log.close()
    files = [tmp_path / "web.log", *(tmp_path / f"web.log.{number}" for number in range(1, KEPT + 1))]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(path.stat().st_size <= 1000 for path in files)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    lines = [line for path in reversed(files) for line in path.read_text().splitlines()]
    assert [line.split()[-1] for line in lines] == [str(number) for number in range(200 - len(lines), 200)]


def test_it_goes_on_where_it_was(tmp_path):
    for _ in range(2):
        log = LogFile(tmp_path / "web.log", most_bytes=1000)
        for _ in range(15):
            log.write(1, "x")
        log.close()
    assert (tmp_path / "web.log").stat().st_size <= 1000
    assert len((tmp_path / "web.log").read_text().splitlines()) == 30


def test_lines_of_several_threads_are_whole(tmp_path):
    log = LogFile(tmp_path / "web.log", most_bytes=20_000)
    threads = [
        threading.Thread(target=lambda: [log.write(1, "x" * 50) for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    lines = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert {len(line) for line in lines} == {len("2026-01-01T00:00:00.000Z 1 ") + 50}


def test_a_folder_that_is_gone_loses_lines_and_stops_nothing(tmp_path):
    log = LogFile(tmp_path / "gone" / "web.log")
    log.write(1, "lost")
    (tmp_path / "gone").mkdir()
    log.write(1, "kept")
    log.close()
    assert (tmp_path / "gone" / "web.log").read_text().endswith("kept\n")


def test_a_link_is_not_followed(tmp_path):
    """What is written into the log cannot be led into another file."""
    (tmp_path / "other").write_text("mine\n")
    (tmp_path / "web.log").symlink_to(tmp_path / "other")
    LogFile(tmp_path / "web.log").write(1, "x")
    assert (tmp_path / "other").read_text() == "mine\n"


def test_text_is_cut_into_lines():
    lines = Lines()
    assert lines.feed("one\ntw") == ["one"]
    assert lines.feed("o\r\nthr") == ["two"]
    assert lines.rest() == ["thr"]
    assert lines.rest() == []


def test_a_line_that_never_ends_is_cut():
    lines = Lines()
    found = [line for _ in range(100) for line in lines.feed("x" * 10_000)] + lines.rest()
    assert sum(map(len, found)) == 1_000_000
    assert max(map(len, found)) < 100_000
