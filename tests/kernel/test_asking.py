"""A question is asked at the prompt where somebody can answer, and only there."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from harness import KERNEL_ID

from autoexec_magic import asking
from autoexec_magic.events import Answered, Asked
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Cell, Kernel

ASK = "%autoexec sh ./tool"


@pytest.fixture(autouse=True)
def tool(kernel: Kernel):
    """Have a program in the working directory that no list names."""
    return kernel.write("tool", "#!/bin/sh\ntouch tool-ran\necho the tool ran\n", mode=0o755)


@pytest.fixture(autouse=True)
def not_run(kernel: Kernel):
    """Forget that the tool ever ran."""
    (kernel.cwd / "tool-ran").unlink(missing_ok=True)


def ran(kernel: Kernel) -> bool:
    """Whether the tool ran."""
    return (kernel.cwd / "tool-ran").exists()


def asked(kernel: Kernel, code: str) -> Cell:
    """Send a cell with a person at the prompt, and wait for its question."""
    cell = kernel.start(code, allow_stdin=True)
    return cell.until(lambda: cell.questions or cell.is_over, "the question")


def answers(kernel: Kernel) -> list[tuple[str, str]]:
    """Return what was answered in the newest run, and by whom."""
    return [(event.answer, event.by) for event in kernel.events() if isinstance(event, Answered)]


def test_the_question_shows_the_evidence(kernel: Kernel):
    """The prompt names the command and the answers; the lines before it say why it is asked."""
    cell = asked(kernel, ASK)
    assert cell.questions == ["run ./tool ? [y]es / [a]lways here / [N]o "]
    cell.until_text("the program is ")
    assert "  because: tool is not on the list of programs" in cell.stdout
    assert f"  because: the program is {kernel.cwd / 'tool'}\n" in cell.stdout
    assert not ran(kernel)
    kernel.answer("")
    cell.finish()


@pytest.mark.parametrize("answer", ["y", "yes", "Y", " YES "])
def test_yes_runs_it(kernel: Kernel, answer):
    """Any way to say yes counts; the question and the answer are on record."""
    cell = asked(kernel, ASK)
    kernel.answer(answer)
    cell.finish().must_pass()
    assert ran(kernel)
    assert "the tool ran\n" in cell.stdout
    assert kernel.last().verdict == Verdict.PASSED
    assert [event.text for event in kernel.events() if isinstance(event, Asked)] == ["run ./tool ?"]
    assert answers(kernel) == [("yes", "person")]


@pytest.mark.parametrize("answer", ["", "n", "no", "N", "sure", "yess", "-y"])
def test_anything_else_does_not_run_it(kernel: Kernel, answer):
    """No is the default: the verdict is refused, and says that a person said so."""
    cell = asked(kernel, ASK)
    kernel.answer(answer)
    cell.finish()
    assert not ran(kernel)
    assert cell.error == "policy-refused: not run: ./tool\n  because: a person said no"
    assert kernel.last().verdict == Verdict.REFUSED
    assert kernel.last().code == 4
    assert answers(kernel) == [("no", "person")]


def test_always_is_not_asked_again_until_the_program_is_another_one(kernel: Kernel):
    """For exactly this command, here; what lies in the project can change, and is then another program."""
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran  # one that no other test has\n", mode=0o755)
    cell = asked(kernel, ASK)
    kernel.answer("a")
    cell.finish().must_pass()
    assert answers(kernel) == [("always", "person")]
    (kernel.cwd / "tool-ran").unlink()
    kernel.execute(ASK).must_pass()  # where nobody could answer
    assert ran(kernel)
    assert kernel.execute(f"{ASK} x").error.startswith("asked: ")
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran other\n", mode=0o755)
    assert kernel.execute(ASK).error.startswith("asked: ")
    assert not (kernel.cwd / "other").exists()


def test_where_nobody_can_answer_the_command_that_says_yes_is_named(kernel: Kernel):
    """Without a prompt the verdict is asked, exit 3; the line after `fix:` runs it."""
    cell = kernel.execute(ASK)
    assert cell.questions == []
    assert not ran(kernel)
    lines = cell.error.splitlines()
    assert lines[0] == "asked: run ./tool"
    assert lines[-1] == "  fix: %autoexec sh --yes ./tool"
    assert (kernel.last().verdict, kernel.last().code) == (Verdict.ASKED, 3)
    assert answers(kernel) == [("none", "nobody")]
    kernel.execute(lines[-1].removeprefix("  fix: ")).must_pass()
    assert ran(kernel)


def test_yes_on_the_line_asks_nothing(kernel: Kernel):
    """With `--yes` a person at the prompt is not bothered."""
    cell = kernel.start("%autoexec sh --yes ./tool", allow_stdin=True).finish().must_pass()
    assert cell.questions == []
    assert ran(kernel)


def test_yes_does_not_answer_a_refusal(kernel: Kernel):
    """What the policy refuses stays refused."""
    kernel.write("sudo", "#!/bin/sh\ntouch tool-ran\n", mode=0o755)
    for line in ("%autoexec sh --yes ./sudo", "%autoexec sh --yes ./tool < .env"):
        cell = kernel.start(line, allow_stdin=True).finish()
        assert cell.questions == []
        assert cell.error.startswith("policy-refused: ")
    assert not ran(kernel)
    assert kernel.last().verdict == Verdict.REFUSED


def test_an_interrupt_at_the_question_is_no_yes(kernel: Kernel):
    """Stopping the cell while it asks ends it; nothing ran; the kernel goes on."""
    cell = asked(kernel, ASK)
    cell.until(lambda: kernel.is_asleep, "its waiting")
    kernel.interrupt()
    cell.finish(within=5)
    assert not ran(kernel)
    assert cell.error.startswith("cancelled: ")
    assert kernel.last().verdict == Verdict.CANCELLED
    assert kernel.value("1 + 1") == "2"


def test_a_question_inside_a_marked_cell(kernel: Kernel):
    """A verb in a marked cell asks as it does alone."""
    cell = asked(kernel, f"%%autoexec\n{ASK}\nprint('went on')")
    kernel.answer("y")
    cell.finish().must_pass()
    assert ran(kernel)
    assert cell.stdout.endswith("went on\n")


def test_json_is_for_machines_and_asks_nobody(kernel: Kernel):
    """Even with a person at the prompt, `--json` prints only records; the verdict is asked."""
    cell = asked(kernel, "%autoexec sh --json ./tool")
    questions = list(cell.questions)
    if questions:
        kernel.answer("n")
    cell.finish()
    assert questions == []
    assert not ran(kernel)
    records = [json.loads(line) for line in cell.stdout.splitlines()]
    assert (records[-1]["verdict"], records[-1]["code"]) == ("asked", 3)


def test_the_cells_own_input_still_works(kernel: Kernel):
    """`input()` in a marked cell is the user's own question, limit or not."""
    for mark in ("%%autoexec", "%%autoexec --timeout 60"):
        cell = asked(kernel, f"{mark}\nname = input('your name? ')\nprint('hello', name)")
        assert cell.questions == ["your name? "]
        kernel.answer("Ada")
        cell.finish().must_pass()
        assert cell.stdout.endswith("hello Ada\n")


