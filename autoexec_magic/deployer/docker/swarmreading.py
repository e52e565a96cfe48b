"""What is really live of a Swarm's services: who gets the traffic, their specs, and what their tasks run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ... import dockerengine
from ...dockerengine import Client
from ...releasefacts import Release
from ..serving.routes import Routes, Share
from ..target import Live
from . import containers, labels, reading, swarmsecrets, swarmservices
from .containers import Seen
from .front import main_share
from .reading import Found
from .swarmservices import Served, Task
from .swarmstaging import slots


def live(client: Client, service: str, routes: Routes, port: int) -> Live:
    """Return what is live, with what somebody else changed.

    Parameters
    ----------
    client : Client
        Of a manager of the Swarm.
    service : str
        Whose.
    routes : Routes
        Who gets the traffic: somebody does.
    port : int
        Where people reach the service; 0 where nothing answers there.
    """
    share = main_share(routes)
    assert share is not None
    there = swarmservices.all_of(client, service)
    served = [each for each in there if each.release_id == share.release_id]
    release = next((one for each in served if (one := labels.release_in(each.labels))), None)
    tasks = {each.name: swarmservices.tasks_of(client, each) for each in served}
    seen = [one for each in served for one in _seen_of(client, each, tasks[each.name])]
    image = dockerengine.image_of(client, seen[0].image_id) if seen else None
    found = Found(seen=tuple(seen), release=release, image=image)
    changed = changes(served, release, tasks, share) + _secrets(client, served, release)
    return reading.live_of(routes, found, port=port, changed=changed)


def changes(
    served: Sequence[Served], release: Release | None, tasks: dict[str, list[Task]], share: Share
) -> list[str]:
    """Return what somebody else changed of the services of a release, in words."""
    if release is None:
        return ["its services are gone" if not served else "its services do not say what they are of"]
    there = {each.name: each for each in served}
    said = []
    for name, replicas in slots(release).items():
        if name not in there:
            said.append(f"{name} was removed")
            continue
        each = there[name]
        running = len([task for task in tasks[name] if task.is_running])
        if each.replicas != replicas:
            said.append(f"{name} is to have {each.replicas} replicas, and not {replicas}")
        elif running < replicas:
            said.append(f"{name} runs {running} of {replicas} tasks")
        others = swarmservices.differences(each, release)
        said += [f"{name}: {what}" for what in others]
        if each.update and others:
            said.append(f"{name} was updated by hand ({each.update})")
        if each.port not in share.ports:
            said.append(f"{name} gets no traffic: it publishes port {each.port}")
    return said


def _secrets(client: Client, served: Sequence[Served], release: Release | None) -> list[str]:
    if release is None:
        return []
    owners = {each.name: each.labels.get(labels.OWNER, "") for each in served}
    return [
        f"{each.name}: its secrets are of another version"
        for each in served
        if set(each.secrets) == {one.name for one in release.spec.secrets}
        and not swarmsecrets.are_those(client, release, each.secrets, owners[each.name])
    ]


def _seen_of(client: Client, served: Served, tasks: Sequence[Task]) -> list[Seen]:
    """Return what runs of a service; where nothing is meant to, what would."""
    running = [each for each in tasks if each.is_running]
    if not running and not served.replicas:
        return [_as_meant(served, "exited")]
    return [_running(client, served, each) for each in running]


def _running(client: Client, served: Served, task: Task) -> Seen:
    """Return a task's container as the engine has it; of one on another node, as it was asked for."""
    found = containers.seen(client, task.container_id) if task.container_id else None
    if found is None:
        return _as_meant(served, "running")
    return replace(found, name=served.name, port=served.port, inner_port=served.inner_port)


def _as_meant(served: Served, status: str) -> Seen:
    return Seen(
        name=served.name,
        container_id="",
        image_id=_image_id(served),
        status=status,
        labels=served.labels,
        environment=served.environment,
        command=served.arguments,
        port=served.port,
        inner_port=served.inner_port,
        memory_bytes=served.memory_bytes,
        cpus=served.cpus,
    )


def _image_id(served: Served) -> str:
    """Return the image that a service names: by its digest at a registry, or by its id here."""
    return served.image.rpartition("@")[2]
