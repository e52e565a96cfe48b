"""Which of the names that are there was meant by one that is not.

Near is what differs by case or by how words are joined, or by one or two
letters that are wrong, missing, too many or changed over. One candidate is
*clearly* near when no other one is as near.
"""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 3000  # names that are looked at
_LONGEST = 60  # characters of a name that are compared
_SHORTEST = 3  # characters below which every name is near to every other


def nearest(name: str, names: Iterable[str], *, limit: int = 3) -> tuple[tuple[str, ...], bool]:
    """Return the names nearest to `name`, and whether the first one is clearly meant.

    Parameters
    ----------
    name : str
        What was written.
    names : iterable of str
        What is there; the first few thousand are looked at.
    limit : int, default 3
        How many are returned.

    Examples
    --------
    >>> nearest("prise", ["price", "amount"])
    (('price',), True)
    >>> nearest("ab", ["ac", "ad"])
    ((), False)
    """
    if not name or len(name) > _LONGEST:
        return (), False
    allowed = 0 if len(name) < _SHORTEST else 1 if len(name) < 6 else 2
    plain, found = _plain(name), []
    for number, other in enumerate(names):
        if number >= _MOST:
            break
        if other == name or not other or len(other) > _LONGEST:
            continue
        distance = 0 if _plain(other) == plain else _distance(name.lower(), other.lower(), allowed)
        if distance <= allowed:
            found.append((distance, number, other))
    found.sort()
    is_clear = len(found) == 1 or (len(found) > 1 and found[0][0] < found[1][0])
    return tuple(dict.fromkeys(other for _, _, other in found[:limit])), is_clear


def _plain(name: str) -> str:
    """Return `name` without what is written now so, now so: case, and what joins words."""
    return "".join(filter(str.isalnum, name)).lower() or name


def _distance(one: str, other: str, allowed: int) -> int:
    """Return how many letters differ (optimal string alignment), or more than `allowed`."""
    if abs(len(one) - len(other)) > allowed:
        return allowed + 1
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != against))
            if row > 1 < column and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) > allowed:
            return allowed + 1
        before, above = above, line
    return above[-1]
