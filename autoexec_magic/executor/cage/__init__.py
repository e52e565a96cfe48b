"""What a run can touch while it runs: the level asked for, the mechanism that provides it.

Levels (DESIGN, section 4.4): `sealed` is bubblewrap, without network, with
nothing to write but a scratch folder; `workspace` is Landlock and seccomp, set
on a helper thread, with the workspace to write but for what governs a run;
`open` is limits only. A level that cannot be had is an error, never a silent
downgrade.
"""

from __future__ import annotations

from ...values import Denial
from .doors import SHUT, Doors, doors_of
from .force import InForce, can_be_had, choose, in_force
from .held import trust, trusted
from .kept import close as close_kept
from .kept import lend, look
from .levels import Cage, build
from .limits import CAGED, Limits
from .protected import Marks
from .request import LEVELS, PROTECTED, CageRequest, Wanted
from .rules import secret_in, secret_places
from .witness import Witness, witness

__all__ = [
    "CAGED",
    "LEVELS",
    "PROTECTED",
    "SHUT",
    "Cage",
    "CageRequest",
    "Denial",
    "Doors",
    "InForce",
    "Limits",
    "Marks",
    "Wanted",
    "Witness",
    "build",
    "can_be_had",
    "choose",
    "close_kept",
    "doors_of",
    "in_force",
    "lend",
    "look",
    "secret_in",
    "secret_places",
    "trust",
    "trusted",
    "witness",
]
