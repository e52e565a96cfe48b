"""Sizes as people write them: `512M`, `2G`, `1.5GiB`; and the next one to try where one was too small.

A unit counts in 1,024s, with or without an `i` or a `B`: the memory of a
machine does, too. What is written is read back as exactly the same number.
"""

from __future__ import annotations

import re

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(
    r"(?P<whole>\d{1,19})(?:\.(?P<part>\d{1,6}))? ?(?P<unit>[kmgt]?)(?:i?b)?", re.IGNORECASE | re.ASCII
)
_LARGEST = 2**62  # the kernel counts in 63 bits


def size_of(text: str) -> int:
    """Return the bytes that `text` means, at least 1.

    Raises
    ------
    ValueError
        It is no size, or none that there can be.

    Examples
    --------
    >>> size_of("512M"), size_of("1.5 GiB"), size_of("4096")
    (536870912, 1610612736, 4096)
    """
    found = _SIZE.fullmatch(text.strip())
    size = 0
    if found:
        unit, part = _UNITS[found["unit"].lower()], found["part"] or ""
        size = int(found["whole"]) * unit + int(part or 0) * unit // 10 ** len(part)  # a float is not exact
    if not 0 < size <= _LARGEST:
        raise ValueError(f"{text!r} is no size: a number with K, M, G or T, as 512M")
    return size


def spelled(size: int) -> str:
    """Return a size in bytes as `size_of` reads it, in the largest unit that is exact.

    Examples
    --------
    >>> spelled(2**29), spelled(2**31), spelled(1000)
    ('512M', '2G', '1000')
    """
    for unit in "TGMK":
        if size and size % _UNITS[unit.lower()] == 0:
            return f"{size // _UNITS[unit.lower()]}{unit}"
    return str(size)


def more_than(value: float) -> int:
    """Return the next value to try where `value` was too little: twice as much, made round.

    Examples
    --------
    >>> spelled(more_than(512 * 2**20)), spelled(more_than(3 * 2**30)), more_than(1.0), more_than(45)
    ('1G', '8G', 2, 100)
    """
    if value >= 2**10:
        return 1 << max(0, int(2 * value) - 1).bit_length()
    wanted = max(2, int(-(-2 * value // 1)))
    step = 1
    while step * 10 <= wanted:
        step *= 10
    return next(step * many for many in (1, 2, 5, 10) if step * many >= wanted)
