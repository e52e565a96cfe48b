"""Where a service goes: each target made with what it needs of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from .. import executor
from ..deployer import Service, Target
from ..events import Emit
from ..releasefacts import Release, Secret
from .building import bench_of
from .plan import Plan
from .surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The secrets that this process has: their values and their versions, by name."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, secrets: Sequence[Secret], values: Mapping[str, str]) -> Held:
        """Return those of these secrets that there is a value of."""
        return cls(
            values=values, versions={each.name: each.version for each in secrets if each.name in values}
        )


NOBODY = Held()  #: for what needs none


def target_of(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    """Return where a service goes; no connection is opened yet.

    Raises
    ------
    UsageError
        A setting of the target's own is unknown.
    """
    return _MADE[service.target](service, plan, emit, here, held)


def _local(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    from ..deployer.local import Local
    from .preparing import Preparer

    bench, level = bench_of(plan, emit, here), executor.cage.choose(plan.level)
    return Local(
        service=service.name,
        folder=here.cache.parent / "local" / service.name,
        prepare=Preparer(bench=bench, level=level, workspace=here.workspace),
        values=held.values,
        versions=held.versions,
    )


def _docker(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    from ..deployer.docker import Docker
    from ..deployer.serving.client import Serving

    return Docker(
        service=service.name,
        serving=Serving(here.cache.parent / "docker" / service.name),
        options=dict(service.options),
        values=held.values,
        versions=held.versions,
    )


def _kubernetes(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    from ..deployer.kubernetes.cluster_target import Kubernetes

    return Kubernetes(
        service=service.name,
        options=dict(service.options),
        values=held.values,
        versions=held.versions,
    )


def _gcp(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    from ..deployer.gcp import CloudRun

    return CloudRun(
        service=service.name, options=dict(service.options), values=held.values, versions=held.versions
    )


def _aws(service: Service, plan: Plan, emit: Emit, here: Surroundings, held: Held) -> Target:
    from ..deployer.aws import aws
    from .packing import Packer

    options = dict(service.options)
    project = service.path if service.path.is_dir() else service.path.parent

    def pack(release: Release, *, platform: str, python: str) -> AbstractContextManager[Path]:
        packer = Packer(bench=bench_of(plan, emit, here), workspace=here.workspace, project=project)
        return packer(release, platform=platform, python=python)

    return aws(
        service=service.name,
        options=options,
        folder=here.workspace,
        values=held.values,
        versions=held.versions,
        handler=options.get("handler", ""),
        pack=pack,
    )


_MADE: Mapping[str, Callable[..., Target]] = {
    "local": _local,
    "docker": _docker,
    "kubernetes": _kubernetes,
    "aws": _aws,
    "gcp": _gcp,
}
