"""Does each test of real projects end with us as it ends with pytest alone?

For every project of `SUITES`: its sdist is downloaded and unpacked twice, and an
environment is made with the project, what its tests need, and pytest. Then
`python -m pytest -v -rA --junitxml=…` runs in one copy, and `api.test` in the other,
in the cage `workspace`, with that environment's Python. The verdict of every test is held
against pytest's own words, those of its lines and those of its XML, and each difference is
printed. What looks like a secret in an id (`https://me:X@host`) is masked in ours, so in pytest's as well.

By hand, with a package index to download from (`pip` and `uv`, as they are set up):

    python tests/acceptance/real_suites.py             # all, some minutes
    python tests/acceptance/real_suites.py attrs click
    python tests/acceptance/real_suites.py --newest --keep /tmp/suites

All is done in a folder of its own, which goes afterwards (but for `--keep`). Exits with 1
where there was a difference.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autoexec_magic import api
from autoexec_magic.errors import AutoexecError
from autoexec_magic.events import CaseFinished, CausesFound, Event, Output
from autoexec_magic.executor.cage import Doors
from autoexec_magic.redact import mask
from autoexec_magic.testrunner import Case, Interpreter

SECONDS = 300.0  # of one run
ALIKE = ("-v",)  # there are tests of tests that look for it
MOST = 30  # lines of each kind that are printed
_LINE = re.compile(
    r"^(?P<id>\S.*?)(?: <- \S.*?)? (?P<word>PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|RERUN|u?SUB[A-Z]+)\b"
    r".*?\[ *[\d./]+[%a-z]*\]\s*$"
)
_WORDS = {
    "PASSED": "passed",
    "FAILED": "failed",
    "ERROR": "error",
    "SKIPPED": "skipped",
    "XFAIL": "xfailed",
    "XPASS": "xpassed",
    "SUBFAILED": "failed",
    "SUBFAIL": "failed",
}
_NOTHING = "not-run"  # what pytest says nothing of
_WORST = ("failed", "error", "xfailed", "xpassed", "skipped", "passed")
# What of this session a suite of its own must not see.
_FOREIGN = ("PYTEST_", "AUTOEXEC_", "COV_", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A project, what its tests need beside pytest, and how they are run; `styles` is for the reader."""

    name: str
    version: str
    styles: str
    needs: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    doors: Doors = field(default_factory=Doors)
    variables: Mapping[str, str] = field(default_factory=dict)


