"""Calls to AWS: by boto3's own chain, asked again for a while, and then told."""

from __future__ import annotations

import time

import pytest
from deployer.aws.conftest import client
from deployer.aws.front import Fault

from autoexec_magic.deployer.aws.calls import Calls, check_account
from autoexec_magic.deployer.aws.faults import Refused
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError, UsageError


def test_what_is_busy_is_asked_again(front):
    """Until it answers."""
    left = [Fault("ThrottlingException", "slow down", 429), Fault("ServiceException", "oh", 500)] * 2

    def before(action):
        if left:
            raise left.pop()

    front.before = before
    assert Calls(service="web").find("lambda", "get_alias", FunctionName="x", Name="live") is None
    assert left == []


def test_what_stays_busy_is_unanswered_after_a_limit(front):
    """And not an hour later."""

    def before(action):
        raise Fault("TooManyRequestsException", "slow down", 429)

    front.before = before
    began = time.monotonic()
    with pytest.raises(Unanswered, match="busy"):
        Calls(service="web", limit_seconds=1).ask("lambda", "get_alias", FunctionName="x", Name="live")
    assert time.monotonic() - began < 60


def test_nobody_there_is_unanswered(front, monkeypatch):
    """As of a cut network."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unanswered, match="does not answer"):
        Calls(service="web", limit_seconds=1).ask("sts", "get_caller_identity")


def test_what_is_denied_is_named_and_not_asked_again(front):
    """By its action."""

    def before(action):
        raise Fault("AccessDeniedException", "User is not authorized to perform: lambda:GetAlias", 403)

    front.before = before
    with pytest.raises(Refused, match="lambda:GetAlias"):
        Calls(service="web").ask("lambda", "get_alias", FunctionName="x", Name="live")
    assert len(front.seen) == 1


def test_credentials_that_are_over_are_told_with_the_command(front):
    """Nobody knows what is live: it is no refusal."""

    def before(action):
        raise Fault("ExpiredTokenException", "The security token included in the request is expired", 403)

    front.before = before
    with pytest.raises(Unanswered, match="not any more") as caught:
        Calls(service="web").ask("lambda", "get_alias", FunctionName="x", Name="live")
    assert "--resume" in caught.value.fix


def test_no_credentials(front, monkeypatch):
    """Nothing is asked."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(DeployError, match="no credentials") as caught:
        Calls(service="web").ask("sts", "get_caller_identity")
    assert "aws configure" in caught.value.fix
    assert front.seen == []


def test_no_region(front, monkeypatch):
    """It is asked for; one that is given counts."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError, match="region"):
        Calls(service="web").ask("lambda", "get_alias", FunctionName="x", Name="live")
    assert Calls(service="web", region="eu-west-1").ask("sts", "get_caller_identity")


def test_a_profile_that_is_not_there(front):
    """By its name."""
    with pytest.raises(UsageError, match="cannot be used"):
        Calls(service="web", profile="nobody").ask("sts", "get_caller_identity")


def test_another_account_is_refused(front):
    """Where the settings name one."""
    check_account(Calls(service="web"), "123456789012")
    check_account(Calls(service="web"), "")
    with pytest.raises(UsageError, match="belongs to 999999999999"):
        check_account(Calls(service="web"), "999999999999")


def test_all_pages_are_read(front):
    """Of a list that has many."""
    manager = client("secretsmanager")
    for number in range(120):
        manager.create_secret(Name=f"s{number}", SecretString="x")
    found = Calls(service="web").every("secretsmanager", "list_secrets", "SecretList")
    assert len(found) == 120


def test_without_boto3_its_extra_is_named(monkeypatch):
    """With the command that installs it."""
    import sys

    from autoexec_magic.errors import MissingTool

    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingTool) as caught:
        Calls(service="web").ask("sts", "get_caller_identity")
    assert "autoexec-magic[aws]" in caught.value.fix
