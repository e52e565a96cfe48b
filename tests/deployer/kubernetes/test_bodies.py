"""The objects of a release, made by us or of own manifests."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes import bodies, names
from autoexec_magic.deployer.kubernetes.place import Place
from autoexec_magic.deployer.kubernetes.settings import Options
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Release, Spec

ID = "0193a1b2-c3d4-7000-8000-0123456789ab"
PLACE = Place(cluster=SimpleNamespace(namespace="shop"), service="web", options=Options())


def release(*given, **spec):
    options = (("manifest-text", own.text(*given)),) if given else ()
    said = {"artifact": "image", "reference": "web:2", "digest": "sha256:ab", "options": options, **spec}
    return Release(service="web", target="kubernetes", release_id=ID, spec=Spec(**said))


def test_each_release_has_the_manifests_that_it_says_itself():
    """So an undo has those of the earlier one, or ours."""
    theirs, ours = release(own.deployment(), own.config(), own.ingress("web", "i", "a")), release()
    assert bodies.container_of(PLACE, theirs) == "app"
    assert bodies.container_of(PLACE, ours) == "web"
    names_of = [bodies.deployment(PLACE, each, sleeps=True)["metadata"]["name"] for each in (theirs, ours)]
    assert names_of == ["web-456789ab"] * 2
    assert [kind for kind, _ in bodies.own(PLACE, theirs)] == ["v1/configmaps"]
    assert [bodies.mark_of(*each) for each in bodies.shared(PLACE, theirs)] == [
        "networking.k8s.io/v1/ingresses/i"
    ]
    assert bodies.own(PLACE, ours) == bodies.shared(PLACE, ours) == []


def test_the_service_says_what_else_there_is():
    front = bodies.front(PLACE, release(), shared={"b", "a"}, fence=1)
    assert front["metadata"]["annotations"][names.SHARED] == "a b"
    assert names.SHARED not in bodies.front(PLACE, release(), fence=1)["metadata"]["annotations"]


def test_manifests_for_another_namespace_are_refused():
    body = own.config()
    body["metadata"]["namespace"] = "other"
    with pytest.raises(UsageError, match="for the namespace other"):
        bodies.own(PLACE, release(own.deployment(), body))


def test_what_the_cluster_could_not_keep_is_refused_before_anything_is_written():
    """All annotations of an object together have at most 256 KiB."""
    more = (("MORE", "x" * 30_000),)
    large = release(own.deployment(), own.config(LONG="\\" * 60_000), environment=more)
    with pytest.raises(DeployError, match="too large for the cluster") as raised:
        bodies.deployment(PLACE, large, sleeps=True)
    assert "of at most 262,144" in raised.value.why
    fits = release(own.deployment(), own.config(LONG="x" * 100_000))
    assert bodies.deployment(PLACE, fits, sleeps=True)
