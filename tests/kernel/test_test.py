"""`%autoexec test` in a notebook: cold, then warm; interrupted; and what a person sees of it."""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING

import pytest
from harness import LOAD, Kernel, is_running

from autoexec_magic.events import CaseFinished
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Cell

LEAN = "-p no:cacheprovider"
TESTS = """
import os
def test_good(): print(os.getpid())
def test_bad():
    left = [1, 2]
    assert left == [1, 3]
"""
HANGS = """
import pytest, subprocess, sys, time
from pathlib import Path

@pytest.fixture
def server():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    Path("torn-down").touch()
def test_first(): pass
def test_hangs(server):
    Path("begun").write_text(str(server.pid))
    print("begun", flush=True)
    time.sleep(60)
def test_last(): pass
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return a kernel that a notebook front end started."""
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(folder, JPY_SESSION_NAME=str(folder / "first.ipynb")) as kernel:
        kernel.execute(LOAD).must_pass()
        yield kernel


def told(kernel: Kernel) -> dict[str, str]:
    """Return the verdicts on record of the newest run of tests."""
    events = kernel.events(kernel.last("test"))
    return {event.nodeid: event.verdict for event in events if isinstance(event, CaseFinished)}


def waiting(kernel: Kernel) -> str:
    """Return the number of the process that waits for the next run, "None" where there is none."""
    return kernel.value(
        "(lambda found: found and found._children.pids[0])"
        "(__import__('sys').modules['autoexec_magic.testrunner.warm'].warm._standing)"
    )


def test_the_second_run_is_the_one_that_waited(kernel: Kernel):
    """The same words; each on record; the code that changed is the new code; in a terminal's letters."""
    kernel.write("test_it.py", TESTS)
    first = kernel.execute(f"%autoexec test {LEAN}")
    assert "cases-failed" in first.error
    assert "test_it.py .F" in first.text()
    assert "FAILED test_it.py::test_bad - assert [1, 2] == [1, 3]" in first.text()
    assert "1 failed, 1 passed in" in first.text()
    assert told(kernel) == {"test_it.py::test_good": "passed", "test_it.py::test_bad": "failed"}
    assert kernel.last("test").verdict == Verdict.FAILED
    waits = waiting(kernel)
    mended = TESTS.replace("[1, 3]", "[1, 2]  # mended")
    kernel.write("test_it.py", mended + f"    assert os.getpid() == {waits}\n")
    second = kernel.execute(f"%autoexec test {LEAN}").must_pass()
    assert "2 passed in" in second.text()
    assert told(kernel) == {"test_it.py::test_good": "passed", "test_it.py::test_bad": "passed"}
    assert waiting(kernel) not in ("None", waits)


def test_the_kernel_stays_as_it_was(kernel: Kernel):
    """No pytest in it, nor a module of the tests; its folder and path are as before."""
    look = "(lambda os, sys, signal: (os.getcwd(), sys.path, signal.getsignal(15)))"
    look += "(*map(__import__, ('os', 'sys', 'signal')))"
    before = kernel.value(look)
    kernel.write("test_it.py", TESTS)
    kernel.execute(f"%autoexec test {LEAN}")
    assert kernel.value(look) == before
    assert (
        kernel.value("[n for n in ('pytest', '_pytest', 'test_it') if n in __import__('sys').modules]")
        == "[]"
    )


def test_an_interrupt_keeps_what_was_done_and_tears_down(kernel: Kernel):
    """The cell ends as cancelled; the fixture's clean-up ran, what it started is gone; the kernel goes on."""
    kernel.write("test_it.py", HANGS)
    cell = kernel.start(f"%autoexec test {LEAN} test_it.py")
    cell.until(lambda: (kernel.cwd / "begun").exists() and (kernel.cwd / "begun").read_text(), "the test")
    pid = int((kernel.cwd / "begun").read_text())
    kernel.interrupt()
    cell.finish(within=10)
    assert "cancelled" in cell.error
    assert kernel.last("test").verdict == Verdict.CANCELLED
    assert (kernel.cwd / "torn-down").exists()
    assert not is_running(pid)
    assert told(kernel)["test_it.py::test_first"] == "passed"
    assert kernel.value("1 + 1") == "2"
    kernel.write("test_it.py", "def test_a(): pass\n")
    assert "1 passed" in kernel.execute(f"%autoexec test {LEAN}").must_pass().text()


def test_what_waits_ends_with_a_killed_kernel(new_kernel):
    """Nobody is there to end it but the keeper."""
    kernel = new_kernel()
    kernel.execute(LOAD).must_pass()
    kernel.write("test_it.py", "def test_a(): pass\n")
    kernel.execute(f"%autoexec test {LEAN}").must_pass()
    waits = int(waiting(kernel))
    assert is_running(waits)
    kernel.kill()
    until = time.monotonic() + 10
    while is_running(waits) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(waits)


def final(cell: Cell) -> dict[str, str]:
    """Return what stays in the saved notebook."""
    (update,) = cell.all("update_display_data")
    return dict(update["data"])


def test_the_page_has_failures_that_can_be_opened(notebook: Kernel):
    """With what was compared; nothing that a test said is markup; the text beside it says the same."""
    notebook.write(
        "test_page.py",
        "import pytest\n"
        "@pytest.mark.parametrize('x', ['<b>bold</b>'])\n"
        "def test_odd(x): assert x == '<script>alert(1)</script>'\n"
        "def test_good(): pass\n",
    )
    cell = notebook.start(f"%autoexec test {LEAN} test_page.py", allow_stdin=True).finish()
    page = final(cell)["text/html"]
    assert "<details>" in page
    assert "<b>bold" not in page
    assert "<script" not in page
    assert "F failed" in page
    assert html.escape("'<b>bold</b>'") in page
    assert html.escape("<script>alert(1)</script>") in page
    assert "1 failed, 1 passed" in page
    assert "FAILED test_page.py::test_odd[<b>bold</b>]" in final(cell)["text/plain"]
