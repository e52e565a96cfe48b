"""A person's manifests with a release put into them: its name, its marks, its image; pure.

Labels that they have stay beside ours; what selects pods is ours alone, because
that is what tells releases apart. A container that says nothing of its
readiness is asked what the gate asks, and one that says nothing of its end waits until
nobody is sent to it any more.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import UsageError
from ...releasefacts import Release, Spec
from . import names, objects
from .manifest import OWN, SHARED, Manifest, manifest_of
from .objects import Body
from .settings import Options
from .shapes import shown, table_of

_CONFIG_KEYS = ("configMap", "configMapRef", "configMapKeyRef")


def manifest_in(options: Options, service: str, namespace: str = "") -> Manifest | None:
    """Return the manifests that a release has, None where ours are made."""
    if not options.manifest_text:
        return None
    where = namespace or options.namespace
    return manifest_of(options.manifest_text, service, where, options.container)


def kind_of(body: Body) -> str:
    """Return the kind of an object as a cluster is asked for it."""
    plural = {**OWN, **SHARED}[body["kind"]]
    return f"{body['apiVersion']}/{plural}"


def deployment(found: Manifest, service: str, release: Release, options: Options, *, sleeps: bool) -> Body:
    """Return the Deployment of a release."""
    ours = objects.deployment(service, release, options, sleeps=sleeps)
    body = _marked(found.deployment, ours["metadata"]["name"], ours["metadata"]["labels"])
    spec, template = body["spec"], body["spec"]["template"]
    spec["replicas"] = release.spec.replicas
    if found.scales:
        del spec["replicas"]  # else each time it is applied undoes what the autoscaler did
    selector = table_of(spec, "selector")
    spec["selector"] = {
        **selector,
        "matchLabels": {**table_of(selector, "matchLabels"), **ours["spec"]["selector"]["matchLabels"]},
    }
    marks = table_of(template, "metadata")
    own = ours["spec"]["template"]["metadata"]
    template["metadata"] = {
        "labels": {**table_of(marks, "labels"), **own["labels"]},
        "annotations": {**table_of(marks, "annotations"), **own["annotations"]},
    }
    maps = {each["metadata"]["name"] for each in found.own if each["kind"] == "ConfigMap"}
    template["spec"] = _leading_to(template["spec"], maps, names.tail_of(release.release_id))
    pod = ours["spec"]["template"]["spec"]
    if "imagePullSecrets" in pod:
        template["spec"].setdefault("imagePullSecrets", pod["imagePullSecrets"])
    for each in (*(template["spec"].get("initContainers") or ()), *template["spec"]["containers"]):
        _with_protocol(each)
    for each in template["spec"]["containers"]:
        if each["name"] == found.container:
            _fill(each, pod["containers"][0], release.spec, _port_of(found, options, release.spec))
    return body


def front(found: Manifest, ours: Body) -> Body:
    """Return the Service of a release: a person's own, where there is one, with what ours says of traffic."""
    if found.front is None:
        return ours
    metadata, spec = ours["metadata"], ours["spec"]
    body = _marked(found.front, metadata["name"], metadata["labels"])
    annotations = {**table_of(body, "metadata", "annotations"), **metadata["annotations"]}
    body["metadata"] = {**metadata, **body["metadata"], "annotations": annotations}
    _with_protocol(body["spec"])
    is_open = bool(body["spec"].get("publishNotReadyAddresses"))
    body["spec"] = {
        **body["spec"],
        "selector": spec["selector"],
        "publishNotReadyAddresses": is_open or spec["publishNotReadyAddresses"],
    }
    return body


def own_of(found: Manifest, service: str, release: Release) -> list[tuple[str, Body]]:
    """Return what else a release has of its own, with the kinds, each under a name of its own.

    Raises
    ------
    UsageError
        An autoscaler is of something else.
    """
    labels = objects.labels_of(service, release.release_id)
    tail = names.tail_of(release.release_id)
    bodies = []
    for each in found.own:
        body = _marked(each, f"{each['metadata']['name']}-{tail}", labels)
        if each["kind"] == "PodDisruptionBudget":
            selector = {"matchLabels": objects.selector_of(service, release.release_id)}
            body["spec"] = {**table_of(body, "spec"), "selector": selector}
        if each["kind"] == "HorizontalPodAutoscaler":
            target = table_of(body, "spec", "scaleTargetRef")
            if (target.get("kind"), target.get("name")) != (
                "Deployment",
                found.deployment["metadata"]["name"],
            ):
                raise UsageError(
                    f"{shown(each)} scales {target.get('kind')} {target.get('name')}",
                    fix=f"scaleTargetRef of the {shown(found.deployment)}",
                )
            target["name"] = names.object_of(service, release.release_id)
        bodies.append((kind_of(body), body))
    return bodies


def shared_of(found: Manifest, service: str) -> list[tuple[str, Body]]:
    """Return what is there once, with the kinds."""
    labels = {names.MANAGED_BY: names.MANAGER, names.SERVICE: service}
    bodies = [_marked(each, each["metadata"]["name"], labels) for each in found.shared]
    return [(kind_of(each), each) for each in bodies]


def options_for(found: Manifest, options: Options, spec: Spec) -> Options:
    """Return the options with the port that the manifests say."""
    return replace(options, container_port=_port_of(found, options, spec))


def _marked(body: Body, name: str, labels: Mapping[str, str]) -> Body:
    """Return a copy of an object with a name and labels, for whatever namespace it is applied to."""
    found = copy.deepcopy(body)
    metadata = {key: value for key, value in found["metadata"].items() if key != "namespace"}
    found["metadata"] = {**metadata, "name": name, "labels": {**table_of(metadata, "labels"), **labels}}
    return found


def _with_protocol(holder: Body) -> None:
    """Say the protocol of each port: before 1.21 an apply without it is not understood."""
    for each in holder.get("ports") or ():
        if isinstance(each, dict):
            each.setdefault("protocol", "TCP")


def _leading_to(value: Any, maps: set[str], tail: str) -> Any:
    """Return part of a pod that names a release's own ConfigMaps where it named those of the manifests."""
    if isinstance(value, list):
        return [_leading_to(each, maps, tail) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _leading_to(below, maps, tail) for key, below in value.items()}
    for key in _CONFIG_KEYS:
        named = found.get(key)
        if isinstance(named, dict) and named.get("name") in maps:
            found[key] = {**named, "name": f"{named['name']}-{tail}"}
    return found


def _fill(container: Body, ours: Body, spec: Spec, port: int) -> None:
    """Put what a release says into its container: image, words, variables, bounds; theirs stay else."""
    container["image"] = spec.reference
    container.setdefault("imagePullPolicy", ours["imagePullPolicy"])
    if spec.command:
        container["args"] = ours["args"]
    given = [*spec.environment, *((each.name, "") for each in spec.secrets)]
    known = {name for name, _ in given}
    theirs = [each for each in container.get("env") or () if each.get("name") not in known]
    added = [each for each in ours["env"] if each["name"] in known]
    if theirs or added:
        container["env"] = [*theirs, *added]
    if "resources" in ours:
        container["resources"] = ours["resources"]
    container.setdefault("readinessProbe", objects.readiness(spec.gate, port))
    ending = table_of(container, "lifecycle")
    container["lifecycle"] = {"preStop": ours["lifecycle"]["preStop"], **ending}


def _port_of(found: Manifest, options: Options, spec: Spec) -> int:
    ports = found.main.get("ports") or [{}]
    own = ports[0].get("containerPort") if isinstance(ports[0], dict) else None
    if not options.container_port and isinstance(own, int):
        return own
    return options.port_inside(spec)
