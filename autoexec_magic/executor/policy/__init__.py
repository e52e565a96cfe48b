"""May it run? A line is taken apart, and each command goes through the layers.

    1 parse       words, pipelines, files; what needs a shell is asked about
    2 program     which file a name means, and whether that is the listed program
    3 arguments   what they make the program do, by a rule of its own
    4 paths       where it reads and writes; shapes: what a pipeline does as a whole

The answer is allow, ask or refuse, and names the layer and the rule that gave it.
"""

from __future__ import annotations

from .examples import check_rules, written_at
from .expand import argv_of, one, value
from .own import words_of
from .parse import parse
from .paths import Roots, leads_out
from .program import find, fingerprint
from .rules import DEFAULT, Policy, exactly, judge
from .shapes import judge_shape
from .verdict import UNSEEN_INPUT, judge_command, judge_layers, judge_shell

__all__ = [
    "DEFAULT",
    "UNSEEN_INPUT",
    "Policy",
    "Roots",
    "argv_of",
    "check_rules",
    "exactly",
    "find",
    "fingerprint",
    "judge",
    "judge_command",
    "judge_layers",
    "judge_shape",
    "judge_shell",
    "leads_out",
    "one",
    "parse",
    "value",
    "words_of",
    "written_at",
]
