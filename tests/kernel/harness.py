"""A real ipykernel and what it says, message by message.

`Kernel` starts one in a folder of its own, with a data folder of its own;
`start` sends a cell and returns it, `Cell.until` and `Cell.finish` take the
messages in. Nothing here sleeps: it waits for messages, up to `HANG_SECONDS`.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import zmq
from jupyter_client import BlockingKernelClient, KernelManager

from autoexec_magic.events import Displayed, Event, Output
from autoexec_magic.history import Meta, Store
from autoexec_magic.values import Run

HANG_SECONDS = 60.0
POLL_SECONDS = 0.02
KERNEL_ID = "0c4e1d3a-7b60-4f0f-9f52-1f6f0d2b9a11"
LOAD = "%load_ext autoexec_magic"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What a front end, or the session that runs the tests, would tell the kernel.
FOREIGN = ("AUTOEXEC_", "JPY_", "COLAB_", "PYDEVD_")
LOG_CHARS = 4000


class Message(NamedTuple):
    """What the kernel said, and when it arrived (monotonic clock, seconds)."""

    kind: str
    content: dict[str, Any]
    at: float


@dataclass
class Cell:
    """One execute request and all that came of it so far, in order."""

    kernel: Kernel
    request: str
    messages: list[Message] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the contents of the messages of a kind."""
        return [message.content for message in self.messages if message.kind == kind]

    def text(self, name: str | None = None) -> str:
        """Return what was written to a stream ("stdout" or "stderr"; None: to both)."""
        return "".join(item["text"] for item in self.all("stream") if name in (None, item["name"]))

    @property
    def stdout(self) -> str:
        """What the cell wrote to its standard output."""
        return self.text("stdout")

    @property
    def stderr(self) -> str:
        """What the cell wrote to its standard error."""
        return self.text("stderr")

    @property
    def result(self) -> str:
        """The result as text, or ""."""
        results = self.all("execute_result")
        assert len(results) < 2, results
        return str(results[0]["data"].get("text/plain", "")) if results else ""

    @property
    def errors(self) -> list[str]:
        """The tracebacks, without colours."""
        return [COLOURS.sub("", "\n".join(error["traceback"])) for error in self.all("error")]

    @property
    def error(self) -> str:
        """The one traceback, without colours, or ""."""
        assert len(self.errors) < 2, self.errors
        return "".join(self.errors)

    @property
    def why(self) -> str:
        """What is said below a traceback, in lines: displayed where there is a page, else on stderr."""
        shown = [item["data"].get("text/plain", "") for item in self.all("display_data")]
        return "\n".join([self.stderr, *shown])

    @property
    def questions(self) -> list[str]:
        """What the kernel asked."""
        return [request["prompt"] for request in self.all("input_request")]

    @property
    def comms(self) -> list[Message]:
        """What widgets said."""
        return [message for message in self.messages if message.kind.startswith("comm_")]

    @property
    def status(self) -> str:
        """What the kernel said of the end: "ok", "error" or "aborted"; "" before it."""
        return "".join(reply["status"] for reply in self.all("execute_reply"))

    @property
    def is_over(self) -> bool:
        """Whether the kernel has answered and said all."""
        states = [status["execution_state"] for status in self.all("status")]
        return bool(self.status) and states[-1:] == ["idle"]

    def until(self, is_enough: Callable[[], object], what: str, *, within: float = HANG_SECONDS) -> Cell:
        """Take messages in until `is_enough`, or fail after `within` seconds."""
        limit = time.monotonic() + within
        while not is_enough():
            if time.monotonic() > limit:
                tail = self.text()[-LOG_CHARS:]
                raise AssertionError(
                    f"{what} did not come; written: {tail!r}\nthe kernel's log:\n{self.kernel.log()}"
                )
            self.kernel.take(self)
        return self

    def until_text(self, text: str, *, within: float = HANG_SECONDS) -> Cell:
        """Take messages in until `text` has been written."""
        return self.until(lambda: text in self.text(), repr(text), within=within)

    def finish(self, *, within: float = HANG_SECONDS) -> Cell:
        """Take messages in until the cell has ended."""
        return self.until(lambda: self.is_over, "the end of the cell", within=within)

    def must_pass(self) -> Cell:
        """Fail unless the cell ended without an error."""
        assert (self.status, self.errors) == ("ok", []), self.errors
        return self


