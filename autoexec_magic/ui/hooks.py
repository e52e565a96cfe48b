"""Something of ours in the place of something else, and that one back again.

What stood there is kept and put back as the very object it was. Where somebody
has replaced ours in between, theirs is left alone: it may call ours, which then
calls what it replaced.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One thing replaced: `name` is what people call it, `take_back` returns whether it could."""

    name: str
    take_back: Callable[[], bool]


def on_attribute(target: Any, attribute: str, ours: object, *, name: str) -> Hook:
    """Put `ours` in the place of a method, on this one object only."""
    had = attribute in vars(target)
    before = vars(target).get(attribute)
    setattr(target, attribute, ours)

    def take_back() -> bool:
        if vars(target).get(attribute) is not ours:
            return False
        if had:
            setattr(target, attribute, before)
        else:
            delattr(target, attribute)
        return True

    return Hook(name=name, take_back=take_back)


def on_key(table: MutableMapping[str, Any], key: str, ours: object, *, name: str) -> Hook:
    """Put `ours` in the place of an entry that is there."""
    before = table[key]
    table[key] = ours

    def take_back() -> bool:
        if table.get(key) is not ours:
            return False
        table[key] = before
        return True

    return Hook(name=name, take_back=take_back)
