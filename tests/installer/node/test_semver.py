"""Versions and ranges, as npm's own implementation has them."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.node import semver


@pytest.mark.parametrize(
    ("version", "wanted", "want"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "=1.2.3", True),
        ("1.2.3", "v1.2.3", True),
        ("1.9.0", "^1.2.3", True),
        ("2.0.0", "^1.2.3", False),
        ("0.2.9", "^0.2.3", True),
        ("0.3.0", "^0.2.3", False),
        ("0.0.4", "^0.0.3", False),
        ("1.2.9", "~1.2.3", True),
        ("1.3.0", "~1.2.3", False),
        ("1.9.9", "~1", True),
        ("1.2.3", "1.x", True),
        ("1.2.3", "*", True),
        ("1.2.3", "", True),
        ("1.2.3", ">=1.0.0 <2.0.0", True),
        ("2.0.0", ">=1.0.0 <2.0.0", False),
        ("2.0.0", ">= 1.0.0", True),
        ("1.5.0", "1.0.0 - 1.5", True),
        ("1.6.0", "1.0.0 - 1.5", False),
        ("3.0.0", "^1 || ^3", True),
        ("2.0.0", ">1", True),
        ("1.9.0", ">1", False),
        ("1.9.0", "<=1", True),
        ("2.0.0-rc.1", "^1.0.0", False),
        ("2.0.0-rc.1", ">=1.0.0", False),
        ("2.0.0-rc.2", ">=2.0.0-rc.1", True),
        ("2.0.0-rc.1", "^2.0.0-rc.1", True),
        ("20.20.2", ">=18.12 || >=20", True),
        ("20.20.2", ">=99", False),
        ("1.0.0", "latest", False),
        ("1.0.0", "git+https://x/y", False),
        ("no", "*", False),
    ],
)
def test_satisfies(version, wanted, want):
    """A version is in a range where npm would take it."""
    assert semver.satisfies(version, wanted) is want


def test_an_address_is_no_range():
    """What is no range comes from somewhere else."""
    assert [semver.is_range(each) for each in ("^1", "1 - 2", "*", "", "file:../x", "a/b", "latest")] == [
        *(True, True, True, True),
        *(False, False, False),
    ]


def test_releases_come_after_their_candidates():
    """Numbers in a pre-release compare as numbers."""
    assert semver.newest(["1.0.0-rc.10", "1.0.0-rc.9"]) == "1.0.0-rc.10"
    assert semver.newest(["1.0.0-rc.10", "1.0.0"]) == "1.0.0"
    assert semver.newest([]) == ""
