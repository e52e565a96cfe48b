"""Tests of other languages: their own tool runs them, and what it writes is read into the same cases."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import executor, testrunner
from ..errors import CasesFailed, UsageError
from ..events import Emit, Event, Output
from ..executor.channel import TAIL_CHARS
from ..redact import Cleaner
from ..testrunner import foreign
from ..testrunner.affected import is_test
from ..testrunner.foreign import Hearers, Tool
from ..values import Outcome, Stream, Verdict
from . import nearby
from .casemasking import masked, masked_run
from .casetelling import Teller
from .plan import PhaseReport, Plan, Test
from .processes import bounds, judged, note
from .surroundings import Surroundings

PYTEST = "pytest"
_OF_PYTEST = ("python", "changed", "shard", "timings", "parallel", "flaky", "cover")
_FOLDERS_READ = 2000
_LEFT_OUT = frozenset(("node_modules", "venv", "build", "dist", "target", "__pycache__"))
_SETTINGS = ("pytest.ini", "pytest.toml", "conftest.py", "tox.ini")


def tool_of(step: Test, here: Surroundings) -> Tool | None:
    """Return the tool that runs the tests here, None for pytest.

    pytest does where a person says so, where pytest was called with anything,
    and where there is a test of Python's; another tool where only that one finds tests.

    Raises
    ------
    UsageError
        There is no such tool.
    """
    if step.tool and step.tool != PYTEST:
        if step.tool not in foreign.TOOLS:
            names = ", ".join((PYTEST, *foreign.TOOLS))
            raise UsageError(f"--tool {step.tool} cannot be", fix=f"one of {names}")
        return foreign.TOOLS[step.tool]
    if step.tool or _is_python(here.cwd, step.arguments):
        return None
    found = foreign.detect(here.cwd)
    return foreign.TOOLS[next(iter(found))] if found else None


def _is_python(folder: Path, arguments: Sequence[str]) -> bool:
    """Whether the tests of a folder are Python's, as far as names tell."""
    if any(word.partition("::")[0].endswith(".py") for word in arguments):
        return True
    if any((folder / name).is_file() for name in _SETTINGS):
        return True
    with contextlib.suppress(OSError):
        if "[tool.pytest" in (folder / "pyproject.toml").read_text("utf-8", "replace"):
            return True
    for _, folders, files in itertools.islice(os.walk(folder), _FOLDERS_READ):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not name.startswith("."))
        if any(map(is_test, files)):
            return True
    return False


def foreign_test(
    tool: Tool,
    step: Test,
    plan: Plan,
    emit: Emit,
    here: Surroundings,
    *,
    teller: Teller,
    secrets: Sequence[str] = (),
) -> PhaseReport:
    """Run the tests with their own tool.

    Raises
    ------
    UsageError
        An option was given that only pytest's tests have.
    """
    usual = Test()
    given = [name for name in _OF_PYTEST if getattr(step, name) != getattr(usual, name)]
    if given:
        option = {"cover": "cov"}.get(given[0], given[0])
        raise UsageError(
            f"--{option} is for tests of pytest's",
            why=f"{tool.name} runs those here",
            fix="leave it out, or say --tool pytest",
        )
    launch = tool.launch(here.cwd, step.arguments)
    own = bounds(plan, here)
    if plan.level != "open":
        own |= {"doors": replace(plan.doors, read=(*plan.doors.read, *launch.places))}

    shown = _Shown(emit, secrets)
    reader = launch.reader(
        Hearers(
            on_start=teller.on_start,
            on_case=lambda case: teller.on_case(masked(case, secrets)),  # who tells it cuts it
            on_text=shown.take,
        )
    )

    def sink(event: Event) -> None:
        if isinstance(event, Output):
            reader.feed(event.stream, event.text)
        else:
            emit(event)

    outcome = executor.run(
        launch.argv,
        emit=sink,
        phase="test",
        cwd=here.cwd,
        env=launch.environment,
        policy=executor.policy.exactly(launch.argv[0]),
        **own,
    )
    told = masked_run(reader.end(outcome.returncode), secrets)
    outcome = shown.end(outcome)
    teller.on_end(told.all)
    classes = {key: cause.cls for key, cause in teller.causes.items()}
    return replace(_judged(tool, outcome, told, plan, emit, here), cases=told.all, classes=classes)


class _Shown:
    """Tells what a tool and its tests write, without the records in between; a secret may be cut by those.

    Parameters
    ----------
    emit : callable
        Gets the events.
    secrets : sequence of str
        Values to mask.
    """

    def __init__(self, emit: Emit, secrets: Sequence[str]) -> None:
        self._emit, self._secrets = emit, secrets
        self._cleaners: dict[Stream, Cleaner] = {}
        self._tails: dict[Stream, str] = {}

    def take(self, stream: Stream, text: str) -> None:
        """Tell a piece."""
        self._tell(stream, self._cleaners.setdefault(stream, Cleaner(self._secrets)).feed(text))

    def end(self, outcome: Outcome) -> Outcome:
        """Tell what was held back; return the outcome with what was told in the place of the streams."""
        for stream, cleaner in self._cleaners.items():
            self._tell(stream, cleaner.flush())
        return replace(outcome, stdout=self._tails.get("stdout", ""), stderr=self._tails.get("stderr", ""))

    def _tell(self, stream: Stream, text: str) -> None:
        if text:
            self._tails[stream] = (self._tails.get(stream, "") + text)[-TAIL_CHARS:]
            self._emit(Output(phase="test", stream=stream, text=text))


def _judged(
    tool: Tool, outcome: Outcome, told: testrunner.Told, plan: Plan, emit: Emit, here: Surroundings
) -> PhaseReport:
    """Return the verdict: the tool's exit code, held against what it told."""
    bad = [case for case in told.all if case.is_bad or case.verdict == "not-run"]
    is_stopped = outcome.ended != "exited" or here.is_cancelled() or outcome.limit is not None
    if is_stopped or (outcome.returncode and not bad):
        around = nearby.around(plan, here)
        return judged(outcome, "test", f"{tool.name}'s tests", "bash", emit, here, around=around)
    note(outcome, "test", emit)
    counted = testrunner.counts(told.all)
    again = f"%autoexec test --tool {tool.name} {' '.join(tool.only(bad))}".rstrip()
    error = None
    if told.faults:
        fix = "run the tool itself, with %autoexec sh, and see what it writes"
        error = CasesFailed("what was told of the tests cannot be believed", why=told.faults[0], fix=fix)
    elif outcome.returncode or bad:
        error = CasesFailed("some tests failed", why=counted, fix=again)
    elif not told.all:
        why = f"{tool.name} named none"
        error = CasesFailed("no test was found", why=why, fix="check the folder and the names")
    if error is None:
        return PhaseReport(phase="test", verdict=Verdict.PASSED, seconds=0.0, outcome=outcome)
    return PhaseReport(phase="test", verdict=Verdict.FAILED, seconds=0.0, outcome=outcome, error=error)
