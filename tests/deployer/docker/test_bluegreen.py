"""A service is deployed to a real engine: what is live is what the engine and the proxy say."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from dataclasses import replace

import pytest
from deployer import farscenarios, scenarios
from traffic import Traffic

from autoexec_magic import executor
from autoexec_magic.deployer import changes_of, fields_of
from autoexec_magic.deployer.docker import Docker
from autoexec_magic.errors import DeployError, RolledBack, UsageError
from autoexec_magic.history import new_id


@scenarios.each(*farscenarios.FAR)
@pytest.mark.limit(300)
def test_scenario(bed, scenario):
    """What is told of it is told where it is written."""
    scenario(bed)


@pytest.mark.slow
@pytest.mark.limit(300)
@pytest.mark.parametrize("step", scenarios.STEPS)
@pytest.mark.parametrize("ending", [scenarios.resume, scenarios.abort], ids=["resume", "abort"])
def test_the_client_may_die_at_each_step(bed, step, ending):
    """And no request fails."""
    scenarios.killed(bed, step, ending)


def test_a_first_release_is_live(place):
    """By what the engine and the proxy say, to a process that knows nothing else."""
    release = place.release("1", says="hello", memory_bytes=256 << 20, cpus=0.5, secret="s3cr3t-one")
    place.deploy(release)
    live = place.target().live()
    assert live.release_id == release.release_id
    assert live.digest == release.digest
    assert live.changed == ""
    assert changes_of(live.fields, fields_of(release.spec)) == ()
    assert replace(live.release, place="") == release
    assert live.release.place == place.name(release)[:-2]
    assert live.shares == ((release.release_id, 100.0),)
    told = place.answer()
    assert told == {
        "version": "1",
        "says": "hello",
        "secrets": {"TOKEN": "s3cr3t-one"},
        "user": 0,
        "port": "8000",
    }


@pytest.mark.slow
def test_nothing_is_live_of_a_service_that_was_never_deployed(place):
    """And nobody can say where it is reached."""
    assert place.target().live() is None
    assert place.target().address() == ""


@pytest.mark.slow
def test_a_container_has_as_little_power_as_it_can(place):
    """As the engine has it; and what it shows has no secret."""
    release = place.release("1", secret="s3cr3t-two", memory_bytes=300 << 20, cpus=0.25)
    place.deploy(release)
    told = place.inspected(release)
    host = told["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] is None
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["PidsLimit"] == 512
    assert host["Memory"] == 300 << 20
    assert host["NanoCpus"] == 250_000_000
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert [each["HostIp"] for each in host["PortBindings"]["8000/tcp"]] == ["127.0.0.1"]
    assert told["Config"]["Image"] == release.digest
    assert "TOKEN_FILE=/run/secrets/TOKEN" in told["Config"]["Env"]
    assert "s3cr3t-two" not in str(told)
    assert "s3cr3t-two" not in str(place.events)


@pytest.mark.slow
def test_a_request_that_takes_long_is_answered_by_who_got_it(place):
    """What was live is not ended while it answers."""
    place.deploy(place.release("1"))
    answers = []

    def ask():
        with urllib.request.urlopen(f"{place.target().address()}slow", timeout=60) as got:
            answers.append(json.loads(got.read())["version"])

    thread = threading.Thread(target=ask)
    thread.start()
    assert executor.wait_for(
        lambda: any(x.in_flight for x in place.serving.state().instances) or None, timeout=60
    )
    place.deploy(place.release("2"))
    thread.join()
    assert answers == ["1"]


@pytest.mark.slow
def test_one_that_starts_slowly_gets_no_request_before_it_answers(place):
    """Also where it is switched to as an undo does, which tries nothing first."""
    place.deploy(place.release("1"))
    slow = place.release("2", fate="slow:1.5")
    target = place.target()
    with Traffic(target.address()) as traffic:
        target.stage(slow, place.events.append)
        target.switch(slow, place.events.append, fence=10**15)
        assert target.unwell_aside(slow) is None
    assert traffic.failed == []


@pytest.mark.slow
def test_a_program_that_is_not_there_is_told(place):
    """By the engine's words, and nothing of it is left."""
    first = place.release("1")
    place.deploy(first)
    gate = replace(first.spec.gate, start_seconds=3, answer_seconds=2)
    with pytest.raises(DeployError) as failed:
        place.deploy(place.release("2", command=("no-such-program",), gate=gate))
    assert "no-such-program" in failed.value.why
    assert place.target().live().release_id == first.release_id
    assert place.containers() == {place.name(first): "running"}


@pytest.mark.slow
def test_an_image_that_is_not_there_changes_nothing(place):
    """The command that helps is said."""
    first = place.release("1")
    place.deploy(first)
    with pytest.raises(DeployError) as failed:
        place.deploy(place.release("1", digest=f"sha256:{'ab' * 32}"))
    assert "the engine has no image web:1" in failed.value.what
    assert "build image" in failed.value.fix
    assert place.target().live().release_id == first.release_id


