"""What a cluster says is live, what a deploy would change, and where people reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...releasefacts import Release
from ..difference import changes_of, fields_of
from ..target import Change, Live
from . import bodies, enforced, leaves, names, seen
from .objects import Body, selector_of
from .owners import others_of
from .place import Place, check
from .pods import serving
from .shares import share_of
from .staging import applied, front_of, wanted_of
from .traffic import live_tail_of


def live(place: Place) -> Live | None:
    """Return what the Service leads to, as its Deployment and its pods say; None without a Service."""
    front = place.cluster.get("services", place.service)
    if front is None:
        return None
    if not seen.is_ours(front, place.service):
        who = ", ".join(each.manager for each in others_of(front)) or "somebody else"
        return Live(release_id="", digest="", changed=f"the Service {place.service} was made by {who}")
    tail = live_tail_of(front)
    deployments = place.deployments()
    own = next((each for each in deployments if tail and seen.tail_in(each) == tail), None)
    if own is None:
        return Live(release_id="", digest="", changed=_elsewhere(place, front, tail), is_ours=True)
    annotations = seen.annotations_in(own)
    release = seen.release_in(own)
    pods = place.cluster.listed("pods", labels=selector_of(place.service, tail))
    if release is None:
        return Live(
            release_id=annotations.get(names.RELEASE_ID, ""),
            digest=annotations.get(names.DIGEST, ""),
            changed=_changed(own, front, {}, {}),
        )
    container = bodies.container_of(place, release)
    image = seen.image_in(container, own)
    fields = _fields(place, release, own, front, _others(place, release))
    digest = seen.digest_in(release, image, _image_ids(container, serving(pods)))
    fields = {**fields, "digest": digest}
    return Live(
        release_id=annotations.get(names.RELEASE_ID, ""),
        digest=digest,
        fields=fields,
        release=release,
        shares=_shares(place, front, deployments),
        changed=_changed(own, front, _expected(place, release), fields, scales=_scales(place, release)),
    )


def preview(place: Place, release: Release) -> Sequence[Change]:
    """Return what a deploy would change, after the cluster has tried all of it and written nothing.

    Raises
    ------
    DeployError
        It would refuse it; with its own words.
    """
    check(release)
    tried: dict[str, Body] = {}
    wanted = wanted_of(place, release)
    enforced.lint(
        place, release, [each for kind, each in wanted if kind == "deployments"], lambda event: None
    )
    for kind, body in (*wanted, front_of(place, release), *bodies.shared(place, release)):
        answer = applied(place, kind, body, lambda event: None, is_dry=True)
        tried[kind if kind in ("deployments", "services") else bodies.mark_of(kind, body)] = answer
    new = _fields(place, release, tried["deployments"], tried["services"], tried)
    now = live(place)
    return changes_of(now.fields if now else {}, new)


def _others(place: Place, release: Release) -> dict[str, Body]:
    """Return what there is of a release's other objects, by `bodies.mark_of`."""
    wanted = (*bodies.own(place, release), *bodies.shared(place, release))
    found = (
        (bodies.mark_of(kind, body), place.cluster.get(kind, body["metadata"]["name"]))
        for kind, body in wanted
    )
    return {mark: body for mark, body in found if body is not None}


def _fields(
    place: Place, release: Release, deployment: Body, front: Body, others: Mapping[str, Body]
) -> dict[str, str]:
    """Return what is there, by name: of own manifests whatever they say, value by value."""
    manifest = bodies.manifest_for(place, release)
    if manifest is None:
        return seen.fields_in(place.service, deployment, front, release, place.options_for(release))
    there = {"Deployment": deployment, "Service": front}
    wanted = (*bodies.own(place, release), *bodies.shared(place, release))
    for original, (kind, body) in zip((*manifest.own, *manifest.shared), wanted, strict=True):
        if (mark := bodies.mark_of(kind, body)) in others:
            there[leaves.key_of(original)] = others[mark]
    return {
        **_plain_fields(release),
        **seen.image_fields(manifest.container, deployment, release.spec),
        "replicas": "" if manifest.scales else str(deployment["spec"].get("replicas", 1)),
        **leaves.values_in(manifest, there, names.tail_of(release.release_id)),
    }


