"""One import statement, read without a parser where it has the plain form, and with one where it has not."""

from __future__ import annotations

import ast
import re
import warnings

from .scan import Needed

MOST_LINES = 400  # of one import statement; a longer one is parsed with the rest of its file
_NAME = r"[A-Za-z_]\w*(?:[ \t]+as[ \t]+[A-Za-z_]\w*)?"
_DOTTED = r"[A-Za-z_][\w.]*(?:[ \t]+as[ \t]+[A-Za-z_]\w*)?"
_END = r"[ \t]*(?=\n|#|$)"
# group 1, 2: a `from`; 3: an `import`; none of them: a relative one.
PLAIN = re.compile(
    r"from[ \t]+([A-Za-z_][\w.]*)[ \t]+import[ \t]*"
    rf"(?:(?<=[ \t])({_NAME}(?:[ \t]*,[ \t]*{_NAME})*|\*)|\(([\w\s,]*)\)){_END}"
    rf"|import[ \t]+({_DOTTED}(?:[ \t]*,[ \t]*{_DOTTED})*){_END}"
    rf"|from[ \t]*\.[\w. \t]*import[ \t]*(?:[\w \t,]+|\*|\([\w\s,]*\)){_END}",
    re.ASCII,
)


class Unsure(Exception):
    """No rule of this module holds: the whole has to be parsed."""


def plain(match: re.Match[str], line: int, *, required: bool) -> list[Needed]:
    """Return the imports of a statement that has the plain form."""
    module, names, bracketed, modules = match.groups()
    if modules:
        return [Needed(line, name.split(None, 1)[0], (), required) for name in modules.split(",")]
    if not module:
        return []
    taken = names or bracketed
    alone = taken.replace(",", " ").split()
    if "as" in alone:
        alone = [name.split()[0] for name in taken.split(",") if name.strip()]
    return [Needed(line, module, tuple(alone), required)]


def logical(text: str, begin: int) -> tuple[int, ast.Module]:
    """Return where the logical line at `begin` ends, and its tree."""
    end = begin
    for _ in range(MOST_LINES):
        end = text.find("\n", end)
        end = len(text) if end < 0 else end
        line = text[text.rfind("\n", begin, end) + 1 : end] if end > begin else ""
        piece = text[begin:end]
        if not piece.endswith("\\") and ("(" not in piece or ")" in line):
            try:
                return end, parsed(piece)
            except SyntaxError:
                if "(" not in piece:
                    raise
        if end == len(text):
            break
        end += 1
    raise Unsure


def parsed(piece: str) -> ast.Module:
    """Return the tree of a piece of a source, without a warning about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(piece)
