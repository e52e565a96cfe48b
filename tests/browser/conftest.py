"""Servers and pages for the tests of this folder, and the module `lab` to import."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lab import Lab, Page

WIDTH, HEIGHT = 1300, 850
SECONDS = 60  # for what a page waits for; a busy machine starts a kernel in ten


def _load(name: str) -> None:
    """Import `name`.py of the folder above by its path, for tests to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if "lab" not in sys.modules:
    _load("lab")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a headless Chromium, one a session."""
    from lab import CHROMIUM, chromium
    from skips import requires

    requires(Path(CHROMIUM).exists(), "Chromium is not installed", "apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a running JupyterLab, one a module."""
    from lab import Lab

    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a notebook in a window of its own, of the module's lab or another.

    What the page throws, or logs of us as an error, fails the test.
    """
    from lab import Page

    faults: list[str] = []

    def note(message: Any) -> None:
        if (
            message.type == "error"
            and "autoexec" in message.text
            and "WebSocket connection" not in message.text
        ):
            faults.append(message.text)

    def fault(error: Any) -> None:
        if "autoexec" in f"{error} {error.stack}":  # Notebook 7.6 throws one of its own at every start
            faults.append(f"{error} {error.stack}")

    with ExitStack() as stack:

        def opened(name: str, lab: Lab | None = None, **options: Any) -> Page:
            options = {"viewport": {"width": WIDTH, "height": HEIGHT}} | options
            context = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(SECONDS * 1000)
            raw = context.new_page()
            raw.on("pageerror", fault)
            raw.on("console", note)
            return Page(raw, lab or request.getfixturevalue("lab")).open(name)

        yield opened
    assert faults == []
