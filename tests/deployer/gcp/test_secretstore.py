"""Values at Secret Manager: put once, found again by their digest, and never read back."""

from __future__ import annotations

import pytest
from deployer.gcp.planes import release, target

from autoexec_magic.deployer.gcp.secretstore import known, stored
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Secret


def wanting(version):
    return release(secrets=(Secret(name="KEY", reference="env:K", version=version),))


@pytest.fixture
def here(plane):
    cloud, options = plane
    made = target(options)
    yield cloud, made.asking
    made.close()


def test_each_value_is_a_numbered_version_of_one_secret(here):
    """And the same value is the same version."""
    cloud, asking = here
    assert stored(wanting("aaaa"), {"KEY": "one"}, asking) == {"KEY": ("web-KEY", "1")}
    assert stored(wanting("bbbb"), {"KEY": "two"}, asking) == {"KEY": ("web-KEY", "2")}
    assert stored(wanting("aaaa"), {"KEY": "one"}, asking) == {"KEY": ("web-KEY", "1")}
    assert [each["content"] for each in cloud.secrets["web-KEY"]["versions"].values()] == [b"one", b"two"]


def test_an_older_value_needs_nobody_who_knows_it(here):
    """That is what a rollback asks for."""
    _, asking = here
    stored(wanting("aaaa"), {"KEY": "one"}, asking)
    assert stored(wanting("aaaa"), {}, asking) == {"KEY": ("web-KEY", "1")}


def test_a_value_that_nobody_knows_is_told(here):
    """By its name, and nothing is made."""
    cloud, asking = here
    with pytest.raises(DeployError, match="has no value of KEY"):
        stored(wanting("aaaa"), {}, asking)
    assert cloud.secrets == {}


def test_a_version_that_was_taken_away_is_told(here):
    """With what brings it back."""
    cloud, asking = here
    stored(wanting("aaaa"), {"KEY": "one"}, asking)
    cloud.secrets["web-KEY"]["versions"]["1"]["state"] = "DISABLED"
    with pytest.raises(DeployError, match="version 1 of the secret web-KEY") as caught:
        stored(wanting("aaaa"), {"KEY": "one"}, asking)
    assert "gcloud secrets versions enable 1" in caught.value.fix
    del cloud.secrets["web-KEY"]["versions"]["1"]
    with pytest.raises(DeployError, match="is not there"):
        stored(wanting("aaaa"), {}, asking)


def test_who_died_before_it_was_written_down_adds_it_again(here):
    """A version that nobody names harms nobody."""
    cloud, asking = here
    stored(wanting("aaaa"), {"KEY": "one"}, asking)
    cloud.secrets["web-KEY"]["annotations"] = {}
    assert stored(wanting("aaaa"), {"KEY": "one"}, asking) == {"KEY": ("web-KEY", "2")}


def test_looking_changes_nothing(here):
    """As a dry run does."""
    cloud, asking = here
    assert known(wanting("aaaa"), asking) == {}
    assert cloud.secrets == {}
    stored(wanting("aaaa"), {"KEY": "one"}, asking)
    assert known(wanting("aaaa"), asking) == {"KEY": ("web-KEY", "1")}


def test_no_value_is_in_an_error(here):
    """One that is too long is told by its name."""
    _, asking = here
    with pytest.raises(DeployError) as caught:
        stored(wanting("aaaa"), {"KEY": "very-secret" * 10_000}, asking)
    assert "very-secret" not in str(caught.value)
