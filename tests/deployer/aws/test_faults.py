"""What AWS's client raises, as our errors."""

from __future__ import annotations

import pytest
from botocore import exceptions

from autoexec_magic.deployer.aws.faults import Busy, Refused, TimedOut, fault_of
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError, UsageError


def answered(code, message="no", status=400):
    body = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(body, "UpdateAlias")


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (exceptions.NoCredentialsError(), DeployError, "aws configure"),
        (exceptions.NoRegionError(), UsageError, "region = "),
        (exceptions.ProfileNotFound(profile="x"), UsageError, "aws configure list"),
        (exceptions.UnauthorizedSSOTokenError(), Unanswered, "aws sso login"),
        (answered("ExpiredTokenException"), Unanswered, "--resume"),
        (answered("InvalidClientTokenId"), Unanswered, "credentials"),
        (answered("ThrottlingException"), Busy, "busy"),
        (answered("Whatever", status=503), Busy, "busy"),
        (exceptions.EndpointConnectionError(endpoint_url="http://x"), Busy, "does not answer"),
        (exceptions.ReadTimeoutError(endpoint_url="http://x"), TimedOut, "does not answer"),
        (exceptions.ParamValidationError(report="x"), UsageError, "does not take"),
        (answered("ValidationException", "bad name"), Refused, "bad name"),
    ],
)
def test_each_says_what_to_do_next(error, kind, says):
    """And is of the class that decides whether it is asked again."""
    found = fault_of(error, "lambda", "update_alias", "web")
    assert type(found) is kind or isinstance(found, kind)
    assert says in str(found)
    assert found.fix


def test_the_missing_action_is_named():
    """As AWS says it, else by what was called."""
    told = "User: x is not authorized to perform: iam:PassRole on resource: y"
    assert "iam:PassRole" in fault_of(answered("AccessDeniedException", told), "lambda", "a", "web").what
    found = fault_of(answered("AccessDenied", ""), "lambda", "invoke", "web")
    assert "lambda:InvokeFunction" in found.what
