"""A dry run: what Cloud Run says it would be, beside what is, and nothing is written."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.gcp.planes import deployed, release, target

from autoexec_magic.deployer import Previews
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Secret


@pytest.fixture
def here(plane):
    cloud, options = plane
    made = target(options)
    yield cloud, made
    made.close()


def shown(changes):
    return {each.name: (each.now, each.new) for each in changes}


def test_a_first_release_is_all_new(here):
    """And after it is looked at there is still nothing."""
    cloud, made = here
    assert isinstance(made, Previews)
    found = shown(made.preview(release(environment=(("A", "1"),))))
    assert found["env.A"] == ("", "1")
    assert found["replicas"] == ("", "1")
    assert found["memory"] == ("", "536870912")  # Cloud Run's own default, by its own word
    assert cloud.services == {}
    assert cloud.secrets == {}


def test_only_what_changes_is_shown(here):
    """Defaults are the same on both sides."""
    cloud, made = here
    old = release(environment=(("A", "1"), ("B", "2")), cpus=1.0)
    deployed(made, old)
    generation = next(iter(cloud.services.values())).generation
    spec = dataclasses.replace(old.spec, environment=(("A", "9"),), replicas=3)
    found = shown(made.preview(dataclasses.replace(release(), spec=spec)))
    assert found == {"env.A": ("1", "9"), "env.B": ("2", ""), "replicas": ("1", "3")}
    assert next(iter(cloud.services.values())).generation == generation


def test_secrets_are_shown_by_their_versions(here):
    """A value that is not there yet is not put there."""
    cloud, made = here
    secret = Secret(name="KEY", reference="env:K", version="0123456789abcdef")
    found = shown(made.preview(release(secrets=(secret,))))
    assert found["secret.KEY"] == ("", "env:K (0123456789abcdef)")
    assert cloud.secrets == {}


def test_its_refusal_is_shown_in_its_words(here):
    """What Cloud Run would not take."""
    _, made = here
    with pytest.raises(DeployError, match="does not take") as caught:
        made.preview(release(cpus=4.0, memory_bytes=1 << 29))
    assert "4 CPU need at least 2Gi" in caught.value.why


def test_who_is_let_in_is_a_change(here):
    """It is the service's, and is shown all the same."""
    _, made = here
    old = release(options=(("public", "false"),))
    deployed(made, old)
    spec = dataclasses.replace(old.spec, options=(("public", "true"),))
    found = shown(made.preview(dataclasses.replace(release(), spec=spec)))
    assert found == {"option.public": ("false", "true")}
