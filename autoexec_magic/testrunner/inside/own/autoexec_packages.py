"""What is installed, read before there are arguments, for while pytest loads its plugins.

Runs in the project's own Python, as the plugin beside it, and imports no more than that does.
pytest reads the entry points of each installed package twice, a third of what a
small run takes; between that reading and the run nothing was installed, which
whoever hands over the arguments sees to.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterable
from typing import Any

_OWN = importlib.metadata.distributions


class _Package:
    """A package's metadata, with what pytest asks of it read already; of the rest the real one is asked."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.entry_points = real.entry_points
        if any(point.group == "pytest11" for point in self.entry_points):
            self.files = real.files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def remember() -> None:
    """Read what is installed, and answer with that until `forget` or where modules are looked for changes."""
    path = list(sys.path)
    packages = [_Package(real) for real in _OWN()]

    def remembered(**about: Any) -> Iterable[Any]:
        return _OWN(**about) if about or sys.path != path else iter(packages)

    importlib.metadata.distributions = remembered


def forget() -> None:
    """Answer as Python does."""
    importlib.metadata.distributions = _OWN
