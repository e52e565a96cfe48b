"""Python: the interpreter that runs this kernel."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from pathlib import Path

from . import editable
from .inside import FIGURES, VALUES
from .language import Handover, Language

MOST_CHARS = 1_000_000  # of a source that this process reads; Python reads a longer one itself


def _start() -> tuple[str, ...]:
    return (sys.executable, "-u")


def _environment(*folders: Path) -> Mapping[str, str]:
    # The script's file lies in a folder of its own; what lies beside the notebook is imported as from a cell.
    return {"PYTHONPATH": os.pathsep.join(map(str, (*folders, FIGURES)))}


def _parse(source: str, name: str) -> str:
    """Return Python's own words about a syntax error, with the caret."""
    if len(source) > MOST_CHARS:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script's own start says them, once
            compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return "".join(traceback.format_exception_only(error))
    except (RecursionError, MemoryError):  # too deep for this process: its own will say
        return ""
    return ""


def _hand_over(values: Handover) -> tuple[tuple[str, ...], Mapping[str, str]]:
    # `site` imports `sitecustomize` before the script, in the very module that the script is.
    return (), {
        "PYTHONPATH": f"{VALUES}{os.pathsep}{values.present.get('PYTHONPATH', '')}",
        "AUTOEXEC_HANDOVER": values.said,
    }


ENTRY = Language(
    name="python",
    programs=frozenset({"python"}),
    endings=(".py", ".pyw"),
    start=_start,
    environment=_environment,
    places=editable.places,
    valued="XW",
    refused="cm",
    parse=_parse,
    hand_over=_hand_over,
    values="python",
)
