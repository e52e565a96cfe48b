"""Which version is looked at, and how times are read."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.node.query import Query, Request
from autoexec_magic.installer.node.registry import _choose, _first, _time

REQUEST = Request(
    queries=(),
    registry="",
    scopes={},
    logins={},
    cafile="",
    cache="",
    release_age_days=3,
    now="2026-01-10T00:00:00+00:00",
)


def page(latest, **days):
    """Return a page: each version with the day of January that it was published on."""
    versions = [name.replace("_", ".").removeprefix("v") for name in days]
    return {
        "dist-tags": {"latest": latest},
        "versions": {version: {} for version in versions},
        "time": {
            v: f"2026-01-{day:02}T00:00:00.000Z" for v, day in zip(versions, days.values(), strict=True)
        },
    }


@pytest.mark.parametrize(
    ("what", "wanted", "want"),
    [
        pytest.param(page("1.1.0", v1_0_0=1, v1_1_0=2), "", "1.1.0", id="latest"),
        pytest.param(page("1.1.0", v1_0_0=1, v1_1_0=9), "", "1.0.0", id="latest-is-fresh"),
        pytest.param(page("1.1.0", v1_1_0=9), "", "1.1.0", id="all-are-fresh"),
        pytest.param(page("1.0.0", v1_0_0=1, v2_0_0=1), "", "1.0.0", id="never-above-latest"),
        pytest.param(page("1.0.0", v0_9_0=1, v1_0_0=1), "^0.9.0", "0.9.0", id="a-range"),
        pytest.param(page("1.0.0", v1_0_0=1, v2_0_0=1), "2.0.0", "2.0.0", id="exact"),
        pytest.param(page("1.0.0", v1_0_0=1, v2_0_0=1), "^2", "2.0.0", id="a-range-above-latest"),
        pytest.param(page("1.0.0", v1_0_0=1), "^3", "", id="nothing-fits"),
    ],
)
def test_the_version_to_look_at(what, wanted, want):
    """The newest that is not fresh, up to what the registry calls latest."""
    assert _choose(Query(name="x", wanted=wanted), what, REQUEST) == want


def test_a_deprecated_version_is_passed_over():
    """Where there is another one."""
    what = page("1.1.0", v1_0_0=1, v1_1_0=2)
    what["versions"]["1.1.0"] = {"deprecated": "broken"}
    assert _choose(Query(name="x"), what, REQUEST) == "1.0.0"


def test_the_first_release_counts_and_not_the_name_s_creation():
    """A name that was taken over has an old `created`."""
    times = {
        "created": "2010-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "1.0.0": "2026-01-05T00:00:00Z",
    }
    assert _first(times).startswith("2026-01-05")
    assert _time("never") == _time(None) == ""
