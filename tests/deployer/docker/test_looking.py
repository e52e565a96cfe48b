"""A look says why a release is not well, and whether waiting mends it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import webimages

from autoexec_magic import executor
from autoexec_magic.deployer.docker.looking import Looks
from autoexec_magic.releasefacts import Gate

FAR = 60.0


def awaited(found):
    """Return the first thing that is not None."""
    seen = executor.wait_for(found, timeout=FAR)
    assert seen is not None
    return seen


def look_until(looks, place, release, fits):
    """Look until what is seen fits, and return it."""
    return awaited(lambda: ((seen := looks.unwell(place.client, release)) and fits(seen) and seen) or None)


def is_well(looks, place, release):
    """Look until it is well."""
    return awaited(lambda: looks.unwell(place.client, release) is None or None)


def staged(place, **words):
    """Return a release that was staged."""
    return place.target().stage(place.release("1", **words), place.events.append)


def test_one_that_ends_again_and_again_does_not_get_well(place):
    """Its last words say why, with the secrets in them masked."""
    release = staged(place, fate="exits", says="s3cr3t-says")
    looks = Looks(secrets=("s3cr3t-says",))
    found = look_until(looks, place, release, lambda seen: seen.is_final)
    assert "exit code 3" in found.why
    assert "cannot go on" in found.evidence
    assert any("up 1" in line for line in found.evidence)
    assert "s3cr3t-says" not in str(found)


def test_one_that_ended_once_was_unwell_and_is_well_again(place):
    """Whoever looks for a first time later does not hold it against it."""
    release = staged(place)
    looks = Looks()
    is_well(looks, place, release)
    place.client.exec_start(place.client.exec_create(place.name(release), ["sh", "-c", "kill 1"])["Id"])
    awaited(lambda: place.inspected(release)["RestartCount"] or None)
    found = looks.unwell(place.client, release)
    assert found is not None
    assert not found.is_final
    assert "started again 1 times" in found.why
    is_well(looks, place, release)
    assert Looks().unwell(place.client, release) is None


def test_one_that_is_not_there_does_not_come(place):
    """Somebody removed it."""
    release = staged(place, replicas=2)
    place.client.remove_container(place.name(release, 2), force=True)
    looks = Looks()
    found = look_until(looks, place, release, lambda seen: seen.is_final)
    assert found.why == f"the container {place.name(release, 2)} is not there"


def test_the_images_own_check_counts(place):
    """While it is asked it is not well, and may become so."""
    check = 'HEALTHCHECK --interval=30s CMD ["sh", "-c", "test -e /tmp/well"]'
    place.images["h"] = webimages.made(place.engine, "h", changes=(check,))
    release = place.target().stage(place.release("h"), place.events.append)
    looks = Looks()
    first = looks.unwell(place.client, release)
    assert not first.is_final
    assert "health check of its image says starting" in first.why
    place.client.exec_start(
        place.client.exec_create(place.name(release), ["sh", "-c", ": > /tmp/well"])["Id"]
    )
    is_well(looks, place, release)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("sh", "-c", "exit 0"), ""),
        (("sh", "-c", "exit 7"), "sh ends with exit code 7"),
        (("no-such-program",), "no-such-program cannot be run: "),
    ],
)
def test_a_command_of_the_gate_says_it(place, command, said):
    """By its exit code, inside the container."""
    gate = Gate(command=command, answer_seconds=FAR)
    release = staged(place, gate=gate)
    found = Looks().unwell(place.client, release)
    assert (found is None) == (said == "")
    assert found is None or said in found.why


def test_a_command_that_does_not_end_is_started_once(place):
    """A look is not longer for it."""
    release = staged(place, gate=Gate(command=("sleep", "1000"), answer_seconds=0.3))
    looks = Looks()
    began = time.monotonic()
    found = [looks.unwell(place.client, release) for _ in range(3)]
    assert time.monotonic() - began < FAR
    assert all("sleep did not end within" in each.why for each in found)
    running = [each for each in place.client.top(place.name(release))["Processes"] if "sleep" in str(each)]
    assert len(running) == 1


def test_without_a_path_or_a_command_it_takes_connections(place):
    """As it is asked by TCP."""
    release = staged(place, gate=Gate(answer_seconds=FAR))
    looks = Looks()
    is_well(looks, place, release)
    other = staged(place, environment={"LISTEN": "9000"}, gate=Gate(answer_seconds=FAR))
    look_until(looks, place, other, lambda seen: "port" in seen.why)
    assert looks.unwell(place.client, other) is not None


def test_nothing_has_to_run_of_no_replicas(place):
    """It is well."""
    release = staged(place, replicas=0)
    assert Looks().unwell(place.client, release) is None
    assert place.containers() == {place.name(release): "created"}
    assert Looks().unwell(place.client, replace(release, spec=replace(release.spec, replicas=1))) is not None
