"""The objects of a release on a cluster, as values: what is applied, and nothing that the server fills in.

A container that is asked whether it is alive by the same question as whether it is
ready is killed when what it depends on is slow; so there is a readiness
probe alone. One that ends is started again without any.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ...releasefacts import Gate, Release, Spec
from ..difference import digest_of
from ..spelled import spelled
from . import names
from .settings import Options

Body: TypeAlias = dict[str, Any]

DRAIN_SECONDS = 5  #: a pod that is to end serves on for so long, until nobody is sent to it any more
GRACE_SECONDS = 30


def deployment(service: str, release: Release, options: Options, *, sleeps: bool) -> Body:
    """Return the Deployment of a release; `sleeps` says whether the cluster can wait before it ends a pod."""
    spec = release.spec
    labels = labels_of(service, release.release_id)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": names.object_of(service, release.release_id), "labels": labels},
        "spec": {
            "replicas": spec.replicas,
            "revisionHistoryLimit": 1,
            "progressDeadlineSeconds": max(60, math.ceil(spec.gate.start_seconds) * 2),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": selector_of(service, release.release_id)},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations_of(release)},
                "spec": _pod(service, spec, options, sleeps=sleeps),
            },
        },
    }


def labels_of(service: str, release_id: str) -> dict[str, str]:
    """Return the labels of all that belongs to a release."""
    return {
        "app.kubernetes.io/name": service,
        names.MANAGED_BY: names.MANAGER,
        names.SERVICE: service,
        names.RELEASE: names.tail_of(release_id),
    }


def selector_of(service: str, release_id: str) -> dict[str, str]:
    """Return what selects the pods of one release; with "" for its id, those of the whole service."""
    own = {names.RELEASE: names.tail_of(release_id)} if release_id else {}
    return {names.SERVICE: service, **own}


def annotations_of(release: Release) -> dict[str, str]:
    """Return what the pod template says of its release."""
    return {
        names.RELEASE_ID: release.release_id,
        names.DIGEST: release.digest,
        names.CONFIG_DIGEST: digest_of(release.spec),
        names.SPELLED: json.dumps(spelled(replace(release, place="")), sort_keys=True, ensure_ascii=False),
    }


def service_object(
    service: str,
    release: Release,
    options: Options,
    *,
    fence: int,
    live_tail: str = "",
    before: str = "",
    is_baking: bool = True,
    version: str = "",
) -> Body:
    """Return the Service that leads to a release.

    Parameters
    ----------
    service, release, options
        Whose it is, and who gets the traffic.
    fence : int
        The turn of who moves it.
    live_tail : str, optional
        The release that it is shared with; "" gives all of it to `release`.
    before : str, optional
        The release that has the traffic back where this one fails.
    is_baking : bool, default True
        Whether pods that are not ready keep their traffic: the gate, which knows
        of an older release, decides what becomes of them, and not their probe,
        which would leave nobody to answer.
    version : str, optional
        The resourceVersion that it has to have still.
    """
    spec = release.spec
    port: Body = {
        "name": "main",
        "port": options.port_outside(spec),
        "targetPort": options.port_inside(spec),
        "protocol": "TCP",
    }
    if node_port := options.node_port(spec):
        port["nodePort"] = node_port
    selector = selector_of(service, "" if live_tail else release.release_id)
    metadata: Body = {
        "name": service,
        "labels": {
            "app.kubernetes.io/name": service,
            names.MANAGED_BY: names.MANAGER,
            names.SERVICE: service,
        },
        "annotations": {
            names.FENCE: str(fence),
            names.LIVE: live_tail or names.tail_of(release.release_id),
            **({names.BEFORE: before} if before else {}),
        },
    }
    if version:
        metadata["resourceVersion"] = version
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": options.service_type,
            "selector": selector,
            "ports": [port],
            "publishNotReadyAddresses": is_baking and not live_tail,
        },
    }


def secret_object(service: str, release: Release, values: Mapping[str, str]) -> Body:
    """Return the Secret with a release's values; it is never changed, as others have a name of their own."""
    encoded = {
        each.name: base64.b64encode(values[each.name].encode("utf-8", "surrogateescape")).decode()
        for each in release.spec.secrets
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": names.secret_of(service, release.spec.secrets),
            "labels": {names.MANAGED_BY: names.MANAGER, names.SERVICE: service},
        },
        "type": "Opaque",
        "immutable": True,
        "data": encoded,
    }


