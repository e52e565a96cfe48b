"""Deploys of a person's own manifests to a real cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deployer.kubernetes import own
from kubes import GATE, Asking, answers, asked, near, settled, work_of

from autoexec_magic.deployer import Shift, deploy
from autoexec_magic.deployer.kubernetes import names
from autoexec_magic.errors import DeployError, RolledBack

pytestmark = pytest.mark.limit(400)
INGRESSES = "networking.k8s.io/v1/ingresses"


def host_of(kube, name):
    found = kube.admin.get(INGRESSES, name)
    return found["spec"]["rules"][0]["host"] if found else None


@pytest.fixture
def live(kube, service, tmp_path, emit):
    """Return a service whose first release is live: target, release, URL."""
    bodies = (own.config("1"), own.deployment(), own.front(service), own.ingress(service, service, "a.test"))
    target, first = kube.target(service), own.release(kube, service, *bodies)
    assert deploy(target, first, work_of(tmp_path, first, emit)).code == "deployed"
    url = near(target.address())
    assert settled(lambda: answers(url), "the service answers") == "1"
    return target, first, url


def test_a_release_is_live_with_all_that_the_manifests_say(kube, live, emit):
    """Its marks and its image are put in; the rest is as it was written, and nobody changed it."""
    target, first, _ = live
    found = target.live()
    assert (found.release_id, found.digest, found.release) == (first.release_id, first.digest, first)
    assert found.changed == ""
    assert found.fields["ConfigMap/settings.data.VERSION"] == "1"
    assert found.fields["Service.spec.ports[web].port"] == "80"
    tail = names.tail_of(first.release_id)
    body = kube.admin.get("deployments", f"{first.service}-{tail}")
    assert body["metadata"]["labels"]["team"] == "red"
    assert (
        body["spec"]["template"]["metadata"]["labels"].items() >= {"app": "shop", names.RELEASE: tail}.items()
    )
    container = body["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == first.spec.reference
    assert container["envFrom"][0]["configMapRef"]["name"] == f"settings-{tail}"
    assert list(target.logs(first, lines=5, follow=False)) == ["began 1"]
    told = [getattr(each, "text", "") for each in emit]
    assert any("not restricted: Privilege Escalation" in each for each in told)


def test_a_dry_run_shows_what_changes_value_by_value_and_writes_nothing(kube, live):
    target, first, _ = live
    bodies = (own.config("2"), own.deployment(), own.front(first.service))
    second = own.release(kube, first.service, *bodies, image=1)
    shown = {each.name: (each.now, each.new) for each in target.preview(second)}
    host = f"Ingress/{first.service}.spec.rules[0]"
    assert shown.pop(f"{host}.host") == ("a.test", "")
    assert {name: pair for name, pair in shown.items() if not name.startswith(host)} == {
        "digest": (first.digest, second.digest),
        "ConfigMap/settings.data.VERSION": ("1", "2"),
    }
    assert len(target._there().deployments()) == 1


@pytest.mark.slow
def test_a_rollback_has_exactly_the_earlier_manifests_and_no_request_fails(kube, live, tmp_path, emit):
    """The ConfigMap, the Service, what is there once, and what the earlier one did not have."""
    target, first, url = live
    service = first.service
    bodies = [own.config("2", MORE="yes"), own.deployment(), own.front(service, sessionAffinity="None")]
    bodies += [own.ingress(service, f"{service}-b", "b.test"), own.scaler(), own.budget()]
    bodies[2]["spec"]["ports"].append({"name": "more", "port": 81, "targetPort": 8080})
    second = own.release(kube, service, *bodies, image=1)
    with Asking(url) as client:
        deploy(target, second, work_of(tmp_path, second, emit))
        settled(lambda: "2" in client.versions(), "the second release")
    assert client.failed == []
    assert (host_of(kube, service), host_of(kube, f"{service}-b")) == (None, "b.test")
    assert target.live().changed == ""
    assert asked(url, "/env/MORE") == "yes"
    with Asking(url) as client:
        deploy(target, first, work_of(tmp_path, first, emit), why="rollback")
        settled(lambda: client.versions() == ["2", "1"], "the first release")
    assert client.failed == []
    assert (host_of(kube, service), host_of(kube, f"{service}-b")) == ("a.test", None)
    found = target.live()
    assert (found.release, found.digest, found.changed) == (first, first.digest, "")
    assert [each["name"] for each in kube.admin.get("services", service)["spec"]["ports"]] == ["web"]
    assert asked(url, "/env/MORE") == ""


@pytest.mark.slow
def test_what_becomes_unwell_is_taken_back_with_all_that_came_with_it(kube, live, tmp_path, emit):
    target, first, url = live
    service = first.service
    bodies = (own.config("2", SICK_AFTER="6"), own.deployment(), own.front(service))
    bad = own.release(
        kube, service, *bodies, own.ingress(service, service, "b.test"), gate=replace(GATE, bake_seconds=60)
    )
    with Asking(url) as client, pytest.raises(RolledBack, match="is live again"):
        deploy(target, bad, work_of(tmp_path, bad, emit))
    assert client.failed == []
    assert host_of(kube, service) == "a.test"
    assert target.live().release == first
    assert not kube.admin.is_there("v1/configmaps", f"settings-{names.tail_of(bad.release_id)}")
    assert kube.admin.is_there("v1/configmaps", f"settings-{names.tail_of(first.release_id)}")


def test_what_somebody_else_changed_shows(kube, live):
    target, first, _ = live
    name = f"settings-{names.tail_of(first.release_id)}"
    kube.admin.merge("v1/configmaps", name, {"data": {"VERSION": "9"}})
    assert "ConfigMap/settings.data.VERSION is 9" in target.live().changed


@pytest.mark.slow
def test_an_autoscaler_has_its_way(kube, service, tmp_path, emit):
    """What it did is nobody's drift, and a deploy that comes back to it takes no pods away."""
    bodies = (own.config(), own.deployment(), own.front(service), own.scaler(5))
    target, first = kube.target(service), own.release(kube, service, *bodies, replicas=2)
    deploy(target, first, work_of(tmp_path, first, emit))
    name = names.object_of(service, first.release_id)
    assert kube.admin.get("deployments", name)["spec"]["replicas"] == 2
    path = f"/apis/apps/v1/namespaces/{kube.namespace}/deployments/{name}?fieldManager=scaler"
    change = {"spec": {"replicas": 3}}
    kube.admin._sent("PATCH", path, "", body=change, content="application/merge-patch+json")
    assert target.live().changed == ""
    settled(lambda: target.unwell(first) is None, "the third pod")
    deploy(target, first, work_of(tmp_path, first, emit), why="rollback")
    assert kube.admin.get("deployments", name)["spec"]["replicas"] == 3


