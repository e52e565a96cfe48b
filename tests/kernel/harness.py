"""A real ipykernel and what it says, message by message.

`Kernel` starts one in a folder of its own, with a data folder of its own;
`start` sends a cell and returns it, `Cell.until` and `Cell.finish` take the
messages in. Nothing here sleeps: it waits for messages, up to `HANG_SECONDS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import zmq
from jupyter_client import BlockingKernelClient, KernelManager

from autoexec_magic.events import Event, Output
from autoexec_magic.history import Meta, Store
from autoexec_magic.values import Run

HANG_SECONDS = 60.0
POLL_SECONDS = 0.02
LOAD = "%load_ext autoexec_magic"
OPEN = ("PYTHONPATH", "PATH")


class Text(NamedTuple):
    """What a stream wrote, and when it arrived (monotonic clock, seconds)."""

    name: str
    text: str
    at: float


class Comm(NamedTuple):
    """A message of a widget, and when it arrived (monotonic clock, seconds)."""

    kind: str
    content: dict[str, Any]
    at: float


@dataclass
class Cell:
    """One execute request and all that came of it so far."""

    kernel: Kernel
    request: str
    streams: list[Text] = field(default_factory=list)
    result: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    comms: list[Comm] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    is_idle: bool = False

    @property
    def status(self) -> str:
        """What the kernel said of the end: "ok", "error" or "aborted"."""
        return str(self.reply.get("status", ""))

    @property
    def is_over(self) -> bool:
        """Whether the kernel has answered and said all."""
        return self.is_idle and bool(self.reply)

    def text(self, name: str | None = None) -> str:
        """Return what was written to a stream ("stdout" or "stderr"; None: to both)."""
        return "".join(item.text for item in self.streams if name in (None, item.name))

    @property
    def stdout(self) -> str:
        """What the cell wrote to its standard output."""
        return self.text("stdout")

    @property
    def stderr(self) -> str:
        """What the cell wrote to its standard error."""
        return self.text("stderr")

    @property
    def plain(self) -> str:
        """The result as text, or ""."""
        return str(self.result["data"].get("text/plain", "")) if self.result else ""

    @property
    def error(self) -> str:
        """The traceback of the one error, without colours, or ""."""
        assert len(self.errors) < 2, self.errors
        return "\n".join(self.errors[0]["traceback"]) if self.errors else ""

    def until(self, is_enough: Callable[[], object], what: str = "") -> Cell:
        """Take messages in until `is_enough`, or fail after `HANG_SECONDS`."""
        limit = time.monotonic() + HANG_SECONDS
        while not is_enough():
            assert time.monotonic() < limit, f"{what or 'it'} did not come: {self!r}\n{self.kernel.log()}"
            self.kernel.take(self)
        return self

    def until_text(self, text: str) -> Cell:
        """Take messages in until `text` has been written."""
        return self.until(lambda: text in self.text(), text)

    def finish(self) -> Cell:
        """Take messages in until the cell has ended."""
        return self.until(lambda: self.is_over, "the end")

    def must_pass(self) -> Cell:
        """Fail unless the cell ended without an error."""
        assert self.status == "ok", self.error
        return self


class Kernel:
    """A kernel in `folder`; use it as a context.

    Parameters
    ----------
    folder : Path
        Gets the folders `cwd`, `data` and `ipython`, and the kernel's own log.
    **environment : str
        Variables on top of those of this process.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self.cwd = folder / "cwd"
        self.data = folder / "data"
        self._log = folder / "kernel.log"
        self._environment = environment_in(folder) | environment
        self._manager: Any = KernelManager()
        self._client: Any = None

    def __enter__(self) -> Kernel:
        """Start the kernel and wait until it answers."""
        self.cwd.mkdir(parents=True)
        with self._log.open("wb") as log:
            self._manager.start_kernel(cwd=str(self.cwd), env=self._environment, stdout=log, stderr=log)
        self._client = self._manager.blocking_client()
        assert isinstance(self._client, BlockingKernelClient)
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=HANG_SECONDS)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def start(
        self, code: str, *, allow_stdin: bool = False, silent: bool = False, store_history: bool = True
    ) -> Cell:
        """Send a cell; `finish` it before the next one is sent."""
        request = self._client.execute(
            code, silent=silent, store_history=store_history, allow_stdin=allow_stdin, stop_on_error=False
        )
        return Cell(kernel=self, request=request)

    def execute(self, code: str, **options: Any) -> Cell:
        """Run a cell to its end."""
        return self.start(code, **options).finish()

    def value(self, expression: str) -> str:
        """Return the `repr` of an expression in the kernel."""
        return self.execute(expression).must_pass().plain

    def answer(self, text: str) -> None:
        """Answer the question that the kernel waits with."""
        self._client.input(text)

    def interrupt(self) -> None:
        """Interrupt, as the front end's stop button does."""
        self._manager.interrupt_kernel()

    def complete(self, code: str) -> dict[str, Any]:
        """Return what may stand at the end of `code`."""
        self._client.complete(code)
        reply = self._client.get_shell_msg(timeout=HANG_SECONDS)["content"]
        assert reply["status"] == "ok"
        return dict(reply)

    @cached_property
    def store(self) -> Store:
        """The run store that this kernel writes."""
        return Store(self.data, lambda pid, start: True)

    def last(self, verb: str = "") -> Run:
        """Return the newest run (of `verb`)."""
        return next(run for run in self.store.runs() if verb in ("", run.verb))

    def events(self, run: Run | None = None) -> list[Event]:
        """Return the events of a run, by default the newest."""
        return [item.event for item in self.store.read((run or self.last()).run_id)]

    def recorded(self, stream: str | None = None, run: Run | None = None) -> str:
        """Return the output on record of a run, by default the newest."""
        outputs = (event for event in self.events(run) if isinstance(event, Output))
        return "".join(event.text for event in outputs if stream in (None, event.stream))

    def meta(self) -> Meta | None:
        """Return what the newest run is, or None where there is none yet."""
        ids = self.store.ids()
        return self.store.meta(ids[0]) if ids else None

    def log(self) -> str:
        """Return the end of what the kernel's process itself wrote."""
        return self._log.read_text(errors="replace")[-4000:]

    def take(self, cell: Cell) -> None:
        """Wait a moment for messages and give them to `cell`."""
        channels = (self._client.iopub_channel, self._client.shell_channel, self._client.stdin_channel)
        poller = zmq.Poller()
        for channel in channels:
            poller.register(channel.socket, zmq.POLLIN)
        ready = dict(poller.poll(POLL_SECONDS * 1000))
        for channel in channels:
            if channel.socket in ready:
                _sort(cell, channel.get_msg(timeout=0), time.monotonic())


