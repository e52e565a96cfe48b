"""Which part of the traffic a number of pods gets."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.kubernetes.shares import pods_for, share_of


@pytest.mark.parametrize(
    ("percent", "live", "most", "want"),
    [
        pytest.param(10, 9, 9, 1, id="exactly"),
        pytest.param(50, 3, 3, 3, id="half"),
        pytest.param(1, 1, 5, 1, id="never-none"),
        pytest.param(99, 1, 2, 2, id="as-many-as-there-may-be"),
        pytest.param(50, 1, 0, 1, id="one-where-none-was-asked-for"),
    ],
)
def test_pods_for(percent, live, most, want):
    assert pods_for(percent, live, most) == want


def test_the_share_is_that_of_the_pods():
    assert share_of(1, 1) == 50
    assert share_of(1, 3) == 25
    assert share_of(0, 0) == 0
