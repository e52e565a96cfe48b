"""The run store: one folder per run on disk, replayable for ever.

`<data>/runs/<run_id>/meta.json` says what the run is and who owns it;
`events.jsonl` holds one envelope a line, appended with one `write()` each, so
that a reader never sees half a line from a live writer. A writer that is
killed can still leave a torn last line (measured: 7 of 100 at 4 kB): when a
log is opened again the missing newline is written first, and readers, who work
on bytes, skip a line that is not whole and count it.

A run is `lost` when its last event is missing and its owner (pid and start
time) is gone; this is found on reading and stored nowhere. The folder is
private (0700): output may hold what a terminal would have forgotten.

A full disk costs events, not the run: the recorder says so once, keeps the
numbers without gaps, counts the output that it lost, and goes on as soon as
there is room again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import logging
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UsageError
from .events import Emit, Envelope, Event, Output, RunFinished, Truncated, from_line, to_line
from .redact import one_line
from .values import Phase, Run, Stream, Verdict

FORMAT = 1  #: of meta.json and events.jsonl; a newer one is read as far as it is known
RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LAST_LINES_BYTES = 8_192
_log = logging.getLogger(__name__)


def new_id() -> str:
    """Return a new run id, in the form of a UUIDv7 (RFC 9562, section 5.7).

    Ids sort by the time they were made, to the millisecond.
    """
    stamp = now_ms() & (1 << 48) - 1
    value = stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def short_id(run_id: str) -> str:
    """Return the last eight digits: the random part, which tells runs of one minute apart."""
    return run_id[-8:]


def host() -> str:
    """Return this machine's name, by which runs in a shared home are told apart."""
    return socket.gethostname()


def now_ms() -> int:
    """Return the time, UTC, in milliseconds since 1970."""
    return int(time.time() * 1000)


def fan_out(*sinks: Emit) -> Emit:
    """Return one sink that passes each event to every one of `sinks`.

    A sink that raises is left out from then on, and logged, an `OSError` in
    one line: a broken panel must not stop a deployment halfway.
    """
    live = dict(enumerate(sinks))  # by number: two sinks may be equal

    def emit(event: Event) -> None:
        for number, sink in tuple(live.items()):
            try:
                sink(event)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a sink, the run goes on
                del live[number]
                trace = None if isinstance(error, OSError) else error
                _log.error("a sink failed and is left out for the rest of the run: %s", error, exc_info=trace)

    return emit


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who writes a run: a process for certain, on a host."""

    pid: int
    start_time: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What a run is. `started` is UTC, milliseconds since 1970.

    `child` is the process group's leader of a run that is a process; for a run
    inside a kernel it is None and the kernel is `owner`.
    """

    run_id: str
    verb: str
    title: str
    started: int
    cage: str
    owner: Owner
    notebook: str = ""
    kernel: str = ""
    workspace: str = ""
    interpreter: str = ""
    child: tuple[int, int] | None = None
    format: int = FORMAT


