"""Layer 1: from a line to an argv, with no shell in between.

Only quoting and backslashes are understood. Whatever a shell would act on
(pipes, variables, globs, substitution) is not passed on as if it were a word:
the program would silently get something else than the user sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_IN_DOUBLE_QUOTES = {"$": "a variable or substitution", "`": "a substitution"}
_OF_THE_SHELL = frozenset(
    (
        *(".", "alias", "bg", "builtin", "cd", "command", "declare", "eval", "exec", "exit", "export", "fg"),
        *("hash", "history", "jobs", "let", "local", "popd", "pushd", "read", "readonly", "set", "shift"),
        *("shopt", "source", "trap", "type", "ulimit", "umask", "unalias", "unset", "wait"),
    )
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PLAIN = re.compile(r"[\w@%+=:,./ -]*", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)


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
    if _ASSIGNMENT.match(line):
        raise _needs_shell(line, "it begins with a variable")
    words = tuple(line.split()) if _PLAIN.fullmatch(line) else _words(line)
    if words[0] in _OF_THE_SHELL:
        raise _needs_shell(line, f"`{words[0]}` is the shell's own, and would change nothing here")
    return words


def _words(line: str) -> tuple[str, ...]:
    """Return the words as a POSIX shell quotes them (IEEE 1003.1, section 2.2)."""
    words: list[str] = []
    word: list[str] | None = None
    quote = before = ""
    characters = iter(line)
    for character in characters:
        meaning = _meaning(character, quote, before if word else "")
        if meaning:
            raise _needs_shell(line, f"`{character}` is {meaning}")
        before = character
        if character == "\\" and quote != "'":
            word = [*(word or []), _escaped(characters, quote, line)]
            before = "\\"
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote, word = character, word or []
        elif not quote and character in " \t":
            words += ["".join(word)] if word is not None else []
            word = None
        else:
            word = [*(word or []), character]
    if quote:
        raise PolicyRefused(f"refused: {line}", why="No closing quotation", fix="close the quotation")
    return (*words, "".join(word)) if word is not None else tuple(words)


def _escaped(characters: Iterator[str], quote: str, line: str) -> str:
    """Return what a backslash and the character after it stand for."""
    following = next(characters, None)
    if following is None:
        why = "No closing quotation" if quote else "No escaped character"
        raise PolicyRefused(f"refused: {line}", why=why, fix="close the quotation")
    return following if not quote or following in '$`"\\' else f"\\{following}"


def _meaning(character: str, quote: str, before: str) -> str:
    """Return what a shell would do with `character`; `before` is "" at a word's beginning."""
    if quote == "'":
        return ""
    if quote == '"':
        return _IN_DOUBLE_QUOTES.get(character, "")
    if character in _AT_WORD_START and not before:
        return _AT_WORD_START[character]
    if character == "~" and before in "=:":
        return _AT_WORD_START["~"]
    return _SHELL_ACTS_ON.get(character, "")


def _needs_shell(line: str, found: str) -> PolicyRefused:
    return PolicyRefused(f"refused: {line}", why=f"it needs a shell: {found}", fix=_as_script(line))


def _as_script(line: str) -> str:
    return f"to run it in a shell: a cell `%%autoexec script --lang bash` with the line {line!r}"
