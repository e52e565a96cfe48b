"""See it at work: the first notebook, in a real kernel, in an environment made for it.

The notebook needs a package that is not there. So that it is missing every
time, and nothing is left behind in yours, the kernel runs in a virtual
environment of its own, which sees your packages and is removed afterwards. The
runs stay on record.

Jupyter's own client starts the kernel: one of the exceptions to "one module
starts processes" (executor/process.py).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import api, config, executor
from .errors import PhaseError, UsageError
from .events import Emit, Output
from .history import short_id
from .values import Run, Verdict

NAME = "01_first_cell.ipynb"
_CELL_SECONDS = 300
_VENV_SECONDS = 120.0
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
    """
    started = time.monotonic()
    before = set(api.store().ids())
    source = _source()
    say = _saying(emit)
    say(f"autoexec-magic: running {NAME} in a kernel of its own …\n")
    with _environment() as folder:
        notebook, failed = _execute(source, folder, say)
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
def _environment() -> Iterator[Path]:
    """Yield a folder with a virtual environment `venv` that sees the packages of this one."""
    with tempfile.TemporaryDirectory(prefix="autoexec-demo-") as name:
        folder = Path(name)
        outcome = executor.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")],
            emit=lambda event: None,
            policy=executor.policy.exactly(sys.executable),
            timeout=_VENV_SECONDS,
        )
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


def _execute(source: Path, folder: Path, say: Any) -> tuple[Any, str]:
    """Run the notebook; return it with its outputs, and what went wrong or ""."""
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(source, as_version=4)
    kernels = folder / "kernels"
    _write_kernelspec(kernels / "autoexec-demo", folder)
    specs = KernelSpecManager(kernel_dirs=[str(kernels)])
    manager = AsyncKernelManager(kernel_name="autoexec-demo", kernel_spec_manager=specs)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=_CELL_SECONDS,
        resources={"metadata": {"path": str(folder / "work")}},
        on_cell_executed=lambda cell, cell_index, **rest: _show(cell, say),
    )
    try:
        client.execute(env={**os.environ, "JPY_SESSION_NAME": NAME})
    except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
        lines = [line for line in _ESCAPES.sub("", str(error)).splitlines() if line.strip()]
        return notebook, lines[-1] if lines else type(error).__name__
    return notebook, ""


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


def _show(cell: Any, say: Any) -> None:
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


def _saying(emit: Emit | None) -> Any:
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