class Recorder:
    """Writes one run: gives each event its number and time, appends it as a line."""

    def __init__(self, folder: Path, meta: Meta, *, seq: int = 0) -> None:
        self.meta = meta
        self.folder = folder
        self._seq = seq
        self._is_torn = False
        self._is_told = False
        self._lost: dict[tuple[Phase, Stream], int] = {}
        self._descriptor = _open_log(folder / "events.jsonl")

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.meta.run_id

    def emit(self, event: Event) -> None:
        """Append `event` with one write, or lose it where there is no room.

        Lost output is counted, and told as `Truncated` before the next event
        that finds room.

        Raises
        ------
        OSError
            The recorder is closed.
        """
        if self._descriptor < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        try:
            for (phase, stream), count in tuple(self._lost.items()):
                self._append(Truncated(phase=phase, stream=stream, dropped_bytes=count))
                del self._lost[phase, stream]
            self._append(event)
        except OSError as error:
            if isinstance(event, Output):
                place = (event.phase, event.stream)
                size = len(event.text.encode("utf-8", "replace"))
                self._lost[place] = self._lost.get(place, 0) + size
            if not self._is_told:
                self._is_told = True
                _log.warning("run %s is not whole on record: %s", short_id(self.run_id), error)

    def _append(self, event: Event) -> None:
        envelope = Envelope(run_id=self.run_id, seq=self._seq, at=now_ms(), event=event)
        line = to_line(envelope)
        size = os.fstat(self._descriptor).st_size
        try:
            _write_all(self._descriptor, b"\n" + line if self._is_torn else line)
        except OSError:
            # Half a line helps nobody, and its room may be what the run's last event needs.
            try:
                os.ftruncate(self._descriptor, size)
            except OSError:
                self._is_torn = True
            raise
        self._is_torn = False
        self._seq += 1

    def note_child(self, pid: int, start_time: int) -> None:
        """Write down which process the run is, so that others can end it."""
        self.meta = dataclasses.replace(self.meta, child=(pid, start_time))
        _write_meta(self.folder, self.meta)

    def close(self) -> None:
        """Close the log; a second time does no harm."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Store:
    """All runs below one folder.

    Parameters
    ----------
    root : Path
        The data folder; runs are in `root/runs`.
    is_alive : callable
        Whether exactly the process (pid, start time) lives.
    """

    def __init__(self, root: Path, is_alive: Callable[[int, int], bool]) -> None:
        self.folder = root / "runs"
        self._is_alive = is_alive

    def create(self, meta: Meta) -> Recorder:
        """Return the recorder of a new run.

        Raises
        ------
        OSError
            It cannot be written; nothing of it is left behind.
        UsageError
            The folder of runs is somebody else's.
        """
        folder = self.folder_of(meta.run_id)
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private(self.folder)
        folder.mkdir(mode=0o700)
        try:
            _write_meta(folder, meta)
            return Recorder(folder, meta)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def ids(self) -> list[str]:
        """Return the ids of all runs, newest first.

        Raises
        ------
        UsageError
            The data folder cannot be read.
        """
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unreadable(error) from error
        return sorted((name for name in names if RUN_ID.fullmatch(name)), reverse=True)

    def runs(self, limit: int | None = None) -> list[Run]:
        """Return the runs, newest first, at most `limit`."""
        found = (self.get(run_id) for run_id in self.ids()[:limit])
        return [run for run in found if run is not None]

    def find(self, text: str) -> str:
        """Return the id of the one run whose id begins or ends with `text`.

        Raises
        ------
        UsageError
            There is none, or more than one.
        """
        text = text.lower()
        found = [
            run_id for run_id in self.ids() if text and (run_id.startswith(text) or run_id.endswith(text))
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(
                f"{text} means {len(found)} runs",
                why=", ".join(map(short_id, found[:5])),
                fix="give more of the id",
            )
        raise UsageError(f"there is no run {text!r}", fix="%autoexec runs lists them")

    def get(self, run_id: str) -> Run | None:
        """Return a run as history lists it, or None where its folder cannot be read."""
        meta = self.meta(run_id)
        if meta is None:
            return None
        finished = self._finished(run_id)
        verdict = finished.verdict if finished else self._unfinished(meta)
        if verdict == Verdict.LOST:  # or it ended, and then its owner did, since the log was read
            finished = self._finished(run_id)
            verdict = finished.verdict if finished else verdict
        return Run(
            run_id=run_id,
            verb=meta.verb,
            title=one_line(meta.title),
            verdict=verdict,
            seconds=finished.seconds if finished else None,
            started=meta.started,
            cage=meta.cage,
            notebook=meta.notebook,
            why=one_line(finished.why) if finished else "",
            kernel=meta.kernel,
        )

    def meta(self, run_id: str) -> Meta | None:
        """Return what a run is, or None where it cannot be read."""
        try:
            fields = json.loads((self.folder_of(run_id) / "meta.json").read_bytes())
            child = fields.get("child")
            owner = Owner(**_known(Owner, fields["owner"]))
            return Meta(**_known(Meta, fields) | {"owner": owner, "child": tuple(child) if child else None})
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def read(
        self, run_id: str, *, after: int = -1, on_torn: Callable[[bytes], None] | None = None
    ) -> Iterator[Envelope]:
        """Yield the envelopes of a run whose `seq` is greater than `after`, in order.

        A line that is not whole is skipped and given to `on_torn`; a kind that
        this version does not know is skipped. A run without a log has none.

        Raises
        ------
        UsageError
            The log cannot be read.
        """
        for line in self.lines(run_id):
            try:
                envelope = from_line(line)
            except ValueError:
                if on_torn:
                    on_torn(line)
                continue
            if envelope is not None and envelope.seq > after:
                yield envelope

    def log(self, run_id: str) -> Path:
        """Return where the events of a run are, whether it is there or not."""
        return self.folder_of(run_id) / "events.jsonl"

    def folder_of(self, run_id: str) -> Path:
        """Return the folder of a run, whether it is there or not.

        Raises
        ------
        UsageError
            `run_id` is no id of a run.
        """
        return self.folder / _checked(run_id)

    def request_cancel(self, run_id: str) -> None:
        """Note that somebody asked for the end, so that the owner reads the signal as such.

        Raises
        ------
        UsageError
            It cannot be noted.
        """
        try:
            (self.folder_of(run_id) / "cancel").touch(mode=0o600)
        except OSError as error:
            raise self._unreadable(error, "written") from error

    def is_cancel_requested(self, run_id: str) -> bool:
        """Whether somebody asked for the end of this run."""
        return os.path.exists(self.folder_of(run_id) / "cancel")  # noqa: PTH110 - never raises

    def lines(self, run_id: str) -> Iterator[bytes]:
        """Yield the lines of a run's log as they are, empty ones left out.

        Raises
        ------
        UsageError
            The log cannot be read; one that is not there is empty.
        """
        try:
            with self.log(run_id).open("rb") as log:
                for line in log:
                    if not line.isspace():
                        yield line
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError, done: str = "read") -> UsageError:
        return UsageError(
            f"the data folder {self.folder.parent} cannot be {done}",
            why=str(error),
            fix="set AUTOEXEC_DATA_DIR to a folder of your own",
        )

    def _finished(self, run_id: str) -> RunFinished | None:
        """Return the run's last event, read from the end of its log."""
        try:
            with self.log(run_id).open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                size = _LAST_LINES_BYTES
                while True:
                    log.seek(max(0, end - size))
                    lines = log.read(min(size, end)).splitlines()
                    # The first one is whole only where the log begins.
                    known = _envelopes(lines[1:] if size < end else lines)
                    if known or size >= end:
                        break
                    size *= 2
        except OSError:
            return None
        finished = [envelope.event for envelope in known if isinstance(envelope.event, RunFinished)]
        return finished[-1] if finished else None

    def _unfinished(self, meta: Meta) -> Verdict:
        owner = meta.owner
        if owner.host != host():  # nobody here can say whether it lives
            return Verdict.RUNNING
        return Verdict.RUNNING if self._is_alive(owner.pid, owner.start_time) else Verdict.LOST


