"""What `.dockerignore` leaves out, by the rules of the engine's own reader.

The rules are those of https://docs.docker.com/build/concepts/context/#dockerignore-files
and of moby's patternmatcher: a line is a pattern, cleaned as a path; `#` begins a
comment in the first column only; `!` takes back; `**` is any number of folders; a
pattern that matches a folder matches all below it; the last line that matches wins.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: what it matches, and whether it takes back what others left out."""

    pattern: re.Pattern[str]
    is_back: bool
    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines of a `.dockerignore`, in their order."""

    rules: tuple[Rule, ...] = ()

    def leaves_out(self, path: str) -> bool:
        """Whether a file, by its path from the folder with /, is left out.

        Examples
        --------
        >>> rules = parse("logs" + chr(10) + "!logs/keep.txt")
        >>> [rules.leaves_out(path) for path in ("logs/a.txt", "logs/keep.txt")]
        [True, False]
        """
        above = list(_with_parents(path))
        is_out = False
        for rule in self.rules:
            if rule.is_back == is_out and any(rule.pattern.fullmatch(each) for each in above):
                is_out = not rule.is_back
        return is_out

    def prunes(self, folder: str) -> bool:
        """Whether nothing below a folder can be part of it, so that nobody has to look."""
        folder = folder.rstrip("/")
        return self.leaves_out(folder) and not any(rule.is_back for rule in self.rules)


def parse(text: str, where: str = ".dockerignore") -> Rules:
    """Return the rules that a file's text means.

    Raises
    ------
    UsageError
        A pattern is none, and its line.
    """
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if line.startswith("#"):
            continue
        words = line.strip()
        is_back = words.startswith("!")
        words = words[1:].strip() if is_back else words
        if not words:
            if is_back:
                raise UsageError(
                    f"{where}, line {number}: `!` alone matches nothing", fix="name what it takes back"
                )
            continue
        found.append(rule(words, is_back=is_back, where=f"{where}, line {number}"))
    return Rules(tuple(found))


def rule(words: str, *, is_back: bool = False, where: str = "a pattern") -> Rule:
    """Return the rule of one pattern.

    Raises
    ------
    UsageError
        It is none.
    """
    cleaned = posixpath.normpath(words.replace("//", "/"))
    cleaned = cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned
    try:
        return Rule(pattern=re.compile(_expression(cleaned), re.DOTALL), is_back=is_back, text=words)
    except (re.error, IndexError) as error:
        raise UsageError(
            f"{where}: {words!r} is no pattern", why=str(error), fix="close its [, or escape it with \\"
        ) from error


def of_patterns(include: Sequence[str], exclude: Sequence[str]) -> Rules:
    """Return the rules that settings mean: all but what is included, then without what is excluded."""
    found = []
    if include:
        found.append(rule("**"))
        found += [rule(each, is_back=True, where="include in [tool.autoexec.build]") for each in include]
    return Rules((*found, *(rule(each, where="exclude in [tool.autoexec.build]") for each in exclude)))


def _expression(pattern: str) -> str:
    """Return a pattern as a regular expression that has to match the whole path."""
    parts, at = [], 0
    while at < len(pattern):
        sign = pattern[at]
        if pattern.startswith("**", at):
            at += 2
            if pattern.startswith("/", at):
                at += 1
            parts.append(".*" if at >= len(pattern) else "(?:.*/)?")
            continue
        if sign == "*":
            parts.append("[^/]*")
        elif sign == "?":
            parts.append("[^/]")
        elif sign == "\\":
            at += 1
            parts.append(re.escape(pattern[at]))
        elif sign == "[":
            end = pattern.index("]", at + 2) if "]" in pattern[at + 2 :] else -1
            if end < 0:
                raise IndexError("its [ is not closed")
            inside = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[{inside}]")
            at = end
        else:
            parts.append(re.escape(sign))
        at += 1
    return "".join(parts)


def _with_parents(path: str) -> list[str]:
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
