"""Tests: run in a process of their own, told while they run, sorted by what they failed by.

pytest is the project's own, in its own Python; a plugin beside it tells each
result through a pipe (`inside`, `told`), and what it tells is held against what
the process did (`judging`).
"""

from __future__ import annotations

from . import junit, quarantine
from .affected import affected_by
from .arguments import VARIABLES, Asked, narrowed
from .arguments import read as read_arguments
from .arguments import split as split_arguments
from .cases import Case, Problem, Said, Spot
from .causes import Cause, sort
from .facts import Project
from .groups import grouped
from .inside import IS_SPREAD, NO_COVERAGE, NO_PYTEST
from .judging import EXIT_CODES, FIXES, counts, counts_of, judge
from .merging import merged, without
from .past import Past
from .past import file_of as file_of_past
from .past import load as load_past
from .past import save as save_past
from .past import state_of as past_state
from .project import Interpreter, interpreter
from .rates import failure_bounds
from .running import CRASHED, TIMED_OUT, Done, Job, Shard, Watch, run
from .timings import seconds_in
from .told import Told
from .warm import warm

__all__ = [
    "CRASHED",
    "EXIT_CODES",
    "FIXES",
    "IS_SPREAD",
    "NO_COVERAGE",
    "NO_PYTEST",
    "TIMED_OUT",
    "VARIABLES",
    "Asked",
    "Case",
    "Cause",
    "Done",
    "Interpreter",
    "Job",
    "Past",
    "Problem",
    "Project",
    "Said",
    "Shard",
    "Spot",
    "Told",
    "Watch",
    "affected_by",
    "counts",
    "counts_of",
    "failure_bounds",
    "file_of_past",
    "grouped",
    "interpreter",
    "judge",
    "junit",
    "load_past",
    "merged",
    "narrowed",
    "past_state",
    "quarantine",
    "read_arguments",
    "run",
    "save_past",
    "seconds_in",
    "sort",
    "split_arguments",
    "warm",
    "without",
]
