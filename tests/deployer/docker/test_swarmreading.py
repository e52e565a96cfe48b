"""What is live at a Swarm is what its services and tasks are, and not what ought to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deployer.docker.test_swarmservices import RELEASE, task, told

from autoexec_magic import executor
from autoexec_magic.deployer import changes_of, fields_of
from autoexec_magic.deployer.docker import labels, swarmreading, swarmservices
from autoexec_magic.deployer.serving.routes import Share

SERVED = swarmservices.served_of(told(1))
NAME = labels.name_of(RELEASE, 1)
SHARE = Share(release_id=RELEASE.release_id, ports=(20_000,))
RUNS = [swarmservices.task_of(task("1"))]


@pytest.mark.parametrize(
    ("served", "tasks", "said"),
    [
        ([SERVED], RUNS, []),
        ([], RUNS, [f"{NAME} was removed"]),
        ([SERVED], [], [f"{NAME} runs 0 of 1 tasks"]),
        ([replace(SERVED, replicas=4)], RUNS, [f"{NAME} is to have 4 replicas, and not 1"]),
        ([replace(SERVED, port=1)], RUNS, [f"{NAME} gets no traffic: it publishes port 1"]),
        (
            [replace(SERVED, memory_bytes=0, update="completed")],
            RUNS,
            [f"{NAME}: its memory is not limited", f"{NAME} was updated by hand (completed)"],
        ),
        ([replace(SERVED, update="rollback_completed")], RUNS, []),
    ],
    ids=["as it should be", "removed", "no task", "scaled", "port", "updated", "taken back"],
)
def test_what_somebody_else_changed_is_said(served, tasks, said):
    """One that the Swarm took back has changed nothing."""
    assert swarmreading.changes(served, RELEASE, {NAME: tasks}, SHARE) == said


def test_services_without_a_release_say_so():
    """And so do those that are gone."""
    assert swarmreading.changes([SERVED], None, {}, SHARE) == ["its services do not say what they are of"]
    assert swarmreading.changes([], None, {}, SHARE) == ["its services are gone"]


@pytest.mark.parametrize(
    ("words", "said", "field", "value"),
    [
        (("scale", "--detach", "{}=0"), "is to have 0 replicas", "replicas", ""),
        (("rm", "{}"), "gone", "digest", ""),
        (("update", "--detach", "--env-add", "NEW=1", "{}"), "its variable NEW", "env.NEW", "1"),
        (("update", "--detach", "--limit-memory", "99M", "{}"), "its memory is", "memory", str(99 << 20)),
        (
            ("update", "--detach", "--no-resolve-image", "--image", "{image}", "{}"),
            "another image",
            "digest",
            "{image}",
        ),
        (("update", "--detach", "--secret-rm", "{secret}", "{}"), "its secrets are others", "replicas", "1"),
    ],
    ids=["scaled", "removed", "variable", "limits", "image", "secret"],
)
@pytest.mark.slow
@pytest.mark.limit(300)
def test_what_is_done_by_hand_shows(swarm_place, words, said, field, value):
    """With the fields as they really are; and the next deploy of the same release mends it."""
    place = swarm_place
    release = place.release("1", memory_bytes=200 << 20, secret="s3cr3t")
    place.deploy(release)
    named = {"secret": place.client.secrets()[0]["Spec"]["Name"], "image": place.images["2"][1]}
    done = place.by_hand("service", *(word.format(place.name(release), **named) for word in words))
    assert done.returncode == 0, done.stderr

    def shows():
        live = place.target().live()
        found = {**live.fields, "digest": live.digest}.get(field, "")
        return (said in live.changed and found == value.format(**named)) or None

    assert executor.wait_for(shows, timeout=60)
    assert place.target().live().release_id == release.release_id
    place.deploy(release)
    live = place.target().live()
    assert (live.changed, live.digest) == ("", release.digest)
    assert changes_of(live.fields, fields_of(release.spec)) == ()
    assert place.answer()["secrets"] == {"TOKEN": "s3cr3t"}
