"""What does it cost to read a report of tests?

    python tests/bench/bench_junit.py [--quick]

Reports as pytest writes them, of 1,000 to 100,000 tests of which one in twenty
failed with a traceback, read by us and by junitparser with lxml: of every case
the same is asked of both, which is what one of ours always holds. Once it is gone through and
forgotten (streamed), once it is kept in a list. Seconds are
those of the processor; memory is what a process of its own takes more while it reads.

junitparser is faster with lxml, which it does not ask for: `pip install lxml` first, and take it out
again afterwards, as tests of healing count on its absence.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, Note, interleaved, table

from autoexec_magic.testrunner import junit

QUESTION = "What does it cost to read a report of tests?"
SIZES = (1_000, 10_000)
LARGE = 100_000
FASTER, LESS, MS_PER_1000 = 2.5, 10, 100
FAILS_EACH = 20
THEIRS = "junitparser + lxml" if importlib.util.find_spec("lxml") else "junitparser without lxml"

OURS = """
from autoexec_magic.testrunner import junit
def read(path):
    return len(junit.read(path).cases)
"""
STREAM = """
from autoexec_magic.testrunner import junit
def read(path):
    count = [0]
    def take(case):
        count[0] += 1
    junit.stream(path, take)
    return count[0]
"""
RIVAL = """
from junitparser import JUnitXml
def cases(path):
    for suite in JUnitXml.fromfile(str(path)):
        name = suite.name
        for case in suite:
            results = [(type(each).__name__, each.message, each.type, each.text) for each in case.result]
            yield (name, case.name, case.classname, case.time, results, case.system_out, case.system_err)
"""
RIVAL_KEPT = RIVAL + "def read(path): return len(list(cases(path)))"
RIVAL_STREAM = RIVAL + "def read(path): return sum(1 for case in cases(path))"
READERS = {
    "ours, kept": OURS,
    f"{THEIRS}, kept": RIVAL_KEPT,
    "ours, streamed": STREAM,
    f"{THEIRS}, streamed": RIVAL_STREAM,
}
PAIRS = [(f"ours, {way}", f"{THEIRS}, {way}") for way in ("kept", "streamed")]
# Not `ru_maxrss`: a process has that from the one that started it.
CHILD = """
import re, sys
from pathlib import Path
def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
read(Path(sys.argv[1]))
before = most()
count = read(Path(sys.argv[2]))
print(count, most() - before)
"""


def report(count: int) -> bytes:
    """Return pytest's report of `count` tests."""
    head = (
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" '
        f'errors="0" failures="{count // FAILS_EACH}" skipped="0" tests="{count}" time="1.234" '
        'timestamp="2026-01-01T00:00:00.000000+00:00" hostname="h">'
    )
    return (head + "".join(map(_case, range(count))) + "</testsuite></testsuites>").encode()


def _case(number: int) -> str:
    attributes = (
        f'classname="tests.test_{number % 100}.TestCart" name="test_{number}[a-{number}]" time="0.001"'
    )
    if number % FAILS_EACH:
        return f"<testcase {attributes} />"
    trace = f"self = &lt;TestCart object&gt;\n\n    def test_{number}(self):\n" + "".join(
        f"&gt;       assert {{'a': {number}}} == {{'a': {line}}}\nE       AssertionError: line {line}\n"
        for line in range(8)
    )
    return (
        f'<testcase {attributes}><failure message="AssertionError: assert {number} == 0&#10;  more">'
        f"{trace}</failure></testcase>"
    )


def _reader(source: str) -> Callable[[Path], int]:
    names: dict[str, Callable[[Path], int]] = {}
    exec(source, names)
    return names["read"]


def _method(name: str, read: Callable[[Path], int], path: Path, count: int) -> Method:
    def method(note: Note) -> None:
        start = time.process_time()
        found = read(path)
        note(name, time.process_time() - start)
        if found != count:
            raise ValueError(f"{name}: {found} cases of {count}")

    return method


def speed(options: argparse.Namespace, *, count: int) -> None:
    """Reports of 1,000 and 10,000 tests, by us and by the rival in turns."""
    with measure.own_folder() as folder:
        path = folder / "report.xml"
        path.write_bytes(report(count))
        methods = [_method(name, _reader(source), path, count) for name, source in READERS.items()]
        rounds = max(9, 30_000 // count) if not options.quick else 5
        samples = interleaved(methods, rounds)
    bar = MS_PER_1000 * count / 1_000_000
    table(f"{count:,} tests", samples, bars={ours: bar for ours, _ in PAIRS})
    medians = {name: statistics.median(values) for name, values in samples.items()}
    for ours, rival in PAIRS:
        ratio = medians[rival] / medians[ours]
        verdict = "met" if ratio >= FASTER else "not met"
        print(f"  {verdict}: {ours}: {ratio:.1f} times as fast (bar: {FASTER})")
        print(f"  {medians[ours] * 1e6 / count:.1f} ms for 1,000 tests (bar: {MS_PER_1000})")


def memory(options: argparse.Namespace) -> None:
    """What 100,000 tests take beyond what the reader itself takes."""
    with measure.own_folder() as folder:
        small, large = folder / "small.xml", folder / "large.xml"
        small.write_bytes(report(10))
        large.write_bytes(report(LARGE))
        added = {name: _added(source, small, large) for name, source in READERS.items()}
        size = large.stat().st_size
    print(f"\n{LARGE:,} tests, {size / 1e6:.0f} MB: memory that a process takes more while it reads them")
    for name, megabytes in added.items():
        print(f"  {name:30}  {megabytes:8.1f} MB")
    for ours, rival in PAIRS:
        ratio = added[rival] / max(added[ours], 0.1)
        bar = f" (bar: {LESS})" if "streamed" in ours else ""
        verdict = ("met: " if ratio >= LESS else "not met: ") if bar else ""
        print(f"  {verdict}{ours}: {ratio:.1f} times less{bar}")


def _added(source: str, small: Path, large: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", source + CHILD, str(small), str(large)],
        capture_output=True,
        text=True,
        check=True,
    )
    count, kilobytes = map(int, done.stdout.split())
    if count != LARGE:
        raise ValueError(f"{count} cases of {LARGE}")
    return kilobytes / 1024


def writing(options: argparse.Namespace) -> None:
    """The way back: 10,000 cases as text."""
    cases = junit.read(report(10_000)).cases

    def method(note: Note) -> None:
        start = time.process_time()
        junit.text_of(cases)
        note("written", time.process_time() - start)

    table("10,000 tests written", interleaved([method], 5))


if __name__ == "__main__":
    sections = [functools.partial(speed, count=count) for count in SIZES]
    for section in sections:
        functools.update_wrapper(section, speed)
    measure.main(QUESTION, [*sections, memory, writing])
