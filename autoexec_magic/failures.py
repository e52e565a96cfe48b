"""The newest run that failed, and why: what `why` explains where no notebook is at hand.

Reads the run store alone. A run that was diagnosed says why itself; of one that
was not the code is its verdict, and its own last words are the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import config as settings
from .events import Diagnosed, Output, RunFinished
from .history import Meta
from .onrecord import PYTHON, Caller, store
from .values import Diagnosis, Run, Verdict

FAILED = frozenset(
    (
        *(Verdict.FAILED, Verdict.INVALID, Verdict.ASKED, Verdict.REFUSED),
        *(Verdict.TIMED_OUT, Verdict.MISSING, Verdict.LOST),
    )
)
LOST = "the kernel or process that ran it ended before the run did"
_MOST = 1_000  # runs that are looked at, the newest ones
_TAIL = 2_000  # characters of what was written


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A failed run, why it failed, and the last line that it wrote (or "")."""

    run: Run
    diagnosis: Diagnosis
    said: str = ""


def why(caller: Caller = PYTHON) -> Explained | None:
    """Return why the newest failed run in the caller's workspace failed, or None where none did.

    Parameters
    ----------
    caller : Caller, optional
        Whose `cwd` says which workspace it is.

    Raises
    ------
    UsageError
        The run store cannot be read.
    """
    workspace = str(settings.workspace(caller.cwd))
    return newest(lambda meta: meta.workspace == workspace)


def newest(wanted: Callable[[Meta], bool], *, after_ms: int = 0) -> Explained | None:
    """Return the newest failed run that is `wanted` and was started after a time (UTC, ms since 1970)."""
    history = store()
    for run_id in history.ids()[:_MOST]:
        meta = history.meta(run_id)
        if meta is None or not wanted(meta):
            continue
        if meta.started <= after_ms:
            return None
        run = history.get(run_id)
        if run is not None and run.verdict in FAILED:
            return _explained(run)
    return None


def _explained(run: Run) -> Explained:
    found: Diagnosis | None = None
    fix, tails = "", {"stdout": "", "stderr": ""}
    for envelope in store().read(run.run_id):
        event = envelope.event
        if isinstance(event, Diagnosed):
            found = event.diagnosis
        elif isinstance(event, RunFinished):
            fix = event.fix
        elif isinstance(event, Output):
            tails[event.stream] = (tails[event.stream] + event.text)[-_TAIL:]
    said = _last_line(tails["stderr"]) or _last_line(tails["stdout"])
    if found is None:
        reason = LOST if run.verdict == Verdict.LOST else run.why or said or "it did not say why"
        found = Diagnosis(code=str(run.verdict), why=reason, fix=fix, confidence="unknown")
    return Explained(run=run, diagnosis=found, said=said)


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
