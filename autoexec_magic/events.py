"""What happened during a run, as values.

An event is bare: it knows neither its run nor its number nor the time. The
recorder alone wraps it into an `Envelope` `{run_id, seq, at, event}` and writes
it as one line of JSON. Events are frozen, keyword-only and not for
subclassing; a reader ignores kinds and fields that it does not know, because
the writer may be newer.

Adding an event means a class here, a line in `tests/data/events.jsonl`, and
its twin in the panel.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from .casefacts import CaseCause, CaseFailure, FileCoverage
from .releasefacts import Deployed
from .values import Artifact, Choice, Diagnosis, Phase, Place, Resolution, Stream, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run began; `cage` is the level in force, or "none" in the kernel.

    `mechanism` provides it; of `tried` doors `held` were seen to be shut (and
    open without a cage); `open` names what is open all the same.
    """

    verb: str
    title: str
    cage: str
    mechanism: str = ""
    held: int = 0
    tried: int = 0
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """A phase began; `title` names what it does, for people."""

    phase: Phase
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Text that was written, decoded and redacted, never cut inside a character.

    `child` names the run of a sweep that wrote it, here as in the other events.
    """

    phase: Phase
    stream: Stream
    text: str
    child: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """`dropped_bytes` of `stream` were not kept at this place, after `after_bytes` that were.

    `after_bytes` is -1 where nobody counted. What the stream wrote after the
    cut follows as `Output`.
    """

    phase: Phase
    stream: Stream
    dropped_bytes: int
    after_bytes: int = -1
    child: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flowing:
    """`stream` goes on beyond what is shown as it comes: `passed_bytes` so far, at last `last_line`.

    At most once a second. `last_line` is masked, short, and may be "".
    """

    phase: Phase
    stream: Stream
    passed_bytes: int
    last_line: str = ""
    child: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Displayed:
    """A rich output was shown; `mimes` maps each MIME type to its size in bytes.

    `name` is the file's or the figure's that a script made, else "".
    """

    phase: Phase
    mimes: dict[str, int]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """A script wrote a file, which is not shown; `name` is from its working directory."""

    phase: Phase
    name: str
    size_bytes: int
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesCollected:
    """There are `count` tests to run; earlier runs of them took `seconds`, 0 where nobody knows."""

    count: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStarted:
    """A test began. Of one that is over in a moment this is not told."""

    nodeid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFinished:
    """A test ended; `verdict` is pytest's word.

    `message` is one line; `failure` is there where it did not pass. `attempts`
    counts how often it was run.
    """

    nodeid: str
    verdict: str
    seconds: float
    message: str = ""
    file: str = ""
    line: int = 0
    attempts: int = 1
    failure: CaseFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesCounted:
    """How all the tests ended, by verdict, when they have: with those that never began."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CausesFound:
    """What the tests failed by, the most frequent first; `failed` counts all that failed."""

    failed: int
    causes: tuple[CaseCause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Which lines ran while the tests did, by file."""

    files: tuple[FileCoverage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """One run of a sweep began: `number` of `total`, from 1; `child` names it, `a=1 b=x` or `#3`."""

    child: str
    number: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFinished:
    """One run of a sweep ended.

    `code` is the code of its error, "" where it passed; `exit_code` is minus
    the number of the signal that ended it, None where nothing was started.
    `why` and `fix` are its diagnosis, and `cause` is the same text for all that
    failed for the same cause.
    """

    child: str
    verdict: Verdict
    seconds: float
    code: str = ""
    exit_code: int | None = None
    why: str = ""
    fix: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question waits for a person at `place`; `answers` are what may be said.

    Where `choices` are not empty, the answers are theirs, and "no".
    """

    question: str
    text: str
    evidence: tuple[str, ...] = ()
    answers: tuple[str, ...] = ("yes", "no")
    place: Place = "prompt"
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The question `question` was answered by `by` (person, option, nobody)."""

    question: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The installer decided what a module is and what to do about it."""

    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a phase is at, a line for people; `number` of `total`, or both 0 where nothing is counted."""

    phase: Phase
    text: str
    number: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A distribution was installed, from exactly the bytes with this digest.

    `evidence` is why it was; `changed` names imported modules that have other
    files now, for which the kernel must be restarted.
    """

    distribution: str
    version: str
    sha256: str
    index: str
    evidence: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A distribution was taken out; `loaded` modules of it go on as they were until a restart."""

    distribution: str
    version: str
    loaded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """A step of a phase ended after `seconds`; one that `is_cached` had been done before."""

    phase: Phase
    label: str
    seconds: float
    is_cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Something was built."""

    artifact: Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A deploy came to its end: the release, how it fared, and where people reach it, or ""."""

    deployed: Deployed
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A row of this `row` kind was written to the ledger; `head` is its number and hash, `ID:HASH`."""

    row: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosed:
    """A failure was explained."""

    diagnosis: Diagnosis
    child: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixTried:
    """Something was done about a failure, and what came of it.

    `number` counts the rounds from 1; 0 is the end of all of them, whose `why`
    says why there is no further one. `by` is the kind of action, or "model";
    `what` was done, in a few words. `outcome` is "passed" or "failed" (what ran
    again), "same" (it failed as before), "unchanged" (there was nothing to run
    again for), "dropped" (a patch that did not help was taken back), "left"
    (a person has to do it, or said no) or "stopped". `patch` is the change as a
    unified diff and `doubts` what a person must see of it; `seconds` were spent.
    """

    number: int
    by: str
    what: str
    outcome: str
    why: str = ""
    patch: str = ""
    doubts: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseFinished:
    """A phase ended after `seconds`."""

    phase: Phase
    verdict: Verdict
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """A run ended; `why` and `fix` say why it did not pass and what to type.

    `ledger_head` is the newest row that the run wrote to the ledger, `ID:HASH`,
    or "" where it wrote none.
    """

    verdict: Verdict
    seconds: float
    why: str = ""
    fix: str = ""
    ledger_head: str = ""


Event: TypeAlias = (
    RunStarted
    | PhaseStarted
    | Output
    | Truncated
    | Flowing
    | Displayed
    | Wrote
    | CasesCollected
    | CaseStarted
    | CaseFinished
    | CasesCounted
    | CausesFound
    | Covered
    | ChildStarted
    | ChildFinished
    | Asked
    | Answered
    | Resolved
    | Progress
    | Installed
    | Removed
    | Stepped
    | Built
    | Released
    | Recorded
    | Diagnosed
    | FixTried
    | PhaseFinished
    | RunFinished
)
Emit: TypeAlias = Callable[[Event], None]
_FLAT = frozenset((str, int, float, bool, type(None)))
KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in typing.get_args(Event)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as recorded.

    `seq` counts 0, 1, 2 … within the run without gaps, so that a reader can
    resume after any of them. `at` is UTC, milliseconds since 1970.
    """

    run_id: str
    seq: int
    at: int
    event: Event


def to_line(envelope: Envelope) -> bytes:
    """Return `envelope` as one line of JSON, with its newline."""
    event = {"kind": type(envelope.event).__name__, **_fields(envelope.event)}
    record = {"run_id": envelope.run_id, "seq": envelope.seq, "at": envelope.at, "event": event}
    # A lone surrogate (from surrogateescape'd names) is not UTF-8; JSON can spell it, so let it.
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _fields(value: typing.Any) -> dict[str, object]:
    """Return a dataclass as a dict, to its depth; what `dataclasses.asdict` does in three times the time."""
    return {
        name: _plain(getattr(value, name)) for name in _names(typing.cast("typing.Hashable", type(value)))
    }


def _plain(value: object) -> object:
    kind = type(value)
    if kind in _FLAT:
        return value
    if kind is tuple or kind is list:
        return [_plain(item) for item in typing.cast("typing.Iterable[object]", value)]
    if kind is dict:
        return {key: _plain(item) for key, item in typing.cast("dict[str, object]", value).items()}
    return _fields(value) if dataclasses.is_dataclass(kind) else value


@functools.cache
def _names(kind: typing.Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def from_line(line: bytes) -> Envelope | None:
    """Return the envelope on `line`, or None where its kind is not known here.

    Raises
    ------
    ValueError
        The line is not a whole envelope (torn, or not ours).
    """
    try:
        record = json.loads(line)
        fields = record["event"]
        kind = KINDS.get(fields["kind"])
        if kind is None:
            return None
        event = typing.cast("Event", _build(kind, fields))
        return Envelope(run_id=record["run_id"], seq=int(record["seq"]), at=int(record["at"]), event=event)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not an envelope: {error}") from error


def _build(kind: type, fields: dict[str, object]) -> object:
    hints = _hints(kind)
    known = {name: _coerce(hints[name], fields[name]) for name in hints if name in fields}
    return kind(**known)


@functools.cache
def _hints(kind: type) -> dict[str, object]:
    return typing.get_type_hints(kind)


def _coerce(hint: object, value: object) -> object:
    """Turn what JSON gave back into what the field was."""
    if value is None or hint is str:
        return value
    if isinstance(hint, types.UnionType):
        return _coerce(next(arm for arm in typing.get_args(hint) if arm is not type(None)), value)
    if typing.get_origin(hint) is tuple and isinstance(value, list):
        item = typing.get_args(hint)[0]
        return tuple(_coerce(item, each) for each in value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return _build(hint, value)
    if hint is Verdict:
        return Verdict(str(value))
    return value
