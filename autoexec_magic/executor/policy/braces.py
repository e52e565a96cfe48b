"""`a{b,c}` and `{1..3}`: one word that stands for several, whatever files there are.

As bash does it before anything else (its manual, 3.5.1): from the left, the
innermost alternatives with the rest of the word after them; braces without a
comma or a range stay as they are, and so does what is quoted.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from .tree import Text, Variable

MOST_WORDS = 10_000
Item = tuple[str, bool] | Variable  #: one character, or "" for empty quotes, and whether it is quoted
_RANGE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?", re.ASCII)


class Unclear(Exception):
    """Bash may read the braces in another way than we do."""


class TooMany(Exception):
    """A word stands for more than `MOST_WORDS`."""


def expanded(parts: Sequence[Text | Variable]) -> list[list[Text | Variable]]:
    """Return the parts of each word that the parts of one stand for.

    Raises
    ------
    TooMany
        There are more than `MOST_WORDS`.
    Unclear
        Its braces could be read in two ways.

    Examples
    --------
    >>> ["".join(part.text for part in word) for word in expanded([Text("a{b,c}{1..2}")])]
    ['ab1', 'ab2', 'ac1', 'ac2']
    """
    items: list[Item] = []
    for part in parts:
        if isinstance(part, Variable):
            items.append(part)
        else:
            items += [(one, part.is_quoted) for one in part.text] or [("", part.is_quoted)]
    found = []
    for word in _words(items, 0):
        if word != items and any(map(_joins, word, word[1:])):
            raise Unclear
        found.append(_parts(word))
        if len(found) > MOST_WORDS:
            raise TooMany
    return found


def _joins(one: Item, following: Item) -> bool:
    """Whether `$` or a name would run into what follows: bash puts text together, and reads it then."""
    is_name = isinstance(one, Variable) and not one.is_quoted
    is_open = isinstance(following, tuple) and not following[1]
    return one == ("$", True) or (is_open and is_name)


def _words(items: list[Item], start: int) -> Iterator[list[Item]]:
    """Yield the words, in bash's order; braces before `start` are known to be none."""
    for at in range(start, len(items)):
        if items[at] != ("{", False):
            continue
        end, commas = _closed(items, at)
        if end < 0:
            continue
        before, inside, after = items[:at], items[at + 1 : end], items[end + 1 :]
        if commas:
            places = [at, *commas, end]
            chosen = [items[a + 1 : b] for a, b in itertools.pairwise(places)]
            middles: Iterator[list[Item]] = (word for each in chosen for word in _words(each, 0))
        elif (numbers := _range(inside)) is not None:
            middles = iter(numbers)
        elif _is_odd(inside, after):
            raise Unclear  # bash looks for a later end then, by rules that nobody has written down
        else:
            continue
        for middle in middles:
            yield from (before + middle + rest for rest in _words(after, 0))
        return
    yield items


def _is_odd(inside: list[Item], after: list[Item]) -> bool:
    marks = any(isinstance(item, tuple) and item[0] in (",", ".") for item in after)
    later = ("}", False) in after and marks
    is_plain = all(isinstance(item, tuple) and not item[1] and item[0] != "{" for item in inside)
    return later or ((".", False) in inside and not is_plain)


def _closed(items: list[Item], at: int) -> tuple[int, list[int]]:
    """Return where the brace at `at` closes, -1 if it does not, and the commas between that are its own."""
    depth = 0
    commas: list[int] = []
    for place in range(at, len(items)):
        if items[place] == ("{", False):
            depth += 1
        elif items[place] == ("}", False):
            depth -= 1
            if depth == 0:
                return place, commas
        elif items[place] == (",", False) and depth == 1:
            commas.append(place)
    return -1, []


def _range(items: list[Item]) -> list[list[Item]] | None:
    text = "".join(item[0] if isinstance(item, tuple) and not item[1] else "\0" for item in items)
    match = _RANGE.fullmatch(text)
    if match is None or match[1].lstrip("-").isdigit() != match[2].lstrip("-").isdigit():
        return None
    if not match[1].lstrip("-").isdigit():
        first, last = ord(match[1]), ord(match[2])
        if first // 32 != last // 32:
            return None  # what lies between `Z` and `a` needs care: a shell's own
        words = [chr(code) for code in _steps(first, last, match[3])]
    else:
        first, last = int(match[1]), int(match[2])
        is_padded = any(re.match(r"-?0\d", end) for end in (match[1], match[2]))
        width = max(len(match[1]), len(match[2])) if is_padded else 0
        words = [f"{number:0{width}d}" for number in _steps(first, last, match[3])]
    return [[(one, True) for one in word] for word in words]


def _steps(first: int, last: int, step: str | None) -> range:
    size = abs(int(step or "1")) or 1
    found = range(first, last + 1, size) if first <= last else range(first, last - 1, -size)
    if len(found) > MOST_WORDS:
        raise TooMany
    return found


def _parts(items: list[Item]) -> list[Text | Variable]:
    parts: list[Text | Variable] = []
    for item in items:
        last = parts[-1] if parts else None
        if isinstance(item, Variable):
            parts.append(item)
        elif isinstance(last, Text) and last.is_quoted == item[1]:
            parts[-1] = Text(last.text + item[0], item[1])
        else:
            parts.append(Text(*item))
    return parts
