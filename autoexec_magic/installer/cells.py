"""The Python in a notebook: its cells as a parser can read them, line for line.

What only IPython understands (`%magic`, `!command`, `name?`) becomes a call of
`get_ipython`, which it is, so that every import stays on its line. A cell in
another language (`%%bash`, `%%html`) is none of ours. Pure, and without IPython.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Cell magics whose body is Python that runs in the kernel:
# https://ipython.readthedocs.io/en/stable/interactive/magics.html#cell-magics
PYTHON_MAGICS = frozenset(
    (
        *("time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "scalene", "debug", "heat"),
        *("snakeviz", "pyinstrument", "python_here", "autoexec"),
    )
)
_OURS = frozenset({"script", "test"})  # verbs of %%autoexec whose cell is Python by default

_CELL_MAGIC = re.compile(r"\s*%%(\w+)[ \t]*(.*)")
_MAGIC = re.compile(r"([ \t]*)(?:%(?:time|timeit)[ \t]+(?!-)(.+)|[%!?].*|[,;/]\w.*)$")
_ASSIGNED = re.compile(r"([ \t]*[\w.,\[\]'\" \t()*]+=[ \t]*)(?:!|%\w).*$")
_ASKED = re.compile(r"([ \t]*)[\w.*]+\?{1,2}[ \t]*$")
_TOKEN = re.compile(
    r'("{3}|\'{3})|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*|([(\[{])|([)\]}])|\\.', re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A code cell that is Python; `number` counts all cells of the notebook from 1."""

    number: int
    source: str


def cells(text: str) -> Iterator[Cell]:
    """Yield the Python cells of a notebook, each as a parser can read it.

    Parameters
    ----------
    text : str
        The file's content: nbformat 4, or 3 with its worksheets.

    Raises
    ------
    ValueError
        It is no notebook.
    """
    notebook = json.loads(text)
    if not isinstance(notebook, dict) or not _is_python(notebook.get("metadata")):
        if not isinstance(notebook, dict):
            raise ValueError("no notebook: no object")
        return
    found = notebook.get("cells")
    if found is None:
        sheets = notebook.get("worksheets") or []
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
    if not isinstance(found, list):
        raise ValueError("no notebook: its cells are no list")
    for number, cell in enumerate(found, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        lines = cell.get("source", cell.get("input", ""))
        source = "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
        python = python_of(source)
        if python is not None:
            yield Cell(number=number, source=python)


def python_of(source: str) -> str | None:
    r"""Return a cell as Python with the same lines, or None if it is another language.

    Examples
    --------
    >>> python_of("%pip install x\nimport x")
    'get_ipython()\nimport x'
    >>> python_of("%%time\nimport x")
    '\nimport x'
    >>> python_of("%%bash\nls") is None
    True
    """
    head = len(source) - len(source.lstrip())
    match = _CELL_MAGIC.match(source)
    if match is not None:
        words = match.group(2).split()
        verb = words[0] if words and not words[0].startswith("-") else ""
        if match.group(1) not in PYTHON_MAGICS:
            return None
        if match.group(1) == "autoexec" and ((verb and verb not in _OURS) or "--lang" in match.group(2)):
            return None
        end = source.find("\n", head)
        source = source[:head] + (source[end:] if end >= 0 else "")
    if not any(sign in source for sign in "%!?,;/"):
        return source
    return "".join(_plain_lines(source))


def _plain_lines(source: str) -> Iterator[str]:
    """Yield the lines; those that begin a statement and are IPython's own replaced."""
    depth, quote, continued = 0, "", False
    is_magic = False
    for line in source.splitlines(keepends=True):
        body = line.rstrip("\r\n")
        ends = line[len(body) :]
        if is_magic and continued:  # a magic goes on after a backslash
            continued = body.endswith("\\")
            yield ends
            continue
        is_magic = False
        if not depth and not quote and not continued:
            plain = _replaced(body)
            if plain is not None:
                is_magic, continued = True, body.endswith("\\")
                yield plain + ends
                continue
        depth, quote = _after(body, depth, quote)
        continued = not quote and body.endswith("\\")
        yield line


def _replaced(line: str) -> str | None:
    """Return what stands for a line of IPython's own, or None if it is Python."""
    match = _MAGIC.match(line)
    if match is not None:
        return f"{match.group(1)}{match.group(2) or 'get_ipython()'}"
    match = _ASSIGNED.match(line)
    if match is not None:
        return f"{match.group(1)}get_ipython()"
    match = _ASKED.match(line)
    return f"{match.group(1)}get_ipython()" if match is not None else None


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many brackets, and which triple quotes, are open after a line."""
    at = 0
    while True:
        if quote:
            end = _end_of(line, quote, at)
            if end < 0:
                return depth, quote
            at, quote = end, ""
        match = _TOKEN.search(line, at)
        if match is None:
            return max(depth, 0), ""
        at = match.end()
        quote = match.group(1) or ""
        depth += bool(match.group(2)) - bool(match.group(3))


def _end_of(line: str, quote: str, at: int) -> int:
    """Return where a string in triple quotes ends on this line, or -1."""
    match = re.compile(rf"(?:[^\\]|\\.)*?{quote}").match(line, at)
    return match.end() if match is not None else -1


def _is_python(metadata: object) -> bool:
    """Whether a notebook says that it is Python's, or says nothing."""
    if not isinstance(metadata, dict):
        return True
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(key)
        if isinstance(about, dict) and about.get(name):
            return str(about[name]).lower() in ("python", "python3", "ipython")
    return True
