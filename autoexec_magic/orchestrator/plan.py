"""What will be done, and what was done, as values.

A plan is data: it can be shown before it runs, and sent to another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..builder import PLAIN, BuildPlan, Wish
from ..errors import AutoexecError, Cancelled
from ..events import FixTried, Installed, Removed
from ..executor.cage import SHUT, Doors, Limits, Wanted
from ..installer import Needed
from ..releasefacts import Deployed
from ..scripts.handing import Given
from ..testrunner.cases import Case
from ..values import Artifact, Diagnosis, Made, Outcome, Phase, Resolution, Verdict
from .combinations import Combination

if TYPE_CHECKING:
    from junitparser import JUnitXml

    from ..deployer import Change, Service

NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal:
    """Phase install: make importable what the code needs."""

    needs: tuple[Needed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """Phase install: install what a person named."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Phase install: take the last change of this environment back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Phase install: make notebooks and projects importable, and write down what they need.

    With `check` nothing is installed or written; with `sync` what the
    notebooks' locks name is installed; with `cell` a notebook gets the PEP 723
    block as its first cell, too, where juv looks for it.
    """

    paths: tuple[Path, ...]
    check: bool = False
    sync: bool = False
    cell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What a `Fix` found and did.

    `stdlib` and `present` count the modules that are part of Python and those
    that could be imported already. `left` are the names of those that still
    cannot, and are needed. `written` are files; `notes` are sentences.
    """

    names: int
    stdlib: int = 0
    present: int = 0
    left: tuple[str, ...] = ()
    written: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Phase run: one command, an argv or a line that the policy makes one of.

    `stdin` is what an argv reads, and `judged_as` the argv that the policy sees
    in its place, where what is read is code. `variables` are set for it on top
    of those that are passed on; with `is_raw` the output is neither masked nor
    made harmless: for a caller who keeps it as a value.
    """

    argv: tuple[str, ...] = ()
    line: str = ""
    stdin: str | None = None
    judged_as: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    is_raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Phase run: a script as a process of its own; `language` "" is found from its first line, or its file.

    `file` is where it lies, if that is not a cell, and `first_line` the line of
    the cell that it begins with. `folder` is its working directory, by default
    the run's. `given` are variables that it gets, `names` those that it gives
    back. With `heal` what is missing while it runs is installed, and it runs
    again where that does nothing twice. One that `is_checked` was read before;
    the source of one that `is_patched` is no longer what its file holds.
    `variables` are set for it on top of those that are passed on.
    """

    source: str
    language: str = ""
    arguments: tuple[str, ...] = ()
    file: Path | None = None
    first_line: int = 1
    stdin: str | Path | None = None
    folder: Path | None = None
    given: tuple[Given, ...] = ()
    names: tuple[str, ...] = ()
    heal: bool = False
    is_checked: bool = False
    is_patched: bool = False
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Phase run: read several scripts, and run none: a fault in the last shows before the first runs."""

    scripts: tuple[Script, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Phase run: a script once for each of `children`, at most `jobs` at a time.

    With `fail_fast` the first that does not pass ends the others.
    """

    script: Script
    children: tuple[Combination, ...]
    jobs: int = 1
    fail_fast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Phase test: pytest, or another `tool`, with these arguments.

    `python` is a path that a person named, by default the project's own. With
    `heal` what cannot be imported is installed, and what failed for it runs again; with
    `keeps_ready` the process of the next run is started when this one is over. `changed` runs the
    tests alone that a change since that commit concerns ("" is the last one); `shard` runs one
    part of all, as `index, count`, by the times in the report `timings`; with
    `parallel` they are spread over processes where that was seen to pay. `cover`
    are folders of which is told which lines ran. With `flaky` each test that failed runs again so
    many times of each kind; `tool` names what runs the tests, found by the folder where it is "".
    """

    __test__ = False  # not a test class, whatever pytest thinks of its name

    arguments: tuple[str, ...] = ()
    python: str = ""
    heal: bool = False
    keeps_ready: bool = False
    changed: str | None = None
    shard: tuple[int, int] | None = None
    timings: str = ""
    parallel: bool = False
    flaky: int = 0
    tool: str = ""
    cover: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Phase build: make artifacts of a folder, or of a notebook.

    `kinds` are what is to be built; without one what fits. With `dry_run` the
    plan is all that is made.
    """

    path: Path
    kinds: tuple[str, ...] = ()
    wish: Wish = PLAIN
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Phase deploy: make a release live, or an older one, or finish what was left half done.

    `action` is "deploy", "rollback", "resume" or "abort". A rollback is to the
    release that `to` names, by its id or the end of it; "" is the last good
    one. With `dry_run` what would change is all that is found out;
    `break_lock` is the reason for which a person breaks the lock of another deploy.
    """

    service: Service
    action: str = "deploy"
    to: str = ""
    dry_run: bool = False
    break_lock: str = ""
    notebook: str = ""


Step: TypeAlias = Heal | Install | Fix | Undo | Command | Check | Script | Sweep | Test | Build | Deploy
PHASE_OF: dict[type, Phase] = {
    Heal: "install",
    Install: "install",
    Fix: "install",
    Undo: "install",
    Command: "run",
    Check: "run",
    Script: "run",
    Sweep: "run",
    Test: "test",
    Build: "build",
    Deploy: "deploy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixing:
    """That a failure is to be fixed, and how far that may go.

    With `is_auto` a patch is applied without a question where it runs in a
    cage and raises no doubt; with `installs` modules may be installed. With
    `asks_model` a language model is asked where no rule knows a fix, and with
    `shows` a person sees what would be sent to it, and it is sent on a yes.
    `file` is where the script came from, "" where it came from a cell, and
    `content` what was in that file.
    """

    is_auto: bool = False
    installs: bool = True
    asks_model: bool = False
    shows: bool = False
    file: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The phases of one run, in order.

    `timeout` is in seconds for each phase that runs the user's code; None is
    no limit. `pass_on` names environment variables that the run may see;
    `level` and `doors` say which cage it is in, and what that lets through;
    `pty` gives commands a terminal; `limits` bound what each may use, and
    `fixing` says what to do when one fails.
    """

    verb: str
    title: str
    phases: tuple[Step, ...]
    timeout: float | None = None
    level: Wanted = "open"
    doors: Doors = SHUT
    pty: bool = False
    pass_on: tuple[str, ...] = ()
    fixing: Fixing | None = None
    limits: Limits = NO_LIMITS

    def options(self) -> str:
        """Return the options that say the same on a line, for a command to be typed again."""
        found = [f"--timeout {self.timeout:g}"] if self.timeout else []
        found += self.limits.options()
        found += [f"--cage {self.level}"] if self.level != "open" else []
        found += [*self.doors.options(), *(f"--env {name}" for name in self.pass_on)]
        return " ".join([*found, *(["--pty"] if self.pty else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseReport:
    """How one phase ended, and what it has to show.

    `there` are modules that were missing, and that somebody else has installed meanwhile.
    `values` are the variables that a script gave back, `made` what it showed and wrote.
    `children` are the runs of a sweep, in the order of its combinations, `cases` the tests that were
    run, and those that could not be, `classes` what kind of fault those have that failed, by their keys.
    """

    phase: Phase
    verdict: Verdict
    seconds: float
    outcome: Outcome | None = None
    diagnosis: Diagnosis | None = None
    resolutions: tuple[Resolution, ...] = ()
    installed: tuple[Installed, ...] = ()
    there: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()
    fixed: Fixed | None = None
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    made: tuple[Made, ...] = ()
    children: tuple[Child, ...] = ()
    cases: tuple[Case, ...] = field(default=(), repr=False)
    classes: Mapping[str, str] = field(default_factory=dict, repr=False)
    artifacts: tuple[Artifact, ...] = ()
    planned: tuple[BuildPlan, ...] = ()
    deployed: tuple[Deployed, ...] = ()
    changes: tuple[Change, ...] = ()
    error: AutoexecError | Cancelled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One run of a sweep; `report` is None where it was never started."""

    combination: Combination
    report: PhaseReport | None = None

    @property
    def label(self) -> str:
        """Its name among the others."""
        return self.combination.label

    @property
    def verdict(self) -> Verdict:
        """How it ended; one that was never started was skipped."""
        return self.report.verdict if self.report else Verdict.SKIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a run ended. `error` is what kept it from passing, or None; `tried` what was done about it."""

    verb: str
    verdict: Verdict
    seconds: float
    run_id: str = ""
    phases: tuple[PhaseReport, ...] = field(default=())
    error: AutoexecError | Cancelled | None = None
    tried: tuple[FixTried, ...] = ()

    @property
    def outcome(self) -> Outcome | None:
        """How the last process of the run ended, or None if there was none."""
        outcomes = [phase.outcome for phase in self.phases if phase.outcome]
        return outcomes[-1] if outcomes else None

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The diagnosis of the phase that failed, or None."""
        found = [phase.diagnosis for phase in self.phases if phase.diagnosis]
        return found[-1] if found else None

    @property
    def values(self) -> dict[str, object]:
        """The variables that scripts gave back, by their names."""
        return {name: value for phase in self.phases for name, value in phase.values.items()}

    @property
    def made(self) -> tuple[Made, ...]:
        """The figures that scripts showed, and the files that they wrote."""
        return tuple(item for phase in self.phases for item in phase.made)

    @property
    def children(self) -> tuple[Child, ...]:
        """The runs of a sweep, in the order of its combinations; none of another run."""
        return tuple(child for phase in self.phases for child in phase.children)

    @property
    def cases(self) -> tuple[Case, ...]:
        """The tests, each with how it ended; those that could not be collected first."""
        return tuple(case for phase in self.phases for case in phase.cases)

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """What was built, in the order in which it was."""
        return tuple(item for phase in self.phases for item in phase.artifacts)

    @property
    def planned(self) -> tuple[BuildPlan, ...]:
        """What was to be built; all there is of a dry run."""
        return tuple(item for phase in self.phases for item in phase.planned)

    @property
    def deployed(self) -> tuple[Deployed, ...]:
        """How the release fared that was to be made live."""
        return tuple(item for phase in self.phases for item in phase.deployed)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What a deploy would change; all there is of a dry run."""
        return tuple(item for phase in self.phases for item in phase.changes)

    @property
    def classes(self) -> dict[str, str]:
        """What kind of fault each test has that failed, by its key."""
        return {key: cls for phase in self.phases for key, cls in phase.classes.items()}

    def to_junitparser(self) -> JUnitXml:
        """Return the tests as an object of the library `junitparser`."""
        from ..testrunner.junit.model import to_junitparser  # which imports that library

        return to_junitparser(self.cases)

    def __str__(self) -> str:
        return f"{self.verdict} · {self.verb} · {self.seconds:.2f} s"

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        """Show nothing: what there is to see was shown while it ran."""
