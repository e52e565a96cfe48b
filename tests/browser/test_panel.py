"""The panel, alive: what a cell runs is seen while it runs, survives a reload, and can be stopped there.

A real JupyterLab in a real Chromium, with a real kernel; nothing is faked.
"""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import LOAD, Lab, Page, eventually, notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
COUNT = 100_000
# Says 100,000 lines in some twenty seconds: long enough to reload in the middle.
MANY = f"""
import sys, time
for start in range(0, {COUNT}, 500):
    sys.stdout.write("".join(f"line {{number}}\\n" for number in range(start, start + 500)))
    sys.stdout.flush()
    time.sleep(0.1)
"""
FOREVER = """
import itertools, time
for number in itertools.count():
    print("still", number, flush=True)
    time.sleep(0.05)
"""


def files(lab: Lab, **sources: str) -> None:
    """Write programs beside the notebooks."""
    for name, source in sources.items():
        (lab.notebooks / f"{name}.py").write_text(source)


def unlisted_tool(lab: Lab) -> None:
    """Write a program that no list names, so that running it is asked about."""
    tool = lab.notebooks / "tool"
    tool.write_text("#!/bin/sh\necho the tool ran\n")
    tool.chmod(0o755)


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def pid_in(page: Page) -> int:
    """Return the number on the first line of the log."""
    return int(page.until(lambda: re.search(r"pid (\d+)", page.screen()), "the pid").group(1))


def test_the_first_notebook_is_seen_while_it_runs(lab: Lab, open_page: Callable[..., Page]):
    """Lines are on the screen before the last one is written, then the verdict; of a failure, why."""
    shutil.copy(NOTEBOOKS / "01_first_cell.ipynb", lab.notebooks)
    page = open_page("01_first_cell.ipynb")
    page.run(0)
    page.start(2)
    page.until(lambda: "line 1 of 5" in page.screen(), "the first line")
    assert "line 5 of 5" not in page.screen()
    assert page.head().startswith("● running · sh")
    assert page.number_of(2) == ""
    page.until(lambda: page.head().startswith("✓ passed · sh"), "the verdict")
    assert "line 5 of 5" in page.screen()
    page.run(3)
    page.until(lambda: page.head().startswith("✗ failed · script"), "the failure")
    assert "key-not-found at script.py:3" in page.text(".jp-Autoexec-why")

    def verdicts() -> list[str]:
        return [verdict for verdict, _ in page.runs("This notebook")]

    page.until(lambda: verdicts() == ["failed", "passed"], "the list, which is asked for once a second")


