"""Where a service is, and which options are taken: what cannot be is refused before anything is asked."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.gcp.place import check_spec, is_loopback, place_of, revision_of, tag_of
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

OPTIONS = {"project": "my-project", "region": "europe-west1"}


def spec(**changes):
    return Spec(artifact="image", reference="web", digest="sha256:ab", **changes)


def test_names_are_as_cloud_run_has_them():
    """The service's full name, and a revision's below it."""
    place = place_of("web", OPTIONS, {})
    assert place.name == "projects/my-project/locations/europe-west1/services/web"
    assert place.revision("web-1") == f"{place.name}/revisions/web-1"


def test_project_and_region_may_stand_in_the_environment():
    """Where the options do not name them."""
    variables = {"GOOGLE_CLOUD_PROJECT": "other-project", "CLOUDSDK_RUN_REGION": "us-east1"}
    place = place_of("web", {}, variables)
    assert (place.project, place.region) == ("other-project", "us-east1")
    assert place_of("web", OPTIONS, variables).project == "my-project"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "project", id="no-project"),
        pytest.param({"project": "my-project"}, "region", id="no-region"),
        pytest.param({**OPTIONS, "project": "My_Project"}, "project cannot be", id="wrong-project"),
        pytest.param({**OPTIONS, "region": "Europe"}, "region cannot be", id="wrong-region"),
        pytest.param({**OPTIONS, "regoin": "x"}, "regoin", id="unknown"),
        pytest.param({**OPTIONS, "endpoint": "http://x"}, "endpoint cannot be", id="an-address-is-no-url"),
    ],
)
def test_what_cannot_be_is_refused(options, words):
    """With what it is, or the nearest that there is."""
    with pytest.raises(UsageError, match=words) as caught:
        place_of("web", options, {})
    assert caught.value.fix


def test_an_unknown_option_has_its_nearest():
    """One letter is enough."""
    with pytest.raises(UsageError) as caught:
        place_of("web", {"regoin": "x"}, {})
    assert caught.value.fix == "did you mean region?"


def test_a_name_that_leaves_no_room_for_a_tag_is_refused():
    """A URL's label has 63 characters, and Cloud Run's own part of it."""
    assert place_of("a" * 37, OPTIONS, {}).service == "a" * 37
    with pytest.raises(UsageError, match="too long"):
        place_of("a" * 38, OPTIONS, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"gate": Gate(command=("true",))},
        {"memory_bytes": 1000},
        {"options": (("public", "perhaps"),)},
        {"options": (("ingress", "none"),)},
        {"options": (("max-instances", "0"),)},
        {"options": (("concurrency", "many"),)},
        {"options": (("color", "red"),)},
        {"environment": (("PORT", "80"),)},
        {"secrets": (Secret(name="K_SERVICE", reference="env:A"),)},
    ],
)
def test_what_cloud_run_cannot_run_is_refused(changes):
    """Each with what to write instead."""
    with pytest.raises(UsageError) as caught:
        check_spec(spec(**changes))
    assert caught.value.fix


def test_a_revision_is_named_after_its_release_and_tagged_with_a_letter_first():
    """Eight digits tell releases apart; a tag may not begin with one."""
    made = Release(service="web", target="gcp", release_id="0193-aaaa1234abcd", spec=spec())
    assert revision_of(made) == "web-1234abcd"
    assert tag_of("web-1234abcd") == "r1234abcd"


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1:80", True),
        ("localhost:80", True),
        ("run.googleapis.com:443", False),
        ("10.0.0.1:80", False),
    ],
)
def test_only_this_machine_is_asked_without_tls(address, is_here):
    """Whatever stands in the settings."""
    assert is_loopback(address) is is_here
