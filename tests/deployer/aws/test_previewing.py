"""A dry run at AWS: what it describes beside what would be, and what it would refuse; nothing is written."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.aws.conftest import ACCOUNT, ROLE, client
from deployer.aws.made import release as plain
from deployer.scenarios import release

from autoexec_magic.deployer import Addressed, Previews
from autoexec_magic.deployer.aws.previewing import LATER, asked_later, changes
from autoexec_magic.deployer.target import Live
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Gate, Secret

SECRETS = (Secret(name="SECRET", reference="env:S", version="1"),)
_READS = ("Get", "Describe", "List", "BatchGet")


def shown(found):
    return {each.name: (each.now, each.new) for each in found}


def live_of(made, fields, **changes):
    given = {"release_id": made.release_id, "digest": made.digest, "fields": fields, "release": made}
    return Live(**{**given, **changes})


def test_fields_are_aws_own_with_its_defaults():
    """A default of AWS is on both sides; the digest is that of what serves."""
    made = plain(environment=(("A", "1"),))
    expected = {"memory": "134217728", "env.A": "1"}
    first = shown(changes(made, None, expected))
    assert first["memory"] == ("", "134217728")
    assert first["digest"] == ("", made.digest)
    now = {**{name: new for name, (_, new) in first.items()}}
    assert changes(made, live_of(made, now), expected) == ()
    drifted = live_of(made, now | {"memory": "268435456"}, digest="lambda:x")
    assert shown(changes(made, drifted, expected)) == {
        "digest": ("lambda:x", made.digest),
        "memory": ("268435456", "134217728"),
    }


def test_what_would_be_built_of_the_same_is_the_same():
    """A dry run builds nothing, and knows the digest of what it would be built of."""
    made = plain(inputs_digest="sha256:in")
    spec = dataclasses.replace(made.spec, digest="(built of sha256:in)")
    found = changes(dataclasses.replace(made, spec=spec), live_of(made, {"artifact": "image"}), {})
    assert "digest" not in shown(found)


def test_a_health_check_that_an_images_programs_decide_is_told_when_it_is_staged():
    """It is known only of the image, port and gate that are live, where nobody changed what asks."""
    made = plain(port=80)
    live = live_of(made, {"health.command": "CMD true"})
    assert asked_later(made, live) == "CMD true"
    assert asked_later(made, None) == LATER
    assert asked_later(made, dataclasses.replace(live, changed="health.command is another")) == LATER
    assert asked_later(made, dataclasses.replace(live, release=None)) == LATER
    others = ({"port": 81}, {"gate": Gate(path="/x")}, {"options": (("target-group", "arn:x"),)})
    for changed in (*others, {"digest": "sha256:" + "b" * 64}):
        other = dataclasses.replace(made, spec=dataclasses.replace(made.spec, **changed))
        assert asked_later(other, live) == LATER
    made = plain(port=80, inputs_digest="sha256:in")
    planned = dataclasses.replace(made.spec, digest="(built of sha256:in)")
    live = live_of(made, {"health.command": "CMD true"})
    assert asked_later(dataclasses.replace(made, spec=planned), live) == "CMD true"


def nothing_was_written(front, *also):
    written = [each for each in front.seen if not each.partition(":")[2].startswith(_READS)]
    assert [each for each in written if each not in ("sts:GetCallerIdentity", *also)] == []


def test_a_first_function_is_all_new(lambda_bed):
    """With Lambda's own defaults; there is no function to try its code at."""
    target = lambda_bed.target({"SECRET": "x"})
    made = release(lambda_bed, "1", secrets=SECRETS)
    lambda_bed.front.seen.clear()
    assert isinstance(target, Previews)
    found = shown(target.preview(made))
    assert found["memory"] == ("", "134217728")
    assert found["option.runtime"] == ("", "python3.12")
    assert found["secret.SECRET"] == ("", "env:S (1)")
    nothing_was_written(lambda_bed.front)
    assert lambda_bed.front.lambdas.every == {}


def test_only_what_changes_of_a_function_is_shown(lambda_bed):
    """By what Lambda has; its code is tried, and stays."""
    target = lambda_bed.target()
    old = target.stage(release(lambda_bed, "1"), print)
    target.switch(old, print, fence=1)
    theirs = client("lambda")
    before = theirs.get_function_configuration(FunctionName="web")
    new = release(lambda_bed, "2", memory_bytes=2**29)
    lambda_bed.front.seen.clear()
    assert shown(target.preview(new)) == {
        "digest": (old.digest, new.digest),
        "env.VERSION": ("1", "2"),
        "memory": ("134217728", "536870912"),
    }
    assert "lambda:UpdateFunctionCode" in lambda_bed.front.seen
    nothing_was_written(lambda_bed.front, "lambda:UpdateFunctionCode")
    after = theirs.get_function_configuration(FunctionName="web")
    assert (after["CodeSha256"], after["RevisionId"]) == (before["CodeSha256"], before["RevisionId"])


def of_options(bed, **changes):
    bed.options |= changes
    return bed.target()