@pytest.fixture
def panel(kernel: Kernel):
    """Have the panel in sight, as it says every second; afterwards it is not."""
    mark = kernel.data / "panels" / KERNEL_ID

    def see() -> None:
        asking.note_panel(kernel.store, KERNEL_ID)

    see()
    yield see
    mark.unlink()


def waiting(kernel: Kernel, cell: Cell) -> tuple[str, str]:
    """Wait for a question in the panel and return its run and its id."""

    def found() -> bool:
        newest = kernel.newest()
        return newest is not None and asking.is_waiting(kernel.store, newest.run_id)

    cell.until(lambda: found() or cell.is_over, "the question")
    run_id = kernel.store.ids()[0]
    question = asking.open_question(kernel.store, run_id)
    assert question is not None
    return run_id, question.question


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_the_panel_answers_and_no_prompt_is_opened(kernel: Kernel, panel, answer):
    """The kernel waits for the store; question and answer stand on one line of the cell, and on record."""
    cell = kernel.start(ASK, allow_stdin=True)
    run_id, question = waiting(kernel, cell)
    asks = {"text/plain": "run ./tool ? Answer in the Autoexec panel, at the right."}
    cell.until(lambda: cell.all("display_data"), "the line that says where to answer")
    assert [item["data"] for item in cell.all("display_data")] == [asks]
    assert not ran(kernel)
    asking.answer(kernel.store, run_id, question, answer)
    cell.finish()
    assert cell.questions == []
    assert ran(kernel) is (answer == "yes")
    (update,) = cell.all("update_display_data")
    assert update["transient"] == cell.all("display_data")[0]["transient"]
    assert update["data"] == {"text/plain": f"run ./tool ? {answer}"}
    assert "Answer in" not in cell.stdout
    assert answers(kernel) == [(answer, "person")]
    assert [event.place for event in kernel.events() if isinstance(event, Asked)] == ["panel"]
    assert not asking.is_waiting(kernel.store, run_id)


