"""A release as an ECS task definition."""

from __future__ import annotations

import pytest
from deployer.aws import schema
from deployer.aws.made import ROLE, SECRET, release

from autoexec_magic.deployer.aws import definitions
from autoexec_magic.deployer.aws.kept import Reference
from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.deployer.aws.probes import probe_of
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate

OPTIONS = options_of(
    "web",
    {
        "service": "ecs",
        "execution-role": ROLE,
        "subnets": "subnet-0123456789abcdef0",
        "security-groups": "sg-0123456789abcdef0",
        "log-group": "/ecs/web",
    },
)
IMAGE = "1.dkr.ecr.eu-central-1.amazonaws.com/web@sha256:" + "b" * 64
REFERENCE = Reference(arn="arn:aws:secretsmanager:x:1:secret:autoexec/web/KEY-abcdef", version="v1")


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"artifact": "app"}, {}),
        ({"gate": Gate(path="/health")}, {}),
        ({"cpus": 17.0}, {}),
        ({}, {"execution_role": ""}),
        ({}, {"subnets": ()}),
    ],
)
def test_what_ecs_cannot_do_is_refused(changes, options):
    """Before anything is asked of it."""
    import dataclasses

    with pytest.raises(UsageError):
        definitions.check(release(**changes), dataclasses.replace(OPTIONS, **options))
    definitions.check(release(), OPTIONS)


def test_it_is_as_aws_publishes_it():
    """All that we write is checked by AWS's own schema."""
    made = release(
        secrets=(SECRET,),
        environment=(("A", "b"),),
        port=8080,
        command=("serve",),
        gate=Gate(path="/health", interval_seconds=0.1, start_seconds=1000, failures=50),
    )
    found = definitions.definition_of(made, OPTIONS, IMAGE, {"KEY": REFERENCE}, "eu-central-1")
    shape = schema.model("ecs").operation_model("RegisterTaskDefinition").input_shape
    assert list(schema.faults(shape, found)) == []
    probe = found["containerDefinitions"][0]["healthCheck"]
    assert (probe["interval"], probe["startPeriod"], probe["retries"]) == (5, 300, 10)
    assert definitions.release_in(found) == made
    assert definitions.image_digest(found) == "sha256:" + "b" * 64


def test_what_is_read_back_is_what_was_written():
    """All of it; a variable that somebody added is seen, and the version of a secret."""
    made = release(secrets=(SECRET,), port=8080, replicas=3)
    expected = definitions.expected_fields(made, OPTIONS, probe_of(made.spec))
    reference = Reference(arn=REFERENCE.arn, version=expected["secret.KEY"])
    found = definitions.definition_of(made, OPTIONS, IMAGE, {"KEY": reference}, "x")
    assert definitions.seen_fields(found, 3) == expected
    assert definitions.probe_in(found).command == probe_of(made.spec).command
    assert definitions.secrets_in(found) == {REFERENCE.arn: reference.version}
    found["containerDefinitions"][0]["environment"].append({"name": "NEW", "value": "1"})
    assert definitions.seen_fields(found, 3)["env.NEW"] == "1"


def test_a_task_definition_of_somebody_else_is_none_of_ours():
    """However little it has."""
    assert definitions.release_in({"containerDefinitions": [{"name": "x", "image": "x"}]}) is None
    assert definitions.image_digest({"containerDefinitions": [{"image": "x:1"}]}) == ""
