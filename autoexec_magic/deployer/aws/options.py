"""The settings of `[tool.autoexec.deploy.NAME.aws]`: each is known, or refused with the nearest one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from autoexec_magic.errors import UsageError

Kind: TypeAlias = Literal["lambda", "ecs"]

#: each setting, for which of the two services, and what it means
KNOWN: Mapping[str, tuple[str, str]] = {
    "service": ("lambda ecs", "lambda or ecs; lambda where the artifact is a handler"),
    "region": ("lambda ecs", "where; else as the AWS settings of this machine say"),
    "profile": ("lambda ecs", "which of this machine's AWS profiles"),
    "account": ("lambda ecs", "the account's twelve digits: another one is refused"),
    "name": ("lambda ecs", "the function's or the service's name; the service's"),
    "repository": ("lambda ecs", "the ECR repository of the image; the service's name"),
    "role": ("lambda ecs", "the ARN of the role that it runs with"),
    "architecture": ("lambda ecs", "x86_64 or arm64; x86_64"),
    "subnets": ("lambda ecs", "subnets' ids, with commas between them"),
    "security-groups": ("lambda ecs", "security groups' ids, with commas between them"),
    "alias": ("lambda", "the alias that people call; live"),
    "handler": ("lambda", "module.function, for a zip; as the app says"),
    "runtime": ("lambda", "for a zip; python3.12"),
    "timeout": ("lambda", "seconds that one call may take, 1 to 900; 30"),
    "health-event": ("lambda", "the event, as JSON, that a well version answers without an error; {}"),
    "cluster": ("ecs", "an ECS cluster that is there; default"),
    "launch": ("ecs", "FARGATE or EC2; FARGATE"),
    "execution-role": ("ecs", "the ARN of the role that pulls the image and reads the secrets"),
    "target-group": ("ecs", "the ARN of a load balancer's target group"),
    "log-group": ("ecs", "the CloudWatch log group that its output goes to"),
    "public-ip": ("ecs", "true where its tasks get public addresses; false"),
    "failed-tasks": ("ecs", "tasks that may end before it is given up; 3"),
}
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_MOST_EVENT = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings, checked; "" is what was not said."""

    service: Kind
    name: str
    region: str = ""
    profile: str = ""
    account: str = ""
    repository: str = ""
    role: str = ""
    architecture: str = "x86_64"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    alias: str = "live"
    handler: str = ""
    runtime: str = "python3.12"
    timeout: int = 30
    health_event: str = "{}"
    cluster: str = "default"
    launch: str = "FARGATE"
    execution_role: str = ""
    target_group: str = ""
    log_group: str = ""
    public_ip: bool = False
    failed_tasks: int = 3

    @property
    def place(self) -> str:
        """What tells this function or service from the others of an account."""
        return f"{self.service}-{self.name}"


def options_of(service: str, given: Mapping[str, str], *, handler: str = "") -> Options:
    """Return a service's settings.

    Parameters
    ----------
    service : str
        Its name.
    given : mapping of str to str
        As `Spec.options` has them.
    handler : str, default ""
        `module.function` where the artifact is a handler: it goes to Lambda, then.

    Raises
    ------
    UsageError
        One is unknown, belongs to the other service, or cannot be.

    Examples
    --------
    >>> options_of("web", {}).service, options_of("web", {}, handler="web.handler").service
    ('ecs', 'lambda')
    """
    handler = given.get("handler", handler)
    kind = given.get("service", "lambda" if handler else "ecs")
    for key, value in given.items():
        _check(key, value, kind)
    words = {key.replace("-", "_"): value for key, value in given.items()}
    made = {
        **words,
        **{key: _parts(given[key]) for key in ("subnets",) if key in given},
        **({"security_groups": _parts(given["security-groups"])} if "security-groups" in given else {}),
        **{key.replace("-", "_"): int(given[key]) for key in ("timeout", "failed-tasks") if key in given},
        **({"public_ip": given["public-ip"].lower() == "true"} if "public-ip" in given else {}),
        "service": cast("Kind", kind),
        "name": given.get("name", service),
        "repository": given.get("repository", service),
        "handler": handler,
    }
    found = Options(**made)  # type: ignore[arg-type]
    if bool(found.subnets) != bool(found.security_groups):
        raise UsageError(
            f"{service} has {'no security-groups' if found.subnets else 'no subnets'}",
            why="AWS takes both or neither",
            fix=f"give both in [tool.autoexec.deploy.{service}.aws]",
        )
    return found


def _check(key: str, value: str, kind: str) -> None:
    if key not in KNOWN:
        near = difflib.get_close_matches(key, KNOWN, n=1)
        fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(KNOWN)}"
        raise UsageError(f"aws knows no option {key!r}", fix=fix)
    services, meaning = KNOWN[key]
    if key in _FITS and not _FITS[key](value):
        raise UsageError(f"{key} of aws cannot be {value!r}", fix=f"it is {meaning}")
    if kind not in services.split():
        raise UsageError(f"{kind} has no option {key}", why=f"it is {meaning}", fix=f"leave {key} out")


def _parts(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _is_event(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return len(text.encode()) <= _MOST_EVENT


def _matches(pattern: str) -> Callable[[str], bool]:
    known = re.compile(pattern)
    return lambda value: known.fullmatch(value) is not None


def _ids(prefix: str) -> Callable[[str], bool]:
    one = re.compile(rf"{prefix}-[0-9a-f]{{8,17}}")
    return lambda value: bool(_parts(value)) and all(one.fullmatch(each) for each in _parts(value))


_FITS: Mapping[str, Callable[[str], bool]] = {
    "service": lambda value: value in ("lambda", "ecs"),
    "region": _matches(r"[a-z]{2}(?:-[a-z]+)+-\d"),
    "account": _matches(r"\d{12}"),
    "name": _matches(r"[A-Za-z0-9_-]{1,64}"),
    "repository": _matches(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*"),
    "role": lambda value: _ROLE.fullmatch(value) is not None,
    "execution-role": lambda value: _ROLE.fullmatch(value) is not None,
    "architecture": lambda value: value in ("x86_64", "arm64"),
    "subnets": _ids("subnet"),
    "security-groups": _ids("sg"),
    "alias": _matches(r"(?!\d+$)[A-Za-z0-9_-]{1,128}"),
    "handler": _matches(r"[\w/]+(?:\.\w+)+"),
    "timeout": lambda value: value.isdecimal() and 1 <= int(value) <= 900,
    "health-event": _is_event,
    "cluster": _matches(r"[A-Za-z0-9_:/-]{1,255}"),
    "launch": lambda value: value in ("FARGATE", "EC2"),
    "target-group": _matches(r"arn:aws[a-z-]*:elasticloadbalancing:\S+:targetgroup/\S+"),
    "log-group": _matches(r"[\w./#-]{1,512}"),
    "public-ip": lambda value: value.lower() in ("true", "false"),
    "failed-tasks": lambda value: value.isdecimal() and 1 <= int(value) <= 1000,
}
