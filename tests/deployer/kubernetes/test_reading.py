"""What a cluster says is live."""

from __future__ import annotations

import pytest
from kubes import answers, near, settled

from autoexec_magic.deployer.kubernetes import names

pytestmark = pytest.mark.limit(300)


@pytest.fixture
def live(kube, service, emit):
    target, first = kube.target(service), kube.release(service)
    target.stage(first, emit)
    target.switch(first, emit, fence=1)
    return target, first


def changed(kube, kind, name, change, manager="kubectl-edit"):
    group = {"deployments": "/apis/apps/v1", "services": "/api/v1"}[kind]
    path = f"{group}/namespaces/{kube.namespace}/{kind}/{name}?fieldManager={manager}"
    kube.admin._sent("PATCH", path, "", body=change, content="application/strategic-merge-patch+json")


def test_what_somebody_changed_shows_with_who_and_what(kube, live):
    target, first = live
    name = names.object_of(first.service, first.release_id)
    container = {"name": first.service, "env": [{"name": "VERSION", "value": "9"}]}
    changed(
        kube,
        "deployments",
        name,
        {"spec": {"replicas": 2, "template": {"spec": {"containers": [container]}}}},
    )
    found = target.live()
    assert found.release_id == first.release_id
    assert found.fields["env.VERSION"] == "9"
    assert "kubectl-edit set spec.replicas" in found.changed
    assert "(Deployment)" in found.changed
    assert "env.VERSION is 9" in found.changed
    assert "replicas is 2" in found.changed


def test_another_image_is_another_digest(kube, live):
    """The label says what was deployed, and is not believed."""
    target, first = live
    name = names.object_of(first.service, first.release_id)
    container = {"name": first.service, "image": kube.images[1][0]}
    changed(
        kube,
        "deployments",
        name,
        {"spec": {"template": {"spec": {"containers": [container]}}}},
        "kubectl-set",
    )
    found = target.live()
    assert found.digest == kube.images[1][0]
    assert "kubectl-set set spec.template.spec.containers" in found.changed


def test_a_name_that_means_another_image_now_shows_by_its_digest(kube, service, emit):
    """The nodes say which bytes they run."""
    target = kube.target(service)
    wrong = kube.release(service, digest=kube.images[1][1])
    target.stage(wrong, emit)
    target.switch(wrong, emit, fence=1)
    assert target.live().digest == kube.images[0][1]


def test_a_deployment_that_was_removed_shows(kube, live):
    target, first = live
    place = target._there()
    place.cluster.delete("deployments", place.object_of(first))
    found = settled(lambda: (seen := target.live()) and not seen.release_id and seen, "it is gone")
    assert "is not there any more" in found.changed


def test_what_a_rollout_undo_of_kubectl_leaves_is_told_by_the_pod_template(kube, live):
    """A Deployment's own annotations would say something else."""
    target, first = live
    name = names.object_of(first.service, first.release_id)
    template = {"metadata": {"annotations": {names.RELEASE_ID: "another"}}}
    changed(kube, "deployments", name, {"spec": {"template": template}})
    assert target.live().release_id == "another"
    assert target.unwell(first).is_final


def test_an_address_is_a_nodes_port_or_the_name_in_the_cluster(kube, service, live, emit):
    target, _ = live
    url = target.address()
    assert settled(lambda: answers(near(url)), "an answer") == "1"
    inside = kube.target(service, options={"service-type": "ClusterIP"})
    other = kube.release(service, options={"service-type": "ClusterIP"})
    inside.stage(other, emit)
    inside.switch(other, emit, fence=2)
    assert inside.address() == f"http://{service}.{kube.namespace}.svc:8080"
    assert inside.live().fields["option.service-type"] == "ClusterIP"
    assert kube.target("not-there").address() == ""


def test_a_preview_writes_nothing(kube, service, live):
    target, first = live
    before = kube.admin.listed("deployments", labels={names.SERVICE: service})
    second = kube.release(service, version="2", replicas=2, memory_bytes=2**27)
    found = {each.name: (each.now, each.new) for each in target.preview(second)}
    assert found == {"env.VERSION": ("1", "2"), "memory": ("", str(2**27)), "replicas": ("1", "2")}
    after = kube.admin.listed("deployments", labels={names.SERVICE: service})
    assert [each["metadata"]["uid"] for each in after] == [each["metadata"]["uid"] for each in before]
    assert target.preview(first) == ()
