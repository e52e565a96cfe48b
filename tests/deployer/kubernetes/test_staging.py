"""Bringing a release to a cluster, unused."""

from __future__ import annotations

import base64

import pytest
from kubes import raw, settled

from autoexec_magic.deployer.kubernetes import names
from autoexec_magic.deployer.kubernetes.staging import wanted_of
from autoexec_magic.errors import DeployError
from autoexec_magic.releasefacts import Secret

KEY = Secret(name="KEY", reference="env:KEY", version="a" * 16)


def deployments(kube, service):
    return kube.admin.listed("deployments", labels={names.SERVICE: service})


def test_staging_twice_is_staging_once(kube, service, emit):
    target, first = kube.target(service), kube.release(service)
    staged = target.stage(first, emit)
    assert staged.place == f"{kube.namespace}/{names.object_of(service, first.release_id)}"
    before = deployments(kube, service)[0]["metadata"]["generation"]
    assert target.stage(staged, emit) == staged
    assert target.stage(first, emit) == staged
    assert deployments(kube, service)[0]["metadata"]["generation"] == before
    assert target.live() is None  # nothing leads to it


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"environment": {"a b": "1"}}, "a b"),
        ({"options": {"service-type": "NodePort"}, "port": 31_999, "command": ("x",) * 2}, ""),
    ],
)
def test_what_the_cluster_refuses_is_told_in_its_words_and_nothing_is_written(kube, service, emit, spec, why):
    """The last one is refused by its port, which another Service has."""
    taken = f"/api/v1/namespaces/{kube.namespace}/services"
    ports = [{"port": 80, "nodePort": 31_999}]
    raw(
        kube.admin,
        "POST",
        taken,
        {"metadata": {"name": "taken"}, "spec": {"type": "NodePort", "ports": ports}},
    )
    try:
        bad = kube.release(service, secrets=(KEY,), **spec)
        target = kube.target(service, values={"KEY": "swordfish"}, versions={"KEY": KEY.version})
        with pytest.raises(DeployError, match="the cluster refuses") as raised:
            target.stage(bad, emit)
        assert why in raised.value.why
        assert deployments(kube, service) == []
        assert not kube.admin.is_there("secrets", names.secret_of(service, (KEY,)))
    finally:
        raw(kube.admin, "DELETE", f"{taken}/taken")


def test_a_quota_is_told_by_the_pods_that_cannot_be_made(kube, service, emit):
    """The Deployment is taken, its pods are not."""
    path = f"/api/v1/namespaces/{kube.namespace}/resourcequotas"
    raw(kube.admin, "POST", path, {"metadata": {"name": "small"}, "spec": {"hard": {"memory": "1Mi"}}})
    try:
        settled(lambda: raw(kube.admin, "GET", f"{path}/small").get("status", {}).get("hard"), "the quota")
        target, first = kube.target(service), kube.release(service, memory_bytes=2**27)
        target.stage(first, emit)
        found = settled(lambda: (seen := target.unwell(first)) and seen.is_final and seen, "the quota's word")
        assert "exceeded quota" in found.why
    finally:
        raw(kube.admin, "DELETE", f"{path}/small")


def test_the_secret_is_made_once_and_an_older_release_finds_its_own(kube, service, emit):
    first = kube.release(service, secrets=(KEY,))
    kube.target(service, values={"KEY": "one"}, versions={"KEY": KEY.version}).stage(first, emit)
    name = names.secret_of(service, (KEY,))
    path = f"/api/v1/namespaces/{kube.namespace}/secrets/{name}"
    assert base64.b64decode(raw(kube.admin, "GET", path)["data"]["KEY"]) == b"one"
    kube.target(service).stage(first, emit)  # nobody has the value any more
    raw(kube.admin, "DELETE", path)
    for values, versions in (({}, {}), ({"KEY": "two"}, {"KEY": "b" * 16})):
        with pytest.raises(DeployError, match="is not to be had any more") as raised:
            kube.target(service, values=values, versions=versions).stage(first, emit)
        assert "env:KEY" in raised.value.fix


def test_what_somebody_set_in_a_release_is_put_back_and_told(kube, service, emit):
    target, first = kube.target(service), kube.release(service)
    target.stage(first, emit)
    name = names.object_of(service, first.release_id)
    path = f"/apis/apps/v1/namespaces/{kube.namespace}/deployments/{name}?fieldManager=somebody"
    kube.admin._sent(
        "PATCH", path, "", body={"spec": {"replicas": 3}}, content="application/merge-patch+json"
    )
    target.stage(first, emit)
    assert deployments(kube, service)[0]["spec"]["replicas"] == 1
    assert any("put back what somebody else set: spec.replicas (somebody)" in each.text for each in emit)


def test_a_deployment_of_somebody_elses_with_that_name_is_not_touched(kube, service, emit):
    first = kube.release(service)
    name = names.object_of(service, first.release_id)
    pod = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": pod}
    path = f"/apis/apps/v1/namespaces/{kube.namespace}/deployments"
    raw(kube.admin, "POST", path, {"metadata": {"name": name}, "spec": spec})
    try:
        with pytest.raises(DeployError, match="somebody else's"):
            kube.target(service).stage(first, emit)
    finally:
        raw(kube.admin, "DELETE", f"{path}/{name}")


@pytest.mark.parametrize(
    ("replicas", "serves", "want"), [(1, True, False), (2, True, True), (2, False, False)]
)
def test_a_budget_is_made_where_there_are_several_and_the_api_has_it(
    kube, service, monkeypatch, replicas, serves, want
):
    place = kube.target(service)._there()
    monkeypatch.setattr(type(place.cluster), "serves", lambda self, group: serves)
    kinds = [kind for kind, _ in wanted_of(place, kube.release(service, replicas=replicas))]
    assert ("poddisruptionbudgets" in kinds) is want


def test_what_runs_in_a_pod_meets_the_restricted_profile(kube, service, emit):
    """As the cluster has it, with what it filled in."""
    from autoexec_magic.deployer.kubernetes import broken

    kube.target(service).stage(kube.release(service), emit)
    pods = settled(lambda: kube.admin.listed("pods", labels={names.SERVICE: service}), "a pod")
    assert [broken({**each, "kind": "Pod"}) for each in pods] == [()]
