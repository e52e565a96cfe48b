"""The Releases tab in a real JupyterLab: two releases served on this machine, and back to the first one.

The service is real processes behind the real proxy, which are ended with the last test.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe import faults
from lab import LOAD, Lab, Page, eventually, notebook

from autoexec_magic.deployer.serving.client import Serving

APP = Path(__file__).parents[2] / "notebooks" / "02_first_app.ipynb"
SERVICE = "app-02-first-app"
TAB = ".jp-Autoexec-releases"
ROW = f"{TAB} li[data-release]"
DIALOG = ".jp-Dialog-content"
BAKE = ("--bake", "1")


class Served(NamedTuple):
    """A service with two releases, by their ids, the first one first."""

    serving: Serving
    first: str
    second: str

    @property
    def live(self) -> str:
        """The release that gets all requests, as the proxy itself says."""
        state = self.serving.state()
        return state.routes.shares[0].release_id if state and state.routes.shares else ""


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a running JupyterLab; what it had asked starts nothing any more when the service is ended."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
    eventually(lambda: not asking(lab.data), "the end of what asks")
    Serving(lab.data / "local" / SERVICE / "serving").end()


def asking(data: Path) -> list[int]:
    """Return the processes of our command line that ask for the panel of a server with this data folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().split(b"\0")
            variables = (path / "environ").read_bytes().split(b"\0")
            if b"-P" in words and f"AUTOEXEC_DATA_DIR={data}".encode() in variables:
                found.append(int(path.name))
    return found


@pytest.fixture(scope="module")
def served(lab: Lab) -> Served:
    """Deploy the notebook twice, the second time with a variable of another value."""
    shutil.copy(APP, lab.notebooks)
    serving = Serving(lab.data / "local" / SERVICE / "serving")
    ids = []
    for words in ("one", "two"):
        deploy(lab, APP.name, "--set", f"WORDS={words}")
        state = serving.state()
        assert state is not None
        ids.append(state.routes.shares[0].release_id)
    return Served(serving, *ids)


