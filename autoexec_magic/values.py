"""What crosses borders between the parts, as frozen values.

Frozen dataclasses move between modules; dicts with agreed keys exist only at
the JSON edge (`as_record`), whose kinds and fields are public for ever: a kind
may gain fields, a field is never renamed or reused.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Stream: TypeAlias = Literal["stdout", "stderr"]
Phase: TypeAlias = Literal["install", "run", "test", "build", "deploy", "monitor"]
Level: TypeAlias = Literal["sealed", "workspace", "open"]
Answer: TypeAlias = Literal["allow", "ask", "refuse"]
Confidence: TypeAlias = Literal["certain", "likely", "unknown"]
Ended: TypeAlias = Literal["exited", "timed-out", "cancelled", "limited"]
LimitKind: TypeAlias = Literal[
    "timeout",
    "memory",
    "cpu",
    "output",
    "processes",
    "file-size",
    "open-files",
]
ActionKind: TypeAlias = Literal["install", "run-cells", "limit", "restart", "folder", "allow", "replace"]
Place: TypeAlias = Literal["prompt", "panel"]
Door: TypeAlias = Literal["read", "write", "net", "unix", "terminal"]
ArtifactKind: TypeAlias = Literal["wheel", "sdist", "npm", "image", "app"]
Decision: TypeAlias = Literal["install", "ask", "refuse", "nothing"]
ModuleClass: TypeAlias = Literal[
    "stdlib",
    "removed",
    "local",
    "drift",
    "platform",
    "alias",
    "invented",
    "third-party",
    "installed",
]


class Verdict(enum.StrEnum):
    """How a run, or a phase of it, ended."""

    RUNNING = "running"
    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    INVALID = "invalid"
    ASKED = "asked"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    MISSING = "missing"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def exit_code(self) -> int:
        """The exit code of the command line; 1 for a run that never ended."""
        return _EXIT_CODES.get(self, 1)

    @property
    def is_good(self) -> bool:
        """Whether the run did what it was asked for, or had nothing to do."""
        return self in (Verdict.PASSED, Verdict.SKIPPED)


_EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.SKIPPED: 0,
    Verdict.FAILED: 1,
    Verdict.INVALID: 2,
    Verdict.ASKED: 3,
    Verdict.REFUSED: 4,
    Verdict.TIMED_OUT: 5,
    Verdict.MISSING: 6,
    Verdict.CANCELLED: 130,
}


class Reply(enum.Enum):
    """What a person says to a question; only `NO` is false."""

    YES = "yes"
    ALWAYS = "always"
    NO = "no"

    def __bool__(self) -> bool:
        return self is not Reply.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of what a person may choose between; to choose it is a yes to it alone.

    `answer` is the short word that chooses it, `label` names it in full,
    `lines` are what is known of it and `fix` is the command that chooses it.
    `proved` says whether it was looked into and is what it is taken for, None
    where nobody could look. `why_not` is why it cannot be chosen, or "".
    """

    answer: str
    label: str
    lines: tuple[str, ...] = ()
    fix: str = ""
    proved: bool | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question for a person: yes or no, or which; `fix` is the command that says yes.

    `place` is where the person is asked: at the prompt, or in the panel, which
    knows it by the ids of the run and of the question. Whoever asks leaves
    these three as they are; the record fills them in.

    `content` is exactly what is agreed to, where the answer may be kept for
    the project; to one that `needs_person` no option such as `--yes` is an
    answer. Where there are `choices` it is one of them, or no.
    """

    text: str
    evidence: tuple[str, ...] = ()
    fix: str = ""
    content: str = ""
    needs_person: bool = False
    choices: tuple[Choice, ...] = ()
    run_id: str = ""
    question: str = ""
    place: Place = "prompt"

    @property
    def answers(self) -> tuple[str, ...]:
        """What may be said; no is the last."""
        if self.choices:
            return (*(choice.answer for choice in self.choices if not choice.why_not), "no")
        return ("yes", "always", "no") if self.content else ("yes", "no")

    @property
    def only(self) -> Choice | None:
        """The choice that a plain yes means: there is no other that may be the right one."""
        left = [choice for choice in self.choices if choice.proved is not False]
        return left[0] if len(left) == 1 and not left[0].why_not else None


#: A choice is true, as a yes is.
Ask: TypeAlias = Callable[[Question], bool | Reply | Choice]  #: raises `NeedsPerson` where nobody can answer

#: Makes a module importable that a process could not import; whether it is worth running again.
Healer: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """What the cage kept a child from, and what would allow it.

    Parameters
    ----------
    door : str
        "read", "write", "net", "unix" or "terminal".
    thing : str
        The path, or the door in words.
    option : str
        What to add to the command line; "" if nothing may be added.
    why : str
        One sentence for a person.
    """

    door: Door
    thing: str
    option: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHit:
    """A limit that a run came up against.

    Parameters
    ----------
    kind : str
        Which one; the codes of its error and its diagnosis follow from it.
    most : float
        What was allowed: seconds, bytes, or how many; greater than 0.
    seen : str
        What says so, in a few words: a counter of the kernel's, a signal, a message.
    confidence : str
        "certain" where the kernel or a clock of ours says so, "likely" where
        only the words of what ran do.
    """

    kind: LimitKind
    most: float
    seen: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a process ended.

    `returncode` is the exit code, 0 to 255, or minus the number of the signal
    that ended it, as in `subprocess`. `stdout` and `stderr` are the last
    characters of each stream (at most `executor.channel.TAIL_CHARS`), decoded
    and redacted. `dropped_bytes` counts the output that was not kept, `cut`
    names the streams it was cut from. `denial` is what the cage kept it from,
    as far as what it wrote tells; `changed` are files that govern runs and are
    not what they were before. `discarded` are the first few files that it left
    below `~`, relative to it, where that was a cage's folder and went with it.
    `ended` is "limited" where it was ended because of what it wrote, and
    `limit` is what it came up against, also where it passed all the same;
    `output_bytes` counts all that it wrote, and `cpu_seconds` is the processor
    time that it used, in seconds, with that of the children it waited for.
    """

    argv: tuple[str, ...]
    returncode: int
    ended: Ended
    seconds: float
    stdout: str = ""
    stderr: str = ""
    dropped_bytes: int = 0
    cut: tuple[Stream, ...] = ()
    denial: Denial | None = None
    changed: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    limit: LimitHit | None = None
    output_bytes: int = 0
    cpu_seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the process ended by itself with exit code 0."""
        return self.ended == "exited" and self.returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file that a script wrote, or a figure that it showed.

    `name` is from its working directory, `mime` what its ending says, and of a
    picture what it is. `width` and `height` are in pixels, 0 where it is none.
    `data` is the content of a picture that is to be shown, else empty: it was
    looked at, and is safe to draw.
    """

    name: str
    size_bytes: int
    mime: str
    width: int = 0
    height: int = 0
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The user's own place of a failure.

    `file` is as Python or the program names it, `cell` the number in brackets
    beside a cell ("" outside a notebook, for cells that have none yet),
    `cell_id` the notebook's own id of it, where known; `line` counts from 1
    within the file or the cell, 0 where it is not known; `source` is that line,
    without its indentation, and `function` the function it stands in.
    """

    file: str = ""
    line: int = 0
    cell: str = ""
    cell_id: str = ""
    source: str = ""
    function: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A fix that can be carried out instead of typed.

    `values` depend on `kind`:

    - "install": modules, as they stand after `import`; what they are is found
      out and proved by the installer, like any other name;
    - "run-cells": the cells to run, in order, before what failed: each by the
      notebook's own id of it, where that is not known by the number beside it,
      and where it has neither by `#` and its place among the code cells, from 1;
    - "limit": an option and its new value, such as `--memory`, `2G`;
    - "restart": nothing; the kernel has to begin anew;
    - "folder": the directory to run in;
    - "allow": words to add to the command line, which let a cage through;
    - "replace": what to write in the failed line, and in the place of what: old, new.
    """

    kind: ActionKind
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why something failed, and the next thing to type.

    `code` is kebab-case and public. `where` is the user's own place, or "", and
    `frame` the same in its parts: `FILE:LINE`, of a cell `In [NUMBER]:LINE`, in
    the app of a notebook `NOTEBOOK cell N line M`, where N counts the notebook's
    cells from 1, those of text too. `evidence` are short
    statements, most telling first. `action` is the fix as something that can be
    carried out, where it can. `bytes` is the half-open range of the text that
    the diagnosis explains, or None where there was no text.
    """

    code: str
    why: str
    fix: str = ""
    confidence: Confidence = "unknown"
    where: str = ""
    bytes: tuple[int, int] | None = None
    evidence: tuple[str, ...] = ()
    frame: Frame | None = None
    action: Action | None = None

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        remedy = f"; fix: {self.fix}" if self.fix else ""
        return f"{self.code}{place}: {self.why}{remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A distribution that may hold a module, and what is known of it.

    `proved` is None where nobody looked, True where its wheel holds the
    module, False where it does not. `sha256` is the digest of exactly the
    wheel that was looked into, and `index` where it came from, without
    credentials. `summary` is its own sentence about itself; `released` is when
    `version` was uploaded and `first_released` when the project's first file
    was, ISO 8601 or "" where the index does not say; `releases` counts those
    that fit this Python; `claims` are other distributions that claim the
    module's name. `faults` rule its wheel out, whoever says yes.
    """

    distribution: str
    version: str = ""
    known: bool = False
    proved: bool | None = None
    sha256: str = ""
    index: str = ""
    why: str = ""
    summary: str = ""
    released: str = ""
    first_released: str = ""
    releases: int | None = None
    claims: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a module is, and what follows from that.

    `distribution` is the one the decision is about, or "". `evidence` are
    short statements in the order they were found.
    """

    module: str
    cls: ModuleClass
    decision: Decision
    distribution: str = ""
    proved: bool | None = None
    candidates: tuple[Candidate, ...] = ()
    evidence: tuple[str, ...] = ()
    fix: str = ""

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that `distribution` names."""
        return next((c for c in self.candidates if c.distribution == self.distribution), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """What a build made.

    `reference` is a file's absolute path, or an image's name with its tag or
    digest. `digest` is `sha256:` with 64 digits: of a file's bytes, of an
    image's manifest where a registry has it, else its id. `bytes` is its size.
    `inputs_digest` is one digest of all that it was built from, `lock_digest`
    of what says which packages, or "". `provenance` is what it says of itself,
    name and value; `beside` are files that belong to it, such as an SBOM.
    """

    artifact: ArtifactKind
    name: str
    version: str
    reference: str
    digest: str
    bytes: int
    inputs_digest: str
    lock_digest: str = ""
    provenance: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVerdict:
    """Whether a command may run, and which layer and rule said so."""

    line: str
    answer: Answer
    layer: int
    rule: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as history lists it. `started` is UTC, milliseconds since 1970."""

    run_id: str
    verb: str
    title: str
    verdict: Verdict
    seconds: float | None
    started: int
    cage: str
    notebook: str
    why: str = ""
    kernel: str = ""

    @property
    def code(self) -> int | None:
        """The exit code, or None while it runs or when it was lost."""
        return None if self.verdict in (Verdict.RUNNING, Verdict.LOST) else self.verdict.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The last record of every verb; `added` is what the verb adds."""

    verb: str
    verdict: Verdict
    run_id: str = ""
    seconds: float = 0.0
    added: dict[str, object] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """The exit code of the command line, 0 to 255."""
        return self.verdict.exit_code


Record: TypeAlias = Outcome | Diagnosis | Candidate | Resolution | Artifact | PolicyVerdict | Run | Result
_RENAMED = {"cls": "class"}


def as_record(value: Record) -> dict[str, object]:
    """Return `value` as one JSON object with its `kind` (DESIGN, section 6).

    Examples
    --------
    >>> as_record(Result(verb="sh", verdict=Verdict.PASSED, run_id="r", seconds=0.5))
    {'kind': 'Result', 'verb': 'sh', 'verdict': 'passed', 'code': 0, 'run_id': 'r', 'seconds': 0.5}
    """
    if isinstance(value, Result):
        return {
            "kind": "Result",
            "verb": value.verb,
            "verdict": str(value.verdict),
            "code": value.code,
            "run_id": value.run_id,
            "seconds": round(value.seconds, 3),
            **value.added,
        }
    record: dict[str, object] = {"kind": type(value).__name__}
    for name, item in dataclasses.asdict(value).items():
        record[_RENAMED.get(name, name)] = item
    if isinstance(value, Artifact):
        record["provenance"] = dict(value.provenance)
    if isinstance(value, Run):
        record["code"] = value.code
    return record
