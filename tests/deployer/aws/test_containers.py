"""The scenarios at our model of ECS, whose tasks are real containers, and what is ECS's own."""

from __future__ import annotations

import pytest
from deployer import scenarios


@scenarios.each()
@pytest.mark.limit(300)
def test_scenario(ecs_bed, scenario):
    """What is told of it is told where it is written."""
    scenario(ecs_bed)
