"""The settings of the target `aws`."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.errors import UsageError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"servcie": "ecs"}, "did you mean service", id="unknown, and the nearest"),
        pytest.param({"service": "batch"}, "lambda or ecs", id="no such service"),
        pytest.param({"service": "ecs", "alias": "live"}, "leave alias out", id="of the other service"),
        pytest.param({"region": "Frankfurt"}, "AWS settings", id="no region"),
        pytest.param({"account": "1234"}, "twelve digits", id="no account"),
        pytest.param({"role": "admin"}, "ARN", id="no ARN of a role"),
        pytest.param({"service": "lambda", "timeout": "901"}, "1 to 900", id="timeout out of its bounds"),
        pytest.param({"service": "lambda", "alias": "12"}, "alias", id="an alias that is a version"),
        pytest.param({"service": "lambda", "health-event": "{"}, "JSON", id="an event that is no JSON"),
        pytest.param({"subnets": "subnet-0123456789abcdef0"}, "give both", id="subnets without groups"),
        pytest.param({"subnets": "my-subnet"}, "commas", id="no subnet's id"),
        pytest.param({"failed-tasks": "0"}, "given up", id="no task may end"),
    ],
)
def test_what_cannot_be_is_refused(given, says):
    """With the next thing to write."""
    with pytest.raises(UsageError) as caught:
        options_of("web", given)
    assert says in str(caught.value)


def test_all_are_read():
    """Lists have commas between them, numbers are numbers."""
    found = options_of(
        "web",
        {
            "service": "ecs",
            "subnets": "subnet-0123456789abcdef0, subnet-0123456789abcdef1",
            "security-groups": "sg-0123456789abcdef0",
            "failed-tasks": "5",
            "public-ip": "True",
        },
    )
    assert found.subnets == ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1")
    assert (found.failed_tasks, found.public_ip, found.name, found.repository) == (5, True, "web", "web")


def test_a_handler_goes_to_lambda():
    """And all else to ECS, where nobody says more."""
    assert options_of("web", {}, handler="app.handler").service == "lambda"
    assert options_of("web", {"service": "ecs"}, handler="app.handler").service == "ecs"