SUITES = (
    Suite(name="iniconfig", version="2.3.1", styles="parametrize, fixtures"),
    Suite(name="itsdangerous", version="2.2.0", styles="classes, fixtures", needs=("freezegun",)),
    Suite(name="markupsafe", version="3.0.4", styles="fixtures with params in conftest"),
    Suite(
        name="pluggy", version="1.7.0", styles="conftest, benchmark's fixtures", needs=("pytest-benchmark",)
    ),
    Suite(
        name="wcwidth",
        version="0.9.4",
        styles="ids of all of Unicode, doctests",
        needs=("pytest-cov", "setuptools"),
        arguments=("--import-mode=importlib", "--no-cov"),
        variables={"WCWIDTH_PYTHON": "1"},
    ),
    Suite(
        name="more-itertools",
        version="11.2.1",
        styles="unittest, subTest, doctests",
        arguments=("--doctest-modules", "tests", "more_itertools"),
    ),
    Suite(
        name="boltons",
        version="26.2.0",
        styles="doctests, sockets",
        arguments=("--doctest-modules", "boltons", "tests"),
        doors=Doors(net="all"),
    ),
    Suite(name="toolz", version="1.2.0", styles="tests inside the package", needs=("pycodestyle",)),
    Suite(
        name="attrs",
        version="26.1.0",
        styles="hypothesis, xfail, skips of modules",
        needs=("cloudpickle", "hypothesis", "pympler"),
    ),
    Suite(name="click", version="8.5.1", styles="stdin and stdout of their own, processes"),
    Suite(
        name="packaging",
        version="26.4",
        styles="plugins of pytest's left out",
        needs=("hypothesis", "pip", "pretend", "tomli_w"),
        arguments=("tests/test_markers.py", "tests/test_metadata.py", "tests/test_requirements.py"),
    ),
    Suite(
        name="python-dateutil",
        version="4.0.0",
        styles="xfail, time zones, unittest",
        needs=("attrs", "freezegun", "hypothesis", "pytest-cov", "six"),
        arguments=("tests",),
    ),
    Suite(
        name="asgiref",
        version="3.13.0",
        styles="asyncio, threads, processes, sockets",
        needs=("pytest-asyncio",),
        doors=Doors(net="all"),
    ),
    Suite(
        name="janus",
        version="2.0.0",
        styles="asyncio",
        needs=("pytest-asyncio", "pytest-benchmark", "pytest-cov"),
    ),
    Suite(
        name="pytest-asyncio",
        version="1.5.0",
        styles="a plugin of its own, pytest in pytest",
        needs=("hypothesis",),
    ),
    Suite(
        name="pytest-mock",
        version="3.17.0",
        styles="a plugin of its own, pytest in pytest",
        needs=("pytest-asyncio", "mock"),
    ),
    Suite(
        name="pytest-subtests",
        version="0.15.0",
        styles="a plugin of its own, subtests",
        needs=("pytest<9", "pytest-xdist"),
    ),
    Suite(name="pytest-rerunfailures", version="16.7", styles="a plugin of its own, reruns"),
    Suite(name="cachetools", version="8.0.2", styles="unittest"),
    Suite(
        name="humanize",
        version="4.17.0",
        styles="many parameters, time",
        needs=("freezegun", "pytest-benchmark"),
    ),
    Suite(name="tabulate", version="0.10.0", styles="skips inside tests"),
    Suite(
        name="blinker",
        version="1.9.0",
        styles="asyncio",
        needs=("pytest-asyncio",),
        arguments=("-o", "asyncio_default_fixture_loop_scope=function"),
    ),
    Suite(
        name="aiofiles",
        version="25.1.0",
        styles="asyncio, threads, sockets",
        needs=("pytest-asyncio",),
        doors=Doors(net="all"),
    ),
    Suite(name="jinja2", version="3.1.6", styles="asyncio and trio", needs=("trio",)),
    Suite(
        name="flask",
        version="3.1.3",
        styles="conftest, contexts",
        needs=("pytest<9", "asgiref", "python-dotenv"),
    ),
    Suite(name="h11", version="0.16.0", styles="sockets", arguments=("h11",), doors=Doors(net="all")),
)


@dataclass(kw_only=True)
class Compared:
    """What came of one suite: `differences` is what nobody wants.

    Those `of_the_cage` pytest itself has in that cage, too: as root it has no right there to read everything.
    """

    suite: Suite
    version: str = ""
    tests: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    of_the_cage: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pytest_seconds: float = 0.0
    own_seconds: float = 0.0


