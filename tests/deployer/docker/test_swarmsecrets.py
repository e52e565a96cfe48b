"""Secrets are in the Swarm's store: each version once, for its user alone, and none that nobody names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.deployer.docker import labels, swarmsecrets
from autoexec_magic.deployer.docker.staging import Known
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Secret

KNOWN = Known(values={"A": "value", "B": "other"}, versions={"A": "1", "B": ""}, owner="me")
A, B = Secret(name="A", reference="env:A", version="1"), Secret(name="B", reference="env:B")
ROOT = {"Id": "sha256:", "Config": {}}


def stored(place, release, known=KNOWN):
    """Return the ids of the stored secrets of a release, by their files."""
    found = swarmsecrets.stored(place.client, release, ROOT, known)
    return {each["File"]["Name"]: each["SecretID"] for each in found}


def test_a_version_is_stored_once(swarm_place):
    """Another release of the same version names the same one; one of no version is its release's alone."""
    place = swarm_place
    one, two = place.release(secrets=(A, B)), place.release(secrets=(A, B))
    first, again, second = (stored(place, each) for each in (one, one, two))
    assert first == again
    assert first["A"] == second["A"]
    assert first["B"] != second["B"]
    told = place.client.secrets()
    assert all(len(each["Spec"]["Name"]) <= 64 for each in told)
    assert "value" not in str(told)
    assert swarmsecrets.are_those(place.client, one, first, "me")
    assert not swarmsecrets.are_those(place.client, one, second, "me")
    nobody_knows = Known(values={}, versions={}, owner="me")
    assert stored(place, one, nobody_knows) == first


def test_a_version_that_nobody_has_is_said(swarm_place):
    """With no value of it; another owner's is not taken."""
    place = swarm_place
    stored(place, place.release(secrets=(A,)))
    for known in (replace(KNOWN, owner="other", values={}), replace(KNOWN, versions={"A": "2"}, owner="x")):
        with pytest.raises(DeployError) as failed:
            stored(place, place.release(secrets=(A,)), known)
        assert "the secret A" in failed.value.what
        assert "value" not in failed.value.what
    assert swarmsecrets.stored(place.client, place.release(), ROOT, KNOWN) == []


def test_what_no_service_names_is_removed(swarm_place):
    """Of this owner and service alone."""
    place = swarm_place
    release = place.release(secrets=(A, B))
    mine = stored(place, release)
    stored(place, release, replace(KNOWN, owner="other"))
    stored(place, replace(release, service="api"))
    removed = swarmsecrets.swept(place.client, "web", "me", [mine["A"]])
    assert len(removed) == 1
    left = {each["ID"] for each in place.client.secrets()}
    assert mine["A"] in left
    assert mine["B"] not in left
    assert len(left) == 5


@pytest.mark.slow
def test_it_is_for_the_images_user(swarm_place):
    """Looked up in the image where it is a name; nothing is left of that."""
    place = swarm_place
    image = {"Id": place.images["1"][1], "Config": {"User": "root"}}
    found = swarmsecrets.stored(place.client, place.release(secrets=(A,)), image, KNOWN)
    assert (found[0]["File"]["UID"], found[0]["File"]["GID"]) == ("0", "0")
    assert found[0]["File"]["Mode"] == 0o400
    with pytest.raises(DeployError) as failed:
        swarmsecrets.stored(
            place.client, place.release(secrets=(A,)), {**image, "Config": {"User": "app"}}, KNOWN
        )
    assert "app" in failed.value.what
    found = swarmsecrets.stored(
        place.client, place.release(secrets=(A,)), {**image, "Config": {"User": "12:34"}}, KNOWN
    )
    assert (found[0]["File"]["UID"], found[0]["File"]["GID"]) == ("12", "34")
    assert place.client.containers(all=True, filters={"label": labels.SERVICE}) == []
