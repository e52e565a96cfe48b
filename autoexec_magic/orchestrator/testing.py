"""The phase of tests: which of them; run, told while they run, healed where a module lacks, and judged."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .. import scripts, testrunner
from ..errors import AutoexecError, Cancelled, CasesFailed, MissingTool, UsageError
from ..events import Covered, Diagnosed, Emit, Progress
from ..executor import Bounds
from ..redact import cleaned, secrets_in
from ..testrunner import Case, Done, Job, Past, Project, Told, Watch
from ..testrunner.foreign import Tool
from ..values import Diagnosis, Verdict
from . import nearby
from .casemasking import masked, masked_run
from .casetelling import Teller
from .changes import changed_files
from .denied import CLS, Denials, fix_of, why_of
from .excusing import entries_in, excused
from .flakiness import examined
from .foreign_testing import foreign_test, tool_of
from .plan import PhaseReport, Plan, Test
from .processes import bounds, judged, note
from .reportfile import ReportFile
from .surroundings import Surroundings

MOST_ROUNDS = 3  #: of installing what is missing: a module may need the next one
_MODULE = re.compile(r"No module named '([A-Za-z_][\w.]{0,199})'")
_PAYS_SECONDS = 4.0  # what several processes take to start, on two cores, is 1 to 2 s
_TOOLS = {testrunner.NO_PYTEST: "pytest", testrunner.NO_COVERAGE: "coverage"}
_LOOK = f"it was undone: look at {testrunner.quarantine.FILE}.refused, and remove that"
_ONE_PROCESS = "add -n 0, also where -n stands in pytest's settings; or use pytest-cov's options"
_LAST_FAILED = ("--lf", "--last-failed")


def test(step: Test, plan: Plan, emit: Emit, here: Surroundings) -> PhaseReport:
    """Run pytest on what its arguments name."""
    run = Testing(step=step, plan=plan, emit=emit, here=here)
    tool = tool_of(step, here)
    if tool is not None:
        return run.foreign(tool)
    job = run.job()
    if job is None:
        return PhaseReport(phase="test", verdict=Verdict.SKIPPED, seconds=0.0)
    stopped: Cancelled | None = None
    try:
        done = run.once(job)
        try:
            done = run.healed(job, done)
            if step.flaky:
                examined(run, replace(job, arguments=run.in_one_process(job)), done, step.flaky)
        except Cancelled as error:  # what had ended by then stays told
            stopped = error
    finally:
        if step.keeps_ready:
            testrunner.warm.prepare(job, **run.own)
    report = run.report(done)
    return report if stopped is None else replace(report, verdict=Verdict.CANCELLED, error=stopped)


@dataclass(slots=True)
class Testing:
    """One run of tests: what is told of it, and what came of it."""

    step: Test
    plan: Plan
    emit: Emit
    here: Surroundings
    own: Bounds = field(init=False)
    past: Past = field(init=False)
    past_state: int = field(init=False)
    denials: Denials = field(init=False)
    teller: Teller = field(init=False)
    asked: testrunner.Asked = field(init=False)
    file_of_report: ReportFile | None = field(init=False, default=None)
    entries: tuple[testrunner.quarantine.Entry, ...] = field(init=False)
    secrets: tuple[str, ...] = field(init=False, repr=False)
    is_spread: bool = False
    is_whole: bool = True

    def __post_init__(self) -> None:
        """Find out what is known before the first test runs."""
        here, plan = self.here, self.plan
        own = bounds(plan, here)
        if plan.level != "open":
            places = scripts.language_of("", "python", "").places(here.cwd)
            read = dict.fromkeys((*plan.doors.read, *places))
            own |= {"doors": replace(plan.doors, read=tuple(read))}
        self.own = own | {"pass_on": (*own["pass_on"], *testrunner.VARIABLES)}
        self.entries = entries_in(here.workspace)
        self.asked = testrunner.read_arguments(self.step.arguments)
        if self.asked.xml:
            self.file_of_report = ReportFile(self.asked.xml, here.cwd, (here.workspace, *plan.doors.write))
        self.past_state = testrunner.past_state(self.file)
        self.past = testrunner.load_past(self.file)
        self.secrets = secrets_in(os.environ, names=(*here.config.pass_on, *plan.pass_on))
        project = Project(root=str(here.workspace))
        self.denials = Denials(emit=self.masking(), level=plan.level, doors=plan.doors)
        self.teller = Teller(emit=self.denials.tell, project=project, folder=here.cwd, past=self.past)

    def masking(self) -> Emit:
        """Return a sink that masks what was passed on, whatever it is called; the rest is masked anyway."""
        if not set(self.secrets) - set(secrets_in(os.environ)):
            return self.emit
        return lambda event: self.emit(cleaned(event, self.secrets))

    @property
    def file(self) -> Path:
        """Where the project's tests are remembered."""
        return testrunner.file_of_past(self.here.cache, self.here.workspace)

    def job(self) -> Job | None:
        """Return what is to be run; None where nothing that changed concerns a test."""
        step, here = self.step, self.here
        arguments = list(self.asked.passed)
        if step.changed is not None:
            changed = changed_files(step.changed, self.plan, here)
            found = testrunner.affected_by(changed, here.workspace)
            self.emit(Progress(phase="test", text=_of_change(changed, found)))
            if found is not None:
                files = [os.path.relpath(here.workspace / path, here.cwd) for path in found]
                named = testrunner.narrowed(arguments, files, here.cwd)
                if named is None:
                    return None
                arguments = named
        python = testrunner.interpreter(here.workspace, step.python)
        if step.parallel and step.cover is None and (count := self.processes(python)):
            self.is_spread = True
            arguments += ["-n", str(count)]
        return Job(
            python=python,
            cwd=here.cwd,
            workspace=here.workspace,
            arguments=tuple(arguments),
            shard=self.shard(),
            cover=step.cover,
        )

    def in_one_process(self, job: Job) -> tuple[str, ...]:
        """Return the arguments without what we added to spread the tests: processes have no order."""
        return job.arguments[:-2] if self.is_spread else job.arguments

    def foreign(self, tool: Tool) -> PhaseReport:
        """Run the tests with their own tool."""
        step = replace(self.step, arguments=self.asked.passed)
        report = foreign_test(
            tool, step, self.plan, self.emit, self.here, teller=self.teller, secrets=self.secrets
        )
        return self.written(report)

    def shard(self) -> testrunner.Shard | None:
        """Return the part of the tests that is to be run, by the times that a report has."""
        step = self.step
        if step.shard is None:
            return None
        index, count = step.shard
        seconds = testrunner.seconds_in(self.here.cwd / step.timings) if step.timings else {}
        return testrunner.Shard(index=index, count=count, seconds=seconds)

    def processes(self, python: testrunner.Interpreter) -> int:
        """Return how many processes the tests are to be spread over; 0 where one alone was as fast.

        Raises
        ------
        MissingTool
            There is no pytest-xdist.
        """
        if not python.has("xdist"):
            pip = f"%autoexec sh {python.path} -m pip install pytest-xdist"
            fix = "%autoexec install pytest-xdist" if python.is_own else pip
            raise MissingTool("--parallel needs pytest-xdist", why=f"{python.path} has none", fix=fix)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        past = self.past
        if cores < 2:
            return 0
        if past.alone and past.spread:
            return cores if past.spread < past.alone else 0
        return cores if past.alone >= _PAYS_SECONDS else 0

    def once(self, job: Job) -> Done:
        """Run the tests of a job once."""
        teller = self.teller
        watch = Watch(
            on_count=teller.on_count,
            on_start=teller.on_start,
            on_case=lambda case: teller.on_case(self.masked(case)),  # who tells it cuts it
        )
        standing = testrunner.warm.take() if self.step.keeps_ready else None
        done = testrunner.run(job, watch, emit=self.emit, standing=standing, **self.own)
        lacks = _TOOLS.get(done.outcome.returncode, "")
        if lacks and not done.told.pytest:
            pip = f"%autoexec sh {job.python.path} -m pip install {lacks}"
            fix = f"%autoexec install {lacks}" if job.python.is_own else pip
            raise MissingTool(f"{job.python.path} has no {lacks}", why=done.outcome.stderr.strip(), fix=fix)
        if done.outcome.returncode == testrunner.IS_SPREAD and job.cover is not None and not done.told.pytest:
            why = "which lines ran is seen in one process only"
            raise UsageError("--cov does not go with -n", why=why, fix=_ONE_PROCESS)
        return replace(done, told=masked_run(done.told, self.secrets, with_names=False))

    def healed(self, job: Job, done: Done) -> Done:
        """Install what could not be imported, and run again what failed for it; nothing else."""
        if not self.step.heal or not job.python.is_own:
            return done
        from .healing import Healing  # which runs phases, as `run` does, that runs this one

        healing = Healing(self.plan, self.emit, self.here, person=self.here.ask)
        for _ in range(MOST_ROUNDS):
            lacking = _lacking(done.told)
            if not lacking or done.outcome.ended != "exited":
                return done
            names = ", ".join(dict.fromkeys(lacking.values()))
            try:
                is_there = [healing.heals(module) for module in dict.fromkeys(lacking.values())]
            except AutoexecError as error:
                self.emit(Progress(phase="test", text=f"{names}: {error.what}; {error.fix}"))
                return done
            if not any(is_there):
                return done
            self.emit(Progress(phase="test", text=f"what lacked {names} runs again"))
            words, _ = testrunner.split_arguments(job.arguments, job.cwd)
            options = [word for word in words if word not in _LAST_FAILED]
            # A file that cannot be collected keeps pytest from running any of the others.
            is_broken_off = any(case.verdict == "not-run" for case in done.told.cases) or not done.told.cases
            only = job if is_broken_off else replace(job, arguments=(*options, *lacking), shard=None)
            again = self.once(only)
            done, self.is_whole = testrunner.merged(done, again), False
        return done

    def report(self, done: Done) -> PhaseReport:
        """Judge what came of it, remember it, and write the file that was asked for."""
        done = replace(done, told=self.clean(done.told))
        told = done.told
        self.teller.on_end(told.all)
        if told.covered:
            self.emit(Covered(files=tuple(told.covered)))
        if told.exit is not None and (text := _unseen(self.step.cover or (), told, self.here.cwd)):
            self.emit(Progress(phase="test", text=text))
        self.remember(done)
        classes = {key: cause.cls for key, cause in self.teller.causes.items()}
        classes |= dict.fromkeys(self.denials.found, CLS)
        return self.written(replace(self.judged(done), cases=told.all, classes=classes))

    def written(self, report: PhaseReport) -> PhaseReport:
        """Write the file that was asked for; where it cannot be, the tests ended as they did all the same."""
        if self.file_of_report is None:
            return report
        try:
            self.file_of_report.write(report.cases)
        except UsageError as error:
            if report.error is None:
                return replace(report, verdict=Verdict(error.verdict), error=error)
            report.error.evidence = (*report.error.evidence, f"{error.what}: {error.why}")
        return report

    def clean(self, told: Told) -> Told:
        """Return what was told with secrets masked: what a test prints of its variables goes into reports."""
        return masked_run(told, self.secrets)

    def masked(self, case: Case) -> Case:
        """Return a case with secrets masked: in what is said of it, and in its parameters."""
        return masked(case, self.secrets)

    def remember(self, done: Done) -> None:
        """Remember how the tests ended, and how long all of them took where all of them ran."""
        if testrunner.past_state(self.file) != self.past_state:  # another run ended meanwhile
            self.past = testrunner.load_past(self.file)
        past = self.past = self.past.after(done.told.cases)
        is_all = not self.asked.passed and self.step.changed is None and self.step.shard is None
        if done.outcome.ended == "exited" and is_all and self.is_whole and self.step.cover is None:
            seconds = round(done.outcome.seconds, 3)
            past = replace(past, spread=seconds) if self.is_spread else replace(past, alone=seconds)
        testrunner.save_past(self.file, past)

    def judged(self, done: Done) -> PhaseReport:
        """Return the verdict."""
        outcome, told, here = done.outcome, done.told, self.here
        if outcome.ended != "exited" or here.is_cancelled() or outcome.limit is not None:
            around = nearby.around(self.plan, here)
            report = judged(outcome, "test", "the run of tests", "python", self.emit, here, around=around)
            counted = testrunner.counts(told.all)
            if report.error is not None and counted:
                report.error.evidence = (*report.error.evidence, counted)
            return report
        is_all = not self.asked.passed and self.step.changed is None and self.step.shard is None
        excuses = excused(self.entries, told.all, self.past, self.emit, is_all=is_all)
        fault = testrunner.judge(outcome, testrunner.without(told, excuses), self.step.arguments)
        note(outcome, "test", self.emit)
        if any(Path(name).name == testrunner.quarantine.FILE for name in outcome.changed):
            why = "what runs is not to say which of its failures count"
            self_made = CasesFailed(f"this run wrote {testrunner.quarantine.FILE}", why=why, fix=_LOOK)
            return PhaseReport(
                phase="test", verdict=Verdict.FAILED, seconds=0.0, outcome=outcome, error=self_made
            )
        if fault is None:
            return PhaseReport(phase="test", verdict=Verdict.PASSED, seconds=0.0, outcome=outcome)
        error = CasesFailed(fault.what, why=fault.why, fix=fault.fix)
        if denied := self.denials.found.values():
            error = CasesFailed(fault.what, why=f"{fault.why}; {why_of(denied)}", fix=fix_of(denied))
        found = self.diagnosis(told)
        if found is not None:
            self.emit(Diagnosed(diagnosis=found))
        return PhaseReport(
            phase="test", verdict=Verdict.FAILED, seconds=0.0, outcome=outcome, error=error, diagnosis=found
        )

    def diagnosis(self, told: Told) -> Diagnosis | None:
        """Return the diagnosis of the one failure there is; of many the causes say more."""
        failed = [case for case in told.all if case.is_bad]
        cause = self.teller.causes.get(failed[0].key) if len(failed) == 1 else None
        if cause is not None and (denial := self.denials.found.get(failed[0].key)) is not None:
            cause = replace(cause, cls=CLS, why=denial.why, fix=fix_of([denial]), diagnosis=None)
        if cause is None or cause.cls == "unknown":
            return None
        if cause.diagnosis is not None:
            return replace(cause.diagnosis, fix=cause.fix or cause.diagnosis.fix)
        return Diagnosis(
            code="test-failed", why=cause.why, fix=cause.fix, confidence=cause.confidence, where=cause.where
        )