def environment_in(folder: Path) -> dict[str, str]:
    """Return this process's environment with `folder` for all that is kept."""
    # Colours off: IPython asks NO_COLOR, and a program of the test is no terminal anyway.
    return {
        **os.environ,
        "AUTOEXEC_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
        "NO_COLOR": "1",
    }


def is_running(pid: int) -> bool:
    """Whether process `pid` runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def lines_of(text: str, *, without: Sequence[str] = ()) -> list[str]:
    """Return the lines of `text` that begin with none of `without`."""
    return [line for line in text.splitlines() if not line.startswith(tuple(without))]


def _sort(cell: Cell, message: dict[str, Any], at: float) -> None:
    """Put a message where it belongs in its cell."""
    kind, content = message["msg_type"], message["content"]
    if message["parent_header"].get("msg_id") != cell.request:
        if kind != "status":
            cell.strangers.append(kind)
        return
    if kind == "stream":
        cell.streams.append(Text(content["name"], content["text"], at))
    elif kind.startswith("comm_"):
        cell.comms.append(Comm(kind, content, at))
    elif kind == "execute_result":
        cell.result = content
    elif kind == "execute_reply":
        cell.reply = content
    elif kind == "input_request":
        cell.questions.append(content["prompt"])
    elif kind == "status":
        cell.is_idle = content["execution_state"] == "idle"
    elif kind in _LISTS:
        getattr(cell, _LISTS[kind]).append(content)


_LISTS = {"error": "errors", "display_data": "displays", "update_display_data": "updates"}
