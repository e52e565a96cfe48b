"""The target `aws`: a Lambda function or an ECS service, with images in ECR and secrets in Secrets Manager.

Which of the two is the option `service`; a handler goes to Lambda, all else to ECS. Both
are the same four facts (`deployer.target`): `function.Lambda` and
`containers.Containers`. What each may have to be allowed is `ACTIONS`, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoexec_magic.deployer.aws.actions import ACTIONS, PASS_ACTIONS, PUSH_ACTIONS, policy_of
from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.containers import Containers
from autoexec_magic.deployer.aws.function import Lambda
from autoexec_magic.deployer.aws.options import options_of
from autoexec_magic.deployer.aws.zipped import Pack

__all__ = [
    "ACTIONS",
    "PASS_ACTIONS",
    "PUSH_ACTIONS",
    "Calls",
    "Containers",
    "Lambda",
    "Pack",
    "aws",
    "options_of",
    "policy_of",
]


def aws(
    *,
    service: str,
    options: Mapping[str, str],
    folder: Path,
    values: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
    handler: str = "",
    pack: Pack | None = None,
) -> Lambda | Containers:
    """Return where a service goes at AWS; nothing is asked yet.

    Parameters
    ----------
    service : str
        Its name.
    options : mapping of str to str
        Its own settings, `Spec.options`.
    folder : Path
        The project's: a release's reference is relative to it.
    values : mapping of str to str, optional
        The secrets' values by name.
    versions : mapping of str to str, optional
        The version of each; None is not asked.
    handler : str, default ""
        `module.function` where the artifact is a handler.
    pack : callable, optional
        Puts a function's files together with the packages that they need.

    Raises
    ------
    UsageError
        A setting is unknown or cannot be.
    """
    found = options_of(service, options, handler=handler)
    calls = Calls(service=service, region=found.region, profile=found.profile)
    given: dict[str, Any] = {
        "service": service,
        "options": found,
        "calls": calls,
        "folder": folder,
        "values": values or {},
        "versions": versions,
    }
    return Lambda(**given, pack=pack) if found.service == "lambda" else Containers(**given)
