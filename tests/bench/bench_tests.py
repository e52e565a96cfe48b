"""Is a run of tests faster than plain pytest, and what do its live records cost?

Asked for: one small file, warm, in a sixth of `python -m pytest`; 1,000 trivial
tests in 1/1.8 of `pytest -q --junitxml`, the first result shown in a fifth of
that run; records of at most 5 % of the same run without; 100,000 tests with
5,000 failures at 1.3 times the time per test of 10,000, within 200 MB.

`api.test` in the cage `workspace` with all that a run has, from the call to its
return, in this Python with the plugins that are installed beside it. Between two warm runs the next
process has a second to start: a person takes longer to change a line.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import measure
from measure import Note, now_ns, own_folder, seconds_since, table

from autoexec_magic import api, executor, testrunner
from autoexec_magic.events import CaseFinished, Event

PLAIN = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
ONE = "def test_a():\n    assert 1 + 1 == 2\n\ndef test_b():\n    assert 'a' in 'abc'\n"
THINK_SECONDS = 1.2


def project(folder: Path) -> Path:
    """Make a project and go there."""
    home = folder / "project"
    home.mkdir()
    (home / "pyproject.toml").touch()
    os.environ["AUTOEXEC_DATA_DIR"] = str(folder / "data")
    os.chdir(home)
    return home


def trivial(home: Path, count: int, *, bad_each: int = 0, in_file: int = 100) -> None:
    """Write tests that do next to nothing; each `bad_each`th fails."""
    for first in range(0, count, in_file):
        lines = []
        for number in range(first, min(count, first + in_file)):
            value = 0 if bad_each and number % bad_each == 0 else number
            lines.append(
                f"def test_{number}():\n    assert {value} == {number if number else 1 if bad_each else 0}\n"
            )
        (home / f"test_{first:06}.py").write_text("\n".join(lines))


def plain(*words: str) -> None:
    """Run pytest itself."""
    subprocess.run([*PLAIN, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def warm(options: argparse.Namespace) -> None:
    """One small file, again and again."""
    with own_folder() as folder:
        home = project(folder)
        (home / "test_one.py").write_text(ONE)

        def bare(note: Note) -> None:
            start = now_ns()
            plain()
            note("python -m pytest", seconds_since(start))

        def own(note: Note) -> None:
            time.sleep(THINK_SECONDS)
            first: list[float] = []
            start = now_ns()

            def hear(event: Event) -> None:
                if isinstance(event, CaseFinished) and not first:
                    first.append(seconds_since(start))

            api.test("-p", "no:cacheprovider", keeps_ready=True, caller=api.Caller(emit=hear))
            note("warm", seconds_since(start))
            note("warm, its first result", first[0])

        def cold(note: Note) -> None:
            start = now_ns()
            api.test("-p", "no:cacheprovider")
            note("cold", seconds_since(start))

        samples = measure.interleaved([bare, own, cold], 5 if options.quick else 15)
        testrunner.warm.close()
        floor = sorted(samples["python -m pytest"])
        bars = {"warm": floor[len(floor) // 2] / 6}
        table("one small file", samples, floor="python -m pytest", bars=bars)


def thousand(options: argparse.Namespace) -> None:
    """A thousand trivial tests, from a cold start and from a warm one."""
    with own_folder() as folder:
        home = project(folder)
        trivial(home, 1000)

        def bare(note: Note) -> None:
            start = now_ns()
            plain("--junitxml=report.xml")
            note("pytest -q --junitxml", seconds_since(start))

        def measured(name: str, *, is_warm: bool) -> measure.Method:
            def own(note: Note) -> None:
                if is_warm:
                    time.sleep(THINK_SECONDS)
                first: list[float] = []
                start = now_ns()

                def hear(event: Event) -> None:
                    if isinstance(event, CaseFinished) and not first:
                        first.append(seconds_since(start))

                words = ("-p", "no:cacheprovider", "--junitxml=own.xml")
                api.test(*words, keeps_ready=is_warm, caller=api.Caller(emit=hear))
                whole = seconds_since(start)
                note(name, whole)
                note(f"{name}, its first result", first[0])

            return own

        methods = [bare, measured("warm", is_warm=True), measured("cold", is_warm=False)]
        samples = measure.interleaved(methods, 3 if options.quick else 9, warm_ups=1)
        testrunner.warm.close()
        floor = sorted(samples["pytest -q --junitxml"])
        median = floor[len(floor) // 2]
        bars = {"warm": median / 1.8, "cold": median / 1.8}
        table("1,000 trivial tests", samples, floor="pytest -q --junitxml", bars=bars)


SILENT = """
import pytest
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    telling = config.pluginmanager.get_plugin("autoexec-telling")
    if telling is not None:
        config.pluginmanager.unregister(telling)
"""


def records(options: argparse.Namespace) -> None:
    """The same run with the records, and without: the plugin that tells is taken out."""
    with own_folder() as folder:
        home = project(folder)
        trivial(home, 2000)
        (home / "silent.py").write_text(SILENT)
        python = testrunner.interpreter(home)

        def measured(name: str, *words: str) -> measure.Method:
            job = testrunner.Job(
                python=python, cwd=home, workspace=home, arguments=("-p", "no:cacheprovider", *words)
            )

            def own(note: Note) -> None:
                start = now_ns()
                done = testrunner.run(job, testrunner.Watch(), emit=lambda event: None)
                note(name, seconds_since(start))
                note(f"{name}: processor time of the tests", done.outcome.cpu_seconds)

            return own

        methods = [measured("without", "-p", "silent"), measured("with records")]
        samples = measure.interleaved(methods, 5 if options.quick else 15, warm_ups=1)
        floor = sorted(samples["without"])
        bars = {"with records": floor[len(floor) // 2] * 1.05}
        table("2,000 trivial tests", samples, floor="without", bars=bars)


def many(options: argparse.Namespace) -> None:
    """10,000 and 100,000 tests, a twentieth of which fail."""
    for count in (10_000, 20_000 if options.quick else 100_000):
        with own_folder() as folder:
            home = project(folder)
            trivial(home, count, bad_each=20, in_file=500)
            peak = _Peak()
            before = measure.resident_bytes()
            start = now_ns()
            try:
                with peak:
                    api.test(
                        "-p", "no:cacheprovider", limits=executor.cage.Limits(memory_bytes=8 * measure.GIB)
                    )
            except Exception as error:  # the tests fail
                cases = error.report.cases
            seconds = seconds_since(start)
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(
                f"\n{count:,} tests, {sum(case.is_bad for case in cases):,} failed: {seconds:.1f} s,"
                f" {1e6 * seconds / count:.0f} µs a test; most memory: ours {own / 2**20:.0f} MB"
                f" ({(own - before) / 2**20:.0f} added), the tests' {peak.most / 2**20:.0f} MB",
                flush=True,
            )


class _Peak:
    """Looks now and then how much memory our children hold."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                except (OSError, IndexError):
                    continue
                self.most = max(self.most, pages * os.sysconf("SC_PAGE_SIZE"))


if __name__ == "__main__":
    measure.main(__doc__, [warm, thousand, records, many], limit=900)
