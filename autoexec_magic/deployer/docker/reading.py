"""What is really live: who gets the traffic, and what the engine has of those containers."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ... import dockerengine
from ...dockerengine import Client
from ...releasefacts import Release
from ..difference import EMPTY, fields_of
from ..serving.routes import Routes, Share
from ..target import Live
from . import containers, labels
from .containers import Seen
from .front import main_share

_GONE = "nothing answers: what stands in front of the containers has ended"
_OF_THE_GATE = ("artifact", "health.path", "health.command")  # the platform does not know them otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the engine has of one release: its containers, and their image, None where that is gone."""

    seen: tuple[Seen, ...]
    release: Release | None
    image: Mapping[str, Any] | None
    #: containers that have a name of the release's, and are of nobody's
    others: tuple[str, ...] = ()


def found_of(client: Client, service: str, release_id: str) -> Found:
    """Return what the engine has of a release."""
    seen = tuple(each for each in containers.all_of(client, service) if each.release_id == release_id)
    releases = [found for each in seen if (found := labels.release_in(each.labels))]
    release = releases[0] if releases else None
    image = dockerengine.image_of(client, seen[0].image_id) if seen else None
    others = []
    if release is not None:
        mine = {each.name for each in seen}
        names = {labels.name_of(release, number) for number in range(1, release.spec.replicas + 1)}
        others = [name for name in sorted(names - mine) if containers.seen(client, name)]
    return Found(seen=seen, release=release, image=image, others=tuple(others))


def live_of(routes: Routes, found: Found, *, port: int, changed: Sequence[str]) -> Live:
    """Return what is live, with what somebody else changed.

    Parameters
    ----------
    routes : Routes
        Who gets the traffic: somebody does.
    found : Found
        What the engine has of the release that counts as live.
    port : int
        Where people reach the service; 0 where nothing answers there.
    changed : sequence of str
        What somebody else changed, as `changes` has it.
    """
    share = main_share(routes)
    assert share is not None
    said = changed if port else [_GONE, *changed]
    shares = tuple((each.release_id, each.percent) for each in routes.shares if each.percent > 0)
    return Live(
        release_id=share.release_id,
        digest=_digest(found) if port else "",  # what nobody can reach is not what was deployed
        fields=_fields(found, port),
        release=found.release,
        shares=shares,
        changed="; ".join(said),
    )


def changes(found: Found, share: Share) -> list[str]:
    """Return what somebody else changed of the containers of a release, in words."""
    release = found.release
    if release is None:
        return ["its containers are gone" if not found.seen else "its containers do not say what they are of"]
    said = [f"{name} was replaced by a container of somebody else" for name in found.others]
    mine = {each.name: each for each in found.seen}
    for number in range(1, release.spec.replicas + 1):
        name = labels.name_of(release, number)
        if name not in mine and name not in found.others:
            said.append(f"{name} was removed")
        elif name in mine and not mine[name].is_running:
            said.append(f"{name} does not run ({mine[name].status})")
    for each in found.seen:
        said += [f"{each.name}: {what}" for what in containers.differences(each, release, found.image)]
        if each.port not in share.ports:
            said.append(f"{each.name} gets no traffic: it publishes port {each.port}")
    if found.image is None:
        said.append("its image is not at the engine any more")
    return said


def _digest(found: Found) -> str:
    """Return the digest of what runs: the spec's where it is the very image, else the image's id."""
    of_each = [_digest_of(each, found) for each in _that_count(found)]
    wanted = found.release.digest if found.release else ""
    return next((each for each in of_each if each != wanted), wanted if of_each else "")


def _digest_of(seen: Seen, found: Found) -> str:
    release = found.release
    if release is None or seen.image_id == release.digest:
        return seen.image_id
    image = found.image if found.image and found.image["Id"] == seen.image_id else None
    if image is not None:
        known = {each.partition("@")[2] for each in image.get("RepoDigests") or ()}
        return release.digest if release.digest in known else seen.image_id
    return release.digest if seen.labels.get(labels.IMAGE_ID) == seen.image_id else seen.image_id


def _that_count(found: Found) -> Sequence[Seen]:
    """Return those that run; all of them where the release has no replicas."""
    running = [each for each in found.seen if each.is_running]
    is_idle = found.release is not None and found.release.spec.replicas == 0
    return found.seen if is_idle else running


def _fields(found: Found, port: int) -> dict[str, str]:
    """Return what it runs with, as `fields_of` names it: read from the engine, where that knows it."""
    counting = _that_count(found)
    if not counting:
        return {}
    first, release = counting[0], found.release
    running = [each for each in found.seen if each.is_running]
    said = fields_of(release.spec) if release else {}
    kept = {
        name: value
        for name, value in said.items()
        if name in _OF_THE_GATE or name.startswith(("option.", "secret."))
    }
    files = {f"{each.name}_FILE": each.name for each in release.spec.secrets} if release else {}
    for file, name in files.items():
        if file not in first.environment:
            kept.pop(f"secret.{name}", None)
    inherited = containers.inherited(found.image or {})
    asked = dict(release.spec.environment) if release else {}
    shown = {
        name: value
        for name, value in first.environment.items()
        if name in asked or (name not in files and name != "PORT" and inherited.get(name) != value)
    }
    fields = {
        **kept,
        "digest": _digest(found),
        "command": _command(first, found),
        "port": str(port) if port and (release is None or release.spec.port) else "",
        "replicas": str(len(running)),
        "memory": str(first.memory_bytes or ""),
        "cpus": f"{first.cpus:g}" if first.cpus else "",
        **{f"env.{name}": value or EMPTY for name, value in shown.items()},
    }
    return {name: value for name, value in fields.items() if value}


def _command(seen: Seen, found: Found) -> str:
    """Return the command that a release gave its image, "" where it is the image's own."""
    asked = found.release.spec.command if found.release else ()
    own = containers.own_command(found.image or {})
    return "" if seen.command == own and not asked else shlex.join(seen.command)