@pytest.mark.slow
def test_requests_that_fail_shut_the_gate(place):
    """Though its health says that it is well; people see none of it."""
    first = place.release("1")
    place.deploy(first)
    gate = replace(first.spec.gate, start_seconds=10)
    bad = place.release("2", fate="bad-pages", gate=gate)
    with Traffic(place.target().address()) as traffic, pytest.raises(RolledBack) as failed:
        place.deploy(bad)
    assert traffic.failed == []
    assert "requests to it failed" in failed.value.why
    assert place.answer()["version"] == "1"


@pytest.mark.slow
def test_a_rollback_restores_all_of_it(place):
    """The image, the environment, the limits and the secret's version, which nobody has any more but it."""
    first = place.release("1", says="one", secret="old-value", memory_bytes=200 << 20, replicas=2)
    place.deploy(first)
    place.deploy(place.release("2", says="two", secret="new-value"))
    assert place.answer()["secrets"] == {"TOKEN": "new-value"}
    with Traffic(place.target().address()) as traffic:
        place.deploy(first)
    assert traffic.failed == []
    live = place.target().live()
    assert changes_of(live.fields, fields_of(first.spec)) == ()
    assert live.changed == ""
    told = place.answer()
    assert (told["version"], told["says"], told["secrets"]) == ("1", "one", {"TOKEN": "old-value"})


@pytest.mark.slow
def test_a_secret_that_nobody_has_any_more_is_said(place):
    """Before anything is switched."""
    first = place.release("1", secret="old-value")
    place.deploy(first)
    second = place.release("2", secret="new-value")
    place.deploy(second)
    place.client.remove_container(place.name(first), force=True)
    with pytest.raises(DeployError) as failed:
        place.deploy(first)
    assert "the secret TOKEN" in failed.value.what
    assert "old-value" not in str(failed.value)
    assert place.target().live().release_id == second.release_id


@pytest.mark.slow
def test_a_part_of_the_requests_goes_to_a_new_one(place):
    """The rest stays where it was, which still counts as live."""
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


@pytest.mark.slow
def test_who_lost_its_turn_cannot_switch(place):
    """The later one's fence is higher."""
    first, second = place.release("1"), place.release("2")
    target = place.target()
    for release, fence in ((first, 5), (second, 6)):
        staged = target.stage(release, place.events.append)
        target.switch(staged, place.events.append, fence=fence)
    with pytest.raises(DeployError):
        target.switch(first, place.events.append, fence=5)
    with pytest.raises(DeployError):
        target.switch(None, place.events.append, fence=5)
    assert target.live().release_id == second.release_id


@pytest.mark.slow
def test_staging_twice_leaves_what_is_there(place):
    """The very containers."""
    release = place.release("1", replicas=2)
    target = place.target()
    target.stage(release, place.events.append)
    before = place.inspected(release)["Id"], place.inspected(release, 2)["Id"]
    place.target().stage(release, place.events.append)
    assert (place.inspected(release)["Id"], place.inspected(release, 2)["Id"]) == before
    assert target.live() is None


@pytest.mark.slow
def test_a_first_release_that_is_bad_leaves_nothing(place):
    """No container, no proxy."""
    gate = replace(place.release().spec.gate, start_seconds=2)
    with pytest.raises(RolledBack):
        place.deploy(place.release("1", fate="never", gate=gate))
    assert place.containers() == {}
    assert place.target().live() is None
    assert place.serving.state() is None


@pytest.mark.slow
def test_taking_the_service_away(place):
    """Nothing answers any more, and it is read so."""
    place.deploy(place.release("1"))
    place.target().switch(None, place.events.append, fence=10**15)
    assert place.target().live() is None
    assert place.target().address() == ""


@pytest.mark.slow
def test_no_replicas_is_a_release_too(place):
    """It is live, nothing of it runs, and nobody is answered."""
    first, none = place.release("1"), place.release("1", replicas=0)
    place.deploy(first)
    place.deploy(none)
    live = place.target().live()
    assert live.release_id == none.release_id
    assert changes_of(live.fields, fields_of(none.spec)) == ()
    assert live.changed == ""
    assert "running" not in place.containers().values()
    place.deploy(first)
    assert place.answer()["version"] == "1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda place, name: place.client.stop(name, timeout=1), "does not run (exited)"),
        (lambda place, name: place.client.pause(name), "does not run (paused)"),
        (lambda place, name: place.client.remove_container(name, force=True), "gone"),
        (lambda place, name: place.client.update_container(name, mem_limit=99 << 20), "its memory is"),
        (lambda place, name: replaced(place, name), "replaced by a container of somebody else"),
    ],
    ids=["stopped", "paused", "removed", "limits", "replaced"],
)
@pytest.mark.slow
def test_what_somebody_else_changed_shows(place, change, said):
    """And the next deploy of the same release mends it."""
    release = place.release("1", replicas=2 if said.startswith("repl") else 1, memory_bytes=200 << 20)
    place.deploy(release)
    change(place, place.name(release))
    live = place.target().live()
    assert live.release_id == release.release_id
    assert said in live.changed
    if said == "gone":
        assert live.digest == ""
    if said.startswith("repl"):
        place.client.remove_container(place.name(release), force=True)
    place.deploy(release)
    assert place.target().live().changed == ""
    assert place.answer()["version"] == "1"


