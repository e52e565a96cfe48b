"""Which top-level statement of a cell failed, where in it, and whether the user's own code ran below it."""

from __future__ import annotations

import ast
import dis
import linecache
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType, FrameType, TracebackType

from ..installer.effects import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A statement that failed.

    `statement` and `place` are None where its source, or what of it failed, is
    not known; `own` is the name of a function of the user's that it had called,
    `names` are the global ones.
    """

    line: int
    statement: ast.stmt | None
    place: Place | None
    own: str = ""
    names: Mapping[str, object] = field(default_factory=dict)


def failed(code: CodeType, error: BaseException, is_own: Callable[[FrameType], bool]) -> Failed:
    """Return what is known of the failure of `code`, one top-level statement.

    Parameters
    ----------
    code : CodeType
        As the shell runs it.
    error : BaseException
        With its traceback.
    is_own : callable
        Whether a frame's code is the user's.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    if trace is None:
        return Failed(line=0, statement=None, place=None)
    place = _place(trace)
    below, own = trace.tb_next, ""
    while below is not None and not own:
        own = below.tb_frame.f_code.co_name if is_own(below.tb_frame) else ""
        below = below.tb_next
    names = trace.tb_frame.f_globals
    return Failed(line=trace.tb_lineno, statement=_statement(trace), place=place, own=own, names=names)


def _place(trace: TracebackType) -> Place | None:
    """Return the place of the call, the attribute or the import that failed; None for anything else."""
    code, at = trace.tb_frame.f_code, trace.tb_lasti
    while at and dis.opname[code.co_code[at]] == "CACHE":  # within a call, 3.11 stands at its end
        at -= 2
    operation = dis.opname[code.co_code[at]]
    is_one = operation.startswith(("CALL", "LOAD_ATTR", "LOAD_METHOD", "IMPORT"))
    if not is_one or operation.startswith("CALL_INTRINSIC"):
        return None  # what shows a result stands at the same place as the call that made it
    place = next(islice(code.co_positions(), trace.tb_lasti // 2, None), None)
    if place is None or None in place:
        return None
    line, last, start, end = place
    return (line or 0, last or 0, start or 0, end or 0)


def _statement(trace: TracebackType) -> ast.stmt | None:
    source = "".join(linecache.getlines(trace.tb_frame.f_code.co_filename))
    place = next(islice(trace.tb_frame.f_code.co_positions(), trace.tb_lasti // 2, None), None)
    if not source or place is None or place[0] is None or place[2] is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    at = (place[0], place[2])
    for statement in statements:
        first = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))])
        if (first, statement.col_offset) <= at < (statement.end_lineno or 0, statement.end_col_offset or 0):
            return statement
    return None
