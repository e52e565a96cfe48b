"""What ECS has of a service: its cluster and network looked at before, its task definitions, its tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.deployer.aws.definitions import release_in
from autoexec_magic.deployer.aws.options import Options
from autoexec_magic.deployer.aws.present import check_role, missing
from autoexec_magic.deployer.aws.rollout import Seen

_MOST_TASKS = 100  #: as many as one call describes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster, as one service uses it."""

    calls: Calls
    service: str
    name: str
    cluster: str

    def check(self, options: Options) -> None:
        """Refuse a cluster, a network or a role that is not there.

        Raises
        ------
        UsageError
            With the setting that names it.
        """
        found = self.calls.find("ecs", "describe_clusters", clusters=[self.cluster])
        seen = found["clusters"] if found else []
        if not seen or seen[0].get("status") != "ACTIVE":
            raise missing(self.service, "cluster", self.cluster, seen[0]["status"] if seen else "")
        if options.subnets:
            subnets = self.calls.find("ec2", "describe_subnets", SubnetIds=list(options.subnets))
            if subnets is None:
                raise missing(self.service, "subnets", ", ".join(options.subnets))
            groups = list(options.security_groups)
            if self.calls.find("ec2", "describe_security_groups", GroupIds=groups) is None:
                raise missing(self.service, "security-groups", ", ".join(groups))
        for key, arn in (("role", options.role), ("execution-role", options.execution_role)):
            check_role(self.calls, self.service, key, arn)

    def described(self) -> dict[str, Any] | None:
        """Return the service, None where there is none or it is being taken away."""
        found = self.calls.find(
            "ecs", "describe_services", cluster=self.cluster, services=[self.name], include=["TAGS"]
        )
        services = found["services"] if found else []
        return dict(services[0]) if services and services[0].get("status") == "ACTIVE" else None

    def definition(self, arn: str) -> dict[str, Any]:
        """Return a task definition."""
        found: dict[str, Any] = self.calls.ask("ecs", "describe_task_definition", taskDefinition=arn)[
            "taskDefinition"
        ]
        return found

    def definitions(self) -> list[str]:
        """Return the ARNs of the service's task definitions, the newest first."""
        arns = self.calls.every(
            "ecs",
            "list_task_definitions",
            "taskDefinitionArns",
            familyPrefix=self.name,
            status="ACTIVE",
            sort="DESC",
        )
        return [arn for arn in arns if arn.rpartition("/")[2].rpartition(":")[0] == self.name]

    def of(self, release_id: str, place: str = "") -> dict[str, Any] | None:
        """Return the active task definition of a release, None where there is none."""
        arns = self.definitions()
        for arn in [place] * (place in arns) + [each for each in arns if each != place]:
            found = self.definition(arn)
            release = release_in(found)
            if release is not None and release.release_id == release_id:
                return found
        return None

    def seen(self, service: Mapping[str, Any]) -> Seen:
        """Return one look at a service's tasks."""
        return Seen(service=service, running=self._tasks("RUNNING"), stopped=self._tasks("STOPPED"))

    def _tasks(self, status: str) -> Sequence[Mapping[str, Any]]:
        arns = self.calls.every(
            "ecs",
            "list_tasks",
            "taskArns",
            cluster=self.cluster,
            serviceName=self.name,
            desiredStatus=status,
        )
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(arns), _MOST_TASKS):
            some = arns[start : start + _MOST_TASKS]
            found += self.calls.ask("ecs", "describe_tasks", cluster=self.cluster, tasks=some)["tasks"]
        return sorted(found, key=lambda task: task.get("stoppedAt") or task["createdAt"])
