"""The scenarios at our model of Lambda, and what is Lambda's own."""

from __future__ import annotations

import pytest
from deployer import scenarios


@scenarios.each()
@pytest.mark.limit(240)
def test_scenario(lambda_bed, scenario):
    """What is told of it is told where it is written."""
    scenario(lambda_bed)
