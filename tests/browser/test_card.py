"""A failure in the cell, as a browser shows it: the card, the way to the line, the whole traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import LOAD, Lab, Page, notebook
from skips import requires

AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
HIGH = "\n".join(f"print({number})" for number in range(60))
HELPER = "def half(number):\n    return number / 2\n\n\ndef third(number):\n    return number / 0\n"
DEFINES = (
    f"def total(prices, names):\n{'    # a long function' * 1}\n    return sum(prices[n] for n in names)"
)
FAILS = "%%autoexec\ntotal({'apple': 1.2}, ['apple', 'plum'])"
LIBRARY = "%%autoexec\nimport json\ntext = '{'\n\njson.loads(text)"
SCRIPT = "%%autoexec script\nprices = {'apple': 1}\n\nprint(prices['plum'])"
SHOWS = """
from pathlib import Path
from IPython.display import HTML, display
from autoexec_magic.ui import card
from autoexec_magic.values import Action, Diagnosis, Frame

frame = Frame(file=str(Path("helper.py").resolve()), line=6)
action = Action(kind="install", values=("x",))
fix = "%autoexec install x"
found = Diagnosis(code="c", why="w", fix=fix, where="helper.py:6", frame=frame, action=action)
card.show(get_ipython(), found, on_fix=lambda: print("carried", "out"))
"""
HOSTILE = """
from IPython.display import HTML, display
display(HTML('''<a class="jp-Autoexec-where" href="#cell-id=cell-1" data-autoexec-line="1e9">there</a>
<a class="jp-Autoexec-where" href="javascript:window.hurt = 1" data-autoexec-line="1">elsewhere</a>'''))
"""
AT = """() => {
    const widget = window.jupyterapp.shell.currentWidget;
    const content = (widget && widget.content) || {};
    const editor = content.activeCell ? content.activeCell.editor : content.editor;
    return {
        tab: widget ? widget.title.label : "",
        cell: content.activeCellIndex,
        mode: content.mode,
        line: editor ? editor.getCursorPosition().line + 1 : 0,
        focus: Boolean(editor && editor.hasFocus())
    };
}"""


def at(page: Page) -> dict[str, object]:
    """Return which cell is the active one, and where the cursor is."""
    return dict(page.page.evaluate(AT))


def cards(page: Page, number: int):
    """Return the cards of a cell."""
    cell = page.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(number)
    return cell.locator(".jp-OutputArea .jp-Autoexec-card")


@pytest.fixture
def page(lab: Lab, open_page: Callable[..., Page]) -> Page:
    """Return a notebook: what fails, far below what it calls."""
    (lab.notebooks / "helper.py").write_text(HELPER)
    cells = (LOAD, f"%%autoexec\n{DEFINES}", HIGH, FAILS, LIBRARY, SCRIPT, SHOWS, HOSTILE)
    notebook(lab.notebooks / "card.ipynb", *cells)
    page = open_page("card.ipynb")
    page.run(0)
    page.run(1)
    return page


def test_the_link_goes_to_the_cell_and_the_line(page: Page):
    """The one in the user's own code that failed, far above, in sight and with the cursor on it."""
    page.run(3)
    link = cards(page, 3).locator("a")
    assert link.inner_text() == f"In [{page.number_of(1)}]:4"
    link.click()
    page.until(
        lambda: at(page) == {"tab": "card.ipynb", "cell": 1, "mode": "edit", "line": 4, "focus": True},
        "the line",
    )
    cursor = page.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(1).locator(".cm-cursor-primary")
    assert 100 < cursor.bounding_box()["y"] < 800


def test_the_link_is_followed_with_the_keyboard(page: Page):
    """It is a link: Enter is enough."""
    page.run(3)
    cards(page, 3).locator("a").focus()
    page.page.keyboard.press("Enter")
    page.until(lambda: (at(page)["cell"], at(page)["line"]) == (1, 4), "the line")


def test_the_place_in_a_script_is_one_in_its_cell(page: Page):
    """Its lines are the cell's own; the error says what failed, and nothing of the card again."""
    page.run(5)
    page.until(lambda: cards(page, 5).count() == 1, "the card")
    link = cards(page, 5).locator("a")
    assert link.inner_text() == "script.py:4"
    link.click()
    page.until(lambda: (at(page)["cell"], at(page)["line"]) == (5, 4), "the line")
    shown = page.output_of(5)
    assert "script-failed: the script ended with exit code 1" in shown
    assert shown.count("key-not-found") == 1
    assert shown.count("fix:") == 1


def test_the_whole_traceback_unfolds(page: Page):
    """A line for the library's frames; all of them behind the toggle, by mouse and by keyboard."""
    page.run(4)
    card = cards(page, 4)
    assert "… 3 frames in json" in page.output_of(4)
    whole = card.locator("pre")
    assert not whole.is_visible()
    card.locator("summary").click()
    assert whole.is_visible()
    assert "decoder.py" in whole.inner_text()
    card.locator("summary").press("Enter")
    assert not whole.is_visible()


def test_the_place_in_a_file_opens_it_at_the_line(page: Page):
    """Beside the notebook, in JupyterLab's own editor."""
    page.run(6)
    cards(page, 6).locator("a").click()
    page.until(lambda: (at(page)["tab"], at(page)["line"]) == ("helper.py", 6), "the line of the file")


