"""What a line means, as values: steps of pipelines of commands of words.

`parse` makes them, `expand` turns the words into an argv, and whoever judges or
runs a line sees nothing else of it. What a shell would have to run is a
`Shell`, with the reason; it is never taken apart here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["", "&&", "||", ";"]
Direction: TypeAlias = Literal["<", ">", ">>"]


_SIGN = re.compile(r"[*?[]")  # begins a pattern


@dataclass(frozen=True, slots=True)
class Text:
    """Part of a word as it stands; where it is not quoted, `*`, `?` and `[…]` are a glob's."""

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """Part of a word that a variable's value takes the place of."""

    name: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word, of parts in their order; one part at least, but for `''`."""

    parts: tuple[Text | Variable, ...]

    def __str__(self) -> str:
        return "".join(map(_part, self.parts))

    @property
    def literal(self) -> str | None:
        """The word itself, where nothing in it is expanded; else None."""
        texts = []
        for part in self.parts:
            if isinstance(part, Variable) or (not part.is_quoted and _SIGN.search(part.text)):
                return None
            texts.append(part.text)
        return None if self.has_tilde else "".join(texts)

    @property
    def is_pattern(self) -> bool:
        """Whether files are to be looked for by it."""
        return any(
            isinstance(part, Text) and not part.is_quoted and _SIGN.search(part.text) for part in self.parts
        )

    @property
    def has_tilde(self) -> bool:
        """Whether it begins with the home folder."""
        first = self.parts[0] if self.parts else None
        return isinstance(first, Text) and not first.is_quoted and first.text.startswith("~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """A file in the place of a stream: 0 in, 1 out, 2 errors; or `stream` becomes what `same_as` is."""

    stream: Literal[0, 1, 2]
    direction: Direction = ">"
    target: Word | None = None
    same_as: Literal[1, 2] | None = None

    def __str__(self) -> str:
        if self.same_as is not None:
            return f"{self.stream}>&{self.same_as}"
        number = "" if self.stream == (0 if self.direction == "<" else 1) else str(self.stream)
        return f"{number}{self.direction} {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with its words, the variables set for it, and where its streams go.

    Without words the variables are set for what follows: for the words of later
    commands and, exported, for their programs, too.
    """

    words: tuple[Word, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    is_exported: bool = False

    def __str__(self) -> str:
        named = ["export"] if self.is_exported else []
        named += [f"{name}={value}" for name, value in self.assignments]
        return " ".join([*named, *map(str, self.words), *map(str, self.redirects)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Commands, each reading what the one before writes; one at least."""

    commands: tuple[Command, ...]
    is_negated: bool = False

    def __str__(self) -> str:
        return ("! " if self.is_negated else "") + " | ".join(map(str, self.commands))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A pipeline, and when it runs: always, if what came before passed, or if it failed."""

    pipeline: Pipeline
    operator: Operator = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What we can run without a shell: steps in their order, one at least."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        found = ""
        for step in self.steps:
            join = "; " if step.operator == ";" else f" {step.operator} " if step.operator else ""
            found += f"{join}{step.pipeline}"
        return found

    @property
    def commands(self) -> tuple[Command, ...]:
        """All commands, in the order in which they stand."""
        return tuple(command for step in self.steps for command in step.pipeline.commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What only a shell can run; `why` names what in it that is.

    Of its commands what can be seen is kept, for what is refused in any case:
    words, None where one is not plain, and files, with whether each is written.
    """

    text: str
    why: str
    pipelines: tuple[tuple[tuple[Word | None, ...], ...], ...] = field(default=(), compare=False, repr=False)
    files: tuple[tuple[Word, bool], ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return self.text


def _part(part: Text | Variable) -> str:
    if isinstance(part, Variable):
        return f'"${{{part.name}}}"' if part.is_quoted else f"${{{part.name}}}"
    return "'" + part.text.replace("'", "'\\''") + "'" if part.is_quoted else part.text
