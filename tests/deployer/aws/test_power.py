"""The list of actions is exact: what all sorts of deploys ask of AWS is it, no more and no less."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.aws.conftest import client
from deployer.scenarios import GATE, deploy, release, work

from autoexec_magic.deployer import withdraw
from autoexec_magic.deployer.aws import ACTIONS, Calls, policy_of
from autoexec_magic.deployer.aws.calls import check_account
from autoexec_magic.deployer.aws.logs import lines_of
from autoexec_magic.errors import RolledBack
from autoexec_magic.releasefacts import Secret

SECRETS = (Secret(name="SECRET", reference="env:S", version="1"),)


def lived(bed, asked):
    """Let a service live a whole life: deployed, updated, rolled back, told, tidied, taken away."""
    gate = dataclasses.replace(GATE, answer_seconds=20, successes=1, bake_seconds=0)
    target = bed.target({"SECRET": "x"})
    old = release(bed, "1", gate=gate, secrets=SECRETS)
    target.preview(old)
    deploy(target, old, work(bed))
    target.address()
    target.preview(release(bed, "2", gate=gate))
    deploy(target, release(bed, "2", gate=gate), work(bed))
    with pytest.raises(RolledBack):
        deploy(target, release(bed, "3", "exits", gate=gate), work(bed))
    deploy(target, old, work(bed), why="rollback")
    check_account(target.calls, "123456789012")
    list(lines_of(target.calls, "/gone", lines=1, follow=False, is_wanted=bool))
    target.tidy(old, [], print)
    withdraw(target, work(bed))
    target.tidy(None, [], print)  # a secret that no release needs is let go


@pytest.fixture
def asked(monkeypatch):
    """The actions that our own clients ask for, by botocore's own hook; the tests' clients do not count."""
    from autoexec_magic.deployer.aws.actions import action_of

    found = set()
    made = Calls._client

    def listening(self, api, seconds=0.0):
        there = made(self, api, seconds)
        if not getattr(there, "is_heard", False):
            there.is_heard = True
            there.meta.events.register(
                "before-call.*.*", lambda model, **_: found.add(action_of(api, model.name))
            )
        return there

    monkeypatch.setattr(Calls, "_client", listening)
    return found


@pytest.mark.limit(400)
def test_lambda(lambda_bed, ecr, asked):
    """A zip's life, and an image's push."""
    from deployer.aws.made import release as plain

    from autoexec_magic.deployer.aws import images

    lived(lambda_bed, asked)
    digest = _image(lambda_bed)
    images.pushed(lambda_bed.target().calls, "web", plain(reference="web:power", digest=digest))
    assert asked == ACTIONS["lambda"]


@pytest.mark.limit(600)
def test_ecs(ecs_bed, asked):
    """A service's life, behind a load balancer."""
    from deployer.aws.test_balancer import grouped, led

    ecs_bed.options["target-group"] = grouped()
    led(ecs_bed.options["target-group"], {"Protocol": "HTTP", "Port": 80})
    ecs_bed.options["role"] = ecs_bed.options["execution-role"]
    lived(ecs_bed, asked)
    assert asked == ACTIONS["ecs"]


def test_what_is_not_allowed_is_named_in_the_policy(front):
    """The policy is the list, in IAM's words, and IAM takes it."""
    import json

    made = json.dumps(policy_of(ACTIONS["lambda"] | ACTIONS["ecs"]))
    assert client("iam").create_policy(PolicyName="deploys", PolicyDocument=made)


def _image(bed):
    from deployer.aws.conftest import built

    return built(bed.front.lambdas.runner.containers.engine, "web:power", "power")
