"""The live tail in the cell, as a browser shows it: at its end, in order, no larger than it has to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lab import LOAD, Lab, Page, notebook

ROWS = 60
STREAM = f"""
import time
for number in range({ROWS}):
    print("row", number, flush=True)
    time.sleep(0.1)
"""
# Of the box that scrolls: how high it is, how high what is in it, and between which rows it shows.
BOX = """() => {
    const area = document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell .jp-OutputArea')[1];
    const text = area && [...area.querySelectorAll('pre')].find(pre => /^row /.test(pre.textContent));
    if (!text) { return null; }
    const box = text.parentElement;
    const [inside, around] = [text.getBoundingClientRect(), box.getBoundingClientRect()];
    const picked = document.createRange();
    picked.selectNodeContents(text);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(picked);
    const selected = `${selection}`;
    selection.removeAllRanges();
    return {
        height: around.height,
        whole: inside.height,
        above: around.top - inside.top,
        below: inside.bottom - around.bottom,
        selected: selected.trim().split('\\n')
    };
}"""


def rows(count: int) -> list[str]:
    """Return the first so many rows of the program."""
    return [f"row {number}" for number in range(count)]


def tail(page: Page) -> dict[str, Any]:
    """Return how the tail of the second cell is shown, or nothing while there is none."""
    return dict(page.page.evaluate(BOX) or {})


@pytest.fixture
def page(lab: Lab, open_page: Callable[..., Page]) -> Page:
    """Return a notebook that streams many rows, few, or what another front end is to show."""
    (lab.notebooks / "stream.py").write_text(STREAM)
    (lab.notebooks / "few.py").write_text("print('row 0')\nprint('row 1')\n")
    notebook(lab.notebooks / "tail.ipynb", LOAD, "%autoexec sh python stream.py")
    notebook(lab.notebooks / "few.ipynb", LOAD, "%autoexec sh python few.py")
    return open_page("tail.ipynb")


def test_the_tail_is_at_its_end_while_it_runs_and_after(lab: Lab, page: Page):
    """The last row is in sight, the first ones are above; also in a saved notebook that is not trusted."""
    page.run(0)
    page.start(1)
    page.until(lambda: len(tail(page).get("selected", [])) > ROWS // 2, "half of the rows")
    live = tail(page)
    assert page.number_of(1) == ""
    assert (live["below"] < 1, live["above"] > live["height"] / 10) == (True, True)
    page.until(lambda: page.number_of(1), "the end")
    page.until(lambda: tail(page).get("selected") == rows(ROWS), "all rows, in order")
    ended = tail(page)
    assert (ended["below"] < 1, ended["above"] > ended["height"]) == (True, True)
    page.command("docmanager:save")
    page.until(lambda: f"row {ROWS - 1}" in (lab.notebooks / "tail.ipynb").read_text(), "the saved notebook")
    saved = (lab.notebooks / "tail.ipynb").read_text()
    (lab.notebooks / "foreign.ipynb").write_text(saved.replace("row 3", "row  3"))  # it has no signature
    foreign = page.open("foreign.ipynb")
    foreign.until(lambda: tail(foreign), "the saved tail")
    shown = tail(foreign)
    assert shown["selected"][-1] == f"row {ROWS - 1}"
    assert (shown["below"] < 1, shown["above"] > shown["height"]) == (True, True)


def test_short_output_stands_in_no_empty_box(page: Page):
    """The box is as high as its two lines."""
    page.open("few.ipynb")
    page.run(0)
    page.run(1)
    page.until(lambda: tail(page).get("selected") == rows(2), "the rows")
    shown = tail(page)
    assert abs(shown["height"] - shown["whole"]) < 1
    assert abs(shown["above"]) < 1
