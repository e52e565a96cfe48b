"""What Python says of code that it cannot read."""

from __future__ import annotations

import re

from ..rows import Entry, by_message, likely, on_line, says
from ..telling import syntax_line
from .databases import SQL_SYNTAX


def _syntax(fix: str) -> Entry:
    return says("syntax", fix, tell=syntax_line)


_AWAIT = says(
    "await-outside-async", "move it into an async def, and run that with asyncio.run()", tell=syntax_line
)
# Only likely: nobody knows which Python said so, and one that has the statement finds faults in it, too.
_NEWER = likely("version-too-old", "run it with a newer Python, or correct that line")
_TYPE_PARAMETERS = re.compile(r"\s*(?:async\s+)?(?:def|class)\s+\w+\[")  # PEP 695, Python 3.12
_NEW_STATEMENT = re.compile(r"\s*(?:type\s+\w+(?:\[.*\])?\s*=|match\s+[^=:]+:\s*(?:#.*)?$|except\s*\*)")
_INVALID = on_line(
    _TYPE_PARAMETERS,
    _NEWER,
    otherwise=on_line(
        _NEW_STATEMENT,
        _NEWER,
        otherwise=_syntax("correct that line, or the end of the line before it"),
    ),
)
SYNTAX_ERROR = by_message(
    ("asynchronous comprehension outside", _AWAIT),
    (
        "expected '('",
        on_line(_TYPE_PARAMETERS, _NEWER, otherwise=_syntax("put the parentheses behind that name")),
    ),
    ("was never closed", _syntax("close the bracket that the line opens")),
    ("unterminated triple-quoted", _syntax("close the three quotes that the line opens")),
    ("unterminated", _syntax("close the quote that the line opens")),
    ("EOL while scanning", _syntax("close the quote that the line opens")),
    ("Did you mean print(", _syntax("call print with parentheses: print(...)")),
    ("Missing parentheses in call to", _syntax("call it with parentheses")),
    ("expected ':'", _syntax("put a colon at the end of that line")),
    ("forgot a comma", _syntax("put a comma between the two values on that line")),
    ("Maybe you meant '=='", _syntax("compare with == (a single = assigns)")),
    ("cannot assign to", _syntax("put a name to assign to left of the =")),
    ("'await' outside", _AWAIT),
    ("'async with' outside", _AWAIT),
    ("'async for' outside", _AWAIT),
    ("'return' outside", _syntax("take the return out, or indent it into a function")),
    ("'yield' outside", _syntax("move the yield into a function")),
    ("outside loop", _syntax("take the break out, or indent it into a loop")),
    ("not properly in loop", _syntax("take the continue out, or indent it into a loop")),
    ("invalid character", _syntax("type that character again: plain quotes, a plain minus")),
    ("invalid non-printable", _syntax("delete the character that does not show, and type the space again")),
    ("unmatched", _syntax("take that bracket away, or open it before")),
    ("does not match opening", _syntax("close with the bracket that was opened")),
    ("leading zeros", _syntax("write that number without its leading zeros, or as a text")),
    ("invalid decimal literal", _syntax("begin names with a letter, and put a space after the number")),
    ("positional argument follows", _syntax("put the arguments without a name first")),
    ("keyword argument repeated", _syntax("pass that argument once")),
    ("expected 'except' or 'finally'", _syntax("put an except or a finally after the try block")),
    ("f-string", _syntax("correct what stands in the braces of the f-string")),
    ("null bytes", _syntax("save that file as UTF-8 text: it holds zero bytes")),
    ("(unicode error)", _syntax("put an r before the quote, or double each backslash")),
    ("unexpected character after line continuation", _syntax("take away what follows the backslash")),
    ("Non-UTF-8 code", _syntax("save that file as UTF-8")),
    ("unexpected EOF", _syntax("close what is open at the end: a bracket, a quote, a block")),
    ("used prior to global", _syntax("put the global line first in the function")),
    (" at or near ", SQL_SYNTAX),  # PostgreSQL's error has the same name
    otherwise=_INVALID,
)
ROWS: dict[str, Entry] = {
    "SyntaxError": SYNTAX_ERROR,
    "IndentationError": by_message(
        ("expected an indented block", says("indentation", "indent that line by four spaces")),
        ("unexpected indent", says("indentation", "take the spaces off the start of that line")),
        otherwise=says("indentation", "line that line up with the block it belongs to"),
    ),
    "TabError": says("indentation", "indent with spaces only, four a level"),
}
