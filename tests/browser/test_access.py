"""The panel can be used by who does not see it, or has no mouse, in every theme and at any width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe import faults
from lab import LOAD, Lab, Page, notebook

FOREVER = (
    "import itertools, time\nfor n in itertools.count(): print('still', n, flush=True); time.sleep(0.05)"
)


@pytest.fixture
def page(lab: Lab, open_page: Callable[..., Page]) -> Page:
    """Return a page with a failed run, and one that passed, on record."""
    (lab.notebooks / "forever.py").write_text(FOREVER)
    tool = lab.notebooks / "tool"
    tool.write_text("#!/bin/sh\necho the tool ran\n")
    tool.chmod(0o755)
    cells = (
        LOAD,
        "%autoexec sh python -c \"print('\\033[33myellow\\033[0m', 1 / 2)\"",
        "%%autoexec script\n{}['plum']",
        "%autoexec sh ./tool",
        "%autoexec sh python forever.py",
        "%autoexec sh python -c \"for n in range(10_000): print('line', n)\"",
    )
    notebook(lab.notebooks / "access.ipynb", *cells)
    page = open_page("access.ipynb")
    page.run(0)
    return page


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_no_rule_of_accessibility_is_broken(page: Page, theme: str):
    """With a diagnosis, a question and a log in view; axe-core looks."""
    page.command("apputils:change-theme", theme=theme)
    page.page.wait_for_timeout(1000)
    page.run(1)
    page.run(2)
    page.until(lambda: page.text(".jp-Autoexec-why"), "the diagnosis")
    assert faults(page) == []
    page.start(3)
    page.until(lambda: page.text(".jp-Autoexec-question"), "the question")
    assert faults(page) == []
    page.page.click(".jp-Autoexec-question [data-answer=yes]")
    page.until(lambda: "the tool ran" in page.screen(), "the log")
    assert faults(page) == []


def test_everything_is_reached_with_the_tab_key_and_left_again(page: Page):
    """Through the list, cancel, the tools and the log, and out; Enter on Cancel ends the run."""
    page.start(4)
    # By then the notebook has taken the focus that running a cell gives it.
    page.until(lambda: page.lines() > 40, "the lines")
    page.page.locator(".jp-Autoexec button.jp-Autoexec-run").first.focus()
    reached = []
    for _ in range(60):
        name = page.page.evaluate(
            """() => {
                const at = document.activeElement;
                if (at === document.body) { return 'nowhere: the focus was lost'; }
                if (!at.closest('.jp-Autoexec')) { return ''; }
                return at.textContent.trim() || at.getAttribute('aria-label') || at.className;
            }"""
        )
        if not name:
            break
        reached.append(name)
        page.page.keyboard.press("Tab")
    else:
        raise AssertionError(f"no way out: {reached}")
    assert "Cancel" in reached, reached[-5:]
    assert "Text" in reached
    assert any("Find" in name for name in reached)
    page.page.locator(".jp-Autoexec-cancel").focus()
    page.page.keyboard.press("Enter")
    page.until(lambda: page.head().startswith("◼ cancelled"), "the end")


def test_what_is_read_out_is_the_state_and_nothing_else(page: Page):
    """Of 10,000 lines not one; that it runs, and how it ended."""
    page.page.evaluate(
        """() => {
            const read = () => {
                const node = document.querySelector('.jp-Autoexec [role=status]');
                return node ? node.textContent : '';
            };
            window.said = [read()];
            const look = () => {
                const text = read();
                if (text && text !== window.said[window.said.length - 1]) { window.said.push(text); }
            };
            new MutationObserver(look).observe(
                document.querySelector('.jp-Autoexec'),
                { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.start(5)
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    page.until(lambda: page.lines() == 10_000, "the lines")
    said = page.page.evaluate("window.said")[1:]
    assert said[0] == "sh: running"
    assert said[1].startswith("sh: passed, ")
    assert len(said) == 2
    assert page.page.locator(".jp-Autoexec [role=log]").get_attribute("aria-live") == "off"


def test_the_last_lines_can_be_read_as_text(page: Page):
    """A canvas or a grid of spans cannot; the button shows what a terminal would, without its colours."""
    page.run(1)
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    page.page.locator(".jp-Autoexec-bar button", has_text="Text").click()
    assert page.page.locator(".jp-Autoexec-bar pre").inner_text() == "yellow 0.5\n"


def test_nothing_is_cut_off_at_the_width_of_a_side_panel(page: Page):
    """At its least width, of 320 pixels, no part of it is wider than the panel itself."""
    page.run(2)
    page.until(lambda: page.text(".jp-Autoexec-why"), "the diagnosis")
    assert page.page.locator(".jp-Autoexec").bounding_box()["width"] <= 325
    wide = page.page.evaluate(
        """() => [...document.querySelectorAll('.jp-Autoexec-detail, .jp-Autoexec-bar, .jp-Autoexec-list')]
            .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
    )
    assert wide == []
