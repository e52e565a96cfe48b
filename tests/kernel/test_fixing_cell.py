"""`%%autoexec --fix` in a real kernel: the cells it depends on, then the cell, as a person would run them."""

from __future__ import annotations

import pytest

from autoexec_magic.events import FixTried

# What the tables will offer, said by hand: code, action, values; `values` may name what the message holds.
OFFER = """
import dataclasses
from autoexec_magic import diagnosis
from autoexec_magic.values import Action, Frame
offers = {}
real = diagnosis.diagnose_exception
def diagnose(error, **more):
    found = real(error, **more)
    if found.code in offers:
        kind, *values = offers[found.code]
        line = found.where.rpartition(":")[2]
        frame = Frame(line=int(line) if line.isdigit() else 0)
        found = dataclasses.replace(found, action=Action(kind=kind, values=tuple(values)), frame=frame)
    return found
diagnosis.diagnose_exception = diagnose
"""


@pytest.fixture(autouse=True)
def offers(kernel):
    """Let diagnoses offer what a test says, and begin without names."""
    if kernel.execute("'offers' in dir()").result != "True":
        kernel.execute(OFFER).must_pass()
    kernel.execute("offers.clear(); globals().pop('base', None)")


def number(kernel):
    """Return the number that the next cell will have."""
    return int(kernel.value("len(In)"))


def tried(kernel):
    """Return what the newest record of fixing has."""
    return [event for event in kernel.events(kernel.last("why")) if isinstance(event, FixTried)]


