"""Which cells become the app, and what of each is Python.

By tag: where any cell is tagged `app`, those and the `parameters` are kept;
else all but `skip`, `test`, and cells that only define tests. What is IPython's
own (`%magic`, `!command`, `name?`) is left out line by line, and the reason is
kept for whoever misses what it did.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .notebook import Cell

APP, SKIP, TEST, PARAMETERS = "app", "skip", "test", "parameters"
#: cell magics whose body runs as Python in the notebook's own names
_AROUND = frozenset(
    {"time", "capture", "prun", "debug", "autoexec", "memit", "lprun", "mprun", "pyinstrument"}
)
_CELL_MAGIC = re.compile(r"\s*%%(\w+|!)[ \t]*([^\n]*)(?:\n|\Z)")
_TIMED = re.compile(r"([ \t]*)%time[ \t]+(?!-)(\S.*)")
_OURS = re.compile(r"[ \t]*(?:%%?\w|!|\?{1,2}[ \t]*[\w.*%]|[,;/]\w)")
_ASSIGNED = re.compile(r"[ \t]*[\w.,()\[\]'\" \t*]+=[ \t]*(?:%\w|!)")
_ASKED = re.compile(r"[ \t]*%{0,2}[\w.*]+[ \t]*\?{1,2}[ \t]*;?[ \t]*")
_TOKEN = re.compile(
    r'("{3}|\'{3})|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*|([(\[{])|([)\]}])|\\.', re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What of a cell is not in the app: a line of it from 1, or 0 for all of it; `text` is that line."""

    cell: int
    line: int
    why: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A cell that is kept: `text` is Python with the same lines as its source, `tree` what it parses to."""

    cell: Cell
    text: str
    tree: ast.Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The cells that are kept, what is left out, and cells that are not Python, by their numbers."""

    kept: tuple[Kept, ...]
    left_out: tuple[LeftOut, ...]


class Unparsed(Exception):
    """A cell that is kept is no Python."""

    def __init__(self, cell: Cell, line: int, why: str) -> None:
        super().__init__(why)
        self.cell, self.line, self.why = cell, line, why


def choose(cells: Sequence[Cell]) -> Chosen:
    """Return which of a notebook's cells of code are kept.

    Raises
    ------
    Unparsed
        One that is kept does not parse.
    """
    is_by_tag = any(APP in cell.tags for cell in cells)
    kept: list[Kept] = []
    left_out: list[LeftOut] = []
    for cell in cells:
        why = _why_not(cell, is_by_tag=is_by_tag)
        text, lines = ("", []) if why else python_of(cell)
        if not why and text is None:
            why = _magic_of(cell.source)
        if why or text is None:
            left_out.append(LeftOut(cell=cell.number, line=0, why=why))
            continue
        tree = _tree(cell, text)
        if is_tests(tree) and not cell.tags & {APP, PARAMETERS}:
            left_out.append(LeftOut(cell=cell.number, line=0, why="it only defines tests"))
            continue
        left_out += lines
        kept.append(Kept(cell=cell, text=text, tree=tree))
    return Chosen(kept=tuple(kept), left_out=tuple(left_out))


def python_of(cell: Cell) -> tuple[str | None, list[LeftOut]]:
    r"""Return what of a cell is Python, line for line, and which lines are left out; None if nothing is.

    Examples
    --------
    >>> python_of(Cell(number=1, source="%%time\nx = 1\n!ls\nif x:\n    %cd ..")) [0]
    '\nx = 1\n\nif x:\n    pass'
    >>> python_of(Cell(number=1, source="%%bash\nls"))[0] is None
    True
    """
    source, left_out, gone = cell.source, [], 0
    while (match := _CELL_MAGIC.match(source)) is not None:
        if not _is_around(match[1], match[2]):
            return None, []
        words = source[: match.end()].strip()
        gone += source[: match.end()].count("\n")
        left_out.append(LeftOut(cell=cell.number, line=max(gone, 1), why=f"%%{match[1]}", text=words))
        source = source[match.end() :]
    if not _parses(source):
        source = textwrap.dedent(source)
    if not _parses(source):
        lines = []
        for number, (line, why) in enumerate(_plain_lines(source), gone + 1):
            lines.append(line)
            if why:
                text = cell.source.split("\n")[number - 1].strip()
                left_out.append(LeftOut(cell=cell.number, line=number, why=why, text=text))
        source = "\n".join(lines)
    return "\n" * gone + source, left_out


def is_tests(tree: ast.Module) -> bool:
    """Whether a cell does nothing but define tests, and import what they need."""
    own = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return bool(own) and all(
        (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"))
        or (isinstance(node, ast.ClassDef) and node.name.startswith("Test"))
        for node in own
    )


def _why_not(cell: Cell, *, is_by_tag: bool) -> str:
    """Return why a cell is left out, by its tags; "" if it is kept."""
    for tag in (SKIP, TEST):
        if tag in cell.tags:
            return f"it is tagged {tag}"
    if is_by_tag and not cell.tags & {APP, PARAMETERS}:
        return "it is not tagged app, and others are"
    return ""


def _magic_of(source: str) -> str:
    match = _CELL_MAGIC.match(source)
    return f"it is a cell of %%{match[1]}" if match else "it is no Python"


def _is_around(magic: str, words: str) -> bool:
    """Whether a cell magic's body runs as Python of the notebook's own: ours does where it has no verb."""
    if magic not in _AROUND:
        return False
    return magic != "autoexec" or (not words.strip() or words.lstrip().startswith("-"))


def _tree(cell: Cell, text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are shown where it runs
            return ast.parse(text)
    except SyntaxError as error:
        raise Unparsed(cell, error.lineno or 0, error.msg) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unparsed(cell, 0, " ".join(str(error).split())[:200] or type(error).__name__) from error


def _parses(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _plain_lines(source: str) -> Iterator[tuple[str, str]]:
    """Yield each line, and why it is left out; one that is indented leaves `pass` behind."""
    depth, quote, is_continued, is_magic = 0, "", False, ""
    for line in source.split("\n"):
        if is_magic and is_continued:  # a magic goes on after a backslash
            is_continued = line.endswith("\\")
            yield "", is_magic
            continue
        is_magic = ""
        if not depth and not quote and not is_continued:
            if timed := _TIMED.fullmatch(line):
                line = timed[1] + timed[2]
            elif is_magic := _why_ours(line):
                is_continued = line.endswith("\\")
                indent = line[: len(line) - len(line.lstrip())]
                yield (f"{indent}pass" if indent else ""), is_magic
                continue
        depth, quote = _after(line, depth, quote)
        is_continued = not quote and line.endswith("\\")
        yield line, ""


def _why_ours(line: str) -> str:
    """Return why a line is IPython's and not Python's, or ""."""
    if not (_OURS.match(line) or _ASSIGNED.match(line) or _ASKED.fullmatch(line)):
        return ""
    if "!" in line.partition("=")[2][:3] or line.lstrip().startswith("!"):
        return "a command"
    found = re.search(r"%\w+", line)
    return found.group() if found else "IPython's own"


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many brackets, and which triple quotes, are open after a line."""
    at = 0
    while True:
        if quote:
            end = re.compile(rf"(?:[^\\]|\\.)*?{quote}").match(line, at)
            if end is None:
                return depth, quote
            at, quote = end.end(), ""
        token = _TOKEN.search(line, at)
        if token is None:
            return max(depth, 0), ""
        at, quote = token.end(), token[1] or ""
        depth += bool(token[2]) - bool(token[3])
