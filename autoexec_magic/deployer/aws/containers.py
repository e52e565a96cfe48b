"""The service `ecs` of the target `aws`: task definition revisions, and a service that runs one of them.

To stage is to register a task definition, which nobody runs; to switch is to let the
service run it, by ECS's own rolling deployment with its circuit breaker on. An
undo lets it run the one before, which has all of the release: image, variables,
versions of secrets, sizes and health check.

Whose turn it is ECS keeps no account of: what there is in its place, and what
that cannot do, stands in `changing`. Whether a task is well is asked by ECS inside the
container, by what its image has (`probes`), and by the load balancer where there is one.

Needs the actions of `actions.ACTIONS["ecs"]`, `actions.PASS_ACTIONS` for the roles, and for images that
are not in ECR yet `actions.PUSH_ACTIONS`. Cluster, network, roles and log group are there before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from autoexec_magic.deployer.aws import (
    balancer,
    definitions,
    images,
    inside,
    kept,
    logs,
    previewing,
    rollout,
)
from autoexec_magic.deployer.aws.calls import Calls, check_account
from autoexec_magic.deployer.aws.changing import NOTHING, Changing, given_of, missing_definition
from autoexec_magic.deployer.aws.cluster import Cluster
from autoexec_magic.deployer.aws.marks import told
from autoexec_magic.deployer.aws.options import Options, options_of
from autoexec_magic.deployer.aws.probes import Probe, known_probe, probe_of
from autoexec_magic.deployer.aws.versions import PATIENCE_SECONDS
from autoexec_magic.deployer.difference import digest_of
from autoexec_magic.deployer.secretrefs import matching
from autoexec_magic.deployer.target import Change, Live, Unwell
from autoexec_magic.errors import DeployError
from autoexec_magic.events import Emit, Progress
from autoexec_magic.releasefacts import Release, TargetKind


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
        expected = self._expected(release, definitions.probe_in(definition)) if release else {}
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
            self.calls, self.service, release.spec.secrets, self._values(release), place=self.options.place
        )
        found = self._found(release)
        if found is None:
            image = images.pushed(self.calls, options.repository, release)
            probe = self._probe(release, options, inside.inside(release))
            emit(Progress(phase="deploy", text=f"ECS asks {self.service} whether it is well {probe.by}"))
            region = image.split(".")[3] if ".dkr.ecr." in image else options.region
            made = definitions.definition_of(release, options, image, references, region, probe)
            found = self.calls.ask("ecs", "register_task_definition", **made)["taskDefinition"]
        return replace(release, place=str(found["taskDefinitionArn"]))

    def switch(self, release: Release | None, emit: Emit, *, fence: int) -> None:
        """Let the service run a release's task definition; with None take the service away."""
        service = self.cluster.described()
        turn = Changing(
            calls=self.calls,
            cluster=self.cluster,
            fence=fence,
            release_id=release.release_id if release else NOTHING,
            patience_seconds=self.patience_seconds,
        )
        turn.begin(service)
        if release is None:
            if service is not None:
                turn.removed()
            return
        definition = self._found(release)
        if definition is None:
            raise missing_definition(release)
        options = self._options(release)
        given = given_of(release, options, definition["taskDefinitionArn"], self.options.cluster)
        if service is None:
            turn.created(given, self.options)
        else:
            turn.updated(given)
        turn.end()

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
        seen = cluster.seen(service)
        found = rollout.judged(seen, wanted) or self._balanced(service, seen, release)
        if found is None or not self._options(release).log_group:
            return found
        last = tuple(self.logs(release, lines=8, follow=False))
        return replace(found, evidence=(*found.evidence, *last))

    def tidy(self, live: Release | None, keep: Sequence[Release], emit: Emit) -> None:
        """Deregister the task definitions of ours that nobody needs, and let their secrets' versions go."""
        cluster = self.cluster
        service = cluster.described()
        kept_ids = {each.release_id for each in (*keep, *([live] if live else []))}
        used = {each["taskDefinition"] for each in (service or {}).get("deployments") or ()}
        names: set[str] = set()
        needed = kept.needed_by(self.service, (*keep, *([live] if live else [])))
        for arn in cluster.definitions():
            definition = cluster.definition(arn)
            secrets = definitions.secrets_in(definition)
            names |= {kept.name_in(self.service, each) for each in secrets} - {""}
            release = definitions.release_in(definition)
            if release is not None and release.release_id not in kept_ids and arn not in used:
                self.calls.ask("ecs", "deregister_task_definition", taskDefinition=arn)
            else:
                needed |= set(secrets.values())
        kept.let_go(self.calls, self.service, names, needed, place=self.options.place)

    def preview(self, release: Release) -> Sequence[Change]:
        """Return what a deploy would change; changes nothing. ECS has no dry run: see `previewing`."""
        options = self._options(release)
        definitions.check(release, options)
        check_account(self.calls, options.account)
        self.cluster.check(options)
        service = self.cluster.described()
        if service is not None:
            Changing(calls=self.calls, cluster=self.cluster, fence=0).check_ours(service)
        kept.known(self.calls, self.service, release.spec.secrets, self._values(release))
        images.expected(self.calls, options.repository, release)
        live = self.live()
        known = inside.inside(release, programs=False)  # to look for programs makes a container
        probe = known_probe(release.spec, has_balancer=bool(options.target_group), inside=known)
        expected = self._expected(release, probe or Probe())
        if probe is None or not (release.spec.gate.command or images.is_built(release)):
            expected["health.command"] = previewing.asked_later(release, live)
        return previewing.changes(release, live, expected)

    def address(self) -> str:
        """Return the URL of the load balancer that leads to the service's tasks, "" where there is none."""
        group = balancer.group_of(self.cluster.described())
        return balancer.address(self.calls, group) if group else ""

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

    def _values(self, release: Release) -> Mapping[str, str]:
        return matching(release.spec.secrets, self.values, self.versions)

    def _probe(self, release: Release, options: Options, known: inside.Inside) -> Probe:
        return probe_of(release.spec, has_balancer=bool(options.target_group), inside=known)

    def _expected(self, release: Release, probe: Probe) -> dict[str, str]:
        return definitions.expected_fields(release, self._options(release), probe)

    def _balanced(self, service: Mapping[str, Any], seen: rollout.Seen, release: Release) -> Unwell | None:
        """Return why the load balancer does not find a release well; None without one."""
        group = balancer.group_of(service)
        if not group:
            return None
        first = rollout.primary(service) or {}
        tasks = [each for each in seen.running if each["taskDefinitionArn"] == first.get("taskDefinition")]
        why = balancer.unwell(self.calls, group, tasks, release.spec.replicas)
        return Unwell(why=why) if why else None

    def _found(self, release: Release) -> dict[str, Any] | None:
        found = self.cluster.of(release.release_id, release.place)
        there = definitions.release_in(found) if found else None
        return found if there and digest_of(there.spec) == digest_of(release.spec) else None

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
