"""An interrupt ends the cell and all that it started, and the kernel goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness import is_running

from autoexec_magic import api
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Cell, Kernel

GONE_SECONDS = 10.0
CELL_SECONDS = 20.0
# A family that is hard to end: one deaf to polite signals, one in a session of its own, one that is both.
FAMILY = """
import os, signal, subprocess, sys, time

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal; [signal.signal(number, signal.SIG_IGN) for number in (1, 2, 15)]; " + SLEEP
pids = [os.getpid()]
for code, away in ((DEAF, False), (SLEEP, True), (DEAF, True)):
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=away)
    child.stdout.readline()
    pids.append(child.pid)
print("family", *pids, flush=True)
time.sleep(60)
"""


def interrupted(kernel: Kernel, cell: Cell) -> Cell:
    """Interrupt, and take the cell to its end."""
    kernel.interrupt()
    return cell.finish(within=CELL_SECONDS)


def is_well(kernel: Kernel) -> bool:
    """Whether the kernel computes, and a marked cell passes."""
    return kernel.value("1 + 1") == "2" and kernel.execute("%%autoexec\n2 + 2").must_pass().result == "4"


@pytest.mark.parametrize("how", ["script", "sh", "inside a marked cell", "inside an async cell"])
def test_an_interrupt_ends_the_whole_family(kernel: Kernel, how):
    """The cell ends as cancelled; the deaf and the runaway grandchildren are gone; the kernel computes."""
    kernel.write("family.py", FAMILY)
    code = {
        "script": f"%%autoexec script\n{FAMILY}",
        "sh": "%autoexec sh python family.py",
        "inside a marked cell": "%%autoexec\n%autoexec sh python family.py",
        "inside an async cell": "import asyncio\nawait asyncio.sleep(0)\n%autoexec sh python family.py",
    }[how]
    cell = kernel.start(code)
    cell.until(lambda: "\n" in cell.stdout, "the family")
    pids = [int(word) for word in cell.stdout.split()[1:]]
    assert len(pids) == 4
    assert all(map(is_running, pids))
    started = time.monotonic()
    interrupted(kernel, cell)
    assert [pid for pid in pids if is_running(pid)] == []
    assert time.monotonic() - started < GONE_SECONDS
    assert cell.status == "error"
    assert cell.error.splitlines()[0].startswith("cancelled: ")
    assert "autoexec_magic" not in cell.error
    assert kernel.last("script" if how == "script" else "sh").verdict == Verdict.CANCELLED
    if how == "inside a marked cell":
        assert kernel.last("cell").verdict == Verdict.CANCELLED
    assert is_well(kernel)


def test_an_interrupt_ends_a_command_that_says_nothing(kernel: Kernel):
    """`%autoexec sh sleep` ends at once, and says so."""
    before = len(kernel.store.ids())
    cell = kernel.start("%autoexec sh sleep 60")

    def has_child() -> bool:
        if len(kernel.store.ids()) == before:
            return False
        meta = kernel.newest()
        return meta is not None and meta.child is not None

    cell.until(has_child, "the child")
    child = kernel.newest().child
    started = time.monotonic()
    interrupted(kernel, cell)
    assert time.monotonic() - started < GONE_SECONDS
    assert not is_running(child[0])
    assert cell.error.startswith("cancelled: sleep 60 was stopped after ")
    assert cell.stdout.startswith("◼ cancelled · sh · ")
    assert kernel.last().verdict == Verdict.CANCELLED
    assert is_well(kernel)


@pytest.mark.parametrize(
    "mark", ["%%autoexec\n", "%%autoexec --timeout 60\n"], ids=["marked", "with a limit"]
)
def test_an_interrupt_ends_a_marked_cell(kernel: Kernel, mark):
    """The user sees a KeyboardInterrupt in their own line; the run is cancelled, not failed."""
    cell = kernel.start(f"{mark}import time\nprint('asleep')\ntime.sleep(60)").until_text("asleep")
    cell.until(lambda: kernel.is_asleep, "its sleep")
    interrupted(kernel, cell)
    assert cell.error.splitlines()[-1].startswith("KeyboardInterrupt")
    assert "----> 4 time.sleep(60)" in cell.error
    assert "autoexec_magic" not in cell.error
    assert kernel.last().verdict == Verdict.CANCELLED
    assert is_well(kernel)


def test_an_interrupt_in_the_middle_of_printing(kernel: Kernel):
    """A cell that prints without end stops, shows no frame of ours, and its record is whole."""
    cell = kernel.start("%%autoexec\nfor number in range(10**9):\n    print(number)").until_text("1000\n")
    interrupted(kernel, cell)
    assert "KeyboardInterrupt" in cell.error
    assert "autoexec_magic" not in cell.error
    assert kernel.last().verdict == Verdict.CANCELLED
    lines = kernel.recorded("stdout").splitlines()
    assert lines[:1000] == [str(number) for number in range(1000)]
    assert kernel.kinds()[-1] == "RunFinished"
    assert is_well(kernel)


@pytest.mark.parametrize(
    "mark", ["%%autoexec\n", "%%autoexec --timeout 60\n"], ids=["marked", "with a limit"]
)
def test_an_interrupt_ends_a_cell_that_awaits(new_kernel: Callable[..., Kernel], mark):
    """A marked cell that waits for a coroutine ends, too, while nothing else happens in the loop."""
    kernel = new_kernel()
    kernel.execute("%load_ext autoexec_magic\nimport asyncio").must_pass()
    cell = kernel.start(
        f"{mark}await asyncio.sleep(0.3)\nprint('asleep', flush=True)\nawait asyncio.sleep(60)"
    )
    cell.until_text("asleep")
    # An interrupt that comes while the loop has something to do anyway is the easy one.
    cell.until(lambda: kernel.so_far() == "asleep\n" and kernel.is_asleep, "the loop's sleep")
    interrupted(kernel, cell)
    assert "autoexec_magic" not in cell.error
    assert kernel.last().verdict == Verdict.CANCELLED
    assert is_well(kernel)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "%%autoexec\nprint('here', flush=True)\nimport time\ntime.sleep(60)", id="a marked cell"
        ),
        pytest.param(
            "%%autoexec script\nimport time\nprint('here', flush=True)\ntime.sleep(60)", id="a script"
        ),
    ],
)
def test_a_run_is_cancelled_from_outside_by_its_id(kernel: Kernel, monkeypatch, code):
    """Another process that shares the store ends exactly this run; the kernel lives on."""
    cell = kernel.start(code).until_text("here")
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(kernel.data))
    asked = api.cancel(kernel.store.ids()[0])
    assert asked.verdict == Verdict.RUNNING
    cell.finish(within=CELL_SECONDS)
    assert cell.status == "error"
    assert kernel.last().verdict == Verdict.CANCELLED
    assert is_well(kernel)
