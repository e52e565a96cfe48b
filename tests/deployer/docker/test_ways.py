"""One place chooses how a release runs: what is there stays, else what the settings or the engine say."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from traffic import Traffic

from autoexec_magic.deployer import Unanswered
from autoexec_magic.deployer.docker.ways import Ways
from autoexec_magic.errors import MissingTool, UsageError
from autoexec_magic.releasefacts import Release, Spec

MANAGER = {"LocalNodeState": "active", "ControlAvailable": True}
WORKER = {"LocalNodeState": "active", "ControlAvailable": False}
NONE = {"LocalNodeState": "inactive", "ControlAvailable": False}


@dataclass
class Engine:
    """What an engine says of itself."""

    swarm: dict[str, object]
    api_version: str = "1.41"
    asked: int = 0

    def info(self):
        self.asked += 1
        return {"Swarm": self.swarm}


@dataclass
class There:
    """A way in which these releases are there."""

    kind: str
    ids: list[str] = field(default_factory=list)

    def units(self, client, service):
        return [SimpleNamespace(release_id=each) for each in self.ids]


def release(release_id="1", **options):
    """Return a release with options of the target."""
    spec = Spec(artifact="image", reference="web", digest="", options=tuple(options.items()))
    return Release(service="web", target="docker", release_id=release_id, spec=spec)


def ways(*, containers=(), swarm=(), **options):
    """Return the ways, with what is there in each."""
    made = There("containers", list(containers)), There("swarm", list(swarm))
    return Ways(containers=made[0], swarm=made[1], options=options)


@pytest.mark.parametrize(
    ("told", "mode", "want"),
    [
        (NONE, "", "containers"),
        (WORKER, "", "containers"),
        (MANAGER, "", "swarm"),
        (MANAGER, "auto", "swarm"),
        (MANAGER, "swarm", "swarm"),
        (MANAGER, "containers", "containers"),
        (NONE, "containers", "containers"),
        ({}, "", "containers"),
    ],
)
def test_the_engine_and_the_mode_say_which(told, mode, want):
    """The mode is the release's own: an older one is made again as it was."""
    assert ways().of(Engine(told), release(mode=mode)).kind == want
    assert ways(mode=mode).of(Engine(told), release()).kind == want


def test_an_engine_that_is_too_old_gets_containers():
    """And is refused where services are asked for."""
    assert ways().of(Engine(MANAGER, "1.40"), release()).kind == "containers"
    with pytest.raises(MissingTool):
        ways().of(Engine(MANAGER, "1.40"), release(mode="swarm"))


@pytest.mark.parametrize(("told", "why"), [(NONE, "inactive"), (WORKER, "worker")])
def test_services_of_an_engine_that_manages_no_swarm_are_refused(told, why):
    """With the command that makes it one."""
    with pytest.raises(UsageError) as refused:
        ways().of(Engine(told), release(mode="swarm"))
    assert why in refused.value.why
    assert "docker swarm init" in refused.value.fix


@pytest.mark.parametrize("state", ["locked", "error", "pending"])
def test_a_swarm_that_cannot_be_asked_is_not_taken_for_none(state):
    """What is live may be there; whoever leaves it out is not held up."""
    told = {"LocalNodeState": state, "ControlAvailable": False}
    with pytest.raises(Unanswered) as failed:
        ways().of(Engine(told), release())
    assert state in failed.value.why
    assert ways(mode="containers").of(Engine(told), release()).kind == "containers"


def test_what_is_there_stays_in_its_way():
    """Whatever would be chosen now; and it is looked up once."""
    engine, found = Engine(MANAGER), ways(containers=["1"], swarm=["2"])
    assert found.of(engine, release("1")).kind == "containers"
    assert found.of(engine, release("2", mode="containers")).kind == "swarm"
    assert found.holding(engine, "web", "3") is None
    assert engine.asked == 1


@pytest.mark.slow
@pytest.mark.limit(300)
def test_from_containers_to_a_swarm_and_back_no_request_fails(swarm_place):
    """What ran as containers is rolled back to as containers; only one way has anything that runs."""
    place = swarm_place
    first, second = place.release("1", options=(("mode", "containers"),)), place.release("2")
    place.deploy(first)
    assert place.containers() == {place.name(first): "running"}
    with Traffic(place.target().address()) as traffic:
        place.deploy(second)
        assert place.replicas() == {place.name(second): 1}
        assert place.containers() == {place.name(first): "exited"}
        place.deploy(first)
    assert traffic.failed == []
    live = place.target().live()
    assert (live.release_id, live.changed) == (first.release_id, "")
    assert place.replicas() == {place.name(second): 0}
    assert place.containers() == {place.name(first): "running"}
    place.target().switch(None, place.events.append, fence=10**15)
    place.target().tidy(None, [], place.events.append)
    assert (place.replicas(), place.containers()) == ({}, {})
