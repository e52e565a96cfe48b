"""Plain text: what a terminal, nbclient and CI see.

What a program writes is passed on as it comes, on the stream it wrote to;
our own lines are few: what was installed, and how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..events import (
    Emit,
    Event,
    Installed,
    Output,
    PhaseStarted,
    Resolved,
    RunFinished,
    RunStarted,
    Truncated,
)
from ..history import short_id
from ..values import Stream, Verdict

Write = Callable[[Stream, str], None]

MARKS = {
    Verdict.PASSED: "✓",
    Verdict.SKIPPED: "–",
    Verdict.CANCELLED: "◼",
    Verdict.ASKED: "?",
}


def show(write: Write, *, say: Stream = "stdout", ids: Sequence[str] = (), last: Write | None = None) -> Emit:
    """Return a sink that writes events as text.

    Parameters
    ----------
    write : callable
        Takes a stream and text, and shows it at once.
    say : Stream, default "stdout"
        Where our own lines go; a command line keeps its stdout for the program.
    ids : sequence of str, optional
        Holds the run's id as soon as it has one, for the last line.
    last : callable, optional
        Takes how the run ended, in the place of `write`: where what follows
        shows it, to show it at once would only make the cell slower.
    """
    ends_line = True
    verb = ""

    def line(text: str, write: Write) -> None:
        nonlocal ends_line
        write(say, ("" if ends_line else "\n") + text + "\n")
        ends_line = True

    def sink(event: Event) -> None:
        nonlocal ends_line, verb
        if isinstance(event, RunStarted):
            verb = event.verb
        elif isinstance(event, Output):
            if event.phase != "install":  # an installer's chatter; `Installed` says what came of it
                write(event.stream, event.text)
                ends_line = event.text.endswith("\n")
        else:
            how = last if last is not None and isinstance(event, RunFinished) else write
            for text in lines_of(event, verb, ids):
                line(text, how)

    return sink


def lines_of(event: Event, verb: str, ids: Sequence[str] = ()) -> list[str]:
    """Return the lines of our own that an event is worth, often none."""
    if isinstance(event, PhaseStarted) and event.phase == "install":
        return [f"… looking for {event.title}"]
    if isinstance(event, Installed):
        proof = f" (sha256 {event.sha256[:12]}…)" if event.sha256 else ""
        return [f"+ {event.distribution} {event.version}{proof}"]
    if isinstance(event, Resolved):
        resolution = event.resolution
        if resolution.decision == "install" and resolution.module != resolution.distribution:
            head = f"  {resolution.module} comes from {resolution.distribution}"
            return [head, *(f"    because: {item}" for item in resolution.evidence)]
        return []
    if isinstance(event, Truncated):
        return [f"… {event.dropped_bytes:,} bytes of {event.stream} were not kept"]
    if isinstance(event, RunFinished):
        mark = MARKS.get(event.verdict, "✗")
        where = f" · run {short_id(ids[-1])}" if ids else ""
        return [f"{mark} {event.verdict} · {verb} · {event.seconds:.2f} s{where}"]
    return []
