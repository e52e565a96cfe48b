"""A notebook becomes an app, and the panel says what the build is at, what it made, and where.

A real JupyterLab in a real Chromium; what is built needs no engine and no package.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from lab import LOAD, Lab, Page, notebook

APP = """
import time
time.sleep(7)

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"well"]
"""
NOTES = ".jp-Autoexec-notes"


def test_a_build_is_seen_while_it_is_at_work(lab: Lab, open_page: Callable[..., Page]):
    """A step of seven seconds is told of before it ends; then what was built, and its digest."""
    notebook(lab.notebooks / "rent.ipynb", APP)
    notebook(lab.notebooks / "work.ipynb", LOAD, "%autoexec build app rent.ipynb")
    page = open_page("work.ipynb")
    page.run(0)
    page.start(1)
    page.until(lambda: "s so far" in page.text(NOTES), "the step that is at work")
    assert page.head().startswith("● running · build")
    page.until(lambda: page.head().startswith("✓ passed · build"), "the end")
    notes = page.text(NOTES)
    assert "dist/rent (sha256:" in notes
    assert "so far" not in notes
    assert (lab.notebooks / "dist" / "rent" / "autoexec-app.json").is_file()
    if picture := os.environ.get("AUTOEXEC_PICTURE"):
        page.page.screenshot(path=picture)
