"""What an exception of the kernel says of the place where it was raised, cell by cell.

Reads what the traceback already holds, and the sources that the caller handed
in; of the user's values nothing but their type is looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType, TracebackType

from .around import Notebook
from .names import line_of, parsed

_LONGEST_MESSAGE = 2_000  # characters of a message that are searched for names
_MOST_FRAMES = 50  # of the user's own, the innermost ones
_Span = tuple[int, int, int, int]  # first line, column, last line, column; lines from 1, columns in bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a cell that the failure went through.

    `number` is the cell's, as it ran; `line` counts from 1 within it. `names`
    are the global names read by what failed there, in order; `called` is the
    name that was called, where that is what failed.
    """

    number: int
    line: int
    source: str = ""
    function: str = ""
    names: tuple[str, ...] = ()
    called: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure as seen from the notebook.

    `name` is what was missing: a global name, an attribute, a module. `spots`
    are the user's own places, the innermost first; `is_own` says that the
    innermost of all is one of them. `types` has the type's name of each value
    that is no function or class, and stands for a name of `spots`.
    """

    type_name: str
    message: str = ""
    name: str = ""
    spots: tuple[Spot, ...] = ()
    is_own: bool = False
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The global names at its places, the innermost first, each once."""
        return list(dict.fromkeys(name for spot in self.spots for name in spot.names))


def failure_of(
    chain: Sequence[BaseException], is_user_frame: Callable[[str], bool], notebook: Notebook
) -> Failure:
    """Return what the last exception of `chain`, the root, says of the notebook.

    Parameters
    ----------
    chain : sequence of BaseException
        From the exception that was seen to its root; at least one.
    is_user_frame : callable
        Whether a file name is one of the user's.
    notebook : Notebook
        Whose `files` and runs say which cell that is.
    """
    root = chain[-1]
    for error in reversed(chain):
        frames = list(_frames(error.__traceback__))
        own = _own(frames, is_user_frame)
        if own:
            break
    sources = {run.number: run.source for run in notebook.runs}
    sources |= {cell.number: cell.last_source for cell in notebook.cells if cell.number not in sources}
    spots = tuple(_spots(own, notebook, sources))
    return Failure(
        type_name=type(root).__qualname__,
        message=_text_of(root)[:_LONGEST_MESSAGE],
        name=_name_of(root),
        spots=spots,
        is_own=bool(own) and own[0][0] is frames[-1][0] and error is root,
        types=_types(spots, own[0][0].f_globals if own else {}),
    )


def cell_line(error: BaseException, file: str) -> int:
    """Return the line of a cell on which an error left it, or 0; `file` is what its code is called.

    Below a magic such as `%%time` it is the line of the body.
    """
    line, names = 0, None
    for frame, at, _ in _frames(error.__traceback__):
        code = frame.f_code
        if code.co_name != "<module>":
            continue
        if code.co_filename == file:
            line, names = at, frame.f_globals
        elif names is frame.f_globals and code.co_filename.startswith("<"):
            line = at + 1
    return line


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno, trace.tb_lasti
        trace = trace.tb_next


def _own(
    frames: Sequence[tuple[FrameType, int, int]], is_user_frame: Callable[[str], bool]
) -> list[tuple[FrameType, int, int]]:
    """Return the frames of cells, the innermost first, and what a magic compiled to run among their names."""
    names = next((frame.f_globals for frame, _, _ in frames if is_user_frame(frame.f_code.co_filename)), None)
    if names is None:
        return []
    found = [
        each
        for each in frames
        if is_user_frame(each[0].f_code.co_filename)
        or (each[0].f_globals is names and each[0].f_code.co_filename.startswith("<"))
    ]
    return found[: -_MOST_FRAMES - 1 : -1]


def _spots(
    own: Sequence[tuple[FrameType, int, int]], notebook: Notebook, sources: Mapping[int, str]
) -> Iterator[Spot]:
    for index, (frame, line, at) in enumerate(own):
        code = frame.f_code
        number = notebook.files.get(code.co_filename, 0)
        offset = 0
        if not number:  # below a cell magic such as %%time, which the next frame out is
            outer = (notebook.files.get(each[0].f_code.co_filename, 0) for each in own[index + 1 :])
            number, offset = next(filter(None, outer), 0), 1
        source = sources.get(number, "")
        is_magic = source.lstrip().startswith(("%%", "get_ipython().run_cell_magic("))
        offset = offset if is_magic else 0
        span = next(islice(code.co_positions(), at // 2, None), None)
        local = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
        names, called = _read_at(source, _whole(span, line), offset)
        is_function = code.co_name != "<module>"
        yield Spot(
            number=number,
            line=line + offset,
            source=line_of(source, line + offset),
            function=code.co_name if is_function else "",
            names=tuple(name for name in names if not (is_function and name in local)),
            called="" if is_function and called in local else called,
        )


def _whole(span: tuple[int | None, int | None, int | None, int | None] | None, line: int) -> _Span:
    if span is None or None in span:
        return line, 0, line, 1 << 30
    first, last, start, end = span
    return first or line, start or 0, last or line, end or 0


def _read_at(source: str, span: _Span, offset: int) -> tuple[list[str], str]:
    """Return the names that are read within `span`, in order, and the name that is called by all of it."""
    tree, _ = parsed(_body(source) if offset else source)
    if tree is None:
        return [], ""
    found, called = [], ""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name | ast.Call) or not _is_within(node, span):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.append((node.lineno, node.col_offset, node.id))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            is_all = (node.lineno, node.col_offset) == span[:2] and node.end_col_offset == span[3]
            called = node.func.id if is_all else called
    return [name for _, _, name in sorted(found)], called


def _body(source: str) -> str:
    """Return what stands below a cell magic."""
    return source.lstrip().partition("\n")[2]


def _is_within(node: ast.expr, span: _Span) -> bool:
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) >= span[:2] and end <= span[2:]


def _types(spots: Sequence[Spot], names: Mapping[str, object]) -> dict[str, str]:
    found = {}
    for name in {name for spot in spots for name in spot.names}:
        if name in names and not callable(names[name]):
            found[name] = type(names[name]).__name__
    return found


def _name_of(error: BaseException) -> str:
    """Return the name that an exception of Python's own says was missing."""
    if isinstance(error, NameError | AttributeError | ImportError):
        name = getattr(error, "name", None) if type(error).__module__ == "builtins" else None
        return name if isinstance(name, str) else ""
    if type(error) is KeyError and len(error.args) == 1 and type(error.args[0]) in (str, int):
        return str(error.args[0])
    return ""


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything; we never do
        return ""
