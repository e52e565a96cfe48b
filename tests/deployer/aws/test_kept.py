"""Secrets' values at Secrets Manager."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.aws.conftest import client
from deployer.aws.made import SECRET

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.kept import kept, version_id
from autoexec_magic.errors import DeployError, UsageError


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
    stages = manager.describe_secret(SecretId=one.arn)["VersionIdsToStages"]
    assert "autoexec-ab12" in stages[one.version]
    assert "autoexec-cd34" in stages[two.version]


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