def test_a_button_carries_the_fix_out(page: Page):
    """Its tooltip is the command, what it says is below it; the next cell takes away one that nobody used."""
    page.run(6)
    cell = page.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(6)
    button = cell.locator(".jp-OutputArea button")
    page.until(lambda: button.count() == 1, "the button")
    assert (button.inner_text(), button.get_attribute("title")) == ("Run it", "%autoexec install x")
    button.click()
    page.until(lambda: "carried out" in page.output_of(6), "what it says")
    assert button.is_disabled()
    page.run(6)
    page.until(lambda: button.count() == 1 and button.is_enabled(), "another button")
    page.run(0)
    page.until(lambda: button.count() == 0, "no button")
    assert cards(page, 6).count() == 1


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_no_rule_of_accessibility_is_broken(page: Page, theme: str):
    """Closed and open, in each theme, in a cell and in the panel; axe-core looks."""
    requires(AXE.exists(), "the front end is not installed", "python tools/panel.py")
    page.command("apputils:change-theme", theme=theme)
    page.page.wait_for_timeout(1000)
    page.run(4)
    page.run(3)
    page.until(lambda: page.text(".jp-Autoexec-place"), "the diagnosis in the panel")
    cards(page, 4).locator("summary").click()
    page.page.add_script_tag(path=str(AXE))
    for where in (".jp-Autoexec-card", ".jp-Autoexec"):
        found = page.page.evaluate(f"async () => (await axe.run('{where}')).violations")
        assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []


def test_the_panel_goes_to_the_line_too(page: Page):
    """From the run's detail, with another document in front."""
    page.run(3)
    page.until(lambda: page.text(".jp-Autoexec-place") == f"In [{page.number_of(1)}]:4", "the place")
    page.command("docmanager:open", path="helper.py")
    page.until(lambda: at(page)["tab"] == "helper.py", "the file")
    page.page.locator(".jp-Autoexec-place").click()
    page.until(lambda: (at(page)["tab"], at(page).get("cell")) == ("card.ipynb", 1), "the cell")
    page.until(lambda: at(page)["line"] == 4, "the line")


def test_another_programs_link_only_moves_the_cursor(page: Page):
    """Any output can hold one: a line that there is none of is the last; what is no cell is left alone."""
    page.run(7)
    output = page.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(7).locator(".jp-OutputArea a")
    before = json.dumps(page.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.toJSON()"))
    output.first.click()
    page.until(lambda: (at(page)["cell"], at(page)["line"]) == (1, 4), "the cell")
    page.command("autoexec:go-to-line", cell="cell-2", line=60)
    page.until(lambda: (at(page)["cell"], at(page)["line"]) == (2, 60), "the line")
    for odd in (
        {},
        {"cell": "none", "line": 1},
        {"cell": {"a": 1}, "line": "x"},
        {"cell": "cell-2", "line": -1},
    ):
        page.command("autoexec:go-to-line", **odd)
    assert at(page)["cell"] == 2
    after = json.dumps(page.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.toJSON()"))
    assert after == before


def test_without_the_extension_the_link_still_goes_to_the_cell(page: Page):
    """As after `nbconvert`, or where the panel is not installed; the notebook follows it by itself."""
    page.run(3)
    href = cards(page, 3).locator("a").get_attribute("href")
    assert href == "#cell-id=cell-1"
    page.page.evaluate("document.querySelector('.jp-Autoexec-where').classList.remove('jp-Autoexec-where')")
    link = cards(page, 3).locator("a")
    link.scroll_into_view_if_needed()
    cell = page.page.locator(".jp-NotebookPanel .jp-CodeCell").nth(1)
    link.click()
    page.until(lambda: cell.is_visible() and 0 < cell.bounding_box()["y"] < 400, "the cell")


def test_a_saved_notebook_tells_the_same_without_a_kernel(lab: Lab, page: Page):
    """In a notebook that is not trusted the card is there, its link goes to the cell, its toggle unfolds."""
    page.run(4)
    page.command("docmanager:save")
    path = lab.notebooks / "card.ipynb"
    page.until(lambda: "jp-Autoexec-card" in path.read_text(), "the saved notebook")
    saved = json.loads(path.read_text())
    outputs = saved["cells"][4]["outputs"]
    assert [item["output_type"] for item in outputs] == ["error", "display_data"]
    assert "".join(outputs[1]["data"]["text/plain"]).startswith("autoexec: invalid-json at In [")
    (lab.notebooks / "foreign.ipynb").write_text(path.read_text().replace("long function", "longer function"))
    foreign = page.open("foreign.ipynb")
    card = cards(foreign, 4)
    foreign.until(lambda: card.count() == 1, "the saved card")
    card.locator("summary").click()
    assert "decoder.py" in card.locator("pre").inner_text()
    assert card.locator("script").count() == 0
    card.locator("a").click()
    foreign.until(lambda: at(foreign)["cell"] == 4, "the cell")


def test_the_card_is_the_same_in_notebook_7(browser: object, open_page: Callable[..., Page], tmp_path: Path):
    """The same link, the same toggle."""
    with Lab(tmp_path, app="notebook") as lab:
        notebook(lab.notebooks / "card.ipynb", LOAD, f"%%autoexec\n{DEFINES}", HIGH, FAILS, LIBRARY)
        page = open_page("card.ipynb", lab)
        for number in (0, 1, 3, 4):
            page.run(number)
        cards(page, 3).locator("a").click()
        page.until(
            lambda: (at(page)["cell"], at(page)["line"], at(page)["focus"]) == (1, 4, True), "the line"
        )
        cards(page, 4).locator("summary").click()
        assert "decoder.py" in cards(page, 4).locator("pre").inner_text()
