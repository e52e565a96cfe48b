"""What a person's manifests mean for a service: its Deployment, its Service, and what comes with a release.

A release owns a copy of each ConfigMap, PodDisruptionBudget and
HorizontalPodAutoscaler under a name of its own, as it owns its Deployment. The
Service and Ingresses are there once: they change as the traffic is moved, and
an undo puts back what they were. Nothing else is taken, because nothing else
could be undone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...errors import UsageError
from . import manifests
from .objects import Body
from .plainsecrets import refuse_secrets
from .shapes import check_shapes, containers_of, shown, table_of, tables_in

#: kinds that a release has of its own, each with its name in the API
OWN: Mapping[str, str] = {
    "ConfigMap": "configmaps",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
}
#: kinds that are there once for the service
SHARED: Mapping[str, str] = {"Ingress": "ingresses"}
_KNOWN = ("Deployment", "Service", *OWN, *SHARED)
_CLUSTER_WIDE = {
    *("Namespace", "Node", "PersistentVolume", "StorageClass", "IngressClass", "PriorityClass"),
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "APIService", "CSIDriver"),
    *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "RuntimeClass"),
}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_OWN_NAME_CHARS = 200  #: what is left for a release's mark
_API = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?v[0-9]+(?:(?:alpha|beta)[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifests of a service, once they are sensible.

    `container` is the name of the one that the image is put into; `front` is the
    Service, None where ours is made. `own` come with each release, `shared` are there once.
    """

    deployment: Body
    container: str
    front: Body | None = None
    own: tuple[Body, ...] = ()
    shared: tuple[Body, ...] = ()

    @property
    def image(self) -> str:
        """The image that the manifests name, "" where they name none."""
        return str(self.main.get("image") or "")

    @property
    def main(self) -> Body:
        """The container that the image is put into."""
        found: Body = next(each for each in containers_of(self.deployment) if each["name"] == self.container)
        return found

    @property
    def replicas(self) -> int:
        """How many pods they ask for."""
        found = self.deployment["spec"].get("replicas", 1)
        return found if type(found) is int and found >= 0 else 1  # a bool is an int, too

    @property
    def scales(self) -> bool:
        """Whether an autoscaler says how many pods there are."""
        return any(each["kind"] == "HorizontalPodAutoscaler" for each in self.own)

    @property
    def bodies(self) -> tuple[Body, ...]:
        """All objects, in the order in which they are told."""
        return (self.deployment, *((self.front,) if self.front else ()), *self.own, *self.shared)


@functools.lru_cache(maxsize=16)
def manifest_of(text: str, service: str, namespace: str = "", container: str = "") -> Manifest:
    """Return what manifests mean, once they are sensible.

    Parameters
    ----------
    text : str
        What `manifests.read` returned.
    service : str
        The service's name.
    namespace : str, optional
        Where it is deployed to; "" is not known yet.
    container : str, optional
        The name of the container that the image is put into; else the one that is
        called as the service, or the only one.

    Raises
    ------
    UsageError
        There is no Deployment that the service means, or a kind, a name or a value that cannot be.
    """
    bodies = manifests.bodies_of(text)
    for body in bodies:
        _check(body, namespace)
    refuse_secrets(text, bodies)
    _refuse_twice(bodies)
    deployment = _deployment_in(bodies, service)
    return Manifest(
        deployment=deployment,
        container=_container_in(deployment, service, container),
        front=_front_in(bodies, service),
        own=tuple(each for each in bodies if each["kind"] in OWN),
        shared=tuple(each for each in bodies if each["kind"] in SHARED),
    )


def _check(body: Body, namespace: str) -> None:
    kind, metadata = str(body.get("kind", "")), body["metadata"]
    name = metadata.get("name")
    if kind not in _KNOWN:
        raise _not_taken(kind, shown(body))
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _OWN_NAME_CHARS:
        raise UsageError(f"a {kind} has no name that can be: {name!r}", fix="metadata: {name: …}")
    if not isinstance(body.get("apiVersion"), str) or not _API.fullmatch(body["apiVersion"]):
        raise UsageError(f"{shown(body)} has no apiVersion", fix="kubectl api-resources has them")
    if (where := metadata.get("namespace", "")) and namespace and where != namespace:
        raise UsageError(
            f"{shown(body)} is for the namespace {where}",
            why=f"the service is deployed to {namespace}",
            fix=f"leave it out, or namespace = '{where}' in the settings of kubernetes",
        )
    for key in ("ownerReferences", "finalizers", "generateName"):
        if metadata.get(key):
            raise UsageError(f"{shown(body)} has {key}", why="it could not be undone", fix="leave it out")
    _check_marks(body)
    check_shapes(body)


