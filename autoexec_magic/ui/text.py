"""Plain text: what a terminal, nbclient and CI see.

What a program writes is passed on as it comes, on the stream it wrote to; where
nothing can be taken back (a file, CI's log, a saved notebook), a line that is
being rewritten waits until it is as it is in the end. Our own lines are few:
what was installed, and how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from ..events import (
    Built,
    CausesFound,
    ChildFinished,
    ChildStarted,
    Covered,
    Displayed,
    Emit,
    Event,
    FixTried,
    Installed,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    Released,
    Removed,
    Resolved,
    RunFinished,
    RunStarted,
    Stepped,
    Truncated,
    Wrote,
)
from ..history import short_id
from ..screen import Settled
from ..values import Resolution, Stream, Verdict
from .artifacts import built_lines
from .cases import Cases, cover_lines
from .children import Labelled, Table
from .releaserows import released_lines

Write = Callable[[Stream, str], None]
_WARNING = "! "  #: how a line of a phase's begins that a person should read
NOTES = 60  #: lines of our own that a widget keeps

MARKS = {
    Verdict.PASSED: "✓",
    Verdict.SKIPPED: "–",
    Verdict.CANCELLED: "◼",
    Verdict.ASKED: "?",
}


def mark_of(verdict: Verdict) -> str:
    """Return the sign for a verdict; never without its word beside it."""
    return MARKS.get(verdict, "✗")


def show(
    write: Write,
    *,
    say: Stream = "stdout",
    ids: Sequence[str] = (),
    settled: Collection[Stream] = (),
    last: Write | None = None,
    as_typed: Callable[[str], str] = str,
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
    as_typed : callable, default str
        Takes a line of our own, and writes commands in it as they are typed here.
    """
    filters = {stream: Settled() for stream in settled}
    ends_line = True
    ours = Lines(ids)
    labelled = Labelled()

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
        write(say, ("" if ends_line else "\n") + as_typed(text) + "\n")
        ends_line = True

    def sink(event: Event) -> None:
        if isinstance(event, Output) and event.phase == "install":
            return  # an installer's chatter; `Installed` says what came of it
        if letters := ours.letters(event):
            put(say, letters)
        for stream, words in labelled.of(event):
            waits = filters.get(stream)
            put(stream, waits.feed(words) if waits else words)
        how = last if last is not None and isinstance(event, RunFinished) else write
        for text in ours.of(event):
            line(text, how)

    return sink


