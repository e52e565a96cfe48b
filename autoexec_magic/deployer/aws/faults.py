"""What AWS's client raises, as our errors: who has to do what next. Nothing of a request is repeated."""

from __future__ import annotations

import re

from autoexec_magic.deployer.aws.actions import action_of
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError, UsageError

EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    }
)
BUSY = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "InternalFailure",
        "InternalError",
        "InternalServiceError",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
NOT_THERE = frozenset(
    {
        "ResourceNotFoundException",
        "RepositoryNotFoundException",
        "ImageNotFoundException",
        "ClusterNotFoundException",
        "ServiceNotFoundException",
        "NoSuchEntity",
        "TargetGroupNotFound",
        "LoadBalancerNotFound",
        "InvalidSubnetID.NotFound",
        "InvalidGroup.NotFound",
    }
)
CONFLICT = "ResourceConflictException"
_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|AuthFailure")
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")
_RENEW = "aws sso login, or new credentials"


class Refused(DeployError):
    """AWS answered, and did not do it; `error` is its own code."""

    def __init__(self, what: str, *, error: str, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.error = error


class Busy(Unanswered):
    """AWS says that it is busy, or says nothing: it is asked again."""


class TimedOut(Busy):
    """An answer took too long."""


def fault_of(error: Exception, api: str, operation: str, service: str) -> DeployError | UsageError:
    """Return our error for one of botocore's.

    Parameters
    ----------
    error : Exception
        `ClientError` or a `BotoCoreError`.
    api, operation : str
        What was asked, as boto3 names them.
    service : str
        Whose deploy it is for.
    """
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and "Error" in answer:
        return _answered(answer, api, operation, service)
    return _unanswered(error, api, operation, service)


def _answered(answer: dict[str, object], api: str, operation: str, service: str) -> DeployError | UsageError:
    told: dict[str, object] = answer["Error"]  # type: ignore[assignment]
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    meta: dict[str, object] = answer.get("ResponseMetadata", {})  # type: ignore[assignment]
    status = meta.get("HTTPStatusCode", 0)
    why = f"{code}: {message}"
    action = action_of(api, operation)
    if code in EXPIRED:
        return Unanswered(
            "the AWS credentials are not valid, or not any more",
            why=why,
            fix=f"{_RENEW}; then %autoexec deploy {service} --resume, or %autoexec status {service}",
        )
    if _DENIED.search(code):
        found = _ACTION.search(message)
        missing = found[1] if found else action
        return Refused(
            f"AWS does not allow {missing}",
            error=code,
            why=message,
            fix=f"let an administrator allow {missing}; autoexec_magic.deployer.aws.ACTIONS has all of them",
        )
    if code in BUSY or (isinstance(status, int) and status in (429, 500, 502, 503, 504)):
        return Busy(f"AWS is busy ({action})", why=why, fix=f"try again later: %autoexec status {service}")
    return Refused(f"AWS refused {action}", error=code, why=why, fix=f"%autoexec status {service}")


def _unanswered(error: Exception, api: str, operation: str, service: str) -> DeployError | UsageError:
    name = type(error).__name__
    why = str(error)
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return DeployError(
            "there are no credentials for AWS", why=why, fix="aws configure, or export AWS_PROFILE=NAME"
        )
    if name in ("NoRegionError", "InvalidRegionError"):
        return UsageError(
            "nobody says in which region of AWS",
            why=why,
            fix=f"region = 'eu-central-1' in [tool.autoexec.deploy.{service}.aws], or AWS_REGION",
        )
    if name in ("ProfileNotFound", "InvalidConfigError", "ConfigParseError", "UnknownRegionError"):
        return UsageError(
            "the AWS settings of this machine cannot be used", why=why, fix="aws configure list"
        )
    if name in ("UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError", "SSOError"):
        return Unanswered("the AWS sign-in is over", why=why, fix=f"{_RENEW}; then deploy {service} again")
    if name in ("ParamValidationError", "ValidationError"):
        return UsageError(f"AWS does not take that ({action_of(api, operation)})", why=why, fix="change it")
    kind = TimedOut if name in ("ReadTimeoutError", "ConnectTimeoutError") else Busy
    return kind(
        f"AWS does not answer ({action_of(api, operation)})",
        why=why,
        fix=f"look at the network and at the region; then %autoexec status {service}",
    )
