"""Which known name another one is spelt nearly like: something to tell a person, never a reason to decide."""

from __future__ import annotations

import re
from collections.abc import Iterable


def alike(name: str, known: Iterable[str]) -> str:
    """Return a known name that `name` could have been meant for, or "".

    It is one with other punctuation, or one letter away: left out, added,
    changed, or swapped with its neighbour (Damerau, 1964). That is something
    to tell a person, and never a reason to take the other one.

    Examples
    --------
    >>> alike("expres", ["express"]), alike("lo-dash", ["lodash"]), alike("koa", ["express"])
    ('express', 'lodash', '')
    """
    plain = re.sub(r"[-._]", "", name.lower())
    for other in known:
        if other != name and (re.sub(r"[-._]", "", other.lower()) == plain or _is_near(name, other)):
            return other
    return ""


def _is_near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, others = one[start:], other[start:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return others in (rest[1:], swapped) or others[1:] in (rest, rest[1:])
