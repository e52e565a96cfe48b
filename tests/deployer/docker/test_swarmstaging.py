"""Services come into being whole, also where an earlier try was cut short, or somebody changed them."""

from __future__ import annotations

import socket

import pytest

from autoexec_magic import executor
from autoexec_magic.deployer.docker import labels, swarmservices, swarmstaging
from autoexec_magic.deployer.docker.staging import PORT_WORDS
from autoexec_magic.errors import DeployError


def test_by_ports_of_the_node_each_replica_is_a_service(place):
    """By the mesh there is one; without replicas too."""
    name = place.name
    mesh = (("publish", "ingress"),)
    release = place.release(replicas=2)
    assert swarmstaging.slots(release) == {name(release): 1, name(release, 2): 1}
    release = place.release(replicas=3, options=mesh)
    assert swarmstaging.slots(release) == {name(release): 3}
    assert swarmstaging.is_ingress(release)
    release = place.release(replicas=0)
    assert swarmstaging.slots(release) == {name(release): 0}


@pytest.mark.slow
@pytest.mark.limit(300)
def test_staging_twice_leaves_what_is_there(swarm_place):
    """The very services and tasks; what was stopped gets its replicas again, and its port."""
    place = swarm_place
    release = place.release("1", replicas=2)
    target = place.target()
    target.stage(release, place.events.append)
    before = [place.service_of(release, number) for number in (1, 2)]
    place.target().stage(release, place.events.append)
    assert [place.service_of(release, number) for number in (1, 2)] == before
    assert target.live() is None
    swarmservices.scale(place.client, place.name(release), 0)
    place.target().stage(release, place.events.append)
    assert place.replicas() == {place.name(release): 1, place.name(release, 2): 1}
    assert place.service_of(release)["Endpoint"] == before[0]["Endpoint"]


@pytest.mark.slow
@pytest.mark.limit(300)
def test_a_port_that_is_taken_meanwhile_is_another(swarm_place):
    """Of one that was stopped; its secrets come along."""
    place = swarm_place
    release = place.release("1", secret="s3cr3t")
    place.deploy(release)
    place.deploy(place.release("2"))
    served = swarmservices.seen(place.client, place.name(release))
    assert executor.wait_for(lambda: len(place.client.containers()) == 1 or None, timeout=60)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("", served.port))
        taken.listen()
        place.values.clear()
        place.deploy(release)
    assert swarmservices.seen(place.client, place.name(release)).port != served.port
    assert place.answer()["secrets"] == {"TOKEN": "s3cr3t"}
    assert place.target().live().changed == ""


@pytest.mark.slow
def test_a_service_of_somebody_else_is_left_alone(swarm_place):
    """Though it has the name that is needed."""
    place = swarm_place
    release = place.release("1")
    spec = {"ContainerSpec": {"Image": place.images["2"][1]}}
    place.client.create_service(spec, place.name(release), mode={"Replicated": {"Replicas": 0}})
    with pytest.raises(DeployError) as failed:
        place.target().stage(release, place.events.append)
    assert "docker service rm" in failed.value.fix
    assert place.replicas() == {place.name(release): 0}


@pytest.mark.slow
@pytest.mark.limit(300)
def test_what_was_updated_by_hand_is_made_right_in_its_place(swarm_place):
    """By the next deploy of the release: the same port, and tasks of its spec again."""
    place = swarm_place
    release = place.release("1", says="one")
    place.deploy(release)
    port = swarmservices.seen(place.client, place.name(release)).port
    done = place.by_hand(
        "service", "update", "--detach", "--quiet", "--env-add", "SAYS=two", place.name(release)
    )
    assert done.returncode == 0, done.stderr
    assert executor.wait_for(lambda: said(place) == "two" or None, timeout=60)
    place.deploy(release)
    assert said(place) == "one"
    assert swarmservices.seen(place.client, place.name(release)).port == port
    assert place.target().live().changed == ""


@pytest.mark.slow
@pytest.mark.limit(300)
def test_a_port_that_was_taken_away_by_hand_is_given_again(swarm_place):
    """To the service that is live, and to one that an undo goes back to."""
    place = swarm_place
    release = place.release("1")
    place.deploy(release)
    inner = swarmservices.seen(place.client, place.name(release)).inner_port
    taken_away = ("service", "update", "--detach", "--quiet", "--publish-rm", f"target={inner},mode=host")
    for _ in range(2):
        done = place.by_hand(*taken_away, place.name(release))
        assert done.returncode == 0, done.stderr
        assert executor.wait_for(lambda: has_no_port(place, release) or None, timeout=60)
        place.deploy(release)
        served = swarmservices.seen(place.client, place.name(release))
        assert served.port > 0
        assert served.inner_port == inner
        assert place.answer()["version"] == "1"
        assert place.target().live().changed == ""
        place.deploy(place.release("2"))


@pytest.mark.slow
@pytest.mark.limit(300)
def test_a_port_that_was_lost_once_and_is_there_again_is_kept(swarm_place):
    """What a task lacked that ended long ago removes no service."""
    place = swarm_place
    release = place.release("1")
    place.target().stage(release, place.events.append)
    served = swarmservices.seen(place.client, place.name(release))
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        swarmservices.scale(place.client, served.name, 0)
        assert executor.wait_for(lambda: place.client.containers() == [] or None, timeout=60)
        taken.bind(("", served.port))
        taken.listen()
        swarmservices.scale(place.client, served.name, 1)
        assert executor.wait_for(lambda: lost_its_port(place, release) or None, timeout=60)
    assert executor.wait_for(lambda: runs(place, release) or None, timeout=60)
    change = ("service", "update", "--detach", "--quiet", "--label-rm", labels.IMAGE_ID, served.name)
    done = place.by_hand(*change)
    assert done.returncode == 0, done.stderr
    assert lost_its_port(place, release)
    place.target().stage(release, place.events.append)
    again = swarmservices.seen(place.client, served.name)
    assert (again.service_id, again.port) == (served.service_id, served.port)
    assert not place.target().live()


def has_no_port(place, release):
    """Say whether a release's first service is published nowhere."""
    return swarmservices.seen(place.client, place.name(release)).port == 0


def tasks(place, release):
    """Return the tasks of a release's first service."""
    return swarmservices.tasks_of(place.client, swarmservices.seen(place.client, place.name(release)))


def lost_its_port(place, release):
    """Say whether a task that ended had no port."""
    return any(words in each.error.lower() for each in tasks(place, release) for words in PORT_WORDS)


def runs(place, release):
    """Say whether a task runs."""
    return any(each.is_running for each in tasks(place, release))


def said(place):
    """Return what the service says, "" where it says nothing just now."""
    try:
        return place.answer()["says"]
    except OSError:
        return ""
