"""A notebook with a small web app, for tests: standard library alone, so that nothing is installed."""

from __future__ import annotations

from pathlib import Path

import nbformat

APP = """
import json, os

COLOR = os.environ.get("COLOR", "green")

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"version": COLOR, "token": len(os.environ.get("API_TOKEN", ""))}).encode()]

HEALTH = "/health"
"""


def note(folder: Path, name: str = "colors.ipynb", source: str = APP) -> Path:
    """Write it, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    found = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    path = folder / name
    nbformat.write(found, path)
    return path
