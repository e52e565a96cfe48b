"""Layer 1: from a line to an argv, with no shell in between.

Only quoting and backslashes are understood. Whatever a shell would act on
(pipes, variables, globs, substitution) is not passed on as if it were a word:
the program would silently get something else than the user sees.
"""

from __future__ import annotations

import re
import shlex

from ...errors import PolicyRefused, UsageError

_SHELL_ACTS_ON = {
    "|": "a pipe",
    "&": "a background job or list",
    ";": "a list",
    "<": "a redirection",
    ">": "a redirection",
    "(": "a subshell",
    ")": "a subshell",
    "$": "a variable or substitution",
    "`": "a substitution",
    "*": "a glob",
    "?": "a glob",
    "[": "a glob",
    "{": "a brace expansion",
}
_AT_WORD_START = {"~": "a home directory", "#": "a comment", "!": "a negation"}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PLAIN = re.compile(r"[\w@%+=:,./ -]*", re.ASCII)


def split(line: str) -> tuple[str, ...]:
    r"""Return the words of `line`, length at least 1.

    Raises
    ------
    UsageError
        The line is empty.
    PolicyRefused
        It has control characters, an open quote, or syntax that needs a shell.

    Examples
    --------
    >>> split("git commit -m 'first cell'")
    ('git', 'commit', '-m', 'first cell')
    """
    if not line.strip():
        raise UsageError("there is no command", fix="%autoexec sh COMMAND [ARGUMENT …]")
    line = line.strip()
    if _CONTROL.search(line):
        raise PolicyRefused(
            f"refused: {line!r}",
            why="the line has a control character (a newline, a NUL …)",
            fix=_as_script(line),
        )
    found = _shell_syntax(line)
    if found:
        raise PolicyRefused(f"refused: {line}", why=f"it needs a shell: {found}", fix=_as_script(line))
    try:
        return tuple(shlex.split(line))
    except ValueError as error:
        raise PolicyRefused(f"refused: {line}", why=str(error), fix="close the quotation") from error


def _shell_syntax(line: str) -> str:
    """Return what in `line` a shell would act on, or ""."""
    if _PLAIN.fullmatch(line):
        return ""
    quote, escaped, at_start = "", False, True
    for character in line:
        meaning = "" if escaped else _meaning(character, quote, at_start=at_start)
        if meaning:
            return f"`{character}` is {meaning}"
        at_start = not quote and not escaped and character.isspace()
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
    return ""


def _meaning(character: str, quote: str, *, at_start: bool) -> str:
    if quote == "'":
        return ""
    if quote == '"':
        return _SHELL_ACTS_ON[character] if character in "$`" else ""
    if at_start and character in _AT_WORD_START:
        return _AT_WORD_START[character]
    return _SHELL_ACTS_ON.get(character, "")


def _as_script(line: str) -> str:
    return f"to run it in a shell: a cell `%%autoexec script --lang bash` with the line {line!r}"
