"""What uv says when it finds no solution, told by the one requirement that could not be had."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.unmet import unmet

LEAD = "error: No solution found when resolving dependencies cause: "
END = ", we can conclude that your requirements are unsatisfiable. "
WHEELS = "hint: Wheels are required for `docopt` because building from source is disabled for all packages"


@pytest.mark.parametrize(
    ("said", "why", "fix"),
    [
        (
            f"{LEAD}Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2{END}{WHEELS}",
            "docopt==0.6.2 has no wheel",
            "pip wheel --no-deps docopt==0.6.2",
        ),
        (
            f"{LEAD}Because only docopt<=0.6.2 is available and docopt has no wheels and a==1 needs it{END}",
            "docopt has no wheel",
            "version of docopt",
        ),
        (
            f"{LEAD}Because pears-nowhere was not found in the package registry and you require it{END}",
            "no index that is asked has pears-nowhere",
            "correct the name pears-nowhere",
        ),
        (
            f"{LEAD}Because only hatchling==1.32.4 is available and you require hatchling>=999{END}"
            "hint: `hatchling` was found on another index",
            "only hatchling==1.32.4 is available and you require hatchling>=999",
            "a version of hatchling that there is",
        ),
        (
            "error: Failed to download and build `tqdm @ git+https://x.example/y` cause: Git failed",
            "tqdm @ git+https://x.example/y is source",
            "require tqdm as a version that has a wheel",
        ),
        (
            f"{LEAD}you require hatchling<1 and hatchling>=3, which are incompatible{END}",
            "you require hatchling<1 and hatchling>=3, which are incompatible",
            "change one of these",
        ),
        ("error: Failed to fetch: `https://a.example/simple/x/`", "Failed to fetch", ""),
    ],
)
def test_the_requirement_is_named_and_what_to_do(said, why, fix):
    """As uv says it."""
    reason, remedy = unmet(said)
    assert why in reason
    assert fix in remedy
    assert bool(remedy) is bool(fix)
    assert "unsatisfiable" not in reason
    assert not reason.startswith("Because")


def test_a_long_reason_is_cut():
    """What nobody knows how to read is still told, and not all of it."""
    assert len(unmet("x " * 5000)[0]) <= 400