class Kernel:
    """A kernel with `folder` for all that it keeps; use it as a context.

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
        # A server names the file so, and a kernel knows its id from that name alone.
        self._manager: Any = KernelManager(connection_file=str(folder / f"kernel-{KERNEL_ID}.json"))
        self._client: Any = None
        self._present: Cell | None = None

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
        self,
        code: str,
        *,
        allow_stdin: bool = False,
        silent: bool = False,
        store_history: bool = True,
        cell_id: str = "",
    ) -> Cell:
        """Send a cell, with its id as JupyterLab names it; `finish` it before the next one is sent."""
        asked = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": False,
        }
        message = self._client.session.msg("execute_request", asked)
        message["metadata"] |= {"cellId": cell_id} if cell_id else {}
        self._client.shell_channel.send(message)
        self._present = Cell(kernel=self, request=message["header"]["msg_id"])
        return self._present

    @property
    def is_busy(self) -> bool:
        """Whether a cell was sent whose end nobody has seen."""
        return self._present is not None and not self._present.is_over

    @property
    def is_asleep(self) -> bool:
        """Whether the kernel's main thread waits for something, or for nothing."""
        return is_asleep(self._manager.provisioner.pid)

    def execute(self, code: str, **options: Any) -> Cell:
        """Run a cell to its end."""
        return self.start(code, **options).finish()

    def value(self, expression: str) -> str:
        """Return the `repr` of an expression in the kernel."""
        return self.execute(expression).must_pass().result

    def answer(self, text: str) -> None:
        """Answer the question that the kernel waits with."""
        self._client.input(text)

    def restart(self) -> None:
        """Restart the kernel, as the front end's button does: its names are gone, and nothing is loaded."""
        with self._log.open("ab") as log:
            self._manager.restart_kernel(now=True, stdout=log, stderr=log)
        self._client.wait_for_ready(timeout=HANG_SECONDS)

    def interrupt(self) -> None:
        """Interrupt, as the front end's stop button does."""
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        """Kill the kernel, as the machine does when it runs out of memory."""
        os.kill(self._manager.provisioner.pid, signal.SIGKILL)
        self._manager.provisioner.process.wait(HANG_SECONDS)

    def complete(self, code: str, at: int | None = None) -> dict[str, Any]:
        """Return what may stand at the end of `code`, or at the place `at`."""
        self._client.complete(code, at)
        return self._answer()

    def is_complete(self, code: str) -> dict[str, Any]:
        """Return whether `code` is a whole cell."""
        self._client.is_complete(code)
        return self._answer()

    def inspect(self, code: str) -> dict[str, Any]:
        """Return what is known of the name at the end of `code`."""
        self._client.inspect(code)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        return dict(self._client.get_shell_msg(timeout=HANG_SECONDS)["content"])

    def write(self, name: str, text: str, *, mode: int = 0o644) -> Path:
        """Write a file into the working directory."""
        path = self.cwd / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    @cached_property
    def store(self) -> Store:
        """The run store that this kernel writes."""
        return Store(self.data, lambda pid, start: True)

    def last(self, verb: str = "") -> Run:
        """Return the newest run (of `verb`)."""
        return next(run for run in self.store.runs() if verb in ("", run.verb))

    def titled(self, title: str) -> Run:
        """Return the newest run of that title."""
        return next(run for run in self.store.runs() if run.title == title)

    def events(self, run: Run | None = None) -> list[Event]:
        """Return the events of a run, by default the newest."""
        return [item.event for item in self.store.read((run or self.last()).run_id)]

    def kinds(self, run: Run | None = None) -> list[str]:
        """Return the class names of a run's events."""
        return [type(event).__name__ for event in self.events(run)]

    def recorded(self, stream: str | None = None, run: Run | None = None) -> str:
        """Return the output on record of a run, by default the newest."""
        outputs = (event for event in self.events(run) if isinstance(event, Output))
        return "".join(event.text for event in outputs if stream in (None, event.stream))

    def displayed(self, run: Run | None = None) -> list[dict[str, int]]:
        """Return the rich outputs on record: their MIME types and sizes."""
        return [event.mimes for event in self.events(run) if isinstance(event, Displayed)]

    def newest(self) -> Meta | None:
        """Return what the newest run is, or None where there is none yet."""
        ids = self.store.ids()
        return self.store.meta(ids[0]) if ids else None

    def files_of(self, run: Run) -> bytes:
        """Return all that is on disk of a run."""
        return b"".join(path.read_bytes() for path in sorted((self.store.folder / run.run_id).iterdir()))

    def so_far(self) -> str:
        """Return the output on record of the newest run, which may be just about to begin."""
        try:
            return self.recorded()
        except (StopIteration, FileNotFoundError):
            return ""

    def log(self) -> str:
        """Return the end of what the kernel's process itself wrote."""
        return self._log.read_text(errors="replace")[-LOG_CHARS:]

    def take(self, cell: Cell) -> None:
        """Wait a moment for messages and give them to `cell`."""
        channels = (self._client.iopub_channel, self._client.shell_channel, self._client.stdin_channel)
        poller = zmq.Poller()
        for channel in channels:
            poller.register(channel.socket, zmq.POLLIN)
        ready = dict(poller.poll(POLL_SECONDS * 1000))
        now = time.monotonic()
        for channel in channels:
            if channel.socket not in ready:
                continue
            said = channel.get_msg(timeout=0)
            if said["parent_header"].get("msg_id") == cell.request:
                cell.messages.append(Message(said["msg_type"], said["content"], now))
            elif said["msg_type"] != "status":
                cell.strangers.append(said["msg_type"])


def environment_in(folder: Path) -> dict[str, str]:
    """Return this process's environment with `folder` for all that is kept."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return own | {"AUTOEXEC_DATA_DIR": str(folder / "data"), "IPYTHONDIR": str(folder / "ipython")}


def is_running(pid: int) -> bool:
    """Whether process `pid` runs; one that ended and was not waited for does not."""
    return _state(pid) not in "ZX"


def is_asleep(pid: int) -> bool:
    """Whether the main thread of process `pid` waits for something."""
    return _state(pid) == "S"


def _state(pid: int) -> str:
    """Return the state of a process as one letter (proc(5)); "X" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
