"""Our model of AWS does not flatter: it refuses what AWS documents that it refuses, in AWS's own words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from deployer.aws.conftest import ROLE, client
from deployer.aws.tasks import Tasks
from deployer.aws.test_versions import code, configuration, function, stamp  # noqa: F401 - a fixture


def refused(call, **given):
    """Return the code with which AWS refuses a call."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def lambdas(function):  # noqa: F811
    """A client of a function with two versions, and an alias of the first one."""
    for name in ("r1", "r2"):
        function.published(code(), configuration(name), stamp(name))
    made = client("lambda")
    made.create_alias(FunctionName="web", Name="live", FunctionVersion="1")
    return made


@pytest.mark.parametrize(
    ("operation", "given", "says"),
    [
        ("update_alias", {"Name": "live", "FunctionVersion": "9"}, "ResourceNotFoundException"),
        ("update_alias", {"Name": "live", "RevisionId": "old"}, "PreconditionFailedException"),
        ("update_alias", {"Name": "gone"}, "ResourceNotFoundException"),
        ("create_alias", {"Name": "live", "FunctionVersion": "1"}, "ResourceConflictException"),
        ("create_alias", {"Name": "12", "FunctionVersion": "1"}, "ValidationException"),
        ("publish_version", {"RevisionId": "old"}, "PreconditionFailedException"),
        ("publish_version", {"CodeSha256": "another"}, "InvalidParameterValueException"),
        ("publish_version", {"Description": "x" * 257}, "ValidationException"),
        ("update_function_configuration", {"RevisionId": "old"}, "PreconditionFailedException"),
        ("update_function_configuration", {"Timeout": 901}, "ValidationException"),
        ("update_function_configuration", {"Role": f"{ROLE}-gone"}, "InvalidParameterValueException"),
        ("update_function_code", {"ZipFile": b"no zip"}, "InvalidParameterValueException"),
        ("update_function_code", {"ImageUri": "1.dkr.ecr/x:1"}, "InvalidParameterValueException"),
        ("delete_function", {"Qualifier": "1"}, "ResourceConflictException"),
        ("get_function", {"Qualifier": "9"}, "ResourceNotFoundException"),
        ("invoke", {"Qualifier": "9"}, "ResourceNotFoundException"),
    ],
)
def test_lambda_refuses(lambdas, operation, given, says):
    """By the published schema, and by what is there."""
    assert refused(getattr(lambdas, operation), FunctionName="web", **given) == says


@pytest.mark.parametrize("variables", [{"AWS_REGION": "x"}, {"AA": "x" * 2100, "BB": "x" * 2100}])
def test_lambda_refuses_variables(lambdas, variables):
    """Its own names, and more than it takes."""
    given = {"FunctionName": "web", "Environment": {"Variables": variables}}
    assert refused(lambdas.update_function_configuration, **given) == "InvalidParameterValueException"


@pytest.mark.parametrize("weights", [{"2": 1.5}, {"1": 0.5}, {"9": 0.5}])
def test_lambda_refuses_weights(lambdas, weights):
    """Above 1, of the version itself, of one that is not there."""
    routing = {"AdditionalVersionWeights": weights}
    assert refused(lambdas.update_alias, FunctionName="web", Name="live", RoutingConfig=routing) in (
        "ValidationException",
        "InvalidParameterValueException",
        "ResourceNotFoundException",
    )


def test_lambda_refuses_more_while_an_update_is_under_way(lambdas):
    """And publishes what did not change no second time."""
    last = lambdas.publish_version(FunctionName="web")["Version"]
    assert lambdas.publish_version(FunctionName="web")["Version"] == last
    lambdas.update_function_configuration(FunctionName="web", Timeout=5)
    assert refused(lambdas.publish_version, FunctionName="web") == "ResourceConflictException"


BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def ecs(front):
    """A client of an empty cluster; nothing is started."""
    front.ecs = Tasks(containers=None)
    made = client("ecs")
    made.register_task_definition(family="web", containerDefinitions=[{"name": "x", "image": "x"}])
    made.create_service(
        serviceName="web", taskDefinition="web:1", desiredCount=1, deploymentConfiguration=BREAKER
    )
    return made


@pytest.mark.parametrize(
    ("operation", "given", "says"),
    [
        ("update_service", {"service": "web", "taskDefinition": "web:9"}, "ClientException"),
        ("update_service", {"service": "gone"}, "ServiceNotFoundException"),
        ("delete_service", {"service": "web", "cluster": "default"}, "InvalidParameterException"),
        ("describe_task_definition", {"taskDefinition": "gone"}, "ClientException"),
        (
            "create_service",
            {"serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1},
            "InvalidParameterException",
        ),
    ],
)
def test_ecs_refuses(ecs, operation, given, says):
    """What is not there, or is there already."""
    assert refused(getattr(ecs, operation), **given) == says


def test_ecs_refuses_what_is_not_active(ecs):
    """A task definition that was deregistered, a service that drains."""
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "x", "image": "y"}])
    ecs.deregister_task_definition(taskDefinition="web:2")
    assert refused(ecs.update_service, service="web", taskDefinition="web:2") == "ClientException"
    ecs.delete_service(service="web", cluster="default", force=True)
    assert refused(ecs.update_service, service="web") == "ServiceNotActiveException"
    given = {"serviceName": "web", "taskDefinition": "web:1", "desiredCount": 1}
    assert refused(ecs.create_service, **given) == "InvalidParameterException"


def test_ecs_refuses_sizes_that_fargate_has_not(ecs):
    """And Fargate without a network or a role."""
    given = {
        "family": "web",
        "containerDefinitions": [{"name": "x", "image": "x"}],
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "executionRoleArn": ROLE,
    }
    assert refused(ecs.register_task_definition, **given, cpu="256", memory="4096") == "ClientException"
    assert ecs.register_task_definition(**given, cpu="256", memory="512")
    given.pop("executionRoleArn")
    assert refused(ecs.register_task_definition, **given, cpu="256", memory="512") == "ClientException"
