"""The live tail in a notebook: few updates, escaped text, and plain HTML that stays."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest
from harness import LOAD, Kernel

from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Cell

    from autoexec_magic.values import Run

VIEW = "application/vnd.jupyter.widget-view+json"
LINES = 5_000
SECONDS = 2.0
PER_SECOND = 10
SLACK = 2
MANY = f"""
import time
for number in range({LINES}):
    print("line", number, flush=True)
    if number % 50 == 49:
        time.sleep({SECONDS / (LINES / 50)})
"""
ODD = r"""
import time
print("<script>alert(1)</script> & <b>bold</b>")
print("\x1b[1;31mred\x1b[0m \x1b[Kerased \x1b]0;title\x07end")
for percent in range(0, 101, 20):
    print(f"\r{percent} %", end="", flush=True)
print("\nafter")
print("last <line>")
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return a kernel that a notebook front end started, which says so by the notebook's name."""
    folder = tmp_path_factory.mktemp("notebook")
    with Kernel(folder, JPY_SESSION_NAME=str(folder / "first.ipynb")) as kernel:
        kernel.execute(LOAD).must_pass()
        kernel.write("many.py", MANY)
        kernel.write("odd.py", ODD)
        yield kernel


@pytest.fixture(scope="module")
def many(notebook: Kernel) -> tuple[Cell, Run]:
    """Return the cell that shows thousands of lines, and its run: one for all tests that only look."""
    cell = live(notebook, "%autoexec sh python many.py").must_pass()
    return cell, notebook.last()


def live(kernel: Kernel, code: str) -> Cell:
    """Run a cell as a person in a notebook does."""
    return kernel.start(code, allow_stdin=True).finish()


def updates(cell: Cell) -> list[float]:
    """Return when the widget was drawn anew."""
    return [
        message.at
        for message in cell.comms
        if message.kind == "comm_msg" and message.content["data"].get("method") == "update"
    ]


def final(cell: Cell) -> dict[str, str]:
    """Return what stays in the saved notebook."""
    (update,) = cell.all("update_display_data")
    assert update["transient"] == cell.all("display_data")[0]["transient"]
    return update["data"]


def test_thousands_of_lines_are_few_updates(notebook: Kernel, many):
    """5,000 lines in 2 s are at most ten updates a second, and the last one is complete."""
    cell, run = many
    times = updates(cell)
    assert run.seconds > SECONDS / 2
    assert 3 <= len(times) <= PER_SECOND * run.seconds + SLACK
    for start in times:
        assert sum(start <= time < start + 1 for time in times) <= PER_SECOND + SLACK
    assert len(cell.comms) <= len(times) + 10
    assert notebook.recorded("stdout", run).count("\n") == LINES
    assert cell.text() == ""
    data = final(cell)
    assert "column-reverse" in data["text/html"]  # what that looks like: tests/browser/test_tail.py
    assert f"line {LINES - 1}" in data["text/html"]
    assert f"line {LINES - 1}\n✓ passed · sh · " in data["text/plain"]


def test_every_update_is_small(many):
    """However much was written, a front end never gets more than the last 200 lines at once."""
    cell, run = many
    drawn = [
        message.content["data"]["state"]["value"] for message in cell.comms if message.kind == "comm_msg"
    ]
    assert drawn
    assert max(value.count("\n") for value in drawn) <= 201
    first, *lines, _ = final(cell)["text/plain"].splitlines()
    assert 190 <= len(lines) <= 200
    assert lines == [f"line {number}" for number in range(LINES - len(lines), LINES)]
    assert first == f"… {LINES - len(lines):,} earlier lines: %autoexec runs show {run.run_id[-8:]}"


def test_the_widget_has_text_beside_it(notebook: Kernel):
    """A front end without widgets shows a line of text; a saved notebook shows neither of them."""
    cell = live(notebook, "%autoexec sh echo hello").must_pass()
    (shown,) = cell.all("display_data")
    assert set(shown["data"]) == {VIEW, "text/plain"}
    assert shown["data"]["text/plain"] == "autoexec: running …"
    assert set(final(cell)) == {"text/html", "text/plain"}
    assert shown["transient"]["display_id"]


def test_text_is_escaped_and_plain(notebook: Kernel):
    """Markup of the program is text, its colours are gone, and a progress line is the last of its states."""
    cell = live(notebook, "%autoexec sh python odd.py").must_pass()
    data = final(cell)
    assert "<script" not in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert html.escape("<script>alert(1)</script> & <b>bold</b>") in data["text/html"]
    lines = data["text/plain"].splitlines()
    assert lines[:5] == [
        "<script>alert(1)</script> & <b>bold</b>",
        "red erased end",
        "100 %",
        "after",
        "last <line>",
    ]
    assert lines[5].startswith("✓ passed · sh · ")
    assert len(lines) == 6
    assert "last &lt;line&gt;" in data["text/html"]
    assert "✓ passed · sh · " in data["text/html"]
    assert f"run {notebook.last().run_id[-8:]}" in data["text/html"]
    for message in cell.comms:
        assert "<script" not in str(message.content)
    assert "\x1b" not in data["text/html"] + data["text/plain"]


