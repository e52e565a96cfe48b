"""May it run? A command is an argv; the answer is allow, ask or refuse.

Thin so far, and honest about it: a line that needs a shell is refused with the
way to run it all the same; a fixed list of programs is allowed, found in the
system's folders or beside the interpreter; everything else is asked about. The
answer names the layer and the rule that gave it.
"""

from __future__ import annotations

from .parse import split
from .program import find
from .rules import DEFAULT, Policy, exactly, judge

__all__ = ["DEFAULT", "Policy", "exactly", "find", "judge", "split"]
