"""Whose turn it is to change an ECS service; no container is needed."""

from __future__ import annotations

import pytest
from deployer.aws.conftest import client
from deployer.aws.made import release
from deployer.aws.tasks import Tasks

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.changing import Changing, given_of, missing_definition
from autoexec_magic.deployer.aws.cluster import Cluster
from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.errors import DeployError

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"
OPTIONS = options_of("web", {"service": "ecs"})
TURNS = {"autoexec:service": "web", "autoexec:fence": "7", "autoexec:release": "r7"}


@pytest.fixture
def cluster(front):
    """A cluster with two task definitions."""
    front.ecs = Tasks(containers=None)
    for _ in range(2):
        client("ecs").register_task_definition(
            family="web", containerDefinitions=[{"name": "x", "image": "x"}]
        )
    return Cluster(calls=Calls(service="web"), service="web", name="web", cluster="default")


def turn(cluster, fence, release_id):
    return Changing(calls=cluster.calls, cluster=cluster, fence=fence, release_id=release_id)


def given(number=1):
    return given_of(release(), OPTIONS, f"web:{number}", "default")


@pytest.fixture
def there(cluster):
    """A service that deploy 7 made."""
    turn(cluster, 7, "r7").created(given(), OPTIONS)
    return cluster


def tags(cluster):
    return {each["key"]: each["value"] for each in cluster.described()["tags"]}


def test_a_service_is_made_once(there):
    """The second one that makes it at the same moment is refused by ECS itself."""
    assert tags(there) == TURNS
    with pytest.raises(DeployError, match="refused ecs:CreateService"):
        turn(there, 8, "r8").created(given(), OPTIONS)
    assert tags(there) == TURNS


def test_who_comes_with_a_lower_number_is_refused(there):
    """And nothing is written."""
    with pytest.raises(DeployError, match="lost its turn"):
        turn(there, 6, "r6").begin(there.described())
    assert tags(there) == TURNS
    turn(there, 8, "r8").begin(there.described())
    assert tags(there)["autoexec:fence"] == "8"


def test_a_tag_that_is_no_number_is_nobodys_turn(there):
    """Somebody wrote it by hand."""
    arn = there.described()["serviceArn"]
    client("ecs").tag_resource(resourceArn=arn, tags=[{"key": "autoexec:fence", "value": "x"}])
    turn(there, 1, "r1").begin(there.described())
    assert tags(there)["autoexec:fence"] == "1"


@pytest.mark.parametrize(("fence", "release_id"), [("9", "r9"), ("8", "another")])
def test_of_two_at_one_moment_the_last_one_goes_on(there, front, fence, release_id):
    """The other one wrote between our two looks: a later deploy, or one of the same number elsewhere."""
    theirs = [{"key": "autoexec:fence", "value": fence}, {"key": "autoexec:release", "value": release_id}]
    seen = there.described()
    looks = []

    def before(action):
        if action == "ecs:DescribeServices" and not looks:
            looks.append(action)
            client("ecs").tag_resource(resourceArn=seen["serviceArn"], tags=theirs)

    front.before = before
    with pytest.raises(DeployError, match="lost its turn"):
        turn(there, 8, "r8").begin(seen)
    assert "ecs:UpdateService" not in front.seen


def test_a_later_deploy_that_came_between_is_told_afterwards(there):
    """What the change overwrote nobody knows: it is no success."""
    own = turn(there, 8, "r8")
    own.begin(there.described())
    turn(there, 9, "r9").begin(there.described())
    own.updated(given(2))
    with pytest.raises(DeployError, match="lost its turn") as caught:
        own.end()
    assert "deploy 9 began while deploy 8" in caught.value.why
    turn(there, 9, "r9").end()


def test_the_service_of_somebody_else_is_left_alone(there, front):
    """Also where its number is lower."""
    front.ecs.services["web"].told["tags"] = []
    with pytest.raises(DeployError, match="somebody else's"):
        turn(there, 8, "r8").begin(there.described())


def test_what_is_taken_away_is_gone(there):
    """With its tasks."""
    own = turn(there, 8, "nothing")
    own.begin(there.described())
    own.removed()
    assert there.described() is None
    own.begin(None)
    own.end()


def test_a_load_balancer_comes_with_its_port_and_grace():
    """As both calls take it."""
    options = options_of("web", {"service": "ecs", "target-group": GROUP})
    found = given_of(release(port=8080), options, "web:1", "default")
    assert found["loadBalancers"] == [
        {"targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080}
    ]
    assert found["healthCheckGracePeriodSeconds"] == 60
    assert "deploy it anew" in missing_definition(release()).fix