def main() -> int:
    """Return 1 where there was a difference."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="of projects; by default all")
    parser.add_argument("--newest", action="store_true", help="their newest versions")
    parser.add_argument("--keep", type=Path, help="a folder to work in, and to leave as it is")
    asked = parser.parse_args()
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="real-suites-") as own:
        root = asked.keep or Path(own)
        root.mkdir(parents=True, exist_ok=True)
        os.environ["AUTOEXEC_DATA_DIR"] = str(root / "data")
        done = []
        for suite in SUITES:
            if not asked.names or suite.name in asked.names:
                done.append(compared(suite, root.resolve() / suite.name, is_newest=asked.newest))
                show(done[-1])
        table(done)
    return int(any(one.differences for one in done) or not done)


def compared(suite: Suite, folder: Path, *, is_newest: bool) -> Compared:
    """Run a suite both ways."""
    found = Compared(suite=suite)
    os.environ.update(suite.variables)
    try:
        copies, found.version = unpacked(suite, folder, is_newest=is_newest)
        python = environment(suite, folder, copies[0])
    except subprocess.CalledProcessError as error:
        found.differences.append(f"could not be made ready: {error}\n{error.stderr}")
        return found
    alone = plain(suite, python, copies[0], found)
    if not alone.words:
        found.differences.append(f"pytest ran nothing: {alone.text.strip()[-500:]}")
        return found
    cases, code = own(suite, python, copies[1], found)
    found.tests = len(cases)
    found.verdicts = Counter(str(case.verdict) for case in cases)
    differ = differences(alone, code, cases)
    if differ:
        caged = plain(suite, python, copies[2], found, is_caged=True)
        still = differences(caged, code, cases) if caged.words else differ
        found.of_the_cage = [line for what, line in differ.items() if what not in still]
        found.differences += [line for what, line in differ.items() if what in still]
    return found


def unpacked(suite: Suite, folder: Path, *, is_newest: bool) -> tuple[list[Path], str]:
    """Return three copies of a project's sources, and its version."""
    folder.mkdir(exist_ok=True)
    what = suite.name if is_newest else f"{suite.name}=={suite.version}"
    if is_newest or not list(folder.glob("*.tar.gz")):
        pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:")
        checked(*pip, "-d", str(folder), what)
    archive = max(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    copies = []
    for name in ("pytest", "own", "caged"):
        shutil.rmtree(folder / name, ignore_errors=True)
        with tarfile.open(archive) as packed:
            packed.extractall(folder / name, filter="data")
        (inside,) = (folder / name).iterdir()
        copies.append(inside.rename(folder / name / "project"))
    return copies, archive.name.removesuffix(".tar.gz").rpartition("-")[2]


def environment(suite: Suite, folder: Path, project: Path) -> Path:
    """Return the Python of an environment with the project and what its tests need."""
    python = folder / "env" / "bin" / "python"
    uv = str(Path(sys.executable).parent / "uv")
    if not python.exists():
        checked(uv, "venv", "-q", "--python", sys.executable, str(folder / "env"))
    checked(uv, "pip", "install", "-q", "--python", str(python), "pytest", str(project), *suite.needs)
    return python


def checked(*argv: str) -> None:
    """Run a command that has to succeed."""
    subprocess.run(argv, check=True, capture_output=True, text=True, timeout=SECONDS)


@dataclass(frozen=True, kw_only=True)
class Alone:
    """What pytest itself said: its exit code, and of each test by its line and by its XML."""

    code: int
    text: str
    words: Mapping[str, str]
    xml: Mapping[str, str]


def plain(suite: Suite, python: Path, project: Path, found: Compared, *, is_caged: bool = False) -> Alone:
    """Run pytest itself, as a person does, or in the cage that ours is in."""
    xml = project / "real-suites.xml"
    argv = [str(python), "-m", "pytest", *ALIKE, "-rA", f"--junitxml={xml}", "--color=no", *suite.arguments]
    start = time.monotonic()
    if is_caged:
        code, text = in_cage(suite, python, project, argv)
    else:
        ended = subprocess.run(
            argv, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
        found.pytest_seconds = time.monotonic() - start
        code, text = ended.returncode, (ended.stdout + ended.stderr).decode(errors="replace")
    (project.parent / "pytest.txt").write_text(text, encoding="utf-8")
    return Alone(code=code, text=text, words=lines_of(text), xml=xml_of(xml) if xml.exists() else {})


def in_cage(suite: Suite, python: Path, project: Path, argv: Sequence[str]) -> tuple[int, str]:
    """Run a command in the cage that our tests are in; return its exit code, and what it wrote."""
    events: list[Event] = []
    read = (python.parent.parent, *Interpreter(python, is_own=False).places)
    caller = api.Caller(emit=events.append, cwd=project)
    doors = replace(suite.doors, read=read)
    try:
        report = api.sh(
            list(argv),
            level="workspace",
            doors=doors,
            env=tuple(suite.variables),
            timeout=SECONDS,
            yes=True,
            caller=caller,
        )
    except AutoexecError as error:
        report = error.report
    code = report.outcome.returncode if report is not None and report.outcome is not None else -1
    return code, "".join(event.text for event in events if isinstance(event, Output))


def own(suite: Suite, python: Path, project: Path, found: Compared) -> tuple[list[Case], int]:
    """Run the same with us; return its cases, and pytest's exit code."""
    events: list[Event] = []
    caller = api.Caller(emit=events.append, cwd=project)
    start = time.monotonic()
    try:
        report = api.test(
            *ALIKE,
            *suite.arguments,
            python=str(python),
            level="workspace",
            doors=suite.doors,
            env=tuple(suite.variables),
            timeout=SECONDS,
            heal=False,
            caller=caller,
        )
    except AutoexecError as error:
        report = error.report
        found.notes += str(error).splitlines()
    found.own_seconds = time.monotonic() - start
    written = "".join(event.text for event in events if isinstance(event, Output))
    (project.parent / "own.txt").write_text(written, encoding="utf-8")
    cases = [] if report is None else list(report.cases)
    told = {event.nodeid: event for event in events if isinstance(event, CaseFinished)}
    missing = [case.key for case in cases if case.key not in told and case.verdict != "not-run"]
    found.differences += [f"{key}: was not told while it ran" for key in missing]
    outcome = report.outcome if report is not None else None
    if outcome is not None and outcome.denial is not None:
        found.notes.append(f"the cage: {outcome.denial.why} ({outcome.denial.option})")
    for event in events:
        if isinstance(event, CausesFound):
            found.notes += [f"{one.count} by {one.cls}: {one.what}; {one.fix}"[:300] for one in event.causes]
    found.notes += [f"{case.key}: {case.message}"[:300] for case in cases if case.is_bad]
    return cases, -1 if outcome is None else outcome.returncode


def lines_of(text: str) -> dict[str, str]:
    """Return pytest's word for each test, from the lines that it writes while they run."""
    words: dict[str, set[str]] = defaultdict(set)
    running, _, _ = text.partition("test session starts")[2].partition("\n=====")
    for line in running.splitlines():
        if match := _LINE.match(line):
            word = match["word"]
            words[mask(match["id"])].add(_WORDS.get(word, "passed" if word.startswith("SUB") else word))
    return {key: worst(said) for key, said in words.items()}


def xml_of(xml: Path) -> dict[str, str]:
    """Return its word for each case of its XML, which has modules that were skipped, and no XPASS."""
    said: dict[str, set[str]] = defaultdict(set)
    for case in ET.parse(xml).getroot().iter("testcase"):
        words = {child.tag for child in case if child.tag in ("failure", "error", "skipped")}
        words = {{"failure": "failed"}.get(word, word) for word in words}
        for child in case.iter("skipped"):
            words = words - {"skipped"} | {"xfailed" if child.get("type") == "pytest.xfail" else "skipped"}
        name = "::".join((case.get("classname", ""), case.get("name", "")))
        said[mask(name)] |= words or {"passed"}
    return {key: worst(words) for key, words in said.items()}


def xml_name(case: Case) -> str:
    """Return what pytest's XML calls a case."""
    if case.classname or "::" in case.key:
        return f"{case.classname}::{case.name}"
    return "::" + case.key.removesuffix(".py").replace("/", ".")


def worst(words: Iterable[str]) -> str:
    """Return the one of several words for one test that counts."""
    return next((word for word in _WORST if word in words), " ".join(sorted(words)))


def differences(alone: Alone, code: int, cases: Sequence[Case]) -> dict[tuple[str, str], str]:
    """Return in what our cases differ from what pytest itself said, by where it did and of which test."""
    found = {}
    if alone.code != code:
        found["its end", ""] = f"pytest ended with {alone.code}, and with us with {code}"
    verdicts: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        if "::" in case.key:
            verdicts[case.key].add(str(case.verdict))
        named[xml_name(case)].add("passed" if case.verdict == "xpassed" else str(case.verdict))
    for where, theirs, ours in (("its line", alone.words, verdicts), ("its XML", alone.xml, named)):
        for key in {**theirs, **ours}:
            one, other = theirs.get(key, _NOTHING), worst(ours.get(key, {_NOTHING}))
            if one != other:
                found[where, key] = f"{key}: {where} says {one}, we say {other}"
    return found


def show(one: Compared) -> None:
    """Print each difference of one suite, and what else is known of it."""
    print(
        f"{one.suite.name} {one.version}: {one.tests} tests, {len(one.differences)} differences", flush=True
    )
    for lines, word in (
        (one.differences, "DIFFERENCE "),
        (one.of_the_cage, "of the cage: "),
        (one.notes, ""),
    ):
        for line in lines[:MOST]:
            print(f"  {word}{line}", flush=True)
        if len(lines) > MOST:
            print(f"  … and {len(lines) - MOST} more", flush=True)


def table(done: Sequence[Compared]) -> None:
    """Print the table."""
    head = (
        "project",
        "version",
        "tests",
        "differences",
        "of the cage",
        "pytest",
        "ours",
        "verdicts",
        "styles",
    )
    rows = [
        (
            one.suite.name,
            one.version,
            f"{one.tests:,}",
            str(len(one.differences)),
            str(len(one.of_the_cage)),
            f"{one.pytest_seconds:.1f} s",
            f"{one.own_seconds:.1f} s",
            ", ".join(f"{count} {verdict}" for verdict, count in one.verdicts.most_common()),
            " ".join((one.suite.styles, *one.suite.doors.options())),
        )
        for one in done
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    print()
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
