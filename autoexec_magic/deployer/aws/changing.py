"""Changes of an ECS service: made, moved to another task definition, taken away; and whose turn it is.

Whose turn it is stands in two tags of the service, the deploy's number and its
release. ECS has no change on a condition (`UpdateService` takes none), and a
lock kept elsewhere would not stop a call that is under way, so this is **not
atomic**. What there is:

- To make a service is atomic: the second one to do so is refused by ECS.
- Before a change the tags are read, written and read again: of two deploys from
  two machines the one that wrote them last goes on, the other one is refused.
- After a change they are read once more: whoever finds a later deploy's there
  says so, with an error, and is no success.

What is left is the time of one request. A deploy that is held up between its
second look and its change, for so long that another one is done meanwhile,
overwrites it, and says that; if it is killed in that very moment, only `status`
shows that what runs is not what the last deploy made live. Two deploys from one machine are
kept apart by the ledger's lock before it comes to that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.cluster import Cluster
from autoexec_magic.deployer.aws.faults import Refused
from autoexec_magic.deployer.aws.marks import FENCE_TAG, RELEASE_TAG, SERVICE_TAG
from autoexec_magic.deployer.aws.options import Options
from autoexec_magic.errors import DeployError
from autoexec_magic.executor.stops import NEVER
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release

_LOOK_SECONDS = 1.0
_DRAINS = "still Draining"
NOTHING = "nothing"  #: what a service is given that is taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """One deploy's changes of a service; `fence` is its number, `release_id` what it makes live."""

    calls: Calls
    cluster: Cluster
    fence: int
    release_id: str = NOTHING
    patience_seconds: float = 0.0

    def check_ours(self, service: Mapping[str, Any]) -> None:
        """Refuse a service that is somebody else's.

        Raises
        ------
        DeployError
            With what to call it otherwise.
        """
        name, owner = self.cluster.service, _tags(service).get(SERVICE_TAG)
        if owner != name:
            raise DeployError(
                f"the ECS service {self.cluster.name} is somebody else's",
                why=f"its tag {SERVICE_TAG} is {owner or 'not there'}",
                fix=f"name = 'another-name' in [tool.autoexec.deploy.{name}.aws]",
            )

    def begin(self, service: Mapping[str, Any] | None) -> None:
        """Take the turn, unless a later deploy was here, or takes it at the same moment.

        Raises
        ------
        DeployError
            It is somebody else's turn, or somebody else's service.
        """
        if service is None:
            return
        self._refuse_late(service)
        self.check_ours(service)
        self.calls.ask("ecs", "tag_resource", resourceArn=service["serviceArn"], tags=self._marks())
        now = self.cluster.described()
        self._refuse_late(now)
        if now is not None and _turn(now) != (self.fence, self.release_id):
            raise self._lost("another deploy took its turn at the same moment")

    def end(self) -> None:
        """Look whether a later deploy took its turn while this one changed the service.

        Raises
        ------
        DeployError
            It did: which of the two is live has to be looked at.
        """
        now = self.cluster.described()
        if now is None or _turn(now) == (self.fence, self.release_id):
            return
        raise self._lost(
            f"deploy {_turn(now)[0]} began while deploy {self.fence} changed the service:"
            " which of them is live has to be looked at"
        )

    def created(self, given: Mapping[str, Any], options: Options) -> None:
        """Make the service; one of the same name that drains is waited for."""
        until = time.monotonic() + self.patience_seconds
        tags = [{"key": SERVICE_TAG, "value": self.cluster.service}, *self._marks()]
        words = {"serviceName": self.cluster.name, "launchType": options.launch, "tags": tags}
        while True:
            try:
                self.calls.ask("ecs", "create_service", **words, **given)
                return
            except Refused as error:
                if _DRAINS not in error.why or time.monotonic() > until:
                    raise
            NEVER.pause(_LOOK_SECONDS)

    def updated(self, given: Mapping[str, Any]) -> None:
        """Let the service run another task definition."""
        self.calls.ask("ecs", "update_service", service=self.cluster.name, **given)

    def removed(self) -> None:
        """Take the service away, with its tasks."""
        own = {"cluster": self.cluster.cluster, "service": self.cluster.name}
        self.calls.ask("ecs", "update_service", desiredCount=0, **own)
        self.calls.ask("ecs", "delete_service", force=True, **own)

    def _marks(self) -> list[dict[str, str]]:
        return [
            {"key": FENCE_TAG, "value": str(self.fence)},
            {"key": RELEASE_TAG, "value": self.release_id},
        ]

    def _refuse_late(self, service: Mapping[str, Any] | None) -> None:
        last = _turn(service or {})[0]
        if last > self.fence:
            raise self._lost(f"deploy {last} changed the service after deploy {self.fence} began")

    def _lost(self, why: str) -> DeployError:
        name = self.cluster.service
        return DeployError(
            f"this deploy of {name} has lost its turn, and stops", why=why, fix=f"%autoexec status {name}"
        )


def given_of(release: Release, options: Options, definition: str, cluster: str) -> dict[str, Any]:
    """Return what `create_service` and `update_service` both take."""
    found: dict[str, Any] = {
        "cluster": cluster,
        "taskDefinition": definition,
        "desiredCount": release.spec.replicas,
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
        },
    }
    if options.subnets:
        found["networkConfiguration"] = {
            "awsvpcConfiguration": {
                "subnets": list(options.subnets),
                "securityGroups": list(options.security_groups),
                "assignPublicIp": "ENABLED" if options.public_ip else "DISABLED",
            }
        }
    if options.target_group:
        balancer = {
            "targetGroupArn": options.target_group,
            "containerName": release.service,
            "containerPort": release.spec.port,
        }
        found["loadBalancers"] = [balancer]
        found["healthCheckGracePeriodSeconds"] = int(release.spec.gate.start_seconds)
    return found


def missing_definition(release: Release) -> DeployError:
    """Return the error for a release whose task definition is gone."""
    return DeployError(
        f"release {short_id(release.release_id)} of {release.service} has no task definition any more",
        fix=f"deploy it anew: %autoexec deploy {release.service}",
    )


def _tags(service: Mapping[str, Any]) -> dict[str, str]:
    return {each["key"]: each["value"] for each in service.get("tags") or ()}


def _turn(service: Mapping[str, Any]) -> tuple[int, str]:
    tags = _tags(service)
    number = tags.get(FENCE_TAG, "0")
    return int(number) if number.isdecimal() else 0, tags.get(RELEASE_TAG, "")
