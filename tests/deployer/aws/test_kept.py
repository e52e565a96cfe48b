"""Secrets' values at Secrets Manager."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.aws.conftest import client
from deployer.aws.made import SECRET, release

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.kept import kept as kept_at
from autoexec_magic.deployer.aws.kept import known, let_go, name_in, needed_by, version_id
from autoexec_magic.errors import DeployError, UsageError

PLACE = "lambda-web"


def kept(calls, service, secrets, values, place=PLACE):
    return kept_at(calls, service, secrets, values, place=place)


def stages(name="autoexec/web/KEY"):
    return client("secretsmanager").describe_secret(SecretId=name)["VersionIdsToStages"]


def test_each_version_is_kept_and_found_again(front):
    """By the release that names it, without its value; the older one stays."""
    calls = Calls(service="web")
    newer = dataclasses.replace(SECRET, version="cd34")
    one = kept(calls, "web", [SECRET], {"KEY": "value-one"})["KEY"]
    two = kept(calls, "web", [newer], {"KEY": "value-two"})["KEY"]
    assert kept(calls, "web", [SECRET], {})["KEY"] == one
    manager = client("secretsmanager")
    for reference, value in ((one, "value-one"), (two, "value-two")):
        got = manager.get_secret_value(SecretId=reference.arn, VersionId=reference.version)
        assert got["SecretString"] == value
    assert "autoexec-lambda-web.ab12" in stages()[one.version]
    assert "autoexec-lambda-web.cd34" in stages()[two.version]


def three(calls):
    """Keep three values, and return their secrets, the newest last."""
    secrets = [dataclasses.replace(SECRET, version=each) for each in ("a1", "b2", "c3")]
    for each in secrets:
        kept(calls, "web", [each], {"KEY": f"value-{each.version}"})
    return secrets


def test_labels_of_versions_that_nobody_needs_are_taken_off(front):
    """Those of what is kept stay, and so do another function's and a person's."""
    calls = Calls(service="web")
    one, two, three_ = three(calls)
    kept(calls, "web", [two], {}, place="ecs-web")
    manager = client("secretsmanager")
    manager.update_secret_version_stage(
        SecretId="autoexec/web/KEY", VersionStage="mine", MoveToVersionId=version_id("web", one)
    )
    needed = needed_by("web", [release(secrets=(three_,))])
    let_go(calls, "web", ["KEY", "GONE"], needed, place=PLACE)
    ours = {version: [each for each in found if each != "AWSCURRENT"] for version, found in stages().items()}
    assert ours[version_id("web", one)] == ["mine"]
    assert ours[version_id("web", two)] == ["autoexec-ecs-web.b2"]
    assert ours[version_id("web", three_)] == ["autoexec-lambda-web.c3"]


def test_twenty_and_more_values_are_no_trouble(front):
    """Secrets Manager has twenty labels a secret: one is there for what is live, and no more."""
    calls = Calls(service="web")
    for number in range(25):
        secret = dataclasses.replace(SECRET, version=f"v{number}")
        kept(calls, "web", [secret], {"KEY": f"value-{number}"})
        let_go(calls, "web", ["KEY"], needed_by("web", [release(secrets=(secret,))]), place=PLACE)
    assert sum(each.startswith("autoexec-") for found in stages().values() for each in found) == 1


def test_a_version_that_was_let_go_gets_its_label_again(front):
    """A release that comes back needs it."""
    calls = Calls(service="web")
    made = three(calls)[0]
    let_go(calls, "web", ["KEY"], set(), place=PLACE)
    kept(calls, "web", [made], {"KEY": "value-a1"})
    assert "autoexec-lambda-web.a1" in stages()[version_id("web", made)]


def test_what_would_be_kept_is_told_without_a_change(front):
    """A value that is neither there nor here is refused, as it would be."""
    calls = Calls(service="web")
    assert known(calls, "web", [SECRET], {"KEY": "x"})["KEY"].version == version_id("web", SECRET)
    assert set(front.seen) == {"secretsmanager:DescribeSecret"}
    with pytest.raises(DeployError, match="nobody has that value"):
        known(calls, "web", [SECRET], {})
    kept(calls, "web", [SECRET], {"KEY": "x"})
    assert known(calls, "web", [SECRET], {})["KEY"].arn.startswith("arn:aws:secretsmanager:")


def test_a_secret_of_ours_is_known_by_its_arn(front):
    """And nobody else's is."""
    arn = kept(Calls(service="web"), "web", [SECRET], {"KEY": "x"})["KEY"].arn
    assert name_in("web", arn) == "KEY"
    assert name_in("api", arn) == ""
    assert name_in("web", "arn:aws:secretsmanager:us-east-1:1:secret:db-a1b2c3") == ""


def test_a_value_that_is_gone_is_told(front):
    """Nobody invents one."""
    with pytest.raises(DeployError, match="nobody has that value"):
        kept(Calls(service="web"), "web", [SECRET], {})


def test_a_secret_that_is_about_to_be_deleted_is_told(front):
    """With the command that keeps it."""
    kept(Calls(service="web"), "web", [SECRET], {"KEY": "x"})
    client("secretsmanager").delete_secret(SecretId="autoexec/web/KEY", RecoveryWindowInDays=7)
    with pytest.raises(DeployError) as caught:
        kept(Calls(service="web"), "web", [SECRET], {"KEY": "x"})
    assert "restore-secret" in caught.value.fix


def test_an_empty_value_is_refused(front):
    """AWS takes none."""
    with pytest.raises(UsageError, match="cannot be kept"):
        kept(Calls(service="web"), "web", [SECRET], {"KEY": ""})


def test_what_is_at_aws_already_is_only_named(front):
    """By its ARN; nothing is asked."""
    theirs = dataclasses.replace(SECRET, reference="arn:aws:ssm:us-east-1:123456789012:parameter/key")
    found = kept(Calls(service="web"), "web", [theirs], {})["KEY"]
    assert (found.value_from, front.seen) == (theirs.reference, [])
    assert version_id("web", SECRET) != version_id("api", SECRET)
