"""What is kept of a suite, a case or a text while the tags of a document come."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeVar

from ..cases import CaseVerdict, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite as it says of itself; `path` are the names of those around it and its own."""

    path: tuple[str, ...]
    seconds: float | None = None
    timestamp: str = ""
    hostname: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    stdout: str = ""
    stderr: str = ""


class Text:
    """An element whose text is kept, with the elements inside it."""

    __slots__ = ("attributes", "depth", "name", "parts", "stderr", "stdout", "trace")

    def __init__(self, name: str, attributes: dict[str, str], depth: int) -> None:
        self.name, self.attributes, self.depth = name, attributes, depth
        self.parts: list[str] = []
        self.stdout = self.stderr = self.trace = ""


class Begun:
    """A case or a suite that was begun."""

    __slots__ = (
        "attributes",
        "is_todo",
        "place",
        "problems",
        "properties",
        "reason",
        "stderr",
        "stdout",
        "verdict",
    )

    def __init__(self, attributes: dict[str, str]) -> None:
        self.attributes = attributes
        # Made when something comes: most have one problem, and no more.
        self.problems: list[Problem] | tuple[()] = ()
        self.properties: list[tuple[str, str]] | tuple[()] = ()
        self.stdout: list[str] | tuple[()] = ()
        self.stderr: list[str] | tuple[()] = ()
        self.verdict: CaseVerdict | None = None
        self.is_todo = False
        self.reason = self.place = ""


def with_one(items: list[T] | tuple[()], item: T) -> list[T]:
    """Return the same list with one more, or one of its own."""
    if not isinstance(items, list):
        return [item]
    items.append(item)
    return items


@functools.lru_cache(maxsize=4096)
def shared(text: str) -> str:
    """Return the text that is equal and was there before: a class has many cases."""
    return text


def keep_inside(outer: Text, name: str, said: str) -> None:
    """Keep what stands inside a problem: Surefire's own stack trace and output of one attempt."""
    if name == "stackTrace":
        outer.trace += said
    elif name == "system-out":
        outer.stdout += said
    else:
        outer.stderr += said
