"""What was changed between two lists of lines, found in a time that repetition does not raise.

`difflib` takes time with the cube of the lines where few of them differ: 2,000
lines took it a minute. Here the time is that of the lines times the edits, and
more than `MOST_EDITS` are not looked for: what lies between the equal start and
the equal end then counts as replaced as a whole.

The way is the greedy one of E. W. Myers, "An O(ND) Difference Algorithm and Its
Variations", Algorithmica 1 (1986).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

MOST_EDITS = 500  #: lines taken out and put in; 20,000 lines with as many take half a second
CONTEXT = 3  #: lines shown around a change, as `diff -u` does


class Change(NamedTuple):
    """What became of `old[start:end]`: it is now `new[first:last]`; as `difflib` says it."""

    tag: Literal["equal", "replace", "delete", "insert"]
    start: int
    end: int
    first: int
    last: int


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """Return the changes that make `new` of `old`, in their order, all lines covered.

    Examples
    --------
    >>> [change.tag for change in changes(["a", "b", "c"], ["a", "x", "c"])]
    ['equal', 'replace', 'equal']
    """
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    ends = (len(old) - tail, len(new) - tail)
    kept = [(at, at) for at in range(head)]
    kept += [(head + x, head + y) for x, y in _kept(old[head : ends[0]], new[head : ends[1]])]
    kept += [(ends[0] + at, ends[1] + at) for at in range(tail)]
    return list(_changes(kept, len(old), len(new)))


def is_too_much(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether there are more edits than are looked for: then nobody knows what became of which line."""
    found = changes(old, new)
    edits = sum(change[2] - change[1] + change[4] - change[3] for change in found if change.tag != "equal")
    return edits > MOST_EDITS


def unified(old: Sequence[str], new: Sequence[str], name: str) -> Iterator[str]:
    """Yield the lines of a unified diff; none where nothing was changed."""
    is_first = True
    for group in _Known(changes(old, new)).get_grouped_opcodes(CONTEXT):
        if all(tag == "equal" for tag, *_ in group):
            continue
        if is_first:
            yield from (f"--- a/{name}", f"+++ b/{name}")
            is_first = False
        olds, news = _span(group[0][1], group[-1][2]), _span(group[0][3], group[-1][4])
        yield f"@@ -{olds} +{news} @@"
        for tag, start, end, first, last in group:
            yield from (f"{' ' if tag == 'equal' else '-'}{line}" for line in old[start:end])
            if tag != "equal":
                yield from (f"+{line}" for line in new[first:last])


class _Known(difflib.SequenceMatcher[str]):
    """Groups changes that were found already, as `difflib` groups its own."""

    def __init__(self, found: list[Change]) -> None:
        super().__init__(None, "", "")
        self._found = found

    def get_opcodes(self) -> list[Change]:  # type: ignore[override]  # a tuple of the same, with names
        return self._found


def _span(start: int, end: int) -> str:
    """Return lines as GNU diff writes them: from 1, and of none the one before."""
    count = end - start
    return f"{start + 1}" if count == 1 else f"{start + (count > 0)},{count}"


def _kept(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return which lines stay, as pairs of their places; none where there are too many edits."""
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, len(old) + len(new)) + 1):
        trail.append(dict(furthest))
        for way in range(-edits, edits + 1, 2):
            x = _step(furthest, way, edits)
            while x < len(old) and 0 <= x - way < len(new) and old[x] == new[x - way]:
                x += 1
            furthest[way] = x
            if x >= len(old) and x - way >= len(new):
                return _back(trail, len(old), len(new))
    return []


def _step(furthest: dict[int, int], way: int, edits: int) -> int:
    """Return how far `old` is read after one more edit that ends on the diagonal `way`."""
    is_put_in = way == -edits or (way != edits and furthest[way - 1] < furthest[way + 1])
    return furthest[way + 1] if is_put_in else furthest[way - 1] + 1


def _back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """Follow the trail back from the end."""
    kept: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        way = x - y
        begun = _step(trail[edits], way, edits) if edits else 0
        while x > begun:
            x, y = x - 1, y - 1
            kept.append((x, y))
        is_put_in = way == -edits or (way != edits and trail[edits][way - 1] < trail[edits][way + 1])
        x, y = (x, y - 1) if is_put_in else (x - 1, y)
    return kept[::-1]


def _changes(kept: list[tuple[int, int]], olds: int, news: int) -> Iterator[Change]:
    """Yield what lies between the lines that stay, and these in runs."""
    start = first = at = 0
    while start < olds or first < news:
        end, last = kept[at] if at < len(kept) else (olds, news)
        if end > start or last > first:
            tag: Literal["replace", "delete", "insert"] = (
                "replace" if end > start and last > first else "insert"
            )
            yield Change("delete" if last == first else tag, start, end, first, last)
            start, first = end, last
        run = at
        while run < len(kept) and kept[run] == (start, first):
            run, start, first = run + 1, start + 1, first + 1
        if run > at:
            yield Change("equal", end, start, last, first)
        at = run