def deploy(lab: Lab, *words: str) -> None:
    """Deploy by the command line, as from a terminal in the folder of the notebooks."""
    argv = [sys.executable, "-m", "autoexec_magic", "deploy", *words, *BAKE]
    done = subprocess.run(
        argv, env=lab.environment, cwd=lab.notebooks, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def page(lab: Lab, open_page: Callable[..., Page]) -> Page:
    """Return a page with a notebook and the panel."""
    notebook(lab.notebooks / "beside.ipynb", LOAD, f"%autoexec deploy {APP.name} --bake 1")
    return open_page("beside.ipynb")


def row(page: Page, release: str) -> Any:
    """Return what the tab shows of a release."""
    return page.page.locator(f'{ROW}[data-release="{release}"]')


def picture(page: Page, name: str) -> None:
    """Take a picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("AUTOEXEC_PICTURES"):
        page.page.screenshot(path=f"{folder}/{name}.png")


def test_a_release_is_rolled_back_after_a_yes_that_shows_what_changes(page: Page, served: Served):
    """Both are listed; no changes nothing; yes begins a run, which the panel shows; then that is live."""
    page.command("autoexec:show-releases")
    page.until(lambda: page.page.locator(ROW).count() == 2, "both releases")
    page.until(lambda: "is live and well" in page.text(f"{TAB} .jp-Autoexec-stand"), "how it stands")
    assert [each.get_attribute("data-release") for each in page.page.locator(ROW).all()] == [
        served.second,
        served.first,
    ]
    assert row(page, served.second).locator(".jp-Autoexec-live").count() == 1
    assert row(page, served.first).locator(".jp-Autoexec-live").count() == 0
    assert "passed its gate" in row(page, served.first).inner_text()
    assert faults(page) == []
    picture(page, "releases")

    row(page, served.first).get_by_role("button", name="Roll back").click()
    page.page.wait_for_selector(DIALOG)
    said = page.page.locator(DIALOG).inner_text()
    assert served.first[-8:] in said
    fields = page.page.locator(f"{DIALOG} tbody tr").all_inner_texts()
    assert [line.split("\t") for line in fields] == [["env.WORDS", "two", "one"]]
    assert faults(page, DIALOG) == []
    picture(page, "yes")
    page.page.keyboard.press("Escape")
    page.page.wait_for_selector(DIALOG, state="detached")
    assert served.live == served.second

    row(page, served.first).get_by_role("button", name="Roll back").click()
    page.page.get_by_role("button", name=f"Roll Back to {served.first[-8:]}").click()
    page.until(lambda: page.head().startswith("✓ passed · rollback"), "the end of its run")
    assert served.live == served.first
    page.until(lambda: row(page, served.first).locator(".jp-Autoexec-live").count() == 1, "what is live now")
    page.until(
        lambda: f"{served.first[-8:]} is live" in page.text(f"{TAB} .jp-Autoexec-stand"), "its platform"
    )
    picture(page, "back")
    address = page.page.locator(f"{TAB} .jp-Autoexec-stand a").get_attribute("href")
    with urllib.request.urlopen(f"{address}/health", timeout=30) as answer:
        assert answer.status == 200
    # What is newer than what is live is no way back, but the same thing is done.
    assert row(page, served.second).get_by_role("button", name="Deploy again").count() == 1


def test_the_logs_of_a_release_are_read_on_demand(page: Page, served: Served):
    """Its last lines, of the very process that was asked about."""
    page.command("autoexec:show-releases")
    page.until(lambda: row(page, served.second).count() == 1, "the release")
    logs = row(page, served.second).get_by_role(
        "button", name=f"Logs of release {served.second[-8:]}", exact=True
    )
    logs.click()
    page.until(lambda: "listening on" in row(page, served.second).inner_text(), "the lines")
    assert faults(page) == []
    picture(page, "logs")
    logs.click()
    page.until(lambda: row(page, served.second).locator("pre").count() == 0, "them gone")


def test_a_cells_deploy_appears_with_its_notebook(page: Page, served: Served):
    """While the tab is open, and without a reload."""
    page.command("autoexec:show-releases")
    page.until(lambda: row(page, served.second).count() == 1, "what was deployed before")
    page.run(0)
    page.run(1)
    page.until(lambda: "beside.ipynb" in page.text(f"{ROW}:has(.jp-Autoexec-live)"), "the release")
    assert "by " in page.text(f"{ROW}:has(.jp-Autoexec-live)")
    picture(page, "cell")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_no_rule_of_accessibility_is_broken_in_any_theme(page: Page, served: Served, theme: str):
    """With logs shown, and then with the question before a rollback; nothing is wider than the panel."""
    page.command("apputils:change-theme", theme=theme)
    page.command("autoexec:show-releases")
    page.until(lambda: "is live and well" in page.text(f"{TAB} .jp-Autoexec-stand"), "how it stands")
    row(page, served.first).get_by_role(
        "button", name=f"Logs of release {served.first[-8:]}", exact=True
    ).click()
    page.until(lambda: "listening on" in row(page, served.first).inner_text(), "the lines")
    page.page.wait_for_timeout(1000)
    assert faults(page) == []
    assert page.page.evaluate(
        f"(node => node.scrollWidth <= node.clientWidth)(document.querySelector('{TAB}'))"
    )
    row(page, served.first).locator(".jp-Autoexec-do button").first.click()
    page.page.wait_for_selector(DIALOG)
    assert faults(page, DIALOG) == []
    picture(page, theme.rpartition(" ")[2])


def test_what_somebody_else_changed_is_told(page: Page, served: Served):
    """The folder of what is live was removed by hand; the last test of the service."""
    page.command("autoexec:show-releases")
    live = served.live
    page.until(lambda: f"{live[-8:]} is live" in page.text(f"{TAB} .jp-Autoexec-stand"), "it")
    shutil.rmtree(served.serving.folder.parent / "releases" / live)
    page.page.get_by_role("button", name="Ask its platform again").click()
    page.until(lambda: "changed by somebody else" in page.text(TAB), "the drift")
    picture(page, "drift")


def test_the_server_is_asked_for_releases_only_while_the_tab_is_open(page: Page):
    """A tab that nobody looks at costs nothing."""
    asked: list[str] = []
    page.page.on("request", lambda request: asked.append(request.url) if "/releases" in request.url else None)
    page.page.wait_for_timeout(5000)
    assert asked == []
    page.command("autoexec:show-releases")
    page.until(lambda: asked, "a request")
    page.page.get_by_role("tab", name="Runs", exact=True).click()
    page.page.wait_for_timeout(1000)
    count = len(asked)
    page.page.wait_for_timeout(5000)
    assert len(asked) == count


def test_the_tabs_are_reached_with_the_keyboard(page: Page):
    """Arrows go from one to the other, and take the focus along."""
    page.page.get_by_role("tab", name="Runs", exact=True).focus()
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate("document.activeElement.textContent") == "Releases"
    assert page.page.locator(TAB).is_visible()
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate("document.activeElement.textContent") == "Runs"
    assert not page.page.locator(TAB).is_visible()
