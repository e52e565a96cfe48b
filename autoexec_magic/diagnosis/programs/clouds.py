"""What CI services say at the end of a step: an echo of what failed above it."""

from __future__ import annotations

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
    fix = "read what the step wrote above"
    return seen(spot, "nonzero-exit", line, fix, confidence="unknown", is_echo=True)


FAMILIES: tuple[Family, ...] = ((("rocess completed with exit code ", "Job failed: exit code "), read_ci),)