def test_the_cell_it_depends_on_runs_and_then_the_cell_itself(kernel):
    """Its result is the cell's result; each that ran has its own number, `In` and `Out`; `_` is the last."""
    first = number(kernel)
    kernel.execute("base = 20\nbase").must_pass()
    kernel.execute(f"del base; offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    here = number(kernel)
    cell = kernel.execute("%%autoexec --fix\nprint('ran')\nbase + 1")
    assert cell.status == "ok"
    assert [item["data"]["text/plain"] for item in cell.all("execute_result")] == ["20", "21"]
    assert [item["execution_count"] for item in cell.all("execute_result")] == [here + 1, here + 2]
    assert cell.stdout.splitlines().count("ran") == 2
    assert "NameError" in cell.error
    assert kernel.value("_") == "21"
    assert kernel.value(f"In[{here + 1}]") == repr("base = 20\nbase")
    assert kernel.value(f"Out[{here + 1}], Out[{here + 2}]") == "(20, 21)"
    assert kernel.value(f"{here} in Out") == "False"
    assert kernel.value(f"get_ipython().history_manager.input_hist_raw[{here + 2}][:16]") == (
        "'%%autoexec --fix'"
    )
    [found] = tried(kernel)
    assert (found.by, found.outcome) == ("run-cells", "passed")
    assert [kernel.store.runs()[at].verdict for at in range(2)] == ["passed", "passed"]


def test_the_numbers_go_on_as_if_a_person_had_run_them(kernel):
    """No number is given twice, and the reply has the last one."""
    first = number(kernel)
    kernel.execute("base = 1").must_pass()
    kernel.execute(f"del base; offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    here = number(kernel)
    cell = kernel.execute("%%autoexec --fix\nbase")
    assert cell.all("execute_reply")[0]["execution_count"] == here + 2
    assert number(kernel) == here + 4


def test_a_cell_that_fails_all_the_same_fails(kernel):
    """The same failure again: the reply is an error, and it is told what was tried."""
    first = number(kernel)
    kernel.execute("other = 1").must_pass()
    kernel.execute(f"offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    cell = kernel.execute("%%autoexec --fix\nnever_there")
    assert cell.status == "error"
    assert len(cell.errors) == 2
    assert "fix 1: ran cell" in cell.stdout
    assert "stopped: the same failure came back" in cell.stdout
    assert [item.outcome for item in tried(kernel)] == ["same", "stopped"]
    assert kernel.last("why").verdict == "failed"


def test_a_cell_it_depends_on_that_fails_is_told(kernel):
    """Then there is nothing to run again."""
    first = number(kernel)
    kernel.execute("1 / 0")
    kernel.execute(f"offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    cell = kernel.execute("%%autoexec --fix\nnever_there")
    assert cell.status == "error"
    assert "failed: ZeroDivisionError" in tried(kernel)[0].why


def test_a_cell_that_nobody_knows_is_left(kernel):
    """A number of no cell, and what is no number."""
    for given in ("9999", "0", "-1", "x", "1" * 400):
        kernel.execute(f"offers['name-not-defined'] = ('run-cells', '{given}')").must_pass()
        cell = kernel.execute("%%autoexec --fix\nnever_there")
        assert cell.status == "error"
        assert "run it yourself" in tried(kernel)[0].why


@pytest.mark.parametrize(("answer", "passes"), [("y", True), ("n", False)])
@pytest.mark.parametrize("option", ["--fix", "--auto --yes"])
def test_a_patch_of_a_cell_is_a_persons(kernel, option, answer, passes):
    """There is no cage here: whatever the line says, the diff is shown and a yes runs the patched source."""
    kernel.execute("offers['name-not-defined'] = ('replace', 'pritn', 'print')").must_pass()
    cell = kernel.start(f"%%autoexec {option}\nx = 7\npritn(x)", allow_stdin=True)
    cell.until(lambda: cell.questions and "-pritn(x)" in cell.stdout, "the diff and the question")
    assert "+print(x)" in cell.stdout
    kernel.answer(answer)
    cell.finish()
    assert "-pritn(x)" in cell.stdout
    assert "+print(x)" in cell.stdout
    assert (cell.status == "ok") is passes
    assert ("\n7\n" in cell.stdout) is passes
    history = kernel.value("get_ipython().history_manager.input_hist_raw[-2]")
    assert ("print(x)" in history) is passes


def test_where_nobody_can_answer_a_patch_is_not_run(kernel):
    """As in nbclient: the cell fails, and says what it would take."""
    kernel.execute("offers['name-not-defined'] = ('replace', 'pritn', 'print')").must_pass()
    cell = kernel.execute("%%autoexec --auto --yes\npritn(1)")
    assert cell.status == "error"
    assert tried(kernel)[0].outcome == "left"


def test_a_limit_is_raised_on_the_cells_own_line(kernel):
    """What runs again has the new limit, and passes within it."""
    kernel.execute("offers['timeout'] = ('limit', '--timeout', '30')").must_pass()
    kernel.execute(
        "from autoexec_magic.ui import marked as _c\n"
        "_old = _c.Marked._diagnosed\n"
        "def _d(self, error):\n"
        "    found = _old(self, error)\n"
        "    if found.code in offers:\n"
        "        kind, *values = offers[found.code]\n"
        "        found = dataclasses.replace(found, action=Action(kind=kind, values=tuple(values)))\n"
        "    return found\n"
        "_c.Marked._diagnosed = _d\n"
    ).must_pass()
    cell = kernel.execute("%%autoexec --timeout 0.5 --fix\nimport time\ntime.sleep(1)\n'slept'")
    assert cell.status == "ok", cell.text()
    assert cell.result == "'slept'"
    assert "raised --timeout from 0.5 to 2" in cell.stdout
    assert "--fix --timeout 2" in kernel.value("get_ipython().history_manager.input_hist_raw[-2]")


def test_a_restart_is_told_and_never_done(kernel):
    """What is in the kernel stays."""
    kernel.execute("kept = 'here'; offers['name-not-defined'] = ('restart',)").must_pass()
    cell = kernel.execute("%%autoexec --fix\nnever_there")
    assert "restart the kernel" in cell.stdout
    assert kernel.value("kept") == "'here'"


def test_an_interrupt_ends_it_all(kernel):
    """While a cell runs again: it is over, nothing else runs, and the next cell works."""
    first = number(kernel)
    kernel.execute(
        "import time\nif 'slow' in globals(): print('asleep', flush=True); time.sleep(60)"
    ).must_pass()
    kernel.execute(f"slow = 1; offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    cell = kernel.start("%%autoexec --fix\nnever_there")
    cell.until_text("asleep")
    kernel.interrupt()
    cell.finish()
    assert cell.status == "error"
    assert [item.outcome for item in tried(kernel)] == ["stopped", "stopped"]
    assert kernel.last("why").verdict == "cancelled"
    kernel.execute("del slow")
    assert kernel.value("1 + 1") == "2"


def test_a_cell_that_awaits_is_told(kernel):
    """The kernel's loop runs already: only a person can run such a cell."""
    first = number(kernel)
    kernel.execute("import asyncio\nawait asyncio.sleep(0)\nbase = 3").must_pass()
    kernel.execute(f"del base; offers['name-not-defined'] = ('run-cells', '{first}')").must_pass()
    cell = kernel.execute("%%autoexec --fix\nbase")
    assert cell.status == "error"
    assert "awaits something" in tried(kernel)[0].why


def test_a_folder_of_a_failed_fix_is_left_again(kernel):
    """Where it passes the kernel stays there; where it does not, it is where it was."""
    (kernel.cwd / "pyproject.toml").touch()
    (kernel.cwd / "data").mkdir(exist_ok=True)
    (kernel.cwd / "data" / "in.txt").write_text("found")
    kernel.execute("offers['file-not-found'] = ('folder', 'data')").must_pass()
    kernel.execute("%%autoexec --fix\nopen('absent.txt')")
    assert kernel.value("__import__('os').getcwd()").endswith("cwd'")
    cell = kernel.execute("%%autoexec --fix\nopen('in.txt').read()")
    assert cell.result == "'found'"
    assert kernel.value("__import__('os').getcwd()").endswith("data'")
    kernel.execute("%cd ..")


def test_what_is_fixed_from_another_cell_waits_for_its_end(kernel):
    """`fix_last` within a magic: the cell keeps its number and `_`; what runs again comes after it."""
    first = number(kernel)
    kernel.execute("base = 5").must_pass()
    kernel.execute("del base").must_pass()
    broken = (
        "import argparse\n"
        "from autoexec_magic.ui.fixing_cell import Broken, fix_last\n"
        "from autoexec_magic.values import Diagnosis\n"
        f"found = Diagnosis(code='name-not-defined', why='b', action=Action(kind='run-cells', values=('{first}',)))\n"  # noqa: E501
        "options = argparse.Namespace(fix=True)\n"
        "print(fix_last(get_ipython(), Broken(raw='base * 2', found=found, options=options)))\n"
        "'mine'"
    )
    here = number(kernel)
    cell = kernel.execute(broken).must_pass()
    assert [item["data"]["text/plain"] for item in cell.all("execute_result")] == ["'mine'", "10"]
    assert [item["execution_count"] for item in cell.all("execute_result")] == [here, here + 2]
    assert kernel.value("_") == "10"
    assert kernel.value(f"Out[{here}], Out[{here + 2}]") == "('mine', 10)"


def test_a_click_fixes_at_once(kernel):
    """No cell runs while it is handled: the numbers go on, and it is on the record."""
    first = number(kernel)
    kernel.execute("base = 8").must_pass()
    kernel.execute("del base").must_pass()
    kernel.execute(
        "import argparse, asyncio\n"
        "from autoexec_magic.ui.fixing_cell import Broken, on_fix\n"
        "from autoexec_magic.values import Diagnosis\n"
        f"action = Action(kind='run-cells', values=('{first}',))\n"
        "found = Diagnosis(code='name-not-defined', why='b', action=action)\n"
        "broken = Broken(raw='twice = base * 2', found=found, options=argparse.Namespace(fix=True))\n"
        "_ = asyncio.get_event_loop().call_later(0.01, on_fix, get_ipython(), broken)"
    ).must_pass()
    for _ in range(200):
        if kernel.value("'twice' in globals()") == "True":
            break
    assert kernel.value("twice") == "16"
    assert [item.outcome for item in tried(kernel)] == ["passed"]


def test_without_fix_nothing_is_carried_out(kernel):
    """A cell of `%%autoexec` alone is diagnosed, and that is all."""
    kernel.execute("offers['name-not-defined'] = ('run-cells', '1')").must_pass()
    cell = kernel.execute("%%autoexec\nnever_there")
    assert cell.status == "error"
    assert "fix 1" not in cell.stdout


def test_what_nobody_can_do_is_said_at_once(kernel):
    """A fix without an action is a person's; no run that can only fail is begun for it."""
    kernel.execute("offers.clear()").must_pass()
    assert kernel.execute("{}['there']").status == "error"
    before = len(tried(kernel))
    cell = kernel.execute("%autoexec why --fix").must_pass()
    assert "nothing of that can be done for you: change the code, then run it again" in cell.stdout
    assert "✗ failed" not in cell.stdout
    assert len(tried(kernel)) == before


def test_a_cell_that_hit_its_time_limit_runs_with_a_higher_one(kernel):
    """Nothing is offered by hand here: the limit is the line's, and so is the wish to have it raised."""
    cell = kernel.execute("%%autoexec --fix --timeout 1\nimport time\ntime.sleep(1.4)\nprint('slept')")
    assert cell.status == "ok"
    assert cell.stdout.splitlines().count("slept") == 1
    assert [(found.by, found.what) for found in tried(kernel)] == [("limit", "raised --timeout from 1 to 2")]
