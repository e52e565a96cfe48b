"""A service is deployed to a real Swarm, a manager of its own, by ports of the node."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deployer import farscenarios, scenarios

from autoexec_magic import executor
from autoexec_magic.deployer import changes_of, fields_of


@scenarios.each(*farscenarios.FAR)
@pytest.mark.limit(300)
def test_scenario(swarm_bed, scenario):
    """What is told of it is told where it is written."""
    scenario(swarm_bed)


@pytest.mark.slow
@pytest.mark.limit(300)
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [scenarios.resume, scenarios.abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(swarm_bed, step, ending):
    """And no request fails."""
    scenarios.killed(swarm_bed, step, ending)


def test_a_first_release_is_live(swarm_place):
    """By what the Swarm and the proxy say, to a process that knows nothing else."""
    place = swarm_place
    release = place.release("1", says="hello", memory_bytes=256 << 20, cpus=0.5, secret="s3cr3t-one")
    place.deploy(release)
    live = place.target().live()
    assert (live.release_id, live.digest, live.changed) == (release.release_id, release.digest, "")
    assert changes_of(live.fields, fields_of(release.spec)) == ()
    assert replace(live.release, place="") == release
    assert place.replicas() == {place.name(release): 1}
    told = place.answer()
    assert (told["version"], told["secrets"]) == ("1", {"TOKEN": "s3cr3t-one"})


@pytest.mark.limit(300)
def test_a_task_that_dies_comes_back_at_its_port(swarm_place):
    """The Swarm starts another, and the proxy need not be told."""
    place = swarm_place
    release = place.release("1")
    place.deploy(release)
    target = place.target()
    assert target.unwell(release) is None
    (running,) = place.client.containers()
    place.client.kill(running["Id"])

    def is_back():
        try:
            return (place.answer()["version"] == "1" and target.unwell(release) is None) or None
        except OSError:
            return None

    assert executor.wait_for(lambda: target.unwell(release), timeout=60)
    assert executor.wait_for(is_back, timeout=60)
    live = place.target().live()
    assert (live.release_id, live.digest, live.changed) == (release.release_id, release.digest, "")


@pytest.mark.slow
@pytest.mark.limit(300)
def test_an_update_by_hand_that_does_not_stay_is_taken_back_by_the_swarm(swarm_place):
    """To what the release says, at its port; it is live as before."""
    place = swarm_place
    release = place.release("1")
    place.deploy(release)
    place.by_hand("service", "update", "--detach", "--env-add", "FATE=exits", place.name(release))

    def is_back():
        status = place.service_of(release).get("UpdateStatus") or {}
        return status.get("State") == "rollback_completed" or None

    assert executor.wait_for(is_back, timeout=120)
    target = place.target()
    assert executor.wait_for(lambda: target.unwell(release) is None or None, timeout=60)
    assert (target.live().release_id, target.live().changed) == (release.release_id, "")
    assert place.answer()["version"] == "1"


@pytest.mark.slow
@pytest.mark.limit(300)
def test_what_is_kept_has_no_replicas_and_what_is_not_has_nothing(swarm_place):
    """Nor have its secrets; a rollback brings the kept one back with its own."""
    place = swarm_place
    releases = [place.release("1", says=each, secret=f"{each}-value") for each in ("aaaa", "bbbb", "cccc")]
    for release in releases:
        place.values["TOKEN"] = f"{dict(release.spec.environment)['SAYS']}-value"
        place.versions["TOKEN"] = release.spec.secrets[0].version
        place.deploy(release)
    assert len(place.client.secrets()) == 3
    place.target().tidy(releases[2], [releases[2], releases[1]], place.events.append)
    assert place.replicas() == {place.name(releases[1]): 0, place.name(releases[2]): 1}
    assert len(place.client.secrets()) == 2
    assert executor.wait_for(lambda: len(place.client.containers()) == 1 or None, timeout=60)
    place.deploy(releases[1])
    assert place.answer()["secrets"] == {"TOKEN": "bbbb-value"}
    assert "value" not in str([place.events, place.client.secrets(), place.client.services()])


@pytest.mark.slow
@pytest.mark.limit(300)
def test_no_replicas_is_a_release_too(swarm_place):
    """It is live, nothing of it runs, and nobody is answered."""
    place = swarm_place
    first, none = place.release("1"), place.release("1", replicas=0)
    place.deploy(first)
    place.deploy(none)
    live = place.target().live()
    assert (live.release_id, live.changed) == (none.release_id, "")
    assert changes_of(live.fields, fields_of(none.spec)) == ()
    assert executor.wait_for(lambda: place.client.containers() == [] or None, timeout=60)
    place.deploy(first)
    assert place.answer()["version"] == "1"


@pytest.mark.slow
@pytest.mark.limit(300)
def test_logs_are_told_and_followed(swarm_place):
    """Of all replicas, with secrets masked."""
    place = swarm_place
    release = place.release("1", says="s3cr3t-says", replicas=2)
    place.values["OTHER"] = "s3cr3t-says"
    place.deploy(release)
    lines = list(place.target().logs(release, lines=10, follow=False))
    assert sorted(line.partition(": ")[0] for line in lines) == ["1", "2"]
    assert all("up 1" in line and "s3cr3t-says" not in line for line in lines)
    following = place.target().logs(release, lines=10, follow=True)
    assert {next(following)[0], next(following)[0]} == {"1", "2"}
    following.close()


@pytest.mark.slow
@pytest.mark.limit(300)
def test_a_part_of_the_requests_goes_to_a_new_one(swarm_place):
    """The rest stays where it was, which still counts as live."""
    place = swarm_place
    first, second = place.release("1"), place.release("2")
    place.deploy(first)
    target = place.target()
    staged = target.stage(second, place.events.append)
    assert executor.wait_for(lambda: target.unwell_aside(staged) is None or None, timeout=60)
    target.split(staged, 50, place.events.append, fence=10**15)
    live = place.target().live()
    assert live.release_id == first.release_id
    assert sorted(live.shares) == sorted([(first.release_id, 50.0), (second.release_id, 50.0)])
    assert {place.answer()["version"] for _ in range(60)} == {"1", "2"}
