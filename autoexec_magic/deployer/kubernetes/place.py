"""A service in a namespace, with what is needed to bring a release there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import DeployError, UsageError
from ...events import Emit, Progress
from ...history import short_id
from ...releasefacts import Release
from . import names
from .cluster import Cluster
from .objects import Body
from .seen import is_ours
from .settings import Options, options_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service of a namespace.

    `values` are those of its secrets by name, `versions` the version of each:
    an older release's secrets may have had other ones.
    """

    cluster: Cluster
    service: str
    options: Options
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    versions: Mapping[str, str] = field(default_factory=dict)

    def options_for(self, release: Release) -> Options:
        """Return the options that a release has itself, which an undo restores."""
        return options_of(dict(release.spec.options))

    def object_of(self, release: Release) -> str:
        """Return the name of a release's Deployment."""
        return names.object_of(self.service, release.release_id)

    def deployments(self) -> list[Body]:
        """Return the Deployments of all releases of the service that we made."""
        return self.cluster.listed(
            "deployments", labels={names.SERVICE: self.service, names.MANAGED_BY: names.MANAGER}
        )

    def front(self) -> Body | None:
        """Return the Service, which has to be ours.

        Raises
        ------
        DeployError
            It is somebody else's.
        """
        found = self.cluster.get("services", self.service)
        if found is not None and not is_ours(found, self.service):
            raise DeployError(
                f"the Service {self.service} in {self.cluster.namespace} is somebody else's",
                why=f"it has no label {names.SERVICE}={self.service}",
                fix=f"{self.kubectl} get service {self.service} --show-labels, or take another name",
            )
        return found

    @property
    def kubectl(self) -> str:
        """The beginning of a command that asks this place."""
        return self.cluster.asked("GET", "").kubectl


def say(emit: Emit, text: str) -> None:
    """Tell what goes on, in one line."""
    emit(Progress(phase="deploy", text=text))


def named(release: Release) -> str:
    """Return a release in words."""
    return f"release {short_id(release.release_id)}"


def check(release: Release) -> None:
    """Refuse what no cluster can run.

    Raises
    ------
    UsageError
        It is no image.
    """
    if release.spec.artifact != "image":
        raise UsageError(
            f"a cluster runs images, and {release.service} is {release.spec.artifact or 'nothing'}",
            fix="artifact = 'image', or %autoexec build image",
        )
