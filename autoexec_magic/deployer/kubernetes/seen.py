"""What an object of the cluster says of a release, in the words of `difference.fields_of`, pure.

It is read off the object itself and not off what we wrote about it, so
that what somebody else changed shows field by field.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ...releasefacts import Release, Spec
from ..difference import EMPTY, fields_of
from ..spelled import release_of
from . import names
from .objects import Body
from .settings import Options

_UNITS = {
    "": 1,
    "m": Decimal("0.001"),
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T", "P"), start=1)},
    **{f"{unit}i": 1024**power for power, unit in enumerate(("K", "M", "G", "T", "P"), start=1)},
}
_QUANTITY = re.compile(r"([0-9.]+)(m|[kMGTP]|[KMGTP]i|)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def release_in(body: Mapping[str, Any]) -> Release | None:
    """Return the release that a Deployment's pod template says it is, None where it says none."""
    text = annotations_in(body).get(names.SPELLED, "")
    try:
        return release_of(json.loads(text)) if text else None
    except ValueError:
        return None


def annotations_in(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the annotations of an object's pod template."""
    metadata = body.get("spec", {}).get("template", {}).get("metadata", {})
    return dict(metadata.get("annotations") or {})


def tail_in(body: Mapping[str, Any]) -> str:
    """Return which release an object's label says it belongs to."""
    return str((body.get("metadata", {}).get("labels") or {}).get(names.RELEASE, ""))


def is_ours(body: Mapping[str, Any], service: str) -> bool:
    """Whether an object says that it was made by us for this service."""
    labels = body.get("metadata", {}).get("labels") or {}
    return labels.get(names.MANAGED_BY) == names.MANAGER and labels.get(names.SERVICE) == service


def fields_in(
    service: str,
    deployment: Mapping[str, Any],
    front: Mapping[str, Any] | None,
    release: Release,
    options: Options,
) -> dict[str, str]:
    """Return what a Deployment and its Service run with, by name.

    Parameters
    ----------
    service : str
        Its name.
    deployment, front : mapping
        The Deployment and the Service, as the cluster has them; None is no Service yet.
    release : Release
        What the pod template says it is; names where the secrets are from.
    options : Options
        Those of that release.
    """
    spec = release.spec
    found = fields_of(spec)
    containers = deployment["spec"]["template"]["spec"].get("containers") or [{}]
    own = next((each for each in containers if each.get("name") == service), containers[0])
    found = {name: value for name, value in found.items() if not name.startswith(("env.", "secret."))}
    found |= {
        "command": shlex.join(_plain(each) for each in own.get("args") or ()),
        "replicas": str(deployment["spec"].get("replicas", 1)),
        **_bounds_in(own, spec),
        **_health_in(own),
        **_environment_in(service, own, spec, options),
    }
    if own.get("image") != spec.reference:
        found["digest"] = _digest_in(str(own.get("image")))
    if front is not None:
        found |= _front_in(front, spec, options)
    return {name: value for name, value in found.items() if value}


def digest_in(release: Release, image: str, image_ids: Sequence[str]) -> str:
    """Return the digest of what runs, as far as the cluster knows one.

    An image that is named by its digest is that one. Else the node says which
    bytes it runs: by the digest of the image's configuration, which is
    compared, or by a registry's, which cannot be where the release has the other.
    """
    if image != release.spec.reference:
        return _digest_in(image)
    if "@" in image:
        return release.digest
    for each in image_ids:
        found = _DIGEST.search(each)
        if found and "@" not in each and found[0] != release.digest:
            return found[0]
    return release.digest


def image_in(service: str, deployment: Mapping[str, Any]) -> str:
    """Return the image of a Deployment's container."""
    containers = deployment["spec"]["template"]["spec"].get("containers") or [{}]
    return str(next((each for each in containers if each.get("name") == service), containers[0]).get("image"))


def image_fields(container: str, deployment: Mapping[str, Any], spec: Spec) -> dict[str, str]:
    """Return the digest of a container's image, where it has another one than a release names."""
    image = image_in(container, deployment)
    return {} if image == spec.reference else {"digest": _digest_in(image)}


def quantity(text: str) -> Decimal:
    """Return the number that a quantity of the API means.

    Examples
    --------
    >>> quantity("250m"), quantity("1Gi")
    (Decimal('0.250'), Decimal('1073741824'))
    """
    found = _QUANTITY.fullmatch(text)
    try:
        return Decimal(found[1]) * _UNITS[found[2]] if found else Decimal(0)
    except InvalidOperation:
        return Decimal(0)


def _digest_in(image: str) -> str:
    found = _DIGEST.search(image)
    return found[0] if found else image


def _plain(text: str) -> str:
    return text.replace("$$", "$")


def _bounds_in(own: Body, spec: Spec) -> dict[str, str]:
    limits = (own.get("resources") or {}).get("limits") or {}
    cpus = float(quantity(str(limits.get("cpu", "0"))))
    if abs(cpus - spec.cpus) < 0.001:
        cpus = spec.cpus  # the API counts in thousandths
    memory = int(quantity(str(limits.get("memory", "0"))))
    return {"memory": str(memory or ""), "cpus": f"{cpus:g}" if cpus else ""}


def _health_in(own: Body) -> dict[str, str]:
    probe = own.get("readinessProbe") or {}
    words = (probe.get("exec") or {}).get("command") or ()
    return {
        "health.path": str((probe.get("httpGet") or {}).get("path", "")),
        "health.command": shlex.join(_plain(each) for each in words),
    }


def _environment_in(service: str, own: Body, spec: Spec, options: Options) -> dict[str, str]:
    expected = {each.name: each for each in spec.secrets}
    place = names.secret_of(service, spec.secrets)
    said = dict(spec.environment)
    found = {}
    for each in own.get("env") or ():
        name, source = each["name"], (each.get("valueFrom") or {}).get("secretKeyRef")
        if source:
            secret = expected.get(name)
            is_same = secret is not None and source.get("name") == place and source.get("key") == name
            kept = f"the cluster's Secret {source.get('name')}"
            found[f"secret.{name}"] = f"{secret.reference} ({secret.version})" if secret and is_same else kept
        elif name != "PORT" or "PORT" in said or each.get("value") != str(options.port_inside(spec)):
            found[f"env.{name}"] = _plain(str(each.get("value", ""))) or EMPTY
    return found


def _front_in(front: Mapping[str, Any], spec: Spec, options: Options) -> dict[str, str]:
    """Return what the Service says: its port and its kind, where they are not as they should be."""
    ports = front["spec"].get("ports") or [{}]
    wanted = options.port_outside(spec)
    found = {"port": str(ports[0].get("port", ""))} if ports[0].get("port") != wanted or spec.port else {}
    kind = front["spec"].get("type", "ClusterIP")
    if kind != options.service_type:
        found["option.service-type"] = str(kind)
    inside = ports[0].get("targetPort")
    if inside != options.port_inside(spec):
        found["option.container-port"] = str(inside)
    return found
