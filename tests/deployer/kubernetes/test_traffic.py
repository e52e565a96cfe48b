"""Moving the traffic of a service."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kubes import GATE, settled

from autoexec_magic.deployer.kubernetes import names
from autoexec_magic.deployer.kubernetes.traffic import live_tail_of
from autoexec_magic.errors import DeployError, ServiceLocked

pytestmark = pytest.mark.limit(300)


def front(kube, service):
    return kube.admin.get("services", service)


def staged(kube, service, emit, **spec):
    target, release = kube.target(service), kube.release(service, **spec)
    target.stage(release, emit)
    return target, release


def patched(kube, service, change, manager="somebody"):
    path = f"/api/v1/namespaces/{kube.namespace}/services/{service}?fieldManager={manager}"
    kube.admin._sent("PATCH", path, "", body=change, content="application/merge-patch+json")


@pytest.mark.parametrize(
    ("selector", "annotations", "want"),
    [
        ({names.SERVICE: "web", names.RELEASE: "aa"}, {}, "aa"),
        ({names.SERVICE: "web"}, {names.LIVE: "bb"}, "bb"),
        ({names.SERVICE: "web"}, {}, ""),
        ({"app": "other"}, {names.LIVE: "bb"}, ""),
        ({}, {}, ""),
    ],
)
def test_which_release_a_service_leads_to(selector, annotations, want):
    found = {"metadata": {"annotations": annotations}, "spec": {"selector": selector}}
    assert live_tail_of(found) == want
    assert live_tail_of(None) == ""


def test_a_turn_that_is_over_moves_nothing(kube, service, emit):
    """Whoever slept while somebody else deployed is refused: switch, split and taking it away."""
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=7)
    other = kube.release(service, version="2")
    target.stage(other, emit)
    before = front(kube, service)
    for act in (
        lambda: target.switch(other, emit, fence=6),
        lambda: target.split(other, 50, emit, fence=6),
        lambda: target.switch(None, emit, fence=6),
    ):
        with pytest.raises(ServiceLocked) as raised:
            act()
        assert "turn 7" in raised.value.why
    assert front(kube, service) == before
    target.switch(other, emit, fence=7)  # the same turn goes on, as an undo does
    assert live_tail_of(front(kube, service)) == names.tail_of(other.release_id)


def test_a_service_that_changes_between_reading_and_writing_is_read_again(kube, service, emit, monkeypatch):
    """And whoever has the later turn keeps it."""
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    other = kube.release(service, version="2")
    target.stage(other, emit)
    cluster, changes = type(kube.admin), [{"metadata": {"labels": {"more": "1"}}}]
    real = cluster.apply

    def apply(self, kind, body, **more):
        if kind == "services" and changes:
            patched(kube, service, changes.pop(), names.MANAGER)
        return real(self, kind, body, **more)

    monkeypatch.setattr(cluster, "apply", apply)
    target.switch(other, emit, fence=2)
    assert live_tail_of(front(kube, service)) == names.tail_of(other.release_id)
    changes.append({"metadata": {"annotations": {names.FENCE: "9"}}})  # as one of us does
    with pytest.raises(ServiceLocked):
        target.switch(first, emit, fence=3)
    assert live_tail_of(front(kube, service)) == names.tail_of(other.release_id)


def test_a_release_that_is_not_ready_gets_no_traffic_that_another_one_answers(kube, service, emit):
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    sick, bad = staged(kube, service, emit, environment={"SICK": "1"}, gate=replace(GATE, start_seconds=4))
    with pytest.raises(DeployError, match="is not ready for traffic"):
        sick.switch(bad, emit, fence=2)
    assert live_tail_of(front(kube, service)) == names.tail_of(first.release_id)


def test_a_release_without_pods_gets_them_before_it_gets_the_traffic(kube, service, emit):
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    other = kube.release(service, version="2")
    target.stage(other, emit)
    target.switch(other, emit, fence=2)
    target.tidy(other, [first], emit)
    name = names.object_of(service, first.release_id)
    assert kube.admin.get("deployments", name)["spec"]["replicas"] == 0
    target.switch(first, emit, fence=3)
    found = kube.admin.get("deployments", name)
    assert found["status"]["readyReplicas"] == 1


def test_pods_of_an_older_release_get_no_part_of_a_canary(kube, service, emit):
    """One that was staged and never used has the service's label as well."""
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    _, left = staged(kube, service, emit, version="left")
    settled(lambda: target.unwell(left) is None, "the other one is ready")
    other = kube.release(service, version="2")
    target.stage(other, emit)
    target.split(other, 50, emit, fence=2)
    selected = kube.admin.listed("pods", labels=front(kube, service)["spec"]["selector"])
    running = [each for each in selected if not each["metadata"].get("deletionTimestamp")]
    tails = {each["metadata"]["labels"][names.RELEASE] for each in running}
    assert tails == {names.tail_of(each.release_id) for each in (first, other)}


def test_nothing_can_be_shared_where_nothing_is_live(kube, service, emit):
    target, first = staged(kube, service, emit)
    with pytest.raises(DeployError, match="could keep the rest") as raised:
        target.split(first, 10, emit, fence=1)
    assert raised.value.fix == "leave --canary out"


def test_fields_that_somebody_else_set_are_refused_or_taken_as_it_was_said(kube, service, emit):
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    patched(
        kube, service, {"spec": {"selector": {"app": "theirs", names.SERVICE: None, names.RELEASE: None}}}
    )
    shown = target.live()
    assert shown.release_id == ""
    assert "leads to app=theirs (somebody set it)" in shown.changed
    with pytest.raises(DeployError, match="has fields that somebody else set") as raised:
        target.stage(first, emit)
    assert "spec.selector.app is somebody's" in raised.value.why
    with pytest.raises(DeployError, match="has fields that somebody else set"):
        target.switch(first, emit, fence=2)
    takes = kube.target(service, options={"conflicts": "take"})
    takes.stage(first, emit)
    takes.switch(first, emit, fence=2)
    assert takes.live().release_id == first.release_id
    assert front(kube, service)["spec"]["selector"].keys() == {names.SERVICE, names.RELEASE}
    assert any("taken out what somebody else set: app" in getattr(each, "text", "") for each in emit)
    other = kube.release(service, version="2")
    takes.stage(other, emit)
    takes.split(other, 50, emit, fence=3)
    assert front(kube, service)["spec"]["selector"] == {names.SERVICE: service}


def test_a_field_that_somebody_else_set_is_a_conflict(kube, service, emit):
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    ports = [{"name": "main", "port": 8080, "targetPort": 1, "protocol": "TCP"}]
    patched(kube, service, {"spec": {"type": "ClusterIP", "ports": ports}})
    with pytest.raises(DeployError, match="has fields that somebody else set") as raised:
        target.stage(first, emit)
    assert "is somebody's" in raised.value.why


def test_taking_a_service_away_twice_is_taking_it_away_once(kube, service, emit):
    target, first = staged(kube, service, emit)
    target.switch(first, emit, fence=1)
    target.switch(None, emit, fence=2)
    target.switch(None, emit, fence=2)
    assert front(kube, service) is None
    assert target.live() is None
