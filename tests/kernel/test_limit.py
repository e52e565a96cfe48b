"""`--timeout`: a cell ends when its time is up, says so, and later cells are left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Cell, Kernel

CELL_SECONDS = 5.0
BECAUSE = ["  because: its time limit was hit", "  fix: raise --timeout SECONDS"]


def assert_overrun(kernel: Kernel, cell: Cell) -> None:
    """Fail unless the cell shows the limit, and nothing else, and is recorded so."""
    assert cell.status == "error"
    assert cell.error.startswith("timeout: the cell was ended after ")
    assert cell.error.splitlines()[1:] == BECAUSE
    assert cell.stderr == ""
    assert kernel.last("cell").verdict == Verdict.TIMED_OUT
    assert kernel.value("1 + 1") == "2"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("time.sleep(60)", id="asleep"),
        pytest.param("while True:\n    pass", id="busy"),
        pytest.param("def wait():\n    time.sleep(60)\n\nwait()", id="in a function"),
        pytest.param("try:\n    time.sleep(60)\nfinally:\n    tidy = True", id="with a clean-up"),
        pytest.param("!sleep 60", id="in a bang"),
        pytest.param("%%time\ntime.sleep(60)", id="below another magic"),
        pytest.param("event = threading.Event()\nevent.wait()", id="on a lock"),
    ],
)
def test_a_cell_is_ended_after_its_limit(kernel: Kernel, body):
    """The error is our three lines, without a stack; the verdict is timed-out; the kernel is fine."""
    kernel.execute("import threading, time")
    started = time.monotonic()
    cell = kernel.start(f"%%autoexec --timeout 0.5\n{body}").finish(within=CELL_SECONDS)
    assert 0.5 <= time.monotonic() - started < 20
    assert_overrun(kernel, cell)


def test_a_cell_that_awaits_is_ended_after_its_limit(new_kernel: Callable[..., Kernel]):
    """A coroutine that waits is no way around the limit."""
    kernel = new_kernel()
    kernel.execute("%load_ext autoexec_magic\nimport asyncio").must_pass()
    cell = kernel.start("%%autoexec --timeout 0.5\nawait asyncio.sleep(60)").finish(within=CELL_SECONDS)
    assert_overrun(kernel, cell)


def test_a_limit_that_falls_between_two_statements_is_one(kernel: Kernel):
    """A cell of very many short statements is ended with the same three lines."""
    cell = kernel.start("%%autoexec --timeout 0.1\n" + "x = 1\n" * 50_000).finish()
    assert_overrun(kernel, cell)


def test_a_cell_that_ends_in_time_is_left_alone(kernel: Kernel):
    """Nothing comes after its end: a later cell that runs past that limit is not interrupted."""
    assert kernel.execute("%%autoexec --timeout 0.3\n'in time'").must_pass().result == "'in time'"
    assert kernel.last().verdict == Verdict.PASSED
    later = kernel.execute("import time\ntime.sleep(0.6)\nprint('undisturbed')").must_pass()
    assert later.stdout == "undisturbed\n"


def test_a_cell_that_fails_in_time_is_left_alone(kernel: Kernel):
    """An error of the cell's own is shown as ever, and takes the clock with it."""
    cell = kernel.execute("%%autoexec --timeout 0.3\n1 / 0")
    assert cell.error.endswith("ZeroDivisionError: division by zero")
    assert kernel.last().verdict == Verdict.FAILED
    kernel.execute("import time\ntime.sleep(0.6)").must_pass()


def test_the_limit_covers_all_statements_together(kernel: Kernel):
    """Three statements that are each within the limit are not within it together."""
    body = "import time\n" + "time.sleep(0.3)\nprint('one more')\n" * 10
    cell = kernel.execute(f"%%autoexec --timeout 0.7\n{body}")
    assert cell.stdout == "one more\n" * 2
    assert_overrun(kernel, cell)


def test_the_limit_of_an_inner_cell_is_its_own(kernel: Kernel):
    """An inner cell that overran ends; the outer one goes on, within its own limit."""
    cell = kernel.execute(
        "%%autoexec --timeout 60\n'the outer'\n"
        "get_ipython().run_cell('%%autoexec --timeout 0.3\\nimport time; time.sleep(60)')\n"
        "print('went on')"
    )
    assert cell.stdout == "went on\n"
    assert kernel.titled("import time; time.sleep(60)").verdict == Verdict.TIMED_OUT
    assert kernel.titled("'the outer'").verdict == Verdict.PASSED


def test_a_setting_limits_every_marked_cell(kernel: Kernel):
    """`AUTOEXEC_TIMEOUT` holds where the line gives no limit, and gives way to the line."""
    kernel.execute("import os, time\nos.environ['AUTOEXEC_TIMEOUT'] = '0.3'").must_pass()
    try:
        kernel.execute("%%autoexec --timeout 60\ntime.sleep(0.6)").must_pass()
        assert kernel.execute("%%autoexec\ntime.sleep(60)").error.startswith("timeout: ")
        assert kernel.last().verdict == Verdict.TIMED_OUT
    finally:
        kernel.execute("del os.environ['AUTOEXEC_TIMEOUT']").must_pass()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("%autoexec sh --timeout 0.3 sleep 60", id="sh"),
        pytest.param("%%autoexec script --timeout 0.3\nimport time\ntime.sleep(60)", id="script"),
    ],
)
def test_a_process_is_ended_after_its_limit(kernel: Kernel, code):
    """A verb's limit is an error of the same kind, and the process is gone."""
    cell = kernel.start(code).finish(within=CELL_SECONDS)
    assert cell.error.startswith("timeout: ")
    assert kernel.last().verdict == Verdict.TIMED_OUT


def test_code_that_cannot_be_interrupted_is_said(kernel: Kernel):
    """Where the interrupt does not help, a line says so while the cell is stuck; it ends as timed out."""
    stop = kernel.cwd / "stop"
    cell = kernel.start(
        "%%autoexec --timeout 0.3\nimport pathlib, signal, time\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        f"while not pathlib.Path({str(stop)!r}).exists():\n    time.sleep(0.01)\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])"
    )
    cell.until_text("restart the kernel")
    stop.touch()
    cell.finish()
    assert cell.stderr.startswith("autoexec: still busy after its time limit")
    assert "restart the kernel" in kernel.recorded("stderr")
    assert kernel.last().verdict == Verdict.TIMED_OUT
    assert kernel.value("1 + 1") == "2"
