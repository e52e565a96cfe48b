"""One look at a release."""

from __future__ import annotations

import time

import pytest
from kubes import image, settled

from autoexec_magic.deployer.kubernetes.looking import look

pytestmark = pytest.mark.limit(300)


def test_one_that_is_not_there_is_final(kube, service):
    found = kube.target(service).unwell(kube.release(service))
    assert found.is_final
    assert "is not there" in found.why


def test_a_look_is_a_look_and_no_wait(kube, service, emit):
    target, sick = kube.target(service), kube.release(service, environment={"SICK": "1"})
    target.stage(sick, emit)
    began = time.monotonic()
    assert target.unwell(sick) is not None
    assert time.monotonic() - began < 20  # its start would take a minute


def test_why_it_is_not_ready_is_what_the_probe_got_and_its_last_words(kube, service, emit):
    target, sick = kube.target(service), kube.release(service, environment={"SICK": "1"})
    target.stage(sick, emit)
    found = settled(
        lambda: (seen := target.unwell(sick)) and "statuscode: 503" in seen.why and seen, "the probe"
    )
    assert not found.is_final
    assert found.evidence == ("began 1",)


def test_one_that_somebody_scaled_to_none_is_not_well(kube, service, emit):
    target, first = kube.target(service), kube.release(service)
    target.stage(first, emit)
    name = target._there().object_of(first)
    kube.admin.merge("deployments", name, {"spec": {"replicas": 0}})
    assert "is scaled to none" in target.unwell(first).why


def test_ends_are_counted_from_look_to_look(kube, service, emit):
    target, first = kube.target(service), kube.release(service)
    target.stage(first, emit)
    ended: dict[str, int] = {}
    settled(lambda: look(target._there(), first, ended) is None, "it is well")
    assert set(ended.values()) == {0}


def test_a_user_who_is_root_is_refused_by_the_node_and_told(kube, service, emit):
    """The image says no user, and the pod says that it may not be root."""
    image("autoexec-test/root:1")
    target, root = kube.target(service), kube.release(service, reference="autoexec-test/root:1")
    target.stage(root, emit)
    found = settled(lambda: (seen := target.unwell(root)) and seen.is_final and seen, "the node's word")
    assert "CreateContainerConfigError" in found.why
    assert "root" in found.why
