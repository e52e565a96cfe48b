"""What stands elsewhere on this interpreter's path under a name that is to be installed.

Beside the environment's own folders there may be the person's (user site) in
front of it, and the system's (`--system-site-packages`) behind it. No installer
counts those as replaced: it neither removes nor mentions them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .installed import listed, places
from .known import normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadows:
    """What would be found before what is installed, and what after it: each `NAME VERSION` and its folder."""

    hiding: Mapping[str, str]
    hidden: Mapping[str, str]


def shadows(added: Mapping[str, str]) -> Shadows:
    """Return what has a name of `added`, in another version, outside the environment's own folders."""
    own = {os.path.realpath(place) for place in (places().purelib, places().platlib)}
    hiding: dict[str, str] = {}
    hidden: dict[str, str] = {}
    is_behind = False
    for place in dict.fromkeys(sys.path):
        if os.path.realpath(place or ".") in own:
            is_behind = True
            continue
        found = listed(place or ".")
        for name, version in added.items():
            there = found.get(normal(name))
            if there is not None and there != version:
                (hidden if is_behind else hiding)[f"{name} {there}"] = place
    return Shadows(hiding=hiding, hidden=hidden)