@pytest.mark.parametrize(
    "states",
    [
        pytest.param(r"'\r1 %\r50 %\r100 %\n'", id="return before"),
        pytest.param(r"'1 %\r50 %\r100 %\r'", id="return after"),
        pytest.param(r"'1 %\r50 %\r100 %\r\n'", id="return and newline"),
        pytest.param(r"'\r1 %', '\r50 %', '\r100 %'", id="in pieces"),
        pytest.param(r"'1 %\r', '50 %\r', '100 %\r'", id="in pieces, return after"),
    ],
)
def test_a_progress_line_is_the_last_of_its_states(notebook: Kernel, states):
    """Wherever a program puts its carriage returns, what stays is what a terminal would show."""
    notebook.write(
        "progress.py", f"import sys\nfor state in ({states},):\n    print(state, end='', flush=True)\n"
    )
    cell = live(notebook, "%autoexec sh python progress.py").must_pass()
    assert final(cell)["text/plain"].split("\n")[0] == "100 %"


def test_what_is_missing_is_marked_where_it_is(notebook: Kernel):
    """Head, the line that counts, tail; while it runs, what passes by is told."""
    lines = "for n in range(150): print('line', n, 'x' * 90, flush=True)"
    notebook.write("much.py", f"import time\n{lines}\ntime.sleep(1.5)\nprint('end')")
    notebook.execute("%env AUTOEXEC_KEEP_MB=0.002").must_pass()
    try:
        cell = live(notebook, "%autoexec sh python much.py").must_pass()
    finally:
        notebook.execute("import os; del os.environ['AUTOEXEC_KEEP_MB']").must_pass()
    lines = final(cell)["text/plain"].splitlines()
    (cut,) = [number for number, line in enumerate(lines) if "bytes of stdout were not kept" in line]
    assert lines[0].startswith("line 0 ")
    assert lines[cut + 1].startswith("line ")
    assert lines[-2] == "end"
    assert "not shown: line 14" in str([message.content for message in cell.comms])
    assert "not shown" not in final(cell)["text/html"]


def test_bars_below_one_another_are_as_many_lines(notebook: Kernel):
    """A cursor that goes up rewrites what it finds there."""
    bars = r"'a 0\nb 0\n', '\x1b[2A\x1b[2Ka 1\n\x1b[2Kb 1\n', '\x1b[2A\x1b[2Ka 2\n\x1b[2Kb 2\n'"
    notebook.write("bars.py", f"import sys\nfor state in ({bars}):\n    print(state, end='', flush=True)\n")
    cell = live(notebook, "%autoexec sh python bars.py").must_pass()
    assert final(cell)["text/plain"].split("\n")[:2] == ["a 2", "b 2"]
    assert "✓ passed" in final(cell)["text/plain"].split("\n")[2]


def test_a_title_of_the_program_is_escaped_too(notebook: Kernel):
    """What stands in our own lines may come from the program's name."""
    cell = live(notebook, '%autoexec sh --timeout 0.2 python -c "import time; time.sleep(60) # <img src=x>"')
    assert "<img" not in final(cell)["text/html"]


@pytest.mark.parametrize(
    ("code", "verdict", "mark"),
    [
        pytest.param("%autoexec sh false", Verdict.FAILED, "✗ failed", id="failed"),
        pytest.param("%autoexec sh --timeout 0.3 sleep 60", Verdict.TIMED_OUT, "✗ timed-out", id="too long"),
        pytest.param("%autoexec sh nosuchprogram", Verdict.MISSING, "✗ missing", id="missing"),
        pytest.param("%%autoexec script\nprint('said')\n1 / 0", Verdict.FAILED, "✗ failed", id="a script"),
    ],
)
def test_the_verdict_stays_when_it_did_not_pass(notebook: Kernel, code, verdict, mark):
    """The final text says how it ended, whatever it was; the error follows it."""
    cell = live(notebook, code)
    assert cell.status == "error"
    assert notebook.last().verdict == verdict
    assert mark in final(cell)["text/plain"]
    assert mark in final(cell)["text/html"]
    kinds = [message.kind for message in cell.messages]
    assert kinds.index("update_display_data") < kinds.index("error")


def test_a_sweep_says_which_runs_failed_in_its_table_only(notebook: Kernel):
    """The lines that say so while it runs go once the table is there."""
    cell = live(notebook, "%%autoexec script --matrix n=1,2\nprint(1 // (n - n))")
    for text in final(cell).values():
        assert text.count("✗ n=1") == 1
        assert "n=1 · failed" not in text
    drawn = [
        message.content["data"]["state"].get("value", "")
        for message in cell.comms
        if message.kind == "comm_msg"
    ]
    assert cell.status == "error"
    assert all("<table>" not in value for value in drawn)


