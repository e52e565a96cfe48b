"""A run of tests in the panel, as a browser shows it: how far, what failed, why, and the way to the line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from axe import faults
from lab import LOAD, Lab, Page, notebook

DETAIL = ".jp-Autoexec-case"
TREE = ".jp-Autoexec-tree"
SHOP = """
import sys
import time

import pytest


def test_ok():
    pass


def test_bad():
    print("hello")
    print("oh no", file=sys.stderr)
    assert {"apple": 1, "pear": 2} == {"apple": 1, "pear": 3}


@pytest.mark.parametrize("n", [1, 2, 3, "a b"])
def test_is_small(n):
    assert n != 3


@pytest.fixture
def broken():
    raise RuntimeError("no database")


def test_of_a_fixture(broken):
    pass


def test_slow():
    time.sleep(1.5)


@pytest.mark.skip(reason="later")
def test_skipped():
    pass


@pytest.mark.xfail(reason="known")
def test_known():
    assert 0
"""
FINE = "import pytest\n\n\n@pytest.mark.parametrize('n', range(40))\ndef test_fine(n):\n    pass\n"
MANY = """
import pytest


@pytest.mark.parametrize("n", range(10_000))
def test_one(n):
    assert n % 1000
"""
COUNTS = "2 failed, 1 error, 45 passed, 1 skipped, 1 xfailed"


@pytest.fixture
def page(lab: Lab, open_page: Callable[..., Page]) -> Page:
    """Return a page with a notebook beside a small folder of tests."""
    folder = lab.notebooks / "shop"
    folder.mkdir(exist_ok=True)
    (folder / "test_shop.py").write_text(SHOP)
    (folder / "test_fine.py").write_text(FINE)
    many = lab.notebooks / "many"
    many.mkdir(exist_ok=True)
    (many / "test_many.py").write_text(MANY)
    name = f"tests{len(list(lab.notebooks.glob('tests*')))}.ipynb"  # none of them shows another's run
    notebook(lab.notebooks / name, LOAD, "%autoexec test shop", "%autoexec test many")
    page = open_page(name)
    page.run(0)
    return page


@pytest.fixture
def over(page: Page) -> Page:
    """Return the page when the tests are over, and the notebook has taken the focus that it wants by then."""
    page.run(1)
    page.until(lambda: page.head().startswith("✗ failed"), "the end of the tests")
    page.until(lambda: page.text(".jp-Autoexec-causes"), "the causes")
    return page


def row(page: Page, words: str) -> Any:
    """Return the row of the tree that has these words."""
    return page.page.locator(f"{TREE} [role=treeitem]", has_text=words).first


def names(page: Page) -> list[str]:
    """Return the names in the tree, in the order of the page."""
    found: list[str] = page.page.evaluate(
        """() => [...document.querySelectorAll('.jp-Autoexec-tree .jp-Autoexec-name')]
            .map(node => node.firstChild.textContent)"""
    )
    return found


def focused(page: Page) -> str:
    """Return what has the focus, by the text of it."""
    return str(page.page.evaluate("document.activeElement.textContent"))


def test_tests_are_seen_while_they_run_and_counted_when_they_are_over(page: Page):
    """What failed is there before the slow one is over; then the counts are those of pytest."""
    page.start(1)
    page.until(lambda: "test_shop.py::test_slow" in page.text(".jp-Autoexec-progress"), "the slow one")
    assert page.text(".jp-Autoexec-progress p").startswith("47 of 50 done, 2 failed, 1 error")
    assert row(page, "test_slow").inner_text().split()[:2] == ["●", "running"]
    assert "test_bad" in names(page)
    page.until(lambda: page.head().startswith("✗ failed"), "the end of the tests")
    page.until(lambda: page.text(".jp-Autoexec-progress p") == COUNTS, "the counts")
    assert page.page.locator(".jp-Autoexec [role=status]").inner_text().endswith(COUNTS)
    assert "test_shop.py::test_slow" not in page.text(".jp-Autoexec-progress")


def test_what_is_known_of_a_failure_is_one_click_away_and_its_line_another(over: Page):
    """Why, fix, what was compared, what pytest and the test wrote; the link opens the file at the line."""
    row(over, "test_bad").click()
    said = over.text(DETAIL)
    for words in ("product (likely)", "compare both sides", "test_shop.py::test_bad", "hello", "oh no"):
        assert words in said
    assert [cell.inner_text() for cell in over.page.locator(f"{DETAIL} td b").all()] == ["2", "3"]
    assert "At index" not in said
    assert "E       AssertionError" in over.page.locator(f"{DETAIL} pre").first.inner_text()
    over.page.locator(f"{DETAIL} .jp-Autoexec-place").click()
    line = over.until(
        lambda: over.page.evaluate(
            """() => {
                const widget = window.jupyterapp.shell.currentWidget;
                const editor = widget && widget.content && widget.content.editor;
                return editor && widget.context.path === 'shop/test_shop.py'
                    ? editor.getLine(editor.getCursorPosition().line) : '';
            }"""
        ),
        "the file",
    )
    assert line.strip() == 'assert {"apple": 1, "pear": 2} == {"apple": 1, "pear": 3}'


def test_what_is_copied_is_a_line_that_runs_that_test(over: Page):
    """An id with blanks and brackets, too: typed into a cell, the line runs that one test."""
    over.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row(over, "test_is_small[3]").click()
    over.page.locator(f"{DETAIL} button", has_text="Copy the command").click()
    copied = over.page.evaluate("navigator.clipboard.readText()")
    assert copied == "%autoexec test 'shop/test_shop.py::test_is_small[3]'"
    over.page.locator(".jp-Autoexec-progress button").click()
    assert over.page.evaluate("navigator.clipboard.readText()") == "%autoexec test --lf"
    over.page.evaluate(
        """text => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.widgets[1].model.sharedModel.setSource(text);
        }""",
        copied,
    )
    over.start(1)
    over.until(lambda: over.text(".jp-Autoexec-progress p") == "1 failed", "the one test")


def test_the_causes_open_to_their_tests(over: Page):
    """Each with how often, whose and where; its tests alone are shown on request."""
    causes = over.page.locator(".jp-Autoexec-causes details")
    assert over.text(".jp-Autoexec-causes p") == "3 failures, 3 causes"
    fixture = causes.filter(has_text="fixture")
    fixture.locator("summary").click()
    fixture.locator("button", has_text="Only these tests").click()
    over.until(lambda: names(over) == ["shop/test_shop.py", "test_of_a_fixture"], "its test alone")
    fixture.locator("button", has_text="test_of_a_fixture").click()
    assert "in setup" in over.text(f"{DETAIL} h4")


def test_filter_and_text_stay(over: Page):
    """Through each other, through an opened test, and into the next run."""
    page = over.page
    page.locator(".jp-Autoexec-tools input").fill("SMALL")
    page.locator(".jp-Autoexec-tools button", has_text="Failed").click()
    assert names(over) == ["shop/test_shop.py", "test_is_small[3]"]
    row(over, "test_is_small").click()
    page.locator(".jp-Autoexec-tools button", has_text="All").click()
    assert page.locator(".jp-Autoexec-tools input").input_value() == "SMALL"
    assert len(names(over)) == 5
    page.locator(".jp-Autoexec-tools button", has_text="Slow").click()
    assert "None of 50 tests fits" in over.text(".jp-Autoexec-none")
    over.start(1)
    over.until(lambda: over.head().startswith("● running"), "the next run")
    over.until(lambda: page.locator(".jp-Autoexec-tools input").count(), "its tests")
    assert page.locator(".jp-Autoexec-tools input").input_value() == "SMALL"
    assert page.locator(".jp-Autoexec-tools [aria-pressed=true]").inner_text().startswith("Slow")


def test_the_tree_is_walked_without_a_mouse(over: Page):
    """One stop of the tab key; arrows, letters, Enter; Escape leads back to the row it came from."""
    page = over.page
    page.locator(".jp-Autoexec-tools input").focus()
    page.keyboard.press("Tab")
    assert focused(over).startswith("▾shop/test_shop.py")
    page.keyboard.press("ArrowRight")
    assert "test_bad" in focused(over)
    page.keyboard.press("i")
    assert "test_is_small" in focused(over)
    page.keyboard.press("Enter")
    over.until(lambda: "jp-Autoexec-case" in page.evaluate("document.activeElement.className"), "the test")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the next failure
    assert "test_of_a_fixture" in over.text(DETAIL)
    page.keyboard.press("Escape")
    over.until(lambda: "test_of_a_fixture" in focused(over), "the row")
    assert page.locator(DETAIL).count() == 0
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert row(over, "test_shop.py").get_attribute("aria-expanded") == "false"
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('[role=tree]')")


def test_10_000_tests_leave_the_page_quick(page: Page):
    """A handful of rows is drawn, failures first; the last test is one key away, and drawn then."""
    page.start(2)
    page.until(lambda: page.head().startswith("✗ failed"), "the end", within=180)
    page.until(lambda: page.text(".jp-Autoexec-progress p") == "10 failed, 9,990 passed", "the counts")
    assert page.page.locator(f"{TREE} [role=treeitem]").count() <= 60
    assert names(page)[1:3] == ["test_one[0]", "test_one[1000]"]
    row(page, "test_one[0]").click()
    page.page.locator(f"{TREE} [tabindex='0']").focus()
    page.page.keyboard.press("End")
    page.until(lambda: "test_one[9999]" in focused(page), "the last")
    assert page.page.locator(f"{TREE} [role=treeitem]").count() <= 60


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_no_rule_of_accessibility_is_broken(over: Page, theme: str):
    """With the tree, an opened cause and an opened test in view, at 320 pixels; nothing is cut off there."""
    over.command("apputils:change-theme", theme=theme)
    over.page.wait_for_timeout(1000)
    assert faults(over) == []
    over.page.locator(".jp-Autoexec-causes summary").first.click()
    row(over, "test_bad").click()
    over.until(lambda: over.text(DETAIL), "the test")
    assert faults(over) == []
    assert over.page.locator(".jp-Autoexec").bounding_box()["width"] <= 325
    wide = over.page.evaluate(
        """() => [...document.querySelectorAll('.jp-Autoexec-detail, .jp-Autoexec-tree, .jp-Autoexec-case')]
            .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
    )
    assert wide == []
    small = over.page.evaluate(
        """() => ['button', 'summary', '[role=treeitem]']
            .flatMap(one => [...document.querySelectorAll('.jp-Autoexec-tests ' + one)])
            .filter(node => node.getBoundingClientRect().height < 24)
            .map(node => node.outerHTML.slice(0, 100))"""
    )
    assert small == []


def test_what_is_read_out_is_how_it_stands_and_nothing_else(page: Page):
    """Of fifty tests: that they run, that one failed, and how all ended."""
    page.page.evaluate(
        """() => {
            window.said = [];
            const look = () => {
                const text = (document.querySelector('.jp-Autoexec [role=status]') || {}).textContent;
                if (text && text !== window.said[window.said.length - 1]) { window.said.push(text); }
            };
            new MutationObserver(look).observe(
                document.querySelector('.jp-Autoexec'),
                { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.run(1)
    page.until(lambda: page.head().startswith("✗ failed"), "the end")
    said = page.page.evaluate("window.said")
    assert said[:2] == ["test: running", "test: running, a test failed"]
    assert said[2].startswith("test: failed, "), json.dumps(said)
    assert said[2].endswith(COUNTS)
    assert len(said) == 3