@pytest.mark.slow
def test_a_rollback_brings_back_what_was_tidied_beside_an_autoscaler(kube, service, tmp_path, emit):
    """An autoscaler leaves alone what has no pods, so the release gets them as it is staged."""
    target = kube.target(service)
    releases = []
    for number in (0, 1):
        bodies = (own.config(str(number + 1)), own.deployment(), own.front(service), own.scaler(3))
        releases.append(own.release(kube, service, *bodies, image=number, replicas=2 - number))
        deploy(target, releases[-1], work_of(tmp_path, releases[-1], emit))
    first = releases[0]
    name = names.object_of(service, first.release_id)
    assert kube.admin.get("deployments", name)["spec"]["replicas"] == 0
    assert deploy(target, first, work_of(tmp_path, first, emit), why="rollback").code == "deployed"
    assert kube.admin.get("deployments", name)["spec"]["replicas"] == 2
    assert target.live().release == first
    assert target.live().changed == ""


def test_a_canary_beside_an_autoscaler_is_refused_before_anything_is_changed(kube, live, tmp_path, emit):
    """It would scale the one pod up, and the part of the traffic would be another one than was told."""
    target, first, _ = live
    before = kube.admin.get("services", first.service)
    bodies = (own.config("2"), own.deployment(), own.front(first.service), own.scaler(3))
    second = own.release(kube, first.service, *bodies, image=1)
    work = work_of(tmp_path, second, emit, shift=Shift(steps=(50,)))
    with pytest.raises(DeployError, match="has an autoscaler") as raised:
        deploy(target, second, work)
    assert "leave --canary out" in raised.value.fix
    assert not isinstance(raised.value, RolledBack)
    assert len(target._there().deployments()) == 1
    with pytest.raises(DeployError, match="has an autoscaler"):
        target.split(second, 50, emit, fence=10**17)
    assert kube.admin.get("services", first.service) == before


def test_what_is_somebody_elses_is_not_taken_over(kube, service, emit):
    """Nor is anything written before that is known."""
    body = own.ingress(service, f"{service}-theirs", "a.test")
    kube.admin.apply(INGRESSES, body)
    target = kube.target(service)
    found = own.release(kube, service, own.config(), own.deployment(), body)
    with pytest.raises(DeployError, match="is somebody else's"):
        target.stage(found, emit)
    assert target._there().deployments() == []


def test_what_an_admission_or_the_api_refuses_is_told_and_nothing_is_written(kube, service, emit):
    target = kube.target(service)
    found = own.release(kube, service, own.config(), own.deployment(replicas=1, minReadySeconds="soon"))
    with pytest.raises(DeployError, match="refuses deployment"):  # and is not asked again and again
        target.stage(found, emit)
    assert target._there().deployments() == []
    assert not kube.admin.is_there("v1/configmaps", f"settings-{names.tail_of(found.release_id)}")


def test_nothing_of_it_is_left_when_the_service_is_taken_away(kube, live, emit):
    target, first, _ = live
    target.switch(None, emit, fence=10**18)
    target.tidy(None, (), emit)
    assert host_of(kube, first.service) is None
    assert not kube.admin.is_there("v1/configmaps", f"settings-{names.tail_of(first.release_id)}")
