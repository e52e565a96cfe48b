"""`%autoexec on` is `%%autoexec` for every cell; `off` ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from harness import LOAD
from healing import served

from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

ON, OFF = "%autoexec on --only heal", "%autoexec off"


@pytest.fixture(autouse=True)
def healed(kernel: Kernel):
    """Have every cell healed; afterwards it is as it was."""
    kernel.execute(ON).must_pass()
    yield
    kernel.execute(OFF).must_pass()


def cells(kernel: Kernel) -> list[str]:
    """Return the titles of the cells on record, the oldest first."""
    return [run.title for run in reversed(kernel.store.runs(None)) if run.verb == "cell"]


def test_a_cell_without_a_mark_is_healed_and_recorded(kernel: Kernel):
    """It runs as ever, and is known by its first line."""
    cell = kernel.execute("\nprint('hello')\n6 * 7").must_pass()
    assert (cell.stdout, cell.result) == ("hello\n", "42")
    run = kernel.last()
    assert (run.verb, run.title, run.verdict) == ("cell", "print('hello')", Verdict.PASSED)
    assert kernel.recorded("stdout") == "hello\n"


def test_a_failure_is_diagnosed(kernel: Kernel):
    """With one line below the traceback."""
    cell = kernel.execute("total = 1\nprint(totl)")
    assert "NameError" in cell.error
    assert cell.stderr.startswith("autoexec: name-not-defined at In [")


def test_a_missing_import_ends_the_cell_before_it_runs(new_kernel: Callable[..., Kernel]):
    """As with the mark: nothing of it has run, for the index has no such project."""
    with served.Index() as index:
        kernel = new_kernel(AUTOEXEC_INDEX_URL=index.url, NO_PROXY="*", no_proxy="*")
        kernel.execute(f"{LOAD}\n{ON}").must_pass()
        cell = kernel.execute("print('begun')\nimport module_that_nobody_has_written_x")
        assert "begun" not in cell.stdout
        assert cell.error.startswith(
            "asked: module_that_nobody_has_written_x is missing, and nothing was run"
        )
        kernel.execute(f"{ON} --no-install").must_pass()
        cell = kernel.execute("print('begun')\nimport module_that_nobody_has_written_x")
    assert "begun" in cell.stdout
    assert "ModuleNotFoundError" in cell.error


def test_offline_a_cell_runs_what_it_can(new_kernel: Callable[..., Kernel]):
    """No index answers: the cell runs up to the import, and that says why it could not be healed."""
    kernel = new_kernel(AUTOEXEC_INDEX_URL="http://127.0.0.1:9/simple", NO_PROXY="*", no_proxy="*")
    kernel.execute(f"{LOAD}\n{ON}").must_pass()
    cell = kernel.execute("print('begun')\nimport module_that_nobody_has_written_x\nprint('after')")
    assert "begun" in cell.stdout
    assert "after" not in cell.stdout
    assert "ModuleNotFoundError" in cell.error
    assert "127.0.0.1:9 could not be reached" in cell.stderr
    assert kernel.last("cell").verdict == Verdict.FAILED


def test_a_limit_is_for_every_cell(kernel: Kernel):
    """And a mark's own limit is for its cell."""
    kernel.execute(f"{ON} --timeout 0.3").must_pass()
    assert kernel.execute("import time\ntime.sleep(60)").error.startswith("timeout: ")
    kernel.execute("%%autoexec --timeout 60\nimport time\ntime.sleep(0.4)").must_pass()
    kernel.execute("import time\ntime.sleep(0)").must_pass()


@pytest.mark.parametrize(
    ("code", "options"),
    [
        pytest.param("%%time\n1 + 1", {}, id="another magic's cell"),
        pytest.param("%%bash\necho hello\n", {}, id="a script's"),
        pytest.param("%autoexec sh echo hello", {}, id="a verb"),
        pytest.param("%autoexec runs\n\n%autoexec config", {}, id="verbs"),
        pytest.param("1 + 1", {"store_history": False}, id="a front end's"),
        pytest.param("1 + 1", {"silent": True}, id="a silent one"),
        pytest.param("\n  \n", {}, id="nothing"),
    ],
)
def test_what_is_no_cell_of_a_person_s_own_code_is_left_alone(kernel: Kernel, code, options):
    """It has a magic of its own, a run of its own, or nobody asked for it."""
    before = cells(kernel)
    kernel.execute(code, **options)
    assert cells(kernel) == before


def test_each_cell_is_recorded_once(kernel: Kernel):
    """Marked or not, and however often it was turned on."""
    before = len(cells(kernel))
    kernel.execute(ON).must_pass()
    kernel.execute("%%autoexec\n1").must_pass()
    kernel.execute("2").must_pass()
    assert len(cells(kernel)) == before + 2


def test_off_ends_it(kernel: Kernel):
    """The next cell is IPython's alone."""
    kernel.execute(f"{OFF}\nprint('the last one')").must_pass()
    before = cells(kernel)
    kernel.execute("print('not on record')").must_pass()
    assert cells(kernel) == before
    assert before[-1] == OFF


def test_heal_alone_guards_no_line(kernel: Kernel):
    """`!` is IPython's."""
    kernel.execute("!echo plain").must_pass()
    assert kernel.last().verb == "cell"


def test_on_does_both(kernel: Kernel):
    """A line in a cell is a run of its own, beside the cell's."""
    said = kernel.execute("%autoexec on").must_pass().stdout
    assert said.startswith(
        "on: every cell is healed and diagnosed; under the policy, and a failure ends the cell: ! "
    )
    assert said.count("\n") == 1
    cell = kernel.execute("!echo hello\nprint('after')").must_pass()
    assert cell.stdout.splitlines()[::2] == ["hello", "after"]
    assert [run.verb for run in kernel.store.runs(2)] == ["sh", "cell"]
    assert kernel.store.runs(2)[1].title == "!echo hello"
    kernel.execute("!false")
    assert [run.verdict for run in kernel.store.runs(2)] == [Verdict.FAILED, Verdict.FAILED]


def test_a_variable_that_is_not_there_is_named(kernel: Kernel):
    """At once, not at the first line that would miss it; nothing has changed."""
    cell = kernel.execute("%autoexec on --env NO_SUCH_VARIABLE_X")
    assert cell.error.startswith("usage: there is no variable NO_SUCH_VARIABLE_X")
    kernel.execute("3").must_pass()
    assert kernel.last().title == "3"


@pytest.mark.parametrize("line", ["on --only sometimes", "on --raise", "off now"])
def test_what_is_mistyped_is_said(kernel: Kernel, line):
    """With the usage line."""
    assert kernel.execute(f"%autoexec {line}").error.startswith("usage: ")


def test_unloading_ends_it(new_kernel: Callable[..., Kernel]):
    """And loading again does not bring it back."""
    kernel = new_kernel()
    kernel.execute(f"{LOAD}\n%autoexec on").must_pass()
    kernel.execute("%unload_ext autoexec_magic").must_pass()
    kernel.execute(LOAD).must_pass()
    before = len(kernel.store.ids())
    kernel.execute("!echo plain").must_pass()
    assert len(kernel.store.ids()) == before