def replaced(place, name):
    """Put another container in the place of one."""
    place.client.remove_container(name, force=True)
    place.client.create_container(place.images["2"][0], name=name)


@pytest.mark.slow
def test_another_image_under_the_same_labels_shows(place):
    """Its digest is read from what runs, and not from what stands on it."""
    release = place.release("1")
    place.deploy(release)
    told = place.inspected(release)
    place.client.remove_container(told["Id"], force=True)
    host = {key: told["HostConfig"][key] for key in ("PortBindings", "RestartPolicy")}
    other = place.client.create_container_from_config(
        {**told["Config"], "Image": place.images["2"][1], "HostConfig": host}, place.name(release)
    )
    place.client.start(other["Id"])
    live = place.target().live()
    assert live.digest == place.images["2"][1]
    assert "it runs another image" in live.changed


@pytest.mark.slow
def test_a_proxy_that_died_is_no_pass(place):
    """A look at the release says so; whoever asks what is live brings it back, with the same port."""
    first = place.release("1")
    place.deploy(first)
    pid = place.serving.state().pid
    me = executor.identify(pid)
    os.kill(pid, signal.SIGKILL)
    assert executor.wait_for(lambda: True if not executor.is_alive(me) else None, timeout=60)
    assert "nothing answers" in place.target().unwell(first).why
    live = place.target().live()
    assert (live.release_id, live.digest, live.changed) == (first.release_id, first.digest, "")
    assert place.answer()["version"] == "1"
    place.deploy(place.release("2"))
    assert place.answer()["version"] == "2"


@pytest.mark.slow
def test_logs_are_told_and_followed(place):
    """Of all replicas, with secrets masked."""
    release = place.release("1", says="s3cr3t-says", replicas=2)
    place.values["OTHER"] = "s3cr3t-says"
    place.deploy(release)
    lines = list(place.target().logs(release, lines=10, follow=False))
    assert sorted(line.partition(": ")[0] for line in lines) == ["1", "2"]
    assert all("up 1" in line and "s3cr3t-says" not in line for line in lines)
    following = place.target().logs(release, lines=10, follow=True)
    assert {next(following)[0], next(following)[0]} == {"1", "2"}
    following.close()
    with pytest.raises(DeployError):
        place.target().logs(replace(release, release_id=new_id()), lines=1, follow=False)


@pytest.mark.slow
def test_older_containers_are_kept_for_a_rollback_and_then_removed(place):
    """As many as the record says."""
    releases = [place.release("1", says=str(number)) for number in range(3)]
    for release in releases:
        place.deploy(release)
    target = place.target()
    target.tidy(releases[2], [releases[2], releases[1]], place.events.append)
    assert place.containers() == {place.name(releases[1]): "exited", place.name(releases[2]): "running"}
    assert place.serving.state().routes.fallback is None


@pytest.mark.slow
def test_a_container_of_somebody_else_is_left_alone(place):
    """Though it has the name that is needed."""
    release = place.release("1")
    place.client.create_container(place.images["2"][0], name=place.name(release))
    try:
        with pytest.raises(DeployError) as failed:
            place.target().stage(release, place.events.append)
        assert "docker rename" in failed.value.fix
    finally:
        place.client.remove_container(place.name(release))


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"artifact": "wheel"}, "docker runs images"),
        ({"digest": "latest"}, "has no digest"),
        ({"options": (("container-prot", "1"),)}, "unknown setting docker.container-prot"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_is_refused_before_anything_is_done(place, words, what):
    """As a wrong setting."""
    with pytest.raises(UsageError) as refused:
        place.target().stage(place.release("1", **words), place.events.append)
    assert what in refused.value.what
    assert place.containers() == {}


@pytest.mark.slow
def test_settings_are_checked_when_the_target_is_made(place):
    """With the nearest."""
    with pytest.raises(UsageError) as refused:
        Docker(service="web", serving=place.serving, options={"container-prot": "1"})
    assert "container-port" in refused.value.fix


@pytest.mark.slow
def test_what_another_user_of_the_engine_has_live_is_not_tidied(place, tmp_path):
    """A service of the same name, with a proxy of its own: its containers are not ours to end."""
    first = place.release("1")
    place.deploy(first)
    other = replace(place, folder=tmp_path / "other")
    try:
        other.deploy(other.release("2"))
        assert place.answer()["version"] == "1"
        assert place.target().live().changed == ""
        assert other.answer()["version"] == "2"
    finally:
        other.serving.end()
