"""What bash makes of an inner line, and we could only guess: `bash -c '…'` is expanded by bash, not by us.

A typed line runs as it was judged, because we expand it. An inner line is read
twice, so whatever bash could read in another way is a question: patterns,
variables that the shell sets itself, builtins that take code, and a `cd` or an
assignment that may not happen.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .expand import fields
from .paths import Roots, real_of
from .secrets import holds_secrets
from .tree import Command, Step, Variable, Word

_SET_BY_SHELL = re.compile(
    r"""_|OLDPWD|S?RANDOM|SECONDS|EPOCH\w+|BASH\w*|DIRSTACK|LINENO|FUNCNAME|PPID|SHELL\w*|SHLVL|E?UID|GROUPS
      |HOST\w*|MACHTYPE|OSTYPE|PIPESTATUS|REPLY|OPT\w+|COMP_\w+|COPROC|HIST\w*|IFS|PS\d|MAPFILE|READLINE_\w+""",
    re.VERBOSE | re.ASCII,
)
_ONLY_TELL = frozenset("echo printf ls cat pwd date true test [ head tail wc grep which".split())  # noqa: SIM905


def doubts(
    command: Command, argv: Sequence[str], variables: Mapping[str, str], cwd: Path, roots: Roots
) -> Iterator[tuple[str, str]]:
    """Yield the rule and the reason for all in a command that bash may read in another way."""
    targets = [redirect.target for redirect in command.redirects if redirect.target is not None]
    values = [value for _, value in command.assignments]
    for word in (*command.words, *targets, *values):
        for part in word.parts:
            if isinstance(part, Variable) and _is_other(part.name, variables, cwd):
                yield "variable-of-the-shell", f"the shell itself sets {part.name} in the inner line"
    tested = command.words[1:] if argv[:1] == ("[",) else command.words
    for word in (*tested, *targets):
        yield from _patterns(word, variables, cwd, roots)
    name, *rest = argv or ("",)
    if (name == "printf" and any(one.startswith("-v") for one in rest)) or (
        name in ("test", "[") and {"-v", "-R"} & set(rest)
    ):
        yield "builtin-computes", f"{name} is built into the shell, and would set or compute a variable"


class Standing:
    """Whether `cd` and assignments so far have happened for certain, step by step."""

    def __init__(self) -> None:
        self._is_lost = False
        self._hangs = False  # it has happened where what follows is joined by `&&`
        self._ran = False

    def enter(self, step: Step) -> bool:
        """Return whether it is certain where a step will stand and what its variables are."""
        self._is_lost = self._is_lost or (self._hangs and step.operator != "&&")
        return not self._is_lost

    def leave(self, step: Step, argvs: Sequence[Sequence[str]], cwd: Path, known: Mapping[str, str]) -> None:
        """Take in what a step does; `cwd` and `known` are what held before it."""
        moves = [argv for argv in argvs if argv[:1] == ("cd",)]
        if not moves and all(argvs):
            self._ran = self._ran or any(argv[0] not in _ONLY_TELL for argv in argvs)
            return
        first = step.pipeline.commands[0]
        is_hidden = bool(moves) and first.words[:1] != () and first.words[0].literal != "cd"
        is_option = any(word[:1] == "-" for argv in moves for word in argv[1:])
        if len(argvs) > 1 or step.operator == "||" or is_hidden or is_option:
            self._is_lost = True
        elif moves:
            is_odd = step.pipeline.is_negated or len(moves[0]) > 2 or "CDPATH" in known
            self._is_lost = self._is_lost or is_odd
            there = cwd / (moves[0][1] if len(moves[0]) > 1 else known.get("HOME", ""))
            is_sure = there.is_dir() and os.access(there, os.X_OK) and not self._ran
            self._hangs = self._hangs or step.operator == "&&" or not is_sure
        else:
            self._hangs = self._hangs or step.operator == "&&"


def _is_other(name: str, variables: Mapping[str, str], cwd: Path) -> bool:
    if name == "PWD":
        return variables.get("PWD") != str(cwd)
    return _SET_BY_SHELL.fullmatch(name) is not None


def _patterns(word: Word, variables: Mapping[str, str], cwd: Path, roots: Roots) -> Iterator[tuple[str, str]]:
    for field in fields(word, variables, splits=True):
        before = ""
        for text, is_quoted in field:
            if is_quoted:
                before += text
                continue
            if "[" in text or "\\" in text:
                yield "pattern-of-the-shell", f"{word} has a pattern that a shell reads in its own way"
            sign = re.search(r"[*?]", text)
            if sign is not None:
                folder = posixpath.dirname(before + text[: sign.start()]) or "."
                held = holds_secrets(real_of(folder, cwd, roots), roots.secret)
                if held:
                    yield "pattern-of-the-shell", f"{word} could find {held}"
                break
            before += text
