"""A person's own answers to commands: allow, ask or refuse, by pattern.

A pattern is a command's words, each with `*`, `?` and `[…]` as in a glob: it
means exactly these words, or, where its last one is `*` alone, any that follow
as well. `allow` takes a question back, never a refusal, and names a program
where programs live unless it is written with its folder.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Sequence
from pathlib import Path

from ...errors import UsageError
from ...values import Answer, PolicyVerdict
from .program import is_where_programs_live
from .rules import Policy

_WILD = frozenset("*?[")
_AND_MORE = "*"


def words_of(pattern: str) -> tuple[str, ...]:
    """Return a pattern's words.

    Raises
    ------
    UsageError
        It is empty, its quotes do not end, or it does not name one program.
    """
    try:
        words = tuple(shlex.split(pattern))
    except ValueError as error:
        raise UsageError(f"{pattern!r} is no pattern of a command", why=str(error)) from error
    if not words or not words[0] or _WILD & set(words[0]):
        raise UsageError(
            f"{pattern!r} is no pattern of a command",
            why="its first word has to name one program",
            fix='"PROGRAM WORD …", with * for any word, and * at its end for all that follow',
        )
    return words


def judge_own(argv: Sequence[str], program: Path, policy: Policy) -> PolicyVerdict | None:
    """Return the answer that a person gave beforehand, or None; the strictest one counts.

    Parameters
    ----------
    argv : sequence of str, length at least 1
        The command.
    program : Path
        The file that argv[0] means.
    policy : Policy
        Whose `refuse`, `ask` and `allow` are looked through.
    """
    answers: tuple[tuple[Answer, tuple[str, ...]], ...] = (
        ("refuse", policy.refuse),
        ("ask", policy.ask),
        ("allow", policy.allow),
    )
    for answer, patterns in answers:
        for pattern in patterns:
            if _matches(words_of(pattern), argv, program, is_strict=answer == "allow"):
                return PolicyVerdict(
                    line=shlex.join(argv),
                    answer=answer,
                    layer=2,
                    rule=f"own {answer}: {pattern}",
                    why=f"the settings say {answer} to it",
                )
    return None


def _matches(words: Sequence[str], argv: Sequence[str], program: Path, *, is_strict: bool) -> bool:
    return _is_named(words[0], argv[0], program, is_strict=is_strict) and _follow(words[1:], argv[1:])


def _is_named(word: str, typed: str, program: Path, *, is_strict: bool) -> bool:
    """Whether `word` names the program: by its path, or by its name."""
    if "/" in word:
        return str(program) == word
    if is_strict and not is_where_programs_live(program):
        return False
    return word in (program.name, Path(typed).name)


def _follow(words: Sequence[str], given: Sequence[str]) -> bool:
    if words and words[-1] == _AND_MORE:
        words, given = words[:-1], given[: len(words) - 1]
    return len(words) == len(given) and all(map(fnmatch.fnmatchcase, given, words))
