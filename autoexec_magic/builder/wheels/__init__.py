"""A wheel and an sdist out of a Python project: built in the cage, checked, installed, tested, and sent."""

from __future__ import annotations

from .building import build, ready
from .planning import fits, plan

__all__ = ["build", "fits", "plan", "ready"]
