"""Which module a library means when it says that an optional part of it is missing.

A table of what real libraries say (`extras.toml`): the sentence is recognised,
and the row names the module. Nothing in the text of a message is ever taken
for a name: a sentence with a name that no row has means nothing. And it counts
only from the library itself: one of its own frames must be below the user's.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

_MOST_CHARS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What is missing: `library` lacks `modules`; `calls` of it fail so before they do anything."""

    library: str
    modules: tuple[str, ...]
    calls: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A row: `text` anywhere in a message of `library` means that `modules` are missing."""

    library: str
    text: str
    pattern: re.Pattern[str]
    modules: tuple[str, ...]


@functools.cache
def table() -> Mapping[str, tuple[Said, ...]]:
    """Return the rows of each library, whole sentences first; read once, at first use."""
    return MappingProxyType({library: tuple(_rows(library, part)) for library, part in _content().items()})


def named(error: BaseException) -> Extra | None:
    """Return what `error` says is missing, or None.

    Examples
    --------
    Whoever has read the sentence somewhere is not the library:

    >>> named(ImportError("Missing optional dependency 'openpyxl'.")) is None
    True
    """
    message = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    rows = table()
    spoken = [library for library in _libraries(error.__traceback__) if library in rows] if message else []
    message = message[:_MOST_CHARS]
    for library in reversed(spoken):  # the innermost knows best
        for said in rows[library]:
            if said.pattern.search(message):
                calls = frozenset[str]().union(*(_calls(each) for each in spoken))
                return Extra(library=library, modules=said.modules, calls=calls)
    return None


def _libraries(trace: TracebackType | None) -> list[str]:
    """Return the top-level packages whose code was running, outermost first, but for the first frame's."""
    found: dict[str, None] = {}
    trace = trace.tb_next if trace is not None else None
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__")
        found[name.partition(".")[0] if isinstance(name, str) else ""] = None
        trace = trace.tb_next
    return list(found)


@functools.cache
def _content() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("extras.toml").read_text("utf-8"))


@functools.cache
def _calls(library: str) -> Collection[str]:
    return frozenset(_content()[library]["calls"].split())


def _rows(library: str, part: Mapping[str, Any]) -> list[Said]:
    whole = [(text, modules) for text, modules in part.get("says", {}).items()]
    formed = [
        (form.format(name), module)
        for form in part.get("forms", ())
        for name, module in part["names"].items()
    ]
    plain = [
        (f"No module named '{module}{end}", module) for module in part["plain"].split() for end in ("'", ".")
    ]
    return [
        Said(library=library, text=text, pattern=_pattern(text), modules=tuple(modules.split()))
        for text, modules in (*whole, *formed, *plain)
    ]


def _pattern(text: str) -> re.Pattern[str]:
    """Return what finds a sentence; one that ends in a name does not end within a longer name."""
    start = r"(?<![\w-])" if text[0].isalnum() else ""
    end = r"(?![\w-])" if text[-1].isalnum() else ""
    return re.compile(start + re.escape(text) + end)