def _unseen(asked: Sequence[str], told: Told, folder: Path) -> str:
    """Return in words of what there are no figures, though they were asked for; "" where there are all."""
    files = [each.file for each in told.covered]
    left = [each for each in asked if not any(_is_in(file, each, folder) for file in files)]
    if not left:
        return ""
    return f"no file of {', '.join(left)} was run: --cov takes a folder, or a package that the tests import"


def _is_in(file: str, asked: str, folder: Path) -> bool:
    """Whether a file lies in the folder that was asked for, or in a package of that name."""
    place, path = Path(os.path.normpath(folder / asked)), Path(os.path.normpath(folder / file))
    package = asked.replace(".", "/")
    return path.is_relative_to(place) or f"/{package}/" in f"/{file}" or f"/{file}".endswith(f"/{package}.py")


def _of_change(changed: Sequence[str], found: Sequence[str] | None) -> str:
    """Return in words what a change concerns."""
    files = f"{len(changed)} file{'' if len(changed) == 1 else 's'} changed"
    if found is None:
        return f"{files}, among them pytest's settings: all tests"
    return (
        f"{files}: {len(found)} test file{'' if len(found) == 1 else 's'}" if changed else "nothing changed"
    )


def _lacking(told: Told) -> dict[str, str]:
    """Return the modules that tests and files lacked, by what has to run again."""
    found: dict[str, str] = {}
    for case in told.all:
        for problem in case.said.problems if case.is_bad else ():
            is_import = problem.type in ("ModuleNotFoundError", "ImportError", "")
            if is_import and (match := _MODULE.search(problem.message or problem.text)):
                found[case.key] = match[1]
    return found
