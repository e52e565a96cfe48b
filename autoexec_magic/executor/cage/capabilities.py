"""What root may do beyond what files allow: nothing, in a cage.

Root keeps its capabilities through Landlock and could, for one, read the
environment of the process that started it. They are dropped from every set,
the bounding set too, so that no program that is started later has more.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection
from pathlib import Path

from . import kernel

DAC_OVERRIDE = 1
_VERSION_3 = 0x20080522  # capabilities in two words, capset(2)
_MOST = 64


def needed(workspace: Path) -> tuple[int, ...]:
    """Return the capabilities without which root could not work in `workspace`.

    One that belongs to somebody else is written to by right of
    CAP_DAC_OVERRIDE only, which changes nothing about what Landlock denies.
    """
    if os.geteuid() != 0:
        return ()
    return (DAC_OVERRIDE,) if workspace.stat().st_uid != 0 else ()


def drop(keep: Collection[int] = ()) -> None:
    """Drop every capability of the calling thread but `keep`."""
    is_root = os.geteuid() == 0
    kept = sum(1 << number for number in keep) if is_root else 0
    if is_root:
        kernel.drop_from_bounding_set(number for number in range(_MOST) if not kept >> number & 1)
    kernel.clear_ambient()
    low, high = kept & 0xFFFFFFFF, kept >> 32
    sets = struct.pack("=6I", low, low, 0, high, high, 0)  # effective, permitted, inheritable
    kernel.call("capset", struct.pack("=Ii", _VERSION_3, 0), sets)