def _check_marks(body: Body) -> None:
    """Refuse labels and annotations that are no texts, or ours."""
    metadata = body["metadata"]
    pod = table_of(body, "spec", "template", "metadata")
    for holder in (metadata, pod):
        for group in ("labels", "annotations"):
            found = holder.get(group) or {}
            if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
                raise UsageError(f"{group} of {shown(body)} are no texts", fix="quote the values")
            if ours := [each for each in found if each.startswith("autoexec.dev/")]:
                raise UsageError(f"{shown(body)} has {ours[0]}, which is ours to set", fix="leave it out")


def _not_taken(kind: str, what: str) -> UsageError:
    if kind == "Secret":
        return UsageError(
            f"{what}: values of secrets do not belong into a manifest",
            why="a release keeps its manifests, for whoever may read Deployments",
            fix="--secret NAME=env:NAME; or make it by kubectl create secret, and name it by secretKeyRef",
        )
    if kind in _CLUSTER_WIDE:
        return UsageError(
            f"{what} is of the whole cluster, and a service is of a namespace",
            fix="apply it by kubectl before, and take it out of --manifest",
        )
    return UsageError(
        f"{what} is of a kind that an undo could not put back",
        why=f"a release may have {', '.join(_KNOWN)}",
        fix="apply it by kubectl before, and take it out of --manifest",
    )


def _refuse_twice(bodies: Iterable[Body]) -> None:
    seen = set()
    for body in bodies:
        if (key := (body["kind"], body["metadata"]["name"])) in seen:
            raise UsageError(f"{shown(body)} is there twice", fix="name it once")
        seen.add(key)


def _deployment_in(bodies: Iterable[Body], service: str) -> Body:
    found = [each for each in bodies if each["kind"] == "Deployment"]
    listed = ", ".join(each["metadata"]["name"] for each in found)
    if not found:
        raise UsageError(f"the manifests have no Deployment for {service}", fix="give one")
    if len(found) > 1:
        raise UsageError(
            f"the manifests have {len(found)} Deployments: {listed}",
            why="a release is one Deployment, and the others could not be switched with it",
            fix="--manifest FILE with one of them; each is a service of its own",
        )
    own = found[0]
    if own["apiVersion"] != "apps/v1" or not containers_of(own):
        raise UsageError(f"{shown(own)} is not of apps/v1 with containers", fix="kubectl explain deployment")
    if not all(isinstance(each.get("name"), str) for each in containers_of(own)):
        raise UsageError(f"a container of {shown(own)} has no name", fix="name: …")
    return own


def _container_in(deployment: Body, service: str, container: str) -> str:
    known = [str(each["name"]) for each in containers_of(deployment)]
    wanted = container or (service if service in known else "")
    if wanted in known:
        return wanted
    if len(known) == 1 and not container:
        return known[0]
    raise UsageError(
        f"nobody says which container of {shown(deployment)} is the service's",
        why=f"it has {', '.join(known)}",
        fix=f"container = '{known[0]}' in the settings of kubernetes",
    )


def _front_in(bodies: Iterable[Body], service: str) -> Body | None:
    found = [each for each in bodies if each["kind"] == "Service"]
    if len(found) > 1:
        raise UsageError(
            f"the manifests have {len(found)} Services",
            why="traffic is moved by one of them, in one write",
            fix=f"leave one, named {service}",
        )
    if not found:
        return None
    own = found[0]
    if own["metadata"]["name"] != service:
        raise UsageError(
            f"the Service is called {own['metadata']['name']}, and the service {service}",
            fix=f"call them the same: --name {own['metadata']['name']}",
        )
    spec = table_of(own, "spec")
    if spec.get("type") == "ExternalName" or not tables_in(spec.get("ports")):
        raise UsageError(f"{shown(own)} leads to no port of a pod", fix="ports: [{port: …, targetPort: …}]")
    return own