def reopen(store: Store, run_id: str) -> Recorder:
    """Return a recorder that goes on with a run, after repairing a torn tail.

    Raises
    ------
    UsageError
        There is no such run, or a newer version of this package wrote it.
    """
    meta = store.meta(run_id)
    if meta is None:
        raise UsageError(f"there is no run {run_id}")
    if meta.format > FORMAT:
        raise UsageError(
            f"run {short_id(run_id)} is read-only here",
            why=f"it has format {meta.format}, this version writes {FORMAT}",
            fix="pip install --upgrade autoexec-magic",
        )
    last = max((_number(line) for line in store.lines(run_id)), default=-1)
    return Recorder(store.folder / run_id, meta, seq=last + 1)


def _number(line: bytes) -> int:
    """Return the number of an envelope, of kinds that are not known here, too; -1 for none."""
    with contextlib.suppress(ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return int(json.loads(line)["seq"])
    return -1


def _envelopes(lines: list[bytes]) -> list[Envelope]:
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):
            found.append(from_line(line))
    return [envelope for envelope in found if envelope is not None]


def _known(kind: type[Meta | Owner], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in fields.items() if name in names}


def _checked(run_id: str) -> str:
    if not RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id!r} is not the id of a run", fix="%autoexec runs lists them")
    return run_id


def _private(folder: Path) -> None:
    """Make the folder of runs, or close one that was open; the data folder's mode is its maker's."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"{folder} is somebody else's",
            why=f"its owner is user {found.st_uid}, and you are {os.geteuid()}",
            fix="set AUTOEXEC_DATA_DIR to a folder of your own",
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def _open_log(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        _write_all(descriptor, b"\n")
    return descriptor


def _write_all(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    while written < len(line):  # the disk was nearly full, or a signal came
        written += os.write(descriptor, line[written:])


def _write_meta(folder: Path, meta: Meta) -> None:
    """Replace meta.json as a whole: a reader sees the old one or the new one."""
    temporary = folder / "meta.json.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(dataclasses.asdict(meta)).encode())
    temporary.replace(folder / "meta.json")
