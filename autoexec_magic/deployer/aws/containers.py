"""The service `ecs` of the target `aws`: task definition revisions, and a service that runs one of them.

To stage is to register a task definition, which nobody runs; to switch is to let the
service run it, by ECS's own rolling deployment with its circuit breaker on. An
undo lets it run the one before, which has all of the release: image, variables,
versions of secrets, sizes and health check.

ECS's own fence is none: the service's tag that has it is read before it is
written, so two deploys from two machines at one moment are told apart by the
ledger alone, and by what is read back.

Needs the actions of `actions.ACTIONS["ecs"]`, `actions.PASS_ACTIONS` for the roles, and for images that
are not in ECR yet `actions.PUSH_ACTIONS`. Cluster, network, roles and log group are there before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from autoexec_magic.deployer.aws import definitions, images, kept, logs, rollout
from autoexec_magic.deployer.aws.calls import Calls, check_account
from autoexec_magic.deployer.aws.cluster import Cluster, refuse_late
from autoexec_magic.deployer.aws.faults import Refused
from autoexec_magic.deployer.aws.marks import FENCE_TAG, SERVICE_TAG, told
from autoexec_magic.deployer.aws.options import Options, options_of
from autoexec_magic.deployer.aws.versions import PATIENCE_SECONDS
from autoexec_magic.deployer.difference import digest_of
from autoexec_magic.deployer.secretrefs import matching
from autoexec_magic.deployer.target import Live, Unwell
from autoexec_magic.errors import DeployError
from autoexec_magic.events import Emit
from autoexec_magic.executor.stops import NEVER
from autoexec_magic.history import short_id
from autoexec_magic.releasefacts import Release, TargetKind

_LOOK_SECONDS = 1.0
_DRAINS = "still Draining"


@dataclass(frozen=True, slots=True, kw_only=True)
class Containers:
    """One service on ECS.

    Parameters
    ----------
    service : str
        Its name.
    options : Options
        Its settings now; a release has those that it was made with.
    calls : Calls
        Asks AWS.
    folder : Path
        The project's.
    values : mapping of str to str
        The secrets' values, by name, of the release that is deployed.
    patience_seconds : float
        How long it is waited until a service of the same name is gone.
    """

    kind: ClassVar[TargetKind] = "aws"
    service: str
    options: Options
    calls: Calls
    folder: Path
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] | None = None
    patience_seconds: float = PATIENCE_SECONDS

    @property
    def cluster(self) -> Cluster:
        """The cluster, as this service uses it."""
        return Cluster(
            calls=self.calls, service=self.service, name=self.options.name, cluster=self.options.cluster
        )

    def live(self) -> Live | None:
        """Return what ECS works towards, read from ECS: the PRIMARY deployment's task definition."""
        cluster = self.cluster
        service = cluster.described()
        first = rollout.primary(service) if service else None
        if service is None or first is None:
            return None
        definition = cluster.definition(first["taskDefinition"])
        release = definitions.release_in(definition)
        seen = definitions.seen_fields(definition, service["desiredCount"])
        expected = definitions.expected_fields(release, self._options(release)) if release else {}
        fields, changed = told(release, expected, seen)
        digest, wanted = definitions.image_digest(definition), release.digest if release else ""
        if digest:
            digest = images.artifact_digest(self.calls, self.options.repository, digest, wanted)
        return Live(
            release_id=release.release_id if release else "",
            digest=digest,
            fields=fields,
            release=release,
            shares=self._shares(service, definition),
            changed="; ".join(each for each in (self._foreign(definition, release), changed) if each),
        )

    def stage(self, release: Release, emit: Emit) -> Release:
        """Register a task definition for a release, once; the service stays as it is."""
        options = self._options(release)
        definitions.check(release, options)
        check_account(self.calls, options.account)
        cluster = self.cluster
        cluster.check(options)
        references = kept.kept(
            self.calls,
            self.service,
            release.spec.secrets,
            matching(release.spec.secrets, self.values, self.versions),
        )
        found = self._found(release)
        if found is None:
            image = images.pushed(self.calls, options.repository, release)
            region = image.split(".")[3] if ".dkr.ecr." in image else options.region
            made = definitions.definition_of(release, options, image, references, region)
            found = self.calls.ask("ecs", "register_task_definition", **made)["taskDefinition"]
        return replace(release, place=str(found["taskDefinitionArn"]))

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Let the service run a release's task definition; with None take the service away."""
        cluster = self.cluster
        service = cluster.described()
        refuse_late(service, FENCE_TAG, fence, self.service)
        if service is not None:
            self._check_ours(service)
            tags = [{"key": FENCE_TAG, "value": str(fence)}]
            self.calls.ask("ecs", "tag_resource", resourceArn=service["serviceArn"], tags=tags)
        if release is None:
            self._removed(service)
            return
        definition = self._found(release)
        if definition is None:
            raise DeployError(
                f"release {short_id(release.release_id)} of {self.service} has no task definition any more",
                fix=f"deploy it anew: %autoexec deploy {self.service}",
            )
        given = self._given(release, definition["taskDefinitionArn"])
        if service is None:
            self._created(given, fence)
        else:
            self.calls.ask("ecs", "update_service", service=self.options.name, **given)

    def unwell(self, release: Release) -> Unwell | None:
        """Return why a release is not well: what ECS works towards, and what its tasks do."""
        cluster = self.cluster
        service = cluster.described()
        if service is None:
            return Unwell(why=f"ECS has no service {self.options.name}", is_final=True)
        definition = self._found(release)
        if definition is None:
            return Unwell(why="its task definition is not there", is_final=True)
        wanted = rollout.Wanted(
            definition=definition["taskDefinitionArn"],
            replicas=release.spec.replicas,
            digest=definitions.image_digest(definition),
            is_probed="healthCheck" in definitions.container_of(definition),
            failed_tasks=self._options(release).failed_tasks,
        )
        found = rollout.judged(cluster.seen(service), wanted)
        if found is None or not self._options(release).log_group:
            return found
        last = tuple(self.logs(release, lines=8, follow=False))
        return replace(found, evidence=(*found.evidence, *last))

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Deregister the task definitions of ours that nobody needs."""
        cluster = self.cluster
        service = cluster.described()
        kept_ids = {each.release_id for each in (*keep, *([live] if live else []))}
        used = {each["taskDefinition"] for each in (service or {}).get("deployments") or ()}
        for arn in cluster.definitions():
            release = definitions.release_in(cluster.definition(arn))
            if release is not None and release.release_id not in kept_ids and arn not in used:
                self.calls.ask("ecs", "deregister_task_definition", taskDefinition=arn)

    def logs(self, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
        """Yield the last lines that a release's tasks wrote, and then those that come."""
        group = self._options(release).log_group
        if not group:
            raise DeployError(
                f"nobody keeps the logs of {self.service}",
                fix=f"log-group = '/ecs/{self.service}' in [tool.autoexec.deploy.{self.service}.aws]",
            )
        own = f"{release.release_id}/"
        return logs.lines_of(
            self.calls, group, lines=lines, follow=follow, is_wanted=lambda name: name.startswith(own)
        )

    def _options(self, release: Release) -> Options:
        """Return the settings that a release was made with; where it runs is as it is now."""
        own = options_of(self.service, {**dict(release.spec.options), "service": "ecs"})
        return replace(own, name=self.options.name, cluster=self.options.cluster)

    def _found(self, release: Release) -> dict[str, Any] | None:
        found = self.cluster.of(release.release_id, release.place)
        there = definitions.release_in(found) if found else None
        return found if there and digest_of(there.spec) == digest_of(release.spec) else None

    def _given(self, release: Release, definition: str) -> dict[str, Any]:
        """Return what `create_service` and `update_service` both take."""
        options = self._options(release)
        found: dict[str, Any] = {
            "cluster": self.options.cluster,
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
                "containerName": self.service,
                "containerPort": release.spec.port,
            }
            found["loadBalancers"] = [balancer]
            found["healthCheckGracePeriodSeconds"] = int(release.spec.gate.start_seconds)
        return found

    def _created(self, given: Mapping[str, Any], fence: int) -> None:
        until = time.monotonic() + self.patience_seconds
        marks = {SERVICE_TAG: self.service, FENCE_TAG: str(fence)}
        tags = [{"key": key, "value": value} for key, value in marks.items()]
        while True:
            try:
                self.calls.ask(
                    "ecs",
                    "create_service",
                    serviceName=self.options.name,
                    launchType=self.options.launch,
                    tags=tags,
                    **given,
                )
                return
            except Refused as error:
                if _DRAINS not in error.why or time.monotonic() > until:
                    raise
            NEVER.pause(_LOOK_SECONDS)

    def _removed(self, service: Mapping[str, Any] | None) -> None:
        if service is None:
            return
        own = {"cluster": self.options.cluster, "service": self.options.name}
        self.calls.ask("ecs", "update_service", desiredCount=0, **own)
        self.calls.ask("ecs", "delete_service", force=True, **own)

    def _check_ours(self, service: Mapping[str, Any]) -> None:
        tags = {each["key"]: each["value"] for each in service.get("tags") or ()}
        if tags.get(SERVICE_TAG) != self.service:
            raise DeployError(
                f"the ECS service {self.options.name} is somebody else's",
                why=f"its tag {SERVICE_TAG} is {tags.get(SERVICE_TAG) or 'not there'}",
                fix=f"name = 'another-name' in [tool.autoexec.deploy.{self.service}.aws]",
            )

    def _shares(
        self, service: Mapping[str, Any], definition: Mapping[str, Any]
    ) -> tuple[tuple[str, float], ...]:
        """Return what each deployment's tasks get, by their number."""
        counts = {each["taskDefinition"]: each.get("runningCount", 0) for each in service["deployments"]}
        total = sum(counts.values())
        found = []
        for arn, count in counts.items():
            if count:
                known = definition if arn == definition["taskDefinitionArn"] else self.cluster.definition(arn)
                release = definitions.release_in(known)
                name = release.release_id if release else arn.rpartition("/")[2]
                found.append((name, 100 * count / total))
        return tuple(found)

    def _foreign(self, definition: Mapping[str, Any], release: Release | None) -> str:
        if release is not None:
            return ""
        who = definition.get("registeredBy")
        name = str(definition["taskDefinitionArn"]).rpartition("/")[2]
        return f"{name} runs, which {who or 'somebody else'} registered"
