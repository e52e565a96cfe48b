"""A plan in, a report out: phases in order, each recorded, the first failure ends it."""

from __future__ import annotations

from .casetelling import Teller, counted
from .causes import Cause, cause_of, causes
from .children import run_children
from .combinations import NO_MATRIX, Combination, Value, axes, combinations
from .excusing import put as put_in_quarantine
from .healing import Drifted, Healing
from .plan import (
    NO_LIMITS,
    Build,
    Check,
    Child,
    Command,
    Deploy,
    Fix,
    Fixed,
    Fixing,
    Heal,
    Install,
    PhaseReport,
    Plan,
    Report,
    Script,
    Step,
    Sweep,
    Test,
    Undo,
)
from .rules import policy_of
from .run import run, run_phase
from .surroundings import Surroundings
from .sweep import sweep_of

__all__ = [
    "NO_LIMITS",
    "NO_MATRIX",
    "Build",
    "Cause",
    "Check",
    "Child",
    "Combination",
    "Command",
    "Deploy",
    "Drifted",
    "Fix",
    "Fixed",
    "Fixing",
    "Heal",
    "Healing",
    "Install",
    "PhaseReport",
    "Plan",
    "Report",
    "Script",
    "Step",
    "Surroundings",
    "Sweep",
    "Teller",
    "Test",
    "Undo",
    "Value",
    "axes",
    "cause_of",
    "causes",
    "combinations",
    "counted",
    "policy_of",
    "put_in_quarantine",
    "run",
    "run_children",
    "run_phase",
    "sweep_of",
]
