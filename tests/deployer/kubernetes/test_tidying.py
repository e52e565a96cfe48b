"""Ending what nobody uses."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.kubernetes import names
from autoexec_magic.releasefacts import Secret

pytestmark = pytest.mark.limit(300)


def replicas(kube, service):
    found = kube.admin.listed("deployments", labels={names.SERVICE: service})
    return {
        each["metadata"]["labels"][names.RELEASE]: each["spec"]["replicas"]
        for each in found
        if not each["metadata"].get("deletionTimestamp")
    }


def test_the_live_one_runs_the_kept_ones_do_not_and_the_others_are_gone(kube, service, emit):
    old, new = (Secret(name="KEY", reference="env:KEY", version=each * 16) for each in "ab")
    target = kube.target(service)
    releases = []
    for secrets in ((old,), (old,), (new,), ()):
        versions = {each.name: each.version for each in secrets}
        release = kube.release(service, secrets=secrets)
        kube.target(service, values={"KEY": "swordfish"}, versions=versions).stage(release, emit)
        releases.append(release)
    _, kept, _, live = releases
    target.switch(live, emit, fence=1)
    assert kube.admin.get("services", service)["spec"]["publishNotReadyAddresses"] is True
    target.tidy(live, [kept], emit)
    tails = [names.tail_of(each.release_id) for each in (kept, live)]
    assert replicas(kube, service) == {tails[0]: 0, tails[1]: 1}
    assert kube.admin.is_there("secrets", names.secret_of(service, (old,)))  # the kept one needs it
    assert not kube.admin.is_there("secrets", names.secret_of(service, (new,)))
    # the cluster leaves a false out
    assert not kube.admin.get("services", service)["spec"].get("publishNotReadyAddresses")
    target.tidy(live, [kept], emit)
    assert replicas(kube, service) == {tails[0]: 0, tails[1]: 1}
    assert target.live().changed == ""


def test_what_has_the_traffic_is_never_ended_whatever_the_record_says(kube, service, emit):
    target, live, other = kube.target(service), kube.release(service), kube.release(service)
    for each in (live, other):
        target.stage(each, emit)
    target.switch(live, emit, fence=1)
    target.tidy(other, [], emit)
    target.tidy(None, [], emit)
    assert replicas(kube, service) == {names.tail_of(live.release_id): 1}
