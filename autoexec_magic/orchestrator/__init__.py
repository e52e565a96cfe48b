"""A plan in, a report out: phases in order, each recorded, the first failure ends it."""

from __future__ import annotations

from .healing import Drifted, Healing
from .plan import (
    Check,
    Command,
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
    Test,
    Undo,
)
from .rules import policy_of
from .run import run, run_phase
from .surroundings import Surroundings

__all__ = [
    "Check",
    "Command",
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
    "Test",
    "Undo",
    "policy_of",
    "run",
    "run_phase",
]
