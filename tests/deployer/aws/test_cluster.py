"""What ECS has of a service, and what has to be there before."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.aws.conftest import client
from deployer.aws.made import ROLE
from deployer.aws.tasks import Tasks

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.cluster import Cluster
from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.errors import UsageError


@pytest.fixture
def cluster(front):
    """A cluster without anything in it; no container is needed."""
    front.ecs = Tasks(containers=None)
    return Cluster(calls=Calls(service="web"), service="web", name="web", cluster="default")


@pytest.fixture
def options(front):
    """Settings whose network and roles are there."""
    ec2 = client("ec2")
    given = {
        "service": "ecs",
        "subnets": ec2.describe_subnets()["Subnets"][0]["SubnetId"],
        "security-groups": ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"],
        "role": ROLE,
    }
    return options_of("web", given)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subnets": ("subnet-0123456789abcdef0",)}, "no subnets subnet-0123456789abcdef0"),
        ({"security_groups": ("sg-0123456789abcdef0",)}, "no security-groups sg-0123456789abcdef0"),
        ({"role": f"{ROLE}-gone"}, "no role"),
        ({"execution_role": f"{ROLE}-gone"}, "no execution-role"),
    ],
)
def test_what_is_not_there_is_named(cluster, options, changes, says):
    """With its setting; all that is there is well."""
    cluster.check(options)
    with pytest.raises(UsageError, match=says):
        cluster.check(dataclasses.replace(options, **changes))


def test_a_cluster_that_is_not_there(cluster, options):
    """As in another region."""
    with pytest.raises(UsageError, match="no cluster elsewhere") as caught:
        dataclasses.replace(cluster, cluster="elsewhere").check(options)
    assert "region" in caught.value.fix


def test_there_is_nothing_of_a_service_at_first(cluster):
    """And that is no error."""
    assert cluster.described() is None
    assert cluster.definitions() == []
    assert cluster.of("r1") is None


def test_a_family_that_begins_alike_is_another_one(cluster):
    """`web` is not `web-2`."""
    ecs = client("ecs")
    for family in ("web", "web-2"):
        ecs.register_task_definition(family=family, containerDefinitions=[{"name": "x", "image": "x"}])
    assert [each.rpartition("/")[2] for each in cluster.definitions()] == ["web:1"]
