"""A plan in, a report out: phases in order, each recorded, the first failure ends it."""

from __future__ import annotations

from .plan import Command, Heal, Install, PhaseReport, Plan, Report, Script, Test
from .run import Surroundings, run, run_phase

__all__ = [
    "Command",
    "Heal",
    "Install",
    "PhaseReport",
    "Plan",
    "Report",
    "Script",
    "Surroundings",
    "Test",
    "run",
    "run_phase",
]
