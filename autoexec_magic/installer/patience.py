"""What a person is told while something takes long: soon, and then ever more rarely."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

FIRST_SECONDS = 1.0
MOST_SECONDS = 10.0

Tell = Callable[[str], None]


def nobody_told(text: str) -> None:
    """Say nothing."""


class Patience:
    """When it is time to say something: after `FIRST_SECONDS`, then after twice as long each time.

    Never longer than `MOST_SECONDS`.
    """

    def __init__(self) -> None:
        self.seconds = FIRST_SECONDS  #: from the last word to the next
        self._since = time.monotonic()

    def is_over(self) -> bool:
        """Whether it is time; then the next wait has begun."""
        if time.monotonic() - self._since < self.seconds:
            return False
        self._since = time.monotonic()
        self.seconds = min(2 * self.seconds, MOST_SECONDS)
        return True


def watched(
    chunks: Iterable[bytes], name: str, total_bytes: int, tell: Callable[[str], None]
) -> Iterator[bytes]:
    """Yield `chunks`, and tell from time to time how much of `total_bytes` came (0: nobody knows)."""
    patience, came = Patience(), 0
    for chunk in chunks:
        came += len(chunk)
        if patience.is_over():
            tell(downloading(name, came, total_bytes))
        yield chunk


def downloading(name: str, came: int, total_bytes: int) -> str:
    """Return how far a download is.

    Examples
    --------
    >>> downloading("frob-1.0.whl", 12_400_000, 45_000_000)
    'downloading frob-1.0.whl: 12 of 45 MB'
    """
    of_all = f" of {total_bytes / 1e6:.0f}" if total_bytes else ""
    return f"downloading {name}: {came / 1e6:.0f}{of_all} MB"
