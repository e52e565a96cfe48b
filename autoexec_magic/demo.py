"""See it at work: the first notebook, in a real kernel, in an environment made for it.

The notebook needs a package that is not there. So that it is missing every
time, and nothing is left behind in yours, the kernel runs in a virtual
environment of its own, which sees your packages and is removed afterwards. The
runs stay on record. However it is stopped, the kernel, its children and the
environment are gone afterwards.

A thread of its own talks to the kernel, because the caller may be a kernel's
main thread, whose event loop runs already; it only queues what is to be said.
Jupyter's own client starts the kernel: one of the exceptions to "one module
starts processes" (executor/process.py).
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import re
import shutil
import site
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import api, config, executor
from .errors import Cancelled, PhaseError, UsageError
from .events import Emit, Output
from .executor.interrupts import noted
from .history import short_id
from .values import Run, Verdict

NAME = "01_first_cell.ipynb"
_CELL_SECONDS = 300
_VENV_SECONDS = 120.0
_READY_SECONDS = 60
_INTERRUPT_SECONDS = 3.0
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_RULE = "─" * 72


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """How the demo went; `notebook` is where it can be looked at."""

    verdict: Verdict
    seconds: float
    notebook: Path
    runs: tuple[Run, ...]
    text: str


def run(emit: Emit | None = None) -> DemoReport:
    """Run the notebook and say what happened and where to look.

    Raises
    ------
    PhaseError
        A cell failed that should not have, or the package was not healed.
    Cancelled
        It was stopped.
    """
    started = time.monotonic()
    before = set(api.store().ids())
    source = _source()
    say = _saying(emit)
    say(f"autoexec-magic: running {NAME} in a kernel of its own …\n")
    cancel = executor.Cancel()
    try:
        with noted(cancel), _environment(cancel) as folder:
            notebook, failed = _execute(source, folder, say, cancel)
    finally:
        cancel.close()
    kept = config.data_dir() / "demo" / NAME
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _save(notebook, kept)
    made = tuple(found for found in reversed(api.runs(None)) if found.run_id not in before)
    if failed:
        raise PhaseError(
            "the demo did not go as it should",
            why=failed,
            fix=f"look at {kept}; `%autoexec doctor` says what works here",
        )
    seconds = time.monotonic() - started
    return DemoReport(
        verdict=Verdict.PASSED, seconds=seconds, notebook=kept, runs=made, text=_summary(made, kept, seconds)
    )


def _source() -> Path:
    """Return the notebook: from the installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    for path in (here / "notebooks" / NAME, here.parent / "notebooks" / NAME):
        if path.is_file():
            return path
    raise UsageError(f"there is no {NAME}", why="this installation has no notebooks", fix="install it again")


@contextmanager
def _environment(cancel: executor.Cancel) -> Iterator[Path]:
    """Yield a folder with a virtual environment `venv` that sees the packages of this one."""
    with tempfile.TemporaryDirectory(prefix="autoexec-demo-") as name:
        folder = Path(name)
        outcome = executor.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")],
            emit=lambda event: None,
            policy=executor.policy.exactly(sys.executable),
            timeout=_VENV_SECONDS,
            cancel=cancel,
        )
        if outcome.ended == "cancelled":
            raise _stopped()
        if not outcome.passed:
            raise PhaseError(
                "cannot make a virtual environment",
                why=(outcome.stderr or outcome.stdout).strip()[-300:],
                fix="apt-get install python3-venv",
            )
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = folder / "venv" / "lib" / version / "site-packages"
        lines = [f"import site; site.addsitedir({path!r})" for path in _package_folders()]
        (packages / "parent.pth").write_text("\n".join(lines) + "\n", "utf-8")
        (folder / "work").mkdir()
        yield folder


def _package_folders() -> list[str]:
    folders = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
    return [folder for folder in folders if Path(folder).is_dir()]


def _execute(
    source: Path, folder: Path, say: Callable[[str], None], cancel: executor.Cancel
) -> tuple[Any, str]:
    """Run the notebook; return it with its outputs, and what went wrong or ""."""
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(source, as_version=4)
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    with ThreadPoolExecutor(1, "autoexec-demo") as pool:
        future = pool.submit(lambda: asyncio.run(_cells(notebook, folder, said.put, cancel)))
        future.add_done_callback(lambda _: said.put(None))
        try:
            for words in iter(said.get, None):
                say(words)
        except BaseException:
            cancel.set()
            raise
    try:
        future.result()
    except asyncio.CancelledError as error:
        raise _stopped() from error
    except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
        if cancel.is_set():  # nbclient takes its task's end for the kernel's
            raise _stopped() from error
        lines = [line for line in _ESCAPES.sub("", str(error)).splitlines() if line.strip()]
        return notebook, lines[-1] if lines else type(error).__name__
    return notebook, ""


