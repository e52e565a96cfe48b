"""A module that two projects hold: the panel shows what each is, and what a person takes is installed.

A real JupyterLab in a real Chromium; the kernel has an environment of its own
and a local index.
"""

from __future__ import annotations

import importlib.util
import json
import site
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import LOAD, Lab, Page, notebook
from skips import requires

INSTALLER = Path(__file__).parents[1] / "installer"
HOLDERS = "".join(f"frobcore\t{name}\n" for name in ("frob-python", "frob-python-headless", "frob-source"))
AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
CELL = "%%autoexec\nimport frobcore\nfrobcore.WHO"
CARD = ".jp-Autoexec-question"


def _served() -> Any:
    """Import the local index of the installer's tests by its path."""
    if "index" not in sys.modules:
        spec = importlib.util.spec_from_file_location("index", INSTALLER / "index.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules["index"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["index"]


served = _served()


@pytest.fixture(scope="module")
def index() -> Iterator[Any]:
    """Yield an index in which two projects hold one module, and a third has no wheel of it."""

    def holding(name: str, who: str, summary: str, **how: Any) -> Any:
        return served.wheel(name, "1.0", {"frobcore.py": f"WHO = {who!r}\n"}, summary=summary, **how)

    with served.Index() as running:
        plain = "Frobs with windows, menus and everything else that a desktop has to offer to who frobs."
        running.add("frob-python", holding("frob-python", "plain", plain))
        headless = holding("frob-python-headless", "headless", "Frobs without windows.", days=1)
        running.add("frob-python-headless", headless)
        running.add("frob-source", served.sdist("frob-source", "1.0"))
        yield running


@pytest.fixture
def page(lab: Lab, index: Any, tmp_path: Path, open_page: Callable[..., Page]) -> Page:
    """Return a page whose kernel's environment is empty, with the card in the panel."""
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    lines = [f"import site; site.addsitedir({path!r})\n" for path in site.getsitepackages()]
    (packages / "parent.pth").write_text("".join(lines))
    name = tmp_path.name.lower()
    place = Path(lab.environment["JUPYTER_DATA_DIR"]) / "kernels" / name
    place.mkdir(parents=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "env": {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"},
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    path = lab.notebooks / f"{name}.ipynb"
    (lab.notebooks / "holders.txt").write_text(HOLDERS)
    notebook(path, LOAD, "%autoexec index build --from holders.txt", CELL)
    book = json.loads(path.read_text())
    book["metadata"]["kernelspec"] = {"name": name, "display_name": name, "language": "python"}
    path.write_text(json.dumps(book))
    page = open_page(path.name)
    page.run(0)
    page.run(1)
    page.start(2)
    page.until(lambda: page.text(CARD), "the card")
    return page


def test_a_person_takes_the_second_candidate(page: Page):
    """Each is told with what is known of it; its button installs it, by keyboard alone; the cell goes on."""
    card = page.page.locator(CARD)
    assert card.get_attribute("role") == "alert"
    assert card.locator("h4").inner_text() == (
        "install frob-python 1.0 or frob-python-headless 1.0 for frobcore ?"
    )
    second = card.get_by_role("group", name="frob-python-headless 1.0")
    said = second.inner_text()
    for line in (
        "✓ proved",
        "says of itself: Frobs without windows.",
        "(1 day ago)",
        "1 release for this Python",
        "frobcore is also claimed by frob-python, frob-source",
    ):
        assert line in said
    button = second.get_by_role("button", name="Choose frob-python-headless")
    assert button.get_attribute("title") == "%autoexec install frob-python-headless --yes"
    barred = card.get_by_role("button", name="Choose frob-source")
    assert barred.is_disabled()
    assert "? not proved: there is no wheel for this Python to look into" in card.inner_text()
    status = page.page.locator(".jp-Autoexec-status")
    page.until(lambda: status.inner_text() == "autoexec: 1 decision needed", "the status bar's words")
    card.get_by_role("button", name="Choose frob-python", exact=True).focus()
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.dataset.answer") == "frob-python-headless"
    page.page.keyboard.press("Enter")
    page.until(lambda: page.head().startswith("✓ passed"), "the end")
    assert page.text(CARD) == ""
    assert "'headless'" in page.output_of(2)
    assert "+ frob-python-headless 1.0" in page.output_of(2)
    page.until(lambda: "for frobcore ? frob-python-headless" in page.output_of(2), "the one line")
    assert page.page.locator(".jp-Stdin-input").count() == 0


def test_the_card_fits_every_theme_and_the_least_width(page: Page):
    """axe-core finds no fault, nothing is wider than the panel, and a no installs nothing."""
    requires(AXE.exists(), "the front end is not installed", "python tools/panel.py")
    page.page.add_script_tag(path=str(AXE))
    for theme in ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"):
        page.command("apputils:change-theme", theme=theme)
        page.page.wait_for_timeout(1000)
        found = page.page.evaluate("async () => (await axe.run('.jp-Autoexec')).violations")
        assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == [], theme
    assert page.page.locator(".jp-Autoexec").bounding_box()["width"] <= 325
    wide = page.page.evaluate(
        """() => [...document.querySelectorAll('.jp-Autoexec-detail, .jp-Autoexec-detail *')]
            .filter(node => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
            .filter(node => getComputedStyle(node).overflowX !== 'hidden').map(node => node.className)"""
    )
    assert wide == []
    page.page.click(f"{CARD} [data-answer=no]")
    page.until(lambda: page.head().startswith("? asked"), "the end")
    assert "+ frob" not in page.output_of(2)
