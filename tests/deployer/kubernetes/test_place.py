"""A service in a namespace."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kubes import raw

from autoexec_magic.deployer.kubernetes.place import Place, check, named
from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Release, Spec

RELEASE = Release(
    service="web",
    target="kubernetes",
    release_id="0193a1b2-c3d4-7000-8000-0123456789ab",
    spec=Spec(artifact="image", reference="web:1", digest="sha256:ab", options=(("user", "1000"),)),
)


@pytest.mark.parametrize("artifact", ["app", "wheel", "folder", ""])
def test_what_is_no_image_is_refused_with_how_to_make_one(artifact):
    with pytest.raises(UsageError, match="a cluster runs images") as raised:
        check(replace(RELEASE, spec=replace(RELEASE.spec, artifact=artifact)))
    assert "build image" in raised.value.fix
    check(RELEASE)


def test_a_release_has_its_own_options_and_a_name_that_people_see():
    place = Place(cluster=None, service="web", options=None, values={"KEY": "hunter2"})
    assert place.options_for(RELEASE).user == 1000
    assert place.object_of(RELEASE) == "web-456789ab"
    assert named(RELEASE) == "release 456789ab"
    assert "hunter2" not in repr(place)


def test_a_service_that_somebody_else_made_is_not_touched(kube, service, emit):
    path = f"/api/v1/namespaces/{kube.namespace}/services"
    body = {"metadata": {"name": service}, "spec": {"ports": [{"port": 80}], "selector": {"app": "theirs"}}}
    raw(kube.admin, "POST", path, body)
    target, mine = kube.target(service), kube.release(service)
    try:
        assert "was made by" in target.live().changed
        for act in (
            lambda: target.stage(mine, emit),
            lambda: target.switch(mine, emit, fence=1),
            lambda: target.switch(None, emit, fence=1),
        ):
            with pytest.raises(DeployError, match="somebody else's"):
                act()
        assert raw(kube.admin, "GET", f"{path}/{service}")["spec"]["selector"] == {"app": "theirs"}
    finally:
        raw(kube.admin, "DELETE", f"{path}/{service}")
