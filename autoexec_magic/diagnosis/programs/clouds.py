"""What CI services say at the end of a step: an echo of what failed above it."""

from __future__ import annotations

from ..shell import SIGNALS, signal_name
from ..spots import Family, Seen, Spot, seen


def read_ci(spot: Spot) -> Seen | None:
    """Explain a CI's own words about a failed step."""
    line = spot.line.strip().removeprefix("##[error]").removeprefix("Error: ").removeprefix("ERROR: ")
    _, found, rest = line.partition("rocess completed with exit code ")
    if not found:
        _, found, rest = line.partition("Job failed: exit code ")
    number = rest.strip(" .")
    if not found or not number.isdecimal():
        return None
    name = signal_name(int(number[:4]) - 128)
    if name in SIGNALS:  # 128 + n: nothing but that number may say so
        code, meaning, fix = SIGNALS[name]
        why = f"{line}: {meaning} ({name})"
        return seen(spot, code, why, fix, confidence="likely", is_echo=True)
    fix = "read what the step wrote above"
    return seen(spot, "nonzero-exit", line, fix, confidence="unknown", is_echo=True)


FAMILIES: tuple[Family, ...] = ((("rocess completed with exit code ", "Job failed: exit code "), read_ci),)
