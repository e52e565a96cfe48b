"""JUnit XML of any tool: read as it comes, also damaged; written so that everybody reads it.

Why not `junitparser` for reading: it keeps the whole tree, knows no damaged
file, and no attempts that were run again. It stays the model that users get.
"""

from __future__ import annotations

from .building import NO_JUNIT
from .comparing import Comparison, compare, merged
from .opening import Source
from .parts import Suite
from .reading import Fault, Junit, read, stream
from .telling import id_of, line_of
from .writing import text_of, write

__all__ = [
    "NO_JUNIT",
    "Comparison",
    "Fault",
    "Junit",
    "Source",
    "Suite",
    "compare",
    "id_of",
    "line_of",
    "merged",
    "read",
    "stream",
    "text_of",
    "write",
]
