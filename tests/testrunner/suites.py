"""Folders of tests, run as `test` runs them, and by pytest alone, to hold one against the other."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import Any

from autoexec_magic import executor
from autoexec_magic.testrunner import Case, Done, Interpreter, Job, Watch, judge, run
from autoexec_magic.testrunner.judging import Fault

OWN = Interpreter(Path(sys.executable), is_own=True)
LEAN = ("-p", "no:cacheprovider")
SECONDS = 60.0  # of a run of pytest alone
# What of this session a suite of its own must not see.
FOREIGN = ("PYTEST_", "AUTOEXEC_", "COV_")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ran:
    """What a run came to: what it told, why it did not pass if so, and who was told what meanwhile."""

    done: Done
    fault: Fault | None
    folder: Path
    counted: list[tuple[str, ...]]
    started: list[str]
    cases: list[Case]
    events: list[Any]

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each case, by its id."""
        return {case.key: str(case.verdict) for case in self.done.told.all}

    @property
    def why(self) -> str:
        """All that is said of why it did not pass; "" where it did."""
        return " ".join((self.fault.what, self.fault.why, self.fault.fix)) if self.fault else ""

    def case(self, end: str) -> Case:
        """Return the one case whose id ends so."""
        (found,) = (case for case in self.done.told.all if case.key.endswith(end))
        return found

    def text(self, stream: str | None = None) -> str:
        """Return what was written."""
        outputs = [event for event in self.events if type(event).__name__ == "Output"]
        return "".join(event.text for event in outputs if stream in (None, event.stream))


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder; each is dedented."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def go(
    folder: Path,
    files: dict[str, str],
    *arguments: str,
    standing: executor.Standing | None = None,
    python: Interpreter = OWN,
    job: dict[str, Any] | None = None,
    watch: Watch | None = None,
    **bounds: Any,
) -> Ran:
    """Write a suite and run it; without its cache, for the sake of time."""
    write(folder, files)
    counted: list[tuple[str, ...]] = []
    started: list[str] = []
    cases: list[Case] = []
    events: list[Any] = []
    watch = watch or Watch(
        on_count=lambda ids: counted.append(tuple(ids)), on_start=started.append, on_case=cases.append
    )
    asked = job_of(folder, *arguments, python=python, **(job or {}))
    done = run(asked, watch, emit=events.append, standing=standing, **bounds)
    fault = judge(done.outcome, done.told, arguments)
    return Ran(
        done=done,
        fault=fault,
        folder=folder,
        counted=counted,
        started=started,
        cases=cases,
        events=events,
    )


def job_of(folder: Path, *arguments: str, python: Interpreter = OWN, **more: Any) -> Job:
    """Return a job that runs the tests of a folder."""
    return Job(python=python, cwd=folder, workspace=folder, arguments=(*LEAN, *arguments), **more)


def pytest_alone(folder: Path, *arguments: str) -> tuple[int, str, Path]:
    """Run pytest itself; return its exit code, what it wrote, and its XML."""
    xml = folder / "own.xml"
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    argv = [sys.executable, "-m", "pytest", *LEAN, "-rA", f"--junitxml={xml}", "--color=no", *arguments]
    ended = subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return ended.returncode, ended.stdout, xml


def own_words(text: str, xml: Path) -> dict[tuple[str, str], str]:
    """Return pytest's verdict of each test, by class and name as its XML has them; what it passed as well.

    The XML knows no XPASS, and writes a test twice that failed and had an error
    in its teardown; the summary (`-rA`) knows no name of what was skipped.
    """
    said = defaultdict(set)
    for case in ET.parse(xml).getroot().iter("testcase"):
        words = {child.tag for child in case if child.tag in ("failure", "error", "skipped")}
        for child in case.iter("skipped"):
            words = {"xfailed" if child.get("type") == "pytest.xfail" else "skipped"}
        said[case.get("classname", ""), case.get("name", "")] |= words or {"passed"}
    xpassed = {line.split(" ", 1)[1].partition(" - ")[0] for line in re.findall(r"^XPASS .*$", text, re.M)}
    found = {key: _worst(words) for key, words in said.items()}
    for nodeid in xpassed:
        keys = [key for key in found if nodeid.endswith(f"::{key[1]}") and _stands(key, nodeid)]
        assert len(keys) == 1, (nodeid, keys)
        found[keys[0]] = "xpassed"
    return found


def _worst(words: set[str]) -> str:
    for word, verdict in (("failure", "failed"), ("error", "error"), ("xfailed", "xfailed")):
        if word in words:
            return verdict
    return "skipped" if "skipped" in words else "passed"


def _stands(key: tuple[str, str], nodeid: str) -> bool:
    file, _, rest = nodeid.removesuffix(f"::{key[1]}").partition("::")
    return key[0] == ".".join([file.removesuffix(".py").replace("/", "."), *rest.split("::")]).rstrip(".")


def our_words(ran: Ran) -> dict[tuple[str, str], str]:
    """Return the same of what we were told."""
    told = ran.done.told
    unread = {("", case.key.removesuffix(".py").replace("/", ".")): str(case.verdict) for case in told.unread}
    return unread | {(case.classname, case.name): str(case.verdict) for case in told.cases}
