"""The scenarios at our model of ECS, whose tasks are real containers, and what is ECS's own."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import pytest
from deployer import farscenarios, scenarios
from deployer.aws.conftest import client
from deployer.scenarios import GATE, abort, deploy, eventually, fails, first, is_live, release, resume, work

from autoexec_magic.deployer import withdraw
from autoexec_magic.deployer.aws.containers import Containers
from autoexec_magic.errors import DeployError, RolledBack, UsageError
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.slow  # containers of their own for each: minutes on a busy machine


#: ECS does not tell what its health check was answered
_OWN = (scenarios.never_healthy,)
ROWS = [
    row
    for row in scenarios.each(*farscenarios.GUARDED).args[1]
    if row.values[0] not in _OWN  # the others are as everywhere
]


@pytest.mark.limit(400)
@pytest.mark.parametrize("scenario", ROWS)
def test_scenario(ecs_bed, scenario):
    """What is told of it is told where it is written."""
    scenario(ecs_bed)


@pytest.mark.slow
@pytest.mark.limit(400)
@pytest.mark.parametrize("step", ["stage:True", "switch:False", "gate:False"])
@pytest.mark.parametrize("ending", [resume, abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(ecs_bed, step, ending):
    """And no request fails."""
    scenarios.killed(ecs_bed, step, ending)


@pytest.mark.slow
@pytest.mark.limit(400)
def test_never_healthy(ecs_bed):
    """It is given up after its time; ECS says that, and not what was answered."""
    old = first(ecs_bed)
    gate = dataclasses.replace(GATE, start_seconds=3)
    error = fails(ecs_bed, release(ecs_bed, "2", "never", gate=gate))
    assert "0 of 1 tasks are healthy" in error.why or "health checks" in str(error.evidence)
    is_live(ecs_bed, old)


@pytest.mark.limit(400)
def test_what_ecs_rolled_back_is_no_success(ecs_bed):
    """Its circuit breaker is first, its waiter says "stable"; the deploy says what happened."""
    old = first(ecs_bed)
    gate = dataclasses.replace(GATE, start_seconds=120)
    options = (*ecs_bed.options.items(), ("failed-tasks", "1000"))  # so that ECS is first
    new = release(ecs_bed, "2", "exits", gate=gate, options=tuple(sorted(options)))
    with pytest.raises(RolledBack) as caught:
        deploy(ecs_bed.target(), new, work(ecs_bed))
    assert "rolled back to web:1" in caught.value.why
    assert any("no database" in line for line in caught.value.evidence)
    waiter = client("ecs").get_waiter("services_stable")
    waiter.wait(cluster="default", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    is_live(ecs_bed, old)


class Blind(Containers):
    """A target that trusts: no look at the deployments, and a read-back that repeats what it was told."""

    told: ClassVar[list] = []

    def switch(self, release, emit, *, fence):
        self.told.append(release)
        super().switch(release, emit, fence=fence)
        waiter = client("ecs").get_waiter("services_stable")
        waiter.wait(cluster="default", services=["web"], WaiterConfig={"Delay": 1, "MaxAttempts": 200})

    def unwell(self, release):
        return None

    def live(self):
        found = super().live()
        if found is None or not self.told:
            return found
        mine = self.told[-1]
        return dataclasses.replace(
            found, release_id=mine.release_id, digest=mine.digest, shares=((mine.release_id, 100.0),)
        )


@pytest.mark.slow
@pytest.mark.limit(400)
def test_a_target_that_trusts_the_waiter_lies(ecs_bed):
    """With the read-back taken out the same deploy is a success: the tests above would fail."""
    old = first(ecs_bed)
    new = release(ecs_bed, "2", "exits")
    target = ecs_bed.target()
    blind = Blind(**{each.name: getattr(target, each.name) for each in dataclasses.fields(target)})
    deploy(blind, new, work(ecs_bed))
    assert ecs_bed.target().live().release_id == old.release_id


@pytest.mark.limit(400)
def test_an_image_that_is_gone_is_final(ecs_bed):
    """ECS cannot pull it: that is told at once, in its words."""
    target = ecs_bed.target()
    made = target.stage(release(ecs_bed, "1"), print)
    definition = ecs_bed.tasks.definitions["web"][0]
    image = definition["containerDefinitions"][0]
    image["image"] = f"{image['image'].partition('@')[0]}@sha256:{'0' * 64}"
    target.switch(made, print, fence=1)
    eventually(lambda: (found := target.unwell(made)) is not None and found.is_final)
    assert "CannotPullContainerError" in target.unwell(made).why


@pytest.mark.limit(400)
def test_staged_twice_a_later_deploy_wins_and_what_others_change_shows(ecs_bed):
    """One revision; a lower fence is refused; a task definition of somebody else is told with who made it."""
    target = ecs_bed.target()
    made = target.stage(release(ecs_bed, "1"), print)
    assert target.stage(made, print) == made
    assert len(ecs_bed.tasks.definitions["web"]) == 1
    assert target.live() is None
    target.switch(made, print, fence=7)
    with pytest.raises(DeployError, match="lost its turn"):
        target.switch(made, print, fence=6)
    eventually(lambda: target.unwell(made) is None)
    live = target.live()
    assert (live.release_id, live.digest, live.changed) == (made.release_id, made.digest, "")
    assert live.release == dataclasses.replace(made, place="")
    assert live.shares == ((made.release_id, 100.0),)
    ecs = client("ecs")
    ecs.update_service(service="web", desiredCount=2)
    assert target.live().changed == "replicas is 2, and was 1"
    theirs = dict(ecs_bed.tasks.definitions["web"][0])
    container = dict(theirs["containerDefinitions"][0], dockerLabels={})
    given = {"family": "web", "executionRoleArn": theirs["executionRoleArn"], "networkMode": "awsvpc"}
    arn = ecs.register_task_definition(containerDefinitions=[container], **given)["taskDefinition"]
    ecs.update_service(service="web", taskDefinition=arn["taskDefinitionArn"])
    live = target.live()
    assert live.release_id == ""
    assert live.changed == "web:2 runs, which arn:aws:iam::123456789012:user/tests registered"
    assert "works towards web:2" in target.unwell(made).why


@pytest.mark.limit(400)
def test_what_is_taken_away_is_gone_and_can_come_again(ecs_bed):
    """A service that still drains is waited for."""
    made = first(ecs_bed)
    target = ecs_bed.target()
    withdraw(target, work(ecs_bed))
    assert target.live() is None
    again = release(ecs_bed, "1")
    deploy(target, again, work(ecs_bed))
    is_live(ecs_bed, again)
    target.tidy(again, [], print)
    assert target.cluster.of(made.release_id) is None
    assert target.cluster.of(again.release_id) is not None


@pytest.mark.limit(400)
def test_values_of_secrets_are_nowhere_but_where_they_are_kept(ecs_bed):
    """The task definition names the version; a version that is gone is told."""
    secrets = (Secret(name="SECRET", reference="env:S", version="1"),)
    made = ecs_bed.target({"SECRET": "value-of-it"}).stage(release(ecs_bed, "1", secrets=secrets), print)
    assert "value-of-it" not in repr(ecs_bed.tasks.definitions)
    lost = dataclasses.replace(made, release_id="another", place="")
    lost = dataclasses.replace(
        lost,
        spec=dataclasses.replace(lost.spec, secrets=(Secret(name="SECRET", reference="env:S", version="2"),)),
    )
    with pytest.raises(DeployError, match="nobody has that value"):
        ecs_bed.target().stage(lost, print)


def test_the_service_of_somebody_else_is_left_alone(ecs_bed):
    """It has no tag of ours."""
    target = ecs_bed.target()
    made = target.stage(release(ecs_bed, "1"), print)
    target.switch(made, print, fence=1)
    ecs_bed.tasks.services["web"].told["tags"] = []
    with pytest.raises(DeployError, match="somebody else's"):
        target.switch(made, print, fence=2)


def test_without_logs_the_setting_is_named(ecs_bed):
    """They are kept nowhere unasked."""
    with pytest.raises(DeployError, match="nobody keeps the logs") as caught:
        next(ecs_bed.target().logs(release(ecs_bed, "1"), lines=1, follow=False))
    assert "log-group" in caught.value.fix


def test_a_network_that_is_not_there_is_told_before_anything_is_made(ecs_bed):
    """No task definition is registered."""
    ecs_bed.options["subnets"] = "subnet-0123456789abcdef0"
    with pytest.raises(UsageError, match="no subnets"):
        ecs_bed.target().stage(release(ecs_bed, "1"), print)
    assert ecs_bed.tasks.definitions == {}