def test_a_reload_in_the_middle_loses_nothing(lab: Lab, open_page: Callable[..., Page]):
    """100,000 lines, the page loaded again while they come: complete, in order, no gap."""
    files(lab, many=MANY)
    notebook(lab.notebooks / "many.ipynb", LOAD, "%autoexec sh python many.py")
    page = open_page("many.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.lines() > COUNT // 10, "the first lines")
    page.reload()
    seen = page.until(page.lines, "the lines after the reload")
    assert seen < COUNT
    assert page.head().startswith("● running")
    page.until(lambda: page.head().startswith("✓ passed"), "the end", within=90)
    assert page.lines() == COUNT
    page.until(lambda: f"line {COUNT - 1}" in page.screen(), "the last line on the screen", within=60)
    assert page.log() == [f"line {number}" for number in range(COUNT)]


def test_a_fast_writer_is_seen_whole(lab: Lab, open_page: Callable[..., Page]):
    """5,000 lines a second for six seconds: each is there."""
    source = """
import time
start = time.monotonic()
for number in range(30_000):
    print("line", number, flush=True)
    ahead = start + number / 5000 - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
"""
    files(lab, fast=source)
    notebook(lab.notebooks / "fast.ipynb", LOAD, "%autoexec sh python fast.py")
    page = open_page("fast.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.head().startswith("✓ passed"), "the end", within=60)
    page.until(lambda: "line 29999" in page.screen(), "the last line")
    assert page.log() == [f"line {number}" for number in range(30_000)]


def test_two_notebooks_do_not_mix(lab: Lab, open_page: Callable[..., Page]):
    """Each panel follows its own notebook; the other's run is among the others."""
    files(lab, left=FOREVER.replace("still", "left"), right=FOREVER.replace("still", "right"))
    pages = {}
    for name in ("left", "right"):
        notebook(lab.notebooks / f"{name}.ipynb", LOAD, f"%autoexec sh python {name}.py")
        pages[name] = open_page(f"{name}.ipynb")
        pages[name].run(0)
    for page in pages.values():
        page.start(1)
    for name, page in pages.items():
        other = "left" if name == "right" else "right"
        page.until(lambda page=page, name=name: page.screen().count(name) > 5, f"the lines of {name}")
        page.until(
            lambda page=page, other=other: any(other in title for _, title in page.runs("Other runs")),
            "the other run",
        )
        assert other not in "".join(page.log())
        assert [title for _, title in page.runs("This notebook")] == [f"sh python {name}.py"]
    for page in pages.values():
        page.page.click(".jp-Autoexec-cancel")
        page.until(lambda page=page: page.head().startswith("◼ cancelled"), "the end")


def test_cancel_ends_a_process_run_while_its_cell_runs(lab: Lab, open_page: Callable[..., Page]):
    """The button ends the child at once; the cell ends, the kernel lives."""
    files(lab, forever="import os\nprint('pid', os.getpid(), flush=True)\n" + FOREVER)
    notebook(lab.notebooks / "cancel.ipynb", LOAD, "%autoexec sh python forever.py", "6 * 7")
    page = open_page("cancel.ipynb")
    page.run(0)
    page.start(1)
    child = pid_in(page)
    assert alive(child)
    page.page.click(".jp-Autoexec-cancel")
    page.until(lambda: page.head().startswith("◼ cancelled · sh"), "the end", within=5)
    assert not alive(child)
    page.until(lambda: page.number_of(1), "the end of the cell", within=5)
    page.run(2)
    assert "42" in page.output_of(2)


def test_cancel_interrupts_a_cell_in_the_kernel(lab: Lab, open_page: Callable[..., Page]):
    """The kernel is interrupted, not ended: what it knew, it knows."""
    notebook(
        lab.notebooks / "interrupt.ipynb",
        LOAD,
        "known = 42",
        f"%%autoexec\n{FOREVER}",
        "known",
    )
    page = open_page("interrupt.ipynb")
    page.run(0)
    page.run(1)
    page.start(2)
    page.until(lambda: "still 5" in page.screen(), "the lines")
    page.page.click(".jp-Autoexec-cancel")
    page.until(lambda: page.head().startswith("◼ cancelled · cell"), "the end", within=5)
    assert "KeyboardInterrupt" in page.output_of(2)
    page.run(3)
    assert "42" in page.output_of(3)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_question_is_answered_while_the_kernel_is_busy(
    lab: Lab, open_page: Callable[..., Page], answer: str
):
    """The card shows the evidence; a click answers; no box stays in the notebook."""
    unlisted_tool(lab)
    notebook(lab.notebooks / f"ask-{answer}.ipynb", LOAD, "%autoexec sh ./tool", "input('name? ')")
    page = open_page(f"ask-{answer}.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.text(".jp-Autoexec-question"), "the question")
    assert "tool is not on the list of programs" in page.text(".jp-Autoexec-question")
    assert page.page.locator(".jp-Stdin-input").count() == 0
    assert page.number_of(1) == ""
    assert page.head().startswith("? asks · sh")
    assert page.text(".jp-Autoexec-phases") == "? run: asks"
    page.page.click(f".jp-Autoexec-question [data-answer={answer}]")
    wanted = {"yes": "✓ passed · sh", "no": "⊘ refused · sh"}[answer]
    page.until(lambda: page.head().startswith(wanted), "the end")
    assert page.text(".jp-Autoexec-question") == ""
    assert ("the tool ran" in page.output_of(1)) is (answer == "yes")
    page.until(lambda: f"run ./tool ? {answer}" in page.output_of(1).splitlines(), "the one line")
    assert "Answer in" not in page.output_of(1)
    # The next prompt is the user's own, and gets what is typed into it.
    page.start(2)
    box = page.page.locator(".jp-Stdin-input")
    box.wait_for()
    assert box.count() == 1
    box.fill("Ada")
    box.press("Enter")
    page.until(lambda: "'Ada'" in page.output_of(2), "the answer at the prompt")


def test_a_question_is_still_there_after_a_reload(lab: Lab, open_page: Callable[..., Page]):
    """And can be answered then."""
    unlisted_tool(lab)
    notebook(lab.notebooks / "again.ipynb", LOAD, "%autoexec sh ./tool")
    page = open_page("again.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.text(".jp-Autoexec-question"), "the question")
    page.reload()
    page.until(lambda: page.text(".jp-Autoexec-question"), "the question again")
    page.page.click(".jp-Autoexec-question [data-answer=yes]")
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    page.until(lambda: page.log() == ["the tool ran"], "the log")


def test_where_the_panel_is_out_of_sight_the_prompt_asks(lab: Lab, open_page: Callable[..., Page]):
    """Then the card says where to answer, and has no button that would do nothing."""
    unlisted_tool(lab)
    notebook(lab.notebooks / "hidden.ipynb", LOAD, "%autoexec sh ./tool")
    page = open_page("hidden.ipynb")
    page.run(0)
    page.command("application:toggle-right-area")
    page.page.wait_for_timeout(6000)  # until it is not taken for watched any more
    page.start(1)
    box = page.page.locator(".jp-Stdin-input")
    box.wait_for()
    page.command("autoexec:show-panel")
    page.until(lambda: page.text(".jp-Autoexec-question"), "the question")
    assert "answer there" in page.text(".jp-Autoexec-question")
    assert page.page.locator(".jp-Autoexec-question button").count() == 0
    box.fill("y")
    box.press("Enter")
    page.until(lambda: page.head().startswith("✓ passed"), "the end")


def test_a_restarted_kernel_leaves_a_lost_run(lab: Lab, open_page: Callable[..., Page]):
    """Killed in the middle of a cell: the panel says so, and the next run is followed."""
    notebook(lab.notebooks / "restart.ipynb", LOAD, f"%%autoexec\n{FOREVER}", "%autoexec sh echo hello")
    page = open_page("restart.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: "still 3" in page.screen(), "the lines")
    page.page.evaluate(
        "async () => { const panel = window.jupyterapp.shell.currentWidget;"
        " await panel.sessionContext.session.kernel.restart(); }"
    )
    page.until(lambda: page.head().startswith(("✗ lost", "◼ cancelled")), "the end", within=20)
    assert "still 3" in "".join(page.log())
    if page.head().startswith("✗ lost"):  # or the kernel had the time to end it
        assert page.text(".jp-Autoexec-phases") == "✗ run: lost"
        assert page.text(".jp-Autoexec-why").startswith("The kernel or process that ran it ended before")
    page.run(0)
    page.start(2)
    page.until(lambda: page.head().startswith("✓ passed · sh"), "the next run")
    page.until(lambda: page.log() == ["hello"], "the log")


def test_a_restarted_server_resumes(lab: Lab, browser, tmp_path: Path, open_page: Callable[..., Page]):
    """Killed while a run goes on in a terminal: the panel takes it up after the last line it has."""
    with Lab(tmp_path) as other:
        (other.notebooks / "many.py").write_text(FOREVER)
        notebook(other.notebooks / "a.ipynb", LOAD)
        page = open_page("a.ipynb", other)
        process = other.autoexec("sh", "python", "many.py")
        try:
            row = page.page.locator("section[aria-label='Other runs'] button.jp-Autoexec-run")
            row.first.click()
            page.until(lambda: page.lines() > 10, "the first lines")
            # JupyterLab's own word of the lost server lies over everything, if its poll falls in between.
            lost = page.page.locator(".jp-Dialog")
            page.page.add_locator_handler(lost, lambda dialog: page.page.keyboard.press("Escape"))
            other.stop(signal.SIGKILL)
            before = page.lines()
            page.until(lambda: "does not answer" in page.text(".jp-Autoexec-notes"), "the note")
            other.start()
            page.until(lambda: page.lines() > before + 10, "the lines after the restart", within=40)
            assert "does not answer" not in page.text(".jp-Autoexec-notes")
            log = page.log()[:-1]  # of the last line only a part may be there
            assert log == [f"still {number}" for number in range(len(log))]
            page.page.click(".jp-Autoexec-cancel")
            page.until(lambda: page.head().startswith("◼ cancelled"), "the end")
            assert process.wait(10) == 130
        finally:
            process.terminate()
            process.wait(10)


def test_without_the_server_extension_it_says_so_once(tmp_path: Path, open_page: Callable[..., Page]):
    """One sentence, one request a minute at most, and cells work as ever."""
    with Lab(tmp_path, "--ServerApp.jpserver_extensions={'autoexec_magic': False}") as bare:
        notebook(bare.notebooks / "a.ipynb", LOAD, "%autoexec sh echo hello")
        page = open_page("a.ipynb", bare)
        asked: list[str] = []
        page.page.on(
            "request", lambda request: asked.append(request.url) if "/autoexec/" in request.url else None
        )
        page.until(lambda: "no autoexec-magic extension" in page.text(".jp-Autoexec-saying"), "the sentence")
        page.run(0)
        page.run(1)
        assert "hello" in page.output_of(1)
        page.page.wait_for_timeout(8000)
        assert len(asked) <= 1
        assert page.text(".jp-Autoexec-saying").count(".") == 1


def test_the_same_bundle_works_in_notebook_7(tmp_path: Path, open_page: Callable[..., Page]):
    """Live lines, the verdict, and cancel."""
    with Lab(tmp_path, app="notebook") as classic:
        (classic.notebooks / "forever.py").write_text(FOREVER)
        notebook(classic.notebooks / "a.ipynb", LOAD, "%autoexec sh python forever.py")
        page = open_page("a.ipynb", classic)
        page.run(0)
        page.start(1)
        page.until(lambda: "still 5" in page.screen(), "the lines")
        page.page.click(".jp-Autoexec-cancel")
        page.until(lambda: page.head().startswith("◼ cancelled · sh"), "the end")


def test_the_end_is_followed_until_somebody_scrolls_up(lab: Lab, open_page: Callable[..., Page]):
    """Then the lines stay where they are, the new ones are counted, and a button goes back."""
    files(lab, forever=FOREVER)
    notebook(lab.notebooks / "scroll.ipynb", LOAD, "%autoexec sh python forever.py")
    page = open_page("scroll.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.lines() > 80, "more lines than the screen holds")
    page.page.locator(".jp-Autoexec .xterm-screen").hover()
    page.page.mouse.wheel(0, -3000)
    button = page.page.locator(".jp-Autoexec-bar button", has_text="new line")
    button.wait_for()
    before = page.screen()
    first = int(re.search(r"\d+", button.inner_text()).group())
    page.page.wait_for_timeout(1000)
    assert page.screen() == before
    later = int(re.search(r"\d+", button.inner_text()).group())
    assert later > first
    button.click()
    page.until(lambda: button.count() == 0, "the end of the log")
    assert page.screen() != before
    page.page.click(".jp-Autoexec-cancel")
    page.until(lambda: page.head().startswith("◼ cancelled"), "the end")


def test_hostile_output_stays_text(lab: Lab, open_page: Callable[..., Page]):
    """HTML, titles, clipboard, links and device queries do nothing but stand there, or are gone."""
    source = r"""
print("<img src=x onerror='document.title=1'><script>document.title=2</script>")
print("\x1b]0;stolen title\x07\x1b]52;c;c3RvbGVu\x07\x1b]8;;javascript:document.title=3\x07link\x1b]8;;\x07")
print("\x1b[6n\x1b[c\x1b[>c\x05 queries")
print("x" * 1_000_000)
print("last")
"""
    files(lab, hostile=source)
    notebook(lab.notebooks / "hostile.ipynb", LOAD, "%autoexec sh python hostile.py")
    page = open_page("hostile.ipynb")
    title = page.page.title()
    page.run(0)
    page.start(1)
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    page.until(lambda: "last" in page.screen(), "the last line")
    log = page.log()
    assert log[0].startswith("<img src=x onerror=")
    assert "stolen" not in "".join(log)
    assert "javascript:" not in "".join(log)
    assert page.page.title().lstrip("*• ") in title or title in page.page.title()
    assert page.page.locator(".jp-Autoexec img, .jp-Autoexec script").count() == 0


def test_the_word_is_found_far_up(lab: Lab, open_page: Callable[..., Page]):
    """In the third of many lines, far beyond the screen."""
    files(
        lab,
        haystack="print('a')\nprint('b')\nprint('needle here')\nfor n in range(20_000): print('straw', n)",
    )
    notebook(lab.notebooks / "find.ipynb", LOAD, "%autoexec sh python haystack.py")
    page = open_page("find.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    page.until(lambda: "straw 19999" in page.screen(), "the last line")
    box = page.page.locator(".jp-Autoexec-bar input")
    box.fill("needle")
    box.press("Enter")
    page.until(lambda: "needle here" in page.screen(), "the place")
    box.fill("not there at all")
    box.press("Enter")
    page.until(lambda: box.get_attribute("aria-invalid") == "true", "that there is none")


def test_the_runs_are_among_the_running_sessions_and_in_the_status_bar(
    lab: Lab, open_page: Callable[..., Page]
):
    """Where people look for what to end; it can be ended there."""
    files(lab, forever=FOREVER)
    notebook(lab.notebooks / "sessions.ipynb", LOAD, "%autoexec sh python forever.py")
    page = open_page("sessions.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: page.lines() > 3, "the lines")
    status = page.page.locator(".jp-Autoexec-status")
    eventually(lambda: "1 running" in status.inner_text(), "the status bar's item")
    page.page.evaluate("window.jupyterapp.shell.activateById('jp-running-sessions')")
    item = page.page.locator("#jp-running-sessions .jp-RunningSessions-item", has_text="sh python forever.py")
    item.wait_for()
    item.hover()
    item.locator("button").last.click()
    page.until(lambda: page.head().startswith("◼ cancelled"), "the end")


def test_another_run_chosen_in_the_middle_of_a_long_one_mixes_nothing(
    lab: Lab, open_page: Callable[..., Page]
):
    """What was still on its way to the screen stays out of the other run's log."""
    files(lab, long=f"for number in range({COUNT}): print('long', number)")
    notebook(lab.notebooks / "switch.ipynb", LOAD, "%autoexec sh python long.py", "%autoexec sh echo quick")
    page = open_page("switch.ipynb")
    for cell in range(3):
        page.run(cell)
    page.until(lambda: "quick" in page.screen(), "the second run")
    rows = page.page.locator("section[aria-label='This notebook'] button.jp-Autoexec-run")
    for _ in range(3):
        rows.nth(1).click()
        page.until(lambda: page.lines() > 0, "the first lines of the long one")
        rows.nth(0).click()
        page.until(lambda: "quick" in page.screen(), "the quick one")
        page.page.wait_for_timeout(300)
        assert page.log() == ["quick"]
    rows.nth(1).click()
    page.until(lambda: f"long {COUNT - 1}" in page.screen(), "the whole long one", within=60)
    assert page.log() == [f"long {number}" for number in range(COUNT)]
    page.page.get_by_role("button", name="Follow").click()
    page.until(lambda: "quick" in page.screen(), "the newest again")
