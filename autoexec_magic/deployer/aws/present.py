"""What a setting names has to be at AWS: a role, a network, a cluster."""

from __future__ import annotations

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.errors import UsageError


def check_role(calls: Calls, service: str, key: str, arn: str) -> None:
    """Refuse a role that is not there.

    Raises
    ------
    UsageError
        With the setting that names it.
    """
    if arn and calls.find("iam", "get_role", RoleName=arn.rpartition("/")[2]) is None:
        raise missing(service, key, arn)


def missing(service: str, key: str, value: str, state: str = "") -> UsageError:
    """Return the error for what a setting names and AWS has not."""
    return UsageError(
        f"AWS has no {key} {value} for {service}",
        why=f"it is {state}" if state else "it is not in this account and region",
        fix=f"{key} = … in [tool.autoexec.deploy.{service}.aws], or another region",
    )