def test_an_interrupt_leaves_the_verdict(notebook: Kernel):
    """A run that was stopped says so in place of the widget, which is gone."""
    cell = notebook.start(
        "%%autoexec script\nimport time\nprint('up', flush=True)\ntime.sleep(60)", allow_stdin=True
    )
    cell.until(lambda: notebook.so_far() == "up\n", "its first line")
    notebook.interrupt()
    cell.finish(within=5)
    assert "◼ cancelled · script" in final(cell)["text/plain"]
    assert [message.kind for message in cell.comms][-1] == "comm_close"


def test_the_widget_is_closed(notebook: Kernel):
    """The model that was shown is closed at the end."""
    cell = live(notebook, "%autoexec sh echo hello").must_pass()
    shown = cell.all("display_data")[0]["data"][VIEW]["model_id"]
    assert shown in [message.content["comm_id"] for message in cell.comms if message.kind == "comm_close"]


def test_no_widget_is_left_in_the_kernel(notebook: Kernel):
    """After a run, neither the widget nor its layout or style stays: a thousand runs are no leak."""
    live(notebook, "%autoexec sh echo hello").must_pass()
    cell = live(notebook, "%autoexec sh echo hello").must_pass()
    opened = {message.content["comm_id"] for message in cell.comms if message.kind == "comm_open"}
    closed = {message.content["comm_id"] for message in cell.comms if message.kind == "comm_close"}
    assert opened
    assert opened == closed


@pytest.mark.parametrize("code", ["%autoexec sh python odd.py", "%%autoexec script\nprint('said')"])
def test_without_a_person_there_is_plain_text(notebook: Kernel, code):
    """nbclient and the like allow no input: not one widget message, colours, and a bar's last state."""
    cell = notebook.execute(code).must_pass()
    assert cell.all("display_data") == cell.all("update_display_data") == cell.comms == []
    assert "✓ passed" in cell.stdout
    if "odd" in code:
        assert "\x1b[1;31mred\x1b[0m" in cell.stdout
        assert "0 %\r" not in cell.stdout
        assert "\n100 %\nafter\n" in cell.stdout


def test_without_a_notebook_there_is_plain_text(kernel: Kernel):
    """A console that talks to a kernel has a person, but draws no widget."""
    cell = live(kernel, "%autoexec sh echo hello").must_pass()
    assert cell.all("display_data") == cell.comms == []
    assert cell.stdout.startswith("hello\n✓ passed")


def test_a_setting_turns_widgets_off(notebook: Kernel):
    """`AUTOEXEC_WIDGETS=0` gives plain text in a notebook, too."""
    notebook.execute("import os\nos.environ['AUTOEXEC_WIDGETS'] = '0'").must_pass()
    try:
        cell = live(notebook, "%autoexec sh echo hello").must_pass()
    finally:
        notebook.execute("del os.environ['AUTOEXEC_WIDGETS']").must_pass()
    assert cell.all("display_data") == cell.comms == []
    assert cell.stdout.startswith("hello\n✓ passed")


def test_verbs_that_run_nothing_show_no_widget(notebook: Kernel):
    """Lists and settings are text."""
    for line in ("%autoexec runs", "%autoexec config", "%autoexec"):
        cell = live(notebook, line).must_pass()
        assert cell.all("display_data") == cell.comms == []
        assert cell.stdout


def test_a_widget_inside_a_marked_cell(notebook: Kernel):
    """The verb's tail and the cell's own text both appear, each where it belongs."""
    cell = live(notebook, "%%autoexec\nprint('before')\n%autoexec sh echo inside\nprint('after')").must_pass()
    assert cell.stdout == "before\nafter\n"
    assert final(cell)["text/plain"].startswith("inside\n✓ passed")
    assert notebook.recorded("stdout", notebook.last("cell")) == "before\nafter\n"
    assert notebook.recorded("stdout", notebook.last("sh")) == "inside\n"


def test_the_run_knows_its_notebook(notebook: Kernel):
    """The name that the front end gave is on record, with the kernel's id."""
    live(notebook, "%autoexec sh echo hello").must_pass()
    assert notebook.last().notebook.endswith("first.ipynb")


def test_a_sweep_is_a_table_in_the_end(notebook: Kernel):
    """While it runs, how many are done; then HTML and text that a saved notebook shows."""
    code = "import os\nprint('<b>')\nif os.environ['AUTOEXEC_REPEAT'] == '4': 1 / 0"
    cell = live(notebook, f"%%autoexec script --repeat 6 --timeout 30\n{code}")
    shown = cell.all("update_display_data")[-1]["data"]
    assert shown["text/html"].count("<tr>") == 7
    assert "&lt;b&gt;" in shown["text/html"]
    assert "<b>" not in shown["text/html"]
    assert "5 passed, 1 failed" in shown["text/html"]
    assert "✗ #4  failed" in shown["text/plain"]
    assert "[#4]" in shown["text/plain"]
    assert notebook.last().verdict == Verdict.FAILED
