"""Plain text: what a terminal, nbclient and CI see.

What a program writes is passed on as it comes, on the stream it wrote to; where
nothing can be taken back (a file, CI's log, a saved notebook), a line that is
being rewritten waits until it is as it is in the end. Our own lines are few:
what was installed, and how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ..events import (
    Emit,
    Event,
    Installed,
    Output,
    PhaseStarted,
    Progress,
    Removed,
    Resolved,
    RunFinished,
    RunStarted,
    Truncated,
)
from ..history import short_id
from ..screen import Settled
from ..values import Stream, Verdict

Write = Callable[[Stream, str], None]

MARKS = {
    Verdict.PASSED: "✓",
    Verdict.SKIPPED: "–",
    Verdict.CANCELLED: "◼",
    Verdict.ASKED: "?",
}


def show(
    write: Write,
    *,
    say: Stream = "stdout",
    ids: Sequence[str] = (),
    settled: Collection[Stream] = (),
    last: Write | None = None,
) -> Emit:
    """Return a sink that writes events as text.

    Parameters
    ----------
    write : callable
        Takes a stream and text, and shows it at once.
    say : Stream, default "stdout"
        Where our own lines go; a command line keeps its stdout for the program.
    ids : sequence of str, optional
        Holds the run's id as soon as it has one, for the last line.
    settled : collection of Stream, optional
        The streams that take nothing back: they get what was rewritten once.
    last : callable, optional
        Takes how the run ended, in the place of `write`: where what follows
        shows it, to show it at once would only make the cell slower.
    """
    filters = {stream: Settled() for stream in settled}
    ends_line = True
    verb = ""

    def put(stream: Stream, text: str) -> None:
        nonlocal ends_line
        if text:
            write(stream, text)
            ends_line = text.endswith("\n")

    def line(text: str, write: Write) -> None:
        nonlocal ends_line
        for stream, waiting in filters.items():
            put(stream, waiting.flush())
            filters[stream] = Settled()
        write(say, ("" if ends_line else "\n") + text + "\n")
        ends_line = True

    def sink(event: Event) -> None:
        nonlocal verb
        if isinstance(event, RunStarted):
            verb = event.verb
        elif isinstance(event, Output):
            if event.phase != "install":  # an installer's chatter; `Installed` says what came of it
                waits = filters.get(event.stream)
                put(event.stream, waits.feed(event.text) if waits else event.text)
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
        return _installed(event)
    if isinstance(event, Progress):
        count = f" ({event.number} of {event.total})" if event.total else ""
        return [f"… {event.text.rstrip()}{count}"]
    if isinstance(event, Removed):
        stays = f"; restart the kernel, which has loaded {', '.join(event.loaded)}" if event.loaded else ""
        return [f"- {event.distribution} {event.version}{stays}"]
    if isinstance(event, Resolved):
        resolution = event.resolution
        if resolution.decision == "install" and resolution.module != resolution.distribution:
            head = f"  {resolution.module} comes from {resolution.distribution}"
            return [head, *(f"    because: {item}" for item in resolution.evidence)]
        return []
    if isinstance(event, Truncated):
        return [cut_line(event)]
    if isinstance(event, RunFinished):
        mark = MARKS.get(event.verdict, "✗")
        where = f" · run {short_id(ids[-1])}" if ids else ""
        return [f"{mark} {event.verdict} · {verb} · {event.seconds:.2f} s{where}"]
    return []


def _installed(event: Installed) -> list[str]:
    proof = f" (sha256 {event.sha256[:12]}…)" if event.sha256 else ""
    line = f"+ {event.distribution} {event.version}{proof}"
    if not event.changed:
        return [line]
    return [line, f"! restart the kernel: {', '.join(event.changed)} is imported, and has other files now"]


def cut_line(event: Truncated) -> str:
    """Return what stands where output is missing."""
    return f"… {event.dropped_bytes:,} bytes of {event.stream} were not kept"
