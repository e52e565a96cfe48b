"""Which of several failures in one output decides; that it was chosen is a judgement, and never certain.

One traceback, with its causes, is one failure. What stands beside it is
another one: a child's traceback, a thread's, a finalizer's, the errors of a
run that went on after its first. Which of them is the reason is not written
anywhere, so each rule here only says which is the likeliest:

- what is only said on the way out (`Exception ignored in`) never decides;
- what the main line itself raised decides before what a thread raised,
- but for a main line that only waited for others, or found None where one of
  them that failed should have left something: then the first of theirs does;
- of errors of which each follows from the one before, the first decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from autoexec_magic.values import Diagnosis

from .sureness import WRAPPERS

#: Who failed: the main line, one beside it, what was cleaned up at the end; "" where it is no traceback.
Role: TypeAlias = Literal["", "main", "beside", "ignored"]
#: What fails where somebody waits for another one, who failed first.
WAITED = frozenset(
    (
        *("queue-empty", "queue-full", "operation-timed-out", "timeout", "worker-died", "task-cancelled"),
        *("result-not-ready", "pool-closed", "end-of-input", "broken-pipe", "connection-lost"),
        *("connection-refused", "empty-reply", "interrupted", "terminated"),
    )
)
#: The same, where the words say that it was nothing that came, or nobody who answered.
_NOTHING_CAME: dict[str, tuple[str, ...]] = {
    "invalid-json": ("(char 0)", "Unexpected end of JSON input"),
    "empty-file": ("",),
    "unwrap-on-error": ("RecvError", "SendError", "JoinError", "Any { .. }"),
}
_NOTHING = "'NoneType' object"  # what is said of None where a value was expected
_HEADER = "Traceback (most recent call last)"
_LINES = 3  # above a traceback that may say whose it is
_LONGEST_LINE = 400
_IGNORED = ("Exception ignored ", "Error in atexit.", "Error in sys.excepthook")
_BESIDE = (
    *("Exception in thread ", "Exception in callback ", "Task exception was never retrieved"),
    *("Future exception was never retrieved", "Unhandled exception in ", "Exception in Tkinter callback"),
    "Task was destroyed but it is pending",
)
_CHILDREN = ("multiprocessing/spawn.py", "multiprocessing/forkserver.py", "multiprocessing/process.py")
_FIRST_FRAMES = 600  # characters of a traceback that show who started it


class Told(NamedTuple):
    """A failure of a text; `start` and `end` are places in it."""

    diagnosis: Diagnosis
    start: int
    end: int
    is_echo: bool = False
    cascades: bool = False
    role: Role = ""


def role_of(text: str, start: int) -> Role:
    """Return who failed, by the words above the traceback that begins at `start` and by its first frames."""
    if text.startswith("thread '", start):  # Rust
        return "main" if text.startswith("thread 'main'", start) else "beside"
    if _HEADER not in text[start : start + _LONGEST_LINE]:
        return ""
    at = start
    for _ in range(_LINES):
        end = at - 1
        if end < 0:
            break
        at = text.rfind("\n", max(0, end - _LONGEST_LINE), end) + 1
        line = text[at:end]
        if any(words in line for words in _IGNORED):
            return "ignored"
        if any(words in line for words in _BESIDE) or _is_child(line):
            return "beside"
        if line[:1] in " \t" or not line.strip():
            break  # the end of something else
    first = text[start : start + _FIRST_FRAMES]
    return "beside" if any(file in first for file in _CHILDREN) else "main"


def _is_child(line: str) -> bool:
    """Return whether multiprocessing names a child that failed: `Process ForkPoolWorker-1:`."""
    return line.startswith("Process ") and line.endswith(":") and line.count(" ") == 1


def is_alone(told: Sequence[Told]) -> bool:
    """Return whether all failures that say why have one code, so that there is nothing to choose."""
    return len({each.diagnosis.code for each in told if _says_why(each)}) < 2


def deciding(told: Sequence[Told], last: Told) -> Told:
    """Return which failure of one output decides.

    Parameters
    ----------
    told : sequence of Told
        All of them, in the order of their places.
    last : Told
        One of them, which decides where no rule says otherwise.
    """
    if last.role == "ignored" or (last.role == "beside" and not _waited(last)):
        main = [each for each in told if each.role == "main"]
        others = [each for each in told if each.role == "beside"] if last.role == "ignored" else []
        last = next(reversed(main or others), last)
    if _waited(last):
        last = next((each for each in told if each.start < last.start and _is_reason(each)), last)
    elif last.role == "main" and _NOTHING in last.diagnosis.why:
        last = next((each for each in told if each.start < last.start and _left_nothing(each)), last)
    at = next((number for number, each in enumerate(told) if each is last), 0)
    while at > 0 and told[at].cascades and (told[at - 1].cascades or told[at - 1].is_echo):
        at -= 1
    return told[at] if told and told[at].cascades else last


def at_most_likely(found: Diagnosis) -> Diagnosis:
    """Return the same, as it may be said of one that was chosen among several."""
    return replace(found, confidence="likely") if found.confidence == "certain" else found


def _says_why(each: Told) -> bool:
    said = each.diagnosis
    return not each.is_echo and said.confidence != "unknown" and said.code not in WRAPPERS


def _left_nothing(each: Told) -> bool:
    return each.role == "beside" and _says_why(each)


def _waited(each: Told) -> bool:
    """Return whether it failed because nothing came of another one."""
    said = each.diagnosis
    if said.code in WAITED:
        return True
    marks = _NOTHING_CAME.get(said.code, ())
    return any(mark in said.why for mark in marks)


def _is_reason(each: Told) -> bool:
    """Return whether somebody may have waited for what failed so."""
    if not _says_why(each) or _waited(each):
        return False
    return each.role in ("main", "beside") or each.diagnosis.confidence == "certain"
