"""The earlier release answers again as soon as no pod of the newer one is ready."""

from __future__ import annotations

import dataclasses

import pytest
from deployer.scenarios import GATE, first, is_live, release, work
from deployer.traffic import asking
from kubes import settled

from autoexec_magic.deployer import deploy
from autoexec_magic.deployer.kubernetes import names, spare
from autoexec_magic.deployer.kubernetes.traffic import before_of, live_tail_of
from autoexec_magic.errors import RolledBack

pytestmark = pytest.mark.limit(300)


def front(kube, service):
    return kube.admin.get("services", service)


def both(kube, service, emit, **newer):
    """Return a target that has moved the traffic from a first release to a second one."""
    target, old = kube.target(service), kube.release(service)
    target.stage(old, emit)
    target.switch(old, emit, fence=1)
    new = kube.release(service, version="2", **newer)
    target.stage(new, emit)
    target.switch(new, emit, fence=2)
    return target, old, new


def ended(kube, release):
    """Let a release have no pod that is ready."""
    name = names.object_of(release.service, release.release_id)
    kube.admin.merge("deployments", name, {"spec": {"replicas": 0}})
    settled(lambda: not kube.admin.get("deployments", name)["status"].get("readyReplicas"), "it has none")


@pytest.mark.parametrize(
    ("live", "noted", "tail", "want"),
    [
        ("aa", "", "bb", "aa"),
        ("", "", "bb", ""),
        ("bb", "aa", "bb", "aa"),
        ("bb", "aa", "aa", ""),
        ("bb", "aa", "cc", "bb"),
    ],
    ids=["an-update", "the-first", "again-the-same", "an-undo", "a-third"],
)
def test_which_release_is_the_spare_one(live, noted, tail, want):
    """What is put back has none: it would be the one that was just found unwell."""
    selector = {names.SERVICE: "web", names.RELEASE: live} if live else {}
    found = {"metadata": {"annotations": {names.BEFORE: noted}}, "spec": {"selector": selector}}
    assert before_of(found, tail) == want
    assert before_of(None, tail) == ""


def test_without_a_pod_that_is_ready_the_earlier_release_answers_and_the_look_is_final(kube, service, emit):
    target, old, new = both(kube, service, emit)
    assert target.unwell(new) is None
    ended(kube, new)
    found = target.unwell(new)
    assert found.is_final
    assert found.why.endswith("answers again")
    assert live_tail_of(front(kube, service)) == names.tail_of(old.release_id)
    ended(kube, old)  # what is put back by now has nobody behind it
    target.switch(old, emit, fence=2)
    assert names.BEFORE not in front(kube, service)["metadata"]["annotations"]


def test_whoever_did_not_move_the_traffic_does_not_move_it_back(kube, service, emit):
    """Such as `status`; nor does whose turn is over, and nothing moves while a pod is ready."""
    target, old, new = both(kube, service, emit)
    place, tail = target._there(), names.tail_of(new.release_id)
    assert spare.given_back(place, new, spare.Turn(tail=tail, fence=2)) is None
    ended(kube, new)
    for turn in (
        None,
        spare.Turn(tail=names.tail_of(old.release_id), fence=2),
        spare.Turn(tail=tail, fence=1),
    ):
        assert spare.given_back(place, new, turn) is None
        assert live_tail_of(front(kube, service)) == tail
    assert not kube.target(service).unwell(new).is_final
    assert spare.given_back(place, new, spare.Turn(tail=tail, fence=2)) == old


@pytest.mark.slow
def test_few_requests_fail_where_the_only_pod_ends(bed):
    """Those until the cluster has noticed it, and the node: some ten to fifty at fifty a second."""
    old = first(bed)
    gate = dataclasses.replace(GATE, bake_seconds=60, failures=100)
    with asking(bed.url()) as seen, pytest.raises(RolledBack, match="answers again"):
        deploy(bed.target(), release(bed, "2", "dies:8", gate=gate), work(bed))
    is_live(bed, old)
    assert len(seen.failures) < seen.count / 3