@pytest.mark.parametrize("before", ["", "import asyncio\nawait asyncio.sleep(0)\n"])
def test_an_interrupt_ends_the_wait_for_the_panel(kernel: Kernel, panel, before):
    """Also in a cell with top-level await, where a blocking wait would not see it."""
    cell = kernel.start(before + ASK, allow_stdin=True)
    run_id, _ = waiting(kernel, cell)
    kernel.interrupt()
    cell.finish(within=5)
    assert not ran(kernel)
    (update,) = cell.all("update_display_data")
    assert update["data"] == {"text/plain": "run ./tool ? (not answered)"}
    assert kernel.store.get(run_id).verdict == Verdict.CANCELLED
    assert not asking.is_waiting(kernel.store, run_id)
    assert kernel.value("1 + 1") == "2"


def test_a_limit_ends_the_wait_for_the_panel(kernel: Kernel, panel):
    """The time limit of a marked cell holds while it waits for a person."""
    cell = kernel.start(f"%%autoexec --timeout 1\n{ASK}", allow_stdin=True).finish(within=10)
    assert "its time limit was hit" in cell.error
    assert not ran(kernel)


def test_where_nobody_can_answer_the_panel_is_not_asked_either(kernel: Kernel, panel):
    """nbclient runs a notebook while somebody's panel is open: it must not hang."""
    cell = kernel.execute(ASK)
    assert cell.error.startswith("asked: ")
    assert [event.place for event in kernel.events() if isinstance(event, Asked)] == ["prompt"]


def test_a_panel_that_was_closed_is_not_asked(kernel: Kernel, panel):
    """After some seconds without a word from it the prompt is used."""
    past = time.time() - asking.WATCHED_SECONDS - 1
    os.utime(kernel.data / "panels" / KERNEL_ID, (past, past))
    cell = asked(kernel, ASK)
    assert cell.questions == ["run ./tool ? [y]es / [a]lways here / [N]o "]
    kernel.answer("n")
    cell.finish()


def test_a_run_that_is_not_on_record_asks_at_the_prompt(new_kernel):
    """No store, no panel: the question must reach somebody."""
    kernel = new_kernel()
    kernel.execute("%load_ext autoexec_magic").must_pass()
    kernel.write("tool", "#!/bin/sh\ntouch tool-ran\n", mode=0o755)
    asking.note_panel(kernel.store, KERNEL_ID)
    (kernel.data / "runs").write_text("no folder")
    cell = asked(kernel, ASK)
    assert cell.questions == ["run ./tool ? [y]es / [a]lways here / [N]o "]
    kernel.answer("y")
    cell.finish()
    assert ran(kernel)


def test_a_question_that_is_not_on_record_is_asked_at_the_prompt(kernel: Kernel, panel):
    """A full disk keeps no event: no card would come up, and nobody could click."""
    kernel.execute(
        "from autoexec_magic import history\n"
        "_emit = history.Recorder.emit\n"
        "history.Recorder.emit = lambda self, event: type(event).__name__ == 'Asked' or _emit(self, event)"
    ).must_pass()
    try:
        cell = asked(kernel, ASK)
        assert cell.questions == ["run ./tool ? [y]es / [a]lways here / [N]o "]
        kernel.answer("n")
        cell.finish()
    finally:
        kernel.execute("history.Recorder.emit = _emit").must_pass()
