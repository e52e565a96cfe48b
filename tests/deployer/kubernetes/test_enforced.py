"""What of own manifests is not restricted."""

from __future__ import annotations

import pytest
from deployer.kubernetes import own
from kubes import raw

from autoexec_magic.deployer.kubernetes import bodies, enforced
from autoexec_magic.deployer.kubernetes.refusals import Refused
from autoexec_magic.errors import DeployError

pytestmark = pytest.mark.limit(300)
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}


def linted(kube, service, emit, container=None):
    place = kube.target(service)._there()
    release = own.release(kube, service, own.deployment(container=container or {}))
    enforced.lint(place, release, [bodies.deployment(place, release, sleeps=True)], emit)


def test_it_is_told_and_refused_only_where_the_namespace_enforces_it(kube, service, emit):
    linted(kube, service, emit)
    told = [each.text for each in emit]
    assert "! not restricted: Running as Non-root at containers[app]: runAsNonRoot: true" in told
    emit.clear()
    linted(kube, service, emit, {"securityContext": {**SAFE, "seccompProfile": {"type": "RuntimeDefault"}}})
    assert emit == []
    path = f"/api/v1/namespaces/{kube.namespace}"
    change = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    kube.admin._sent("PATCH", path, "", body=change, content="application/merge-patch+json")
    try:
        with pytest.raises(DeployError, match="enforces the restricted profile") as raised:
            linted(kube, service, emit)
    finally:
        change["metadata"]["labels"] = dict.fromkeys(change["metadata"]["labels"])
        kube.admin._sent("PATCH", path, "", body=change, content="application/merge-patch+json")
    assert "Privilege Escalation at containers[app]" in raised.value.why
    assert raw(kube.admin, "GET", path)["metadata"]["name"] == kube.namespace


def test_whoever_may_not_ask_the_namespace_is_only_told(kube, service, emit, monkeypatch):
    """The cluster refuses the pods then, and the look at them says so."""

    def refused(self):
        raise Refused("nobody gave the right")

    monkeypatch.setattr(type(kube.admin), "labels_of_namespace", refused)
    linted(kube, service, emit)
    assert emit


def test_objects_of_our_own_need_no_word(kube, service, emit):
    enforced.lint(kube.target(service)._there(), kube.release(service), [own.deployment()], emit)
    assert emit == []