def test_what_lambda_would_refuse_is_told(lambda_bed, monkeypatch):
    """A role that is gone, a code that is too large, a value that nobody has, somebody else's function."""
    with pytest.raises(UsageError, match="no role"):
        of_options(lambda_bed, role=f"{ROLE}-gone").preview(release(lambda_bed, "1"))
    target = of_options(lambda_bed, role=ROLE)
    with pytest.raises(DeployError, match="nobody has that value"):
        target.preview(release(lambda_bed, "1", secrets=SECRETS))
    target.stage(release(lambda_bed, "1"), print)
    monkeypatch.setattr("deployer.aws.functions._MOST_UNZIPPED", 10)
    with pytest.raises(DeployError, match="refused lambda:UpdateFunctionCode") as caught:
        target.preview(release(lambda_bed, "2"))
    assert "Unzipped size must be smaller" in caught.value.why
    lambda_bed.front.lambdas.every["web"].tags.clear()
    with pytest.raises(DeployError, match="somebody else's"):
        target.preview(release(lambda_bed, "2"))


def test_an_image_has_to_be_in_ecr_or_here(lambda_bed, ecr, monkeypatch):
    """A repository that is not there; an image that neither ECR nor an engine has."""
    target = lambda_bed.target()
    made = release(lambda_bed, "1")
    options = tuple(each for each in made.spec.options if each[0] != "handler")
    spec = dataclasses.replace(made.spec, artifact="image", reference="nowhere:1", options=options)
    with pytest.raises(DeployError, match="neither in ECR nor at the engine"):
        target.preview(dataclasses.replace(made, spec=spec))
    planned = dataclasses.replace(spec, digest="(built of sha256:x)")
    assert shown(target.preview(dataclasses.replace(made, spec=planned)))["artifact"] == ("", "image")
    client("ecr").delete_repository(repositoryName="web", force=True)
    with pytest.raises(DeployError, match="no repository web"):
        target.preview(dataclasses.replace(made, spec=planned))


def test_the_address_is_the_aliass_function_url(lambda_bed):
    """That of `$LATEST` is not what was deployed."""
    target = lambda_bed.target()
    assert isinstance(target, Addressed)
    assert target.address() == ""
    target.switch(target.stage(release(lambda_bed, "1"), print), print, fence=1)
    theirs = client("lambda")
    theirs.create_function_url_config(FunctionName="web", AuthType="NONE")
    assert target.address() == ""
    url = theirs.create_function_url_config(FunctionName="web", AuthType="NONE", Qualifier="live")
    assert target.address() == url["FunctionUrl"]


@pytest.mark.limit(300)
def test_a_service_shows_what_changes(ecs_bed):
    """By its task definition as ECS has it; what ECS would refuse is told, and nothing is registered."""
    target = ecs_bed.target()
    assert isinstance(target, Previews)
    old = release(ecs_bed, "1")
    ecs_bed.front.seen.clear()
    assert shown(target.preview(old))["replicas"] == ("", "1")
    nothing_was_written(ecs_bed.front)
    assert target.address() == ""
    old = target.stage(old, print)
    target.switch(old, print, fence=1)
    gate = dataclasses.replace(old.spec.gate, path="/other")
    new = release(ecs_bed, "2", replicas=2, gate=gate)
    ecs_bed.front.seen.clear()
    found = shown(target.preview(new))
    assert set(found) == {"digest", "env.VERSION", "health.command", "health.path", "replicas"}
    assert found["health.command"][1] == LATER
    same = release(ecs_bed, "1", replicas=2)
    assert set(shown(target.preview(same))) == {"replicas"}
    told = release(ecs_bed, "1", gate=dataclasses.replace(old.spec.gate, command=("true",)))
    assert shown(target.preview(told))["health.command"][1] == "true"
    nothing_was_written(ecs_bed.front)
    assert len(ecs_bed.tasks.definitions["web"]) == 1
    gone = of_options(ecs_bed, **{"execution-role": f"arn:aws:iam::{ACCOUNT}:role/gone"})
    with pytest.raises(UsageError, match="no execution-role"):
        gone.preview(release(ecs_bed, "2"))
    ecs_bed.tasks.services["web"].told["tags"] = []
    with pytest.raises(DeployError, match="somebody else's"):
        target.preview(new)


@pytest.mark.slow
@pytest.mark.limit(400)
def test_a_service_behind_a_load_balancer_is_judged_by_it(ecs_bed):
    """Nothing is asked inside the container; the address is the load balancer's; what it finds unwell is."""
    from deployer.aws.test_balancer import grouped, led
    from deployer.scenarios import deploy, eventually, is_live, work

    group = grouped()
    name = led(group, {"Protocol": "HTTP", "Port": 80})
    ecs_bed.options["target-group"] = group
    gate = dataclasses.replace(Gate(), start_seconds=120, successes=1, bake_seconds=1)
    old = release(ecs_bed, "1", gate=gate)
    target = ecs_bed.target()
    deploy(target, old, work(ecs_bed))
    is_live(ecs_bed, old)
    assert "healthCheck" not in ecs_bed.tasks.definitions["web"][0]["containerDefinitions"][0]
    assert target.address() == f"http://{name}"
    new = release(ecs_bed, "2", "never", gate=dataclasses.replace(gate, start_seconds=60))
    with pytest.raises(DeployError) as caught:
        deploy(target, new, work(ecs_bed))
    told = f"{caught.value.why} {caught.value.evidence}"
    assert "ELB health checks" in told or "0 of 1 tasks are healthy at the load balancer" in told
    eventually(lambda: target.live().release_id == old.release_id)
