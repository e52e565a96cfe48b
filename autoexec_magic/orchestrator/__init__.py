"""A plan in, a report out: phases in order, each recorded, the first failure ends it."""

from __future__ import annotations

from .plan import Command, Heal, Install, PhaseReport, Plan, Report, Script, Step, Test
from .run import Surroundings, run, run_phase

__all__ = [
    "Command",
    "Heal",
    "Install",
    "PhaseReport",
    "Plan",
    "Report",
    "Script",
    "Step",
    "Surroundings",
    "Test",
    "run",
    "run_phase",
]