def budget(service: str, release: Release) -> Body:
    """Return the PodDisruptionBudget of a release: at most one of its pods is taken away at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {
            "name": names.object_of(service, release.release_id),
            "labels": labels_of(service, release.release_id),
        },
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector_of(service, release.release_id)},
        },
    }


def readiness(gate: Gate, port: int) -> Body:
    """Return the probe that asks what the gate asks, in whole seconds, as a cluster counts.

    It has to be well as often in a row: else what is well every other time gets people.
    """
    if gate.path:
        how: Body = {"httpGet": {"path": gate.path, "port": port, "scheme": "HTTP"}}
    elif gate.command:
        how = {"exec": {"command": [literal(word) for word in gate.command]}}
    else:
        how = {"tcpSocket": {"port": port}}
    return {
        **how,
        "periodSeconds": max(1, round(gate.interval_seconds)),
        "timeoutSeconds": max(1, math.ceil(gate.answer_seconds)),
        "successThreshold": max(1, gate.successes),
        "failureThreshold": max(1, gate.failures),
    }


def literal(text: str) -> str:
    """Return text in which a cluster puts in no variables: to it `$(NAME)` is one, and `$$` a `$`."""
    return text.replace("$", "$$")


def _pod(service: str, spec: Spec, options: Options, *, sleeps: bool) -> Body:
    security: Body = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if options.user:
        security |= {"runAsUser": options.user, "runAsGroup": options.user}
    pod: Body = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": security,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "containers": [_container(service, spec, options, sleeps=sleeps)],
    }
    if options.image_pull_secret:
        pod["imagePullSecrets"] = [{"name": options.image_pull_secret}]
    return pod


def _container(service: str, spec: Spec, options: Options, *, sleeps: bool) -> Body:
    port = options.port_inside(spec)
    wait: Body = {"sleep": {"seconds": DRAIN_SECONDS}}
    if not sleeps:
        wait = {"exec": {"command": ["sleep", str(DRAIN_SECONDS)]}}
    found: Body = {
        "name": service,
        "image": spec.reference,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "main", "containerPort": port, "protocol": "TCP"}],
        "env": _environment(service, spec, port),
        "readinessProbe": readiness(spec.gate, port),
        "lifecycle": {"preStop": wait},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if spec.command:
        found["args"] = [literal(word) for word in spec.command]
    if bounds := _bounds(spec):
        found["resources"] = {"limits": bounds, "requests": bounds}
    return found


def _environment(service: str, spec: Spec, port: int) -> list[Body]:
    taken = {name for name, _ in spec.environment} | {each.name for each in spec.secrets}
    ours = () if "PORT" in taken else (("PORT", str(port)),)
    plain: list[Body] = [
        {"name": name, "value": literal(value)} for name, value in (*ours, *spec.environment)
    ]
    place = names.secret_of(service, spec.secrets)
    kept: list[Body] = [
        {"name": each.name, "valueFrom": {"secretKeyRef": {"name": place, "key": each.name}}}
        for each in spec.secrets
    ]
    return plain + kept


def _bounds(spec: Spec) -> dict[str, str]:
    found = {}
    if spec.memory_bytes:
        found["memory"] = str(spec.memory_bytes)
    if spec.cpus:
        found["cpu"] = f"{max(1, round(spec.cpus * 1000))}m"
    return found