async def _cells(notebook: Any, folder: Path, say: Callable[[str], None], cancel: executor.Cancel) -> None:
    """Run the cells in a kernel of their own, until somebody asks for the end."""
    from nbclient import NotebookClient

    task = asyncio.current_task()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(cancel.fileno())
        if task is not None:
            task.cancel()

    loop.add_reader(cancel.fileno(), stop)
    manager = _kernel_manager(folder)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=_CELL_SECONDS,
        on_cell_executed=lambda cell, cell_index, **rest: _show(cell, say),
    )
    client.reset_execution_trackers()
    is_ready = False
    try:
        with (folder / "kernel.log").open("wb") as log:  # what it says of itself is not the notebook's
            environment = {**os.environ, "JPY_SESSION_NAME": NAME}
            await manager.start_kernel(cwd=str(folder / "work"), env=environment, stdout=log, stderr=log)
        client.kc = manager.client()
        client.kc.allow_stdin = False
        client.kc.start_channels()
        await client.kc.wait_for_ready(timeout=_READY_SECONDS)
        is_ready = True
        for index, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, index, execution_count=client.code_cells_executed + 1)
    finally:
        loop.remove_reader(cancel.fileno())
        await _end(manager, client.kc, is_busy=is_ready and cancel.is_set(), is_ready=is_ready)


def _kernel_manager(folder: Path) -> Any:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    _write_kernelspec(folder / "kernels" / "autoexec-demo", folder)
    specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")])
    connection = str(folder / "kernel.json")
    return AsyncKernelManager(
        kernel_name="autoexec-demo", kernel_spec_manager=specs, connection_file=connection
    )


async def _end(manager: Any, channels: Any, *, is_busy: bool, is_ready: bool) -> None:
    """End the kernel: it ends its cell, and with it the cell's children; else its process group is killed."""
    with suppress(RuntimeError):  # jupyter_client's word for a kernel that is gone already
        if is_busy and await manager.is_alive():
            await manager.interrupt_kernel()
            with suppress(asyncio.TimeoutError):
                if channels is not None:
                    await asyncio.wait_for(_until_idle(channels), _INTERRUPT_SECONDS)
        if manager.has_kernel:
            await manager.shutdown_kernel(now=not is_ready)
    if channels is not None:
        channels.stop_channels()
    await manager.cleanup_resources()


async def _until_idle(channels: Any) -> None:
    """Wait until the kernel has ended what it was doing."""
    while True:
        message = await channels.get_iopub_msg(timeout=None)
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return


def _stopped() -> Cancelled:
    return Cancelled("the demo was stopped", fix="%autoexec demo begins anew")


def _write_kernelspec(place: Path, folder: Path) -> None:
    place.mkdir(parents=True)
    python = str(folder / "venv" / "bin" / "python")
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
        "display_name": "autoexec demo",
        "language": "python",
        "env": {"VIRTUAL_ENV": str(folder / "venv"), "IPYTHONDIR": str(folder / "ipython")},
    }
    (place / "kernel.json").write_text(json.dumps(spec), "utf-8")


def _show(cell: Any, say: Callable[[str], None]) -> None:
    """Say what a cell was and what came of it, as a person would have seen it."""
    if cell.cell_type != "code":
        return
    code = "\n".join(f"  {line}" for line in cell.source.splitlines())
    shown = "".join(map(_output_text, cell.outputs)).rstrip("\n")
    say(f"{_RULE}\n{code}\n")
    if shown:
        say("\n" + shown + "\n")


def _output_text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return _ESCAPES.sub("", "\n".join(output.traceback)) + "\n"
    return str(output.data.get("text/plain", "")) + "\n"


def _save(notebook: Any, path: Path) -> None:
    import nbformat

    temporary = path.with_suffix(".new")
    nbformat.write(notebook, temporary)
    shutil.move(temporary, path)


def _saying(emit: Emit | None) -> Callable[[str], None]:
    def say(words: str) -> None:
        if emit is not None:
            emit(Output(phase="run", stream="stderr", text=words))

    return say


def _summary(runs: tuple[Run, ...], notebook: Path, seconds: float) -> str:
    lines = [_RULE, f"✓ the notebook ran in {seconds:.1f} s; {len(runs)} runs are on record:", ""]
    for run in runs:
        took = f"{run.seconds:.2f} s" if run.seconds is not None else "–"
        lines.append(f"  {short_id(run.run_id)}  {run.verdict:9}  {took:>8}  {run.verb:7}  {run.title[:50]}")
    last = short_id(runs[-1].run_id) if runs else "ID"
    lines += [
        "",
        f"the notebook with its outputs   {notebook}",
        f"replay a run                    %autoexec runs show {last}",
        "all runs                        %autoexec runs",
        "in your own notebook            %load_ext autoexec_magic",
    ]
    return "\n".join(lines)
