"""Says of a failure where in the cell it shows: the plugin looks for files, and a cell is none."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Callable
from typing import Any

import pytest
from _pytest.doctest import MultipleDoctestFailures

# It stands in a folder for the Python of projects, which is no package of this one.
_cutting: Any = importlib.import_module("..inside.own.autoexec_cutting", __package__)
_shortened: Callable[[str], str] = _cutting.beginning


def place_of(error: BaseException, file: str, source: str) -> dict[str, Any]:
    """Return where in the cell an error shows, and what a doctest compared; nothing where it does not.

    What the collector itself raised is said to come from the cell: no other place led to it.
    """
    if isinstance(error, pytest.Collector.CollectError) and error.__cause__ is not None:
        error = error.__cause__
        if isinstance(error, SyntaxError) and error.filename == file and not _line_of_frames(error, file):
            found = _place(file, error.lineno or 0, source)
            return found | {"origin": file, "origin_line": found["line"]}
    if isinstance(error, MultipleDoctestFailures) and error.failures:
        error = error.failures[0]
    if isinstance(error, doctest.DocTestFailure | doctest.UnexpectedException):
        return _of_doctest(error)
    line = _line_of(error, file)
    return _place(file, line, source) if line else {}


def _place(file: str, line: int, source: str) -> dict[str, Any]:
    lines = source.splitlines()
    text = _shortened(lines[line - 1].strip()) if 0 < line <= len(lines) else ""
    return {"file": file, "line": line, "source": text}


def _line_of(error: BaseException, file: str) -> int:
    """Return the deepest line of the cell on the way to an error; 0 where it does not pass the cell."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno or 0
    line = _line_of_frames(error, file)
    if not line and isinstance(error, BaseExceptionGroup):  # of several fixtures, in one teardown
        return next(filter(None, (_line_of(each, file) for each in error.exceptions)), 0)
    return line


def _line_of_frames(error: BaseException, file: str) -> int:
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _of_doctest(failed: doctest.DocTestFailure | doctest.UnexpectedException) -> dict[str, Any]:
    test, example = failed.test, failed.example
    found: dict[str, Any] = {
        "file": test.filename or "",
        "line": (test.lineno or 0) + example.lineno + 1,
        "source": _shortened(example.source.strip()),
    }
    if isinstance(failed, doctest.UnexpectedException):
        kind, error, _ = failed.exc_info
        return found | {"type": kind.__name__ if kind else "", "message": _shortened(str(error))}
    want, got = _shortened(example.want.rstrip("\n")), _shortened(failed.got.rstrip("\n"))
    message = f"expected {want!r}, and it printed {got!r}"
    return found | {"type": "DocTestFailure", "message": message, "op": "==", "left": got, "right": want}
