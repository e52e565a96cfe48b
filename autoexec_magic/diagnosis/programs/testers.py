"""What test runners other than pytest say of a test that failed: TAP and node:test, doctest, Go, Jest, Mocha.

Only the runner's own verdict is read here; an exception that it shows with its
frames is told by the readers of that language.
"""

from __future__ import annotations

from ..spots import Family, Seen, Spot, seen

_FIX = "compare what that test expects with what it gets"
_NEAR = 12  # lines in which TAP says more of a test
_EXITS = (1, 2)


def read_tap(spot: Spot) -> Seen | None:
    """Explain `not ok 3 - name`."""
    line = spot.line.strip()
    if not line.startswith("not ok ") or "# TODO" in line or "# SKIP" in line:
        return None
    evidence = tuple(
        each.line.strip()
        for each in spot.below(_NEAR)
        if each.line.strip().startswith(("error:", "expected:", "actual:", "location:"))
    )
    where = next((each.partition("'")[2].rpartition(":")[0] for each in evidence if each[0] == "l"), "")
    return seen(
        spot, "test-failed", line, _FIX, where=where, evidence=evidence, exits=_EXITS, confidence="likely"
    )


def read(spot: Spot) -> Seen | None:
    """Explain the verdict of doctest, of Go, of Jest or of Mocha."""
    line = spot.line.strip()
    is_verdict = (
        line.startswith("***Test Failed***")
        or (line.startswith("--- FAIL: ") and not _panicked(spot))
        or (line.startswith("Tests:") and " failed" in line)
        or (line.endswith(" failing") and line[:1].isdigit())
    )
    return seen(spot, "test-failed", line, _FIX, exits=_EXITS, confidence="likely") if is_verdict else None


def _panicked(spot: Spot) -> bool:
    """Return whether a test of Go's ended by a panic, which says more."""
    return any(each.line.startswith("panic: ") for each in spot.below(2))


FAMILIES: tuple[Family, ...] = (
    (("not ok ",), read_tap),
    (("***Test Failed***", "--- FAIL: ", " failed,", " failing"), read),
)