def _expected(place: Place, release: Release) -> dict[str, str]:
    """Return the fields that a release should have."""
    if bodies.manifest_for(place, release) is None:
        return fields_of(release.spec)
    wanted = (*bodies.own(place, release), *bodies.shared(place, release))
    others = {bodies.mark_of(kind, body): body for kind, body in wanted}
    deployment = bodies.deployment(place, release, sleeps=False)
    return _fields(place, release, deployment, bodies.front(place, release, fence=0), others)


def _scales(place: Place, release: Release) -> bool:
    found = bodies.manifest_for(place, release)
    return found is not None and found.scales


def _plain_fields(release: Release) -> dict[str, str]:
    """Return the fields of a release, without the text of its manifests: that is told value by value."""
    found = fields_of(release.spec)
    return {name: value for name, value in found.items() if name != "option.manifest-text"}


def address(place: Place) -> str:
    """Return where people reach the service: a node's port if it has one, else its name in the cluster."""
    front = place.cluster.get("services", place.service)
    if front is None:
        return ""
    port = (front["spec"].get("ports") or [{}])[0]
    if port.get("nodePort"):
        labels = {str(name): str(value) for name, value in (front["spec"].get("selector") or {}).items()}
        pods = place.cluster.listed("pods", labels=labels) if labels else []
        hosts = [host for each in pods if (host := each.get("status", {}).get("hostIP"))]
        if hosts:
            return f"http://{hosts[0]}:{port['nodePort']}"
    return f"http://{place.service}.{place.cluster.namespace}.svc:{port.get('port')}"


def _elsewhere(place: Place, front: Body, tail: str) -> str:
    selector = front["spec"].get("selector") or {}
    shown = ",".join(f"{name}={value}" for name, value in sorted(selector.items())) or "nothing"
    who = [each.manager for each in others_of(front) if any("selector" in one for one in each.fields)]
    by = f" ({', '.join(who)} set it)" if who else ""
    if tail:
        return f"the Deployment of release {tail} is not there any more"
    return f"the Service {place.service} leads to {shown}{by}"


def _image_ids(service: str, pods: Sequence[Body]) -> list[str]:
    states = [one for each in pods for one in each.get("status", {}).get("containerStatuses") or ()]
    return [
        str(each.get("imageID", "")) for each in states if each.get("name") == service and each.get("ready")
    ]


def _shares(place: Place, front: Body, deployments: Sequence[Body]) -> tuple[tuple[str, float], ...]:
    """Return the part of the traffic that each release gets, by its pods that are ready."""
    if names.RELEASE in (front["spec"].get("selector") or {}):
        return ()
    ready = serving(place.cluster.listed("pods", labels={names.SERVICE: place.service}))
    counts = {
        seen.annotations_in(each).get(names.RELEASE_ID, ""): sum(
            seen.tail_in(pod) == seen.tail_in(each) for pod in ready
        )
        for each in deployments
    }
    return tuple(
        (release_id, share_of(count, len(ready) - count)) for release_id, count in counts.items() if count
    )


def _changed(
    deployment: Body, front: Body, expected: dict[str, str], fields: dict[str, str], *, scales: bool = False
) -> str:
    """Return who changed it, and what is not as it was deployed; an autoscaler may say how many there are."""
    who = [
        f"{each.shown} ({body.get('kind', kind)})"
        for kind, body in (("Deployment", deployment), ("Service", front))
        for each in others_of(body)
        if not (scales and each.fields == ("spec.replicas",))
    ]
    what = [f"{each.name} is {each.new or 'gone'}" for each in changes_of(expected, fields)]
    return "; ".join((*who, *what))