class Lines:
    """The lines of our own that each event of one run is worth, in the order they are to be shown.

    What comes one by one is said once and counted: one line when the install
    begins, one for each distribution, one when it has ended.

    Parameters
    ----------
    ids : sequence of str, optional
        Holds the run's id as soon as it has one, for the last line.
    has_table : bool, default True
        Whether the table of a sweep, and the failures of tests, are among them.
    """

    def __init__(self, ids: Sequence[str] = (), *, has_table: bool = True) -> None:
        self._ids = ids
        self._table, self._has_table = Table(), has_table
        self._verb = ""
        self.cases = Cases()
        self._added = self._removed = 0
        self._stale: list[str] = []
        self._warned: set[str] = set()  # of what is built: an artifact's own would say it again

    def letters(self, event: Event) -> str:
        """Return what a test that has ended is worth while they run: a letter, at the end of a line."""
        return self.cases.feed(event)

    def of(self, event: Event) -> list[str]:
        """Return the lines for `event`, often none."""
        if isinstance(event, RunStarted):
            self._verb, self.cases = event.verb, Cases()
        if isinstance(event, CausesFound | Covered | PhaseFinished) and self.cases:
            return self._of_tests(event)
        if isinstance(event, Installed):
            self._added += 1
            self._stale += event.changed
            proof = f" (sha256 {event.sha256[:12]}…)" if event.sha256 else ""
            return [f"+ {event.distribution} {event.version}{proof}"]
        if isinstance(event, Removed):
            self._removed += 1
            self._stale += event.loaded
            return [f"- {event.distribution} {event.version}"]
        if isinstance(event, PhaseFinished) and event.phase == "install":
            return self._closing(event.seconds)
        if isinstance(event, FixTried):
            return fixed_lines(event)
        if isinstance(event, ChildStarted | ChildFinished | PhaseFinished):
            return self._of_children(event)
        if isinstance(event, RunFinished):
            mark = mark_of(event.verdict)
            where = f" · run {short_id(self._ids[-1])}" if self._ids else ""
            count = f" · {done}" if (done := self._done()) and self._tells_its_end else ""
            return [f"{mark} {event.verdict} · {self._verb}{count} · {event.seconds:.2f} s{where}"]
        return self._of_builds(event) or _looking(event, self._verb)

    def _of_tests(self, event: CausesFound | Covered | PhaseFinished) -> list[str]:
        """Return what there is to say of tests when all have ended."""
        if isinstance(event, CausesFound):
            return self.cases.lines() if self._has_table else []
        if isinstance(event, Covered):
            return cover_lines(event)
        return [self.cases.end(event)] if event.phase == "test" else self._closing(event.seconds)

    def _of_builds(self, event: Event) -> list[str]:
        """Return what there is to say of a build's step, of what it made, or before it; a warning once."""
        if isinstance(event, Progress) and event.text.startswith(_WARNING):
            self._warned.add(event.text.removeprefix(_WARNING))
            return [f"  {event.text}"]
        if isinstance(event, Released):
            return released_lines(event)
        return built_lines(event, self._warned) if isinstance(event, Stepped | Built) else []

    def _of_children(self, event: ChildStarted | ChildFinished | PhaseFinished) -> list[str]:
        """Return what there is to say of the runs of a sweep: how many, who failed, and how all ended."""
        is_first = not self._table
        self._table.feed(event)
        if isinstance(event, ChildStarted):
            return [f"… {event.total:,} runs"] if is_first else []
        if isinstance(event, PhaseFinished):
            return self._table.lines() if self._table and self._has_table else []
        if event.verdict.is_good or event.verdict is Verdict.CANCELLED:
            return []
        why = f" · {event.why}" if event.why else ""
        return [f"{mark_of(event.verdict)} {event.child} · {event.verdict} · {event.seconds:.2f} s{why}"]

    @property
    def _tells_its_end(self) -> bool:
        """Whether the last line of all says what was installed: to install is what the verb is for."""
        return self._verb in ("install", "fix")

    def _closing(self, seconds: float) -> list[str]:
        many = f"{self._added} distribution{'' if self._added == 1 else 's'}"
        is_told = self._added and not self._tells_its_end
        lines = [f"installed {many} in {seconds:.2f} s"] if is_told else []
        if self._stale:
            names = ", ".join(dict.fromkeys(self._stale))
            lines.append(f"! restart the kernel: it still has {names} as before")
        self._stale = []
        if not self._tells_its_end:  # a cell may heal more than once
            self._added = self._removed = 0
        return lines

    def _done(self) -> str:
        counts = ((self._added, "installed"), (self._removed, "removed"))
        return ", ".join(f"{count} {what}" for count, what in counts if count)


def fixed_lines(event: FixTried) -> list[str]:
    """Return what was tried about a failure, and the change, for a person to take over."""
    if not event.number:
        return [f"  stopped: {event.why}"]
    why = f": {event.why}" if event.why else ""
    lines = [f"fix {event.number}: {event.what}: {event.outcome}{why}"]
    if event.patch and event.outcome != "dropped":
        lines += [f"  {line}" for line in event.patch.split("\n")]
    return [*lines, *(f"  look: it {item}" for item in event.doubts)]


def _looking(event: Event, verb: str) -> list[str]:
    """Return what there is to say while it is found out what to do."""
    if isinstance(event, PhaseStarted) and event.phase == "install":
        return [f"… looking for {event.title}"]
    if isinstance(event, Progress):
        if event.number > 1:
            return []
        is_install = event.phase == "install" and event.total > 1
        many = f"installing {event.total} distributions" if is_install else event.text.rstrip()
        return [f"… {many}"]
    if isinstance(event, Resolved):
        return _origin(event.resolution, verb)
    if isinstance(event, Truncated):
        return [cut_line(event)]
    return _left(event)


def _left(event: Event) -> list[str]:
    """Return what there is to say of a figure that a script showed, or a file that it wrote."""
    if isinstance(event, Wrote):
        return [f"→ {event.name} · {event.mime} · {size(event.size_bytes)}"]
    if isinstance(event, Displayed) and event.name:
        return [f"→ {event.name} · {mime} · {size(count)}" for mime, count in event.mimes.items()]
    return []


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    Examples
    --------
    >>> size(1), size(1536), size(3 * 2**20)
    ('1 B', '1.5 KiB', '3.0 MiB')
    """
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"


def _origin(resolution: Resolution, verb: str) -> list[str]:
    if verb == "install" and resolution.cls == "installed":
        return [f"  {item}: nothing to do" for item in resolution.evidence]
    has_other_name = resolution.module != resolution.distribution
    if resolution.decision == "install" and has_other_name and verb != "fix":  # which reports on all of them
        head = f"  {resolution.module} comes from {resolution.distribution}"
        return [head, *(f"    because: {item}" for item in resolution.evidence)]
    return []


def cut_line(event: Truncated) -> str:
    """Return what stands where output is missing."""
    whose = f" of {event.child}" if event.child else ""
    return f"… {event.dropped_bytes:,} bytes of {event.stream}{whose} were not kept"
