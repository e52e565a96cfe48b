"""Python: the interpreter that runs this kernel."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from . import editable
from .language import Language


def _start() -> tuple[str, ...]:
    return (sys.executable, "-u")


def _environment(cwd: Path) -> Mapping[str, str]:
    # The script's file lies in a folder of its own; what lies beside the notebook is imported as from a cell.
    return {"PYTHONPATH": str(cwd)}


ENTRY = Language(
    name="python",
    programs=frozenset({"python"}),
    ending=".py",
    start=_start,
    environment=_environment,
    places=editable.places,
    valued="XW",
    refused="cm",
)
