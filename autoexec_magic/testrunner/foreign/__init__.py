"""Tests of other languages: how they are found, run and read into the same cases.

An entry (`tool.Tool`) per tool says how a folder shows that the tool runs its
tests, what to start, and who reads what it writes. Nothing here starts a
process: whoever does passes each piece of its output to the `Reader`, which
tells of tests while they run, and asks it at the end.
"""

from __future__ import annotations

from .detect import TOOLS, detect
from .tool import Hearers, Launch, Reader, Tool

__all__ = ["TOOLS", "Hearers", "Launch", "Reader", "Tool", "detect"]
