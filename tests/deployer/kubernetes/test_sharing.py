"""What is there once for a service."""

from __future__ import annotations

import pytest
from deployer.kubernetes import own

from autoexec_magic.deployer.kubernetes import bodies, names, sharing

pytestmark = pytest.mark.limit(300)
INGRESSES = "networking.k8s.io/v1/ingresses"


def test_what_a_service_says_that_there_is():
    assert sharing.marks_in(None) == set()
    assert sharing.marks_in({"metadata": {}}) == set()
    assert sharing.marks_in({"metadata": {"annotations": {names.SHARED: "a b"}}}) == {"a", "b"}


def test_there_is_what_a_release_has_and_of_the_others_only_what_is_ours_goes(kube, service, emit):
    """Somebody may have made another one of that name since."""
    place = kube.target(service)._there()
    ours, theirs = f"{service}-ours", f"{service}-theirs"
    old = own.release(kube, service, own.deployment(), own.ingress(service, ours, "a.test"))
    new = own.release(kube, service, own.deployment(), own.ingress(service, f"{service}-new", "b.test"))
    kube.admin.apply(INGRESSES, own.ingress(service, theirs, "c.test"))
    sharing.change(place, old, set(), emit)
    before = sharing.marks_of(place, old) | {f"{INGRESSES}/{theirs}"}
    sharing.change(place, new, before, emit)
    sharing.change(place, new, before, emit)  # whoever comes after a client that died
    assert [kube.admin.is_there(INGRESSES, each) for each in (ours, theirs, f"{service}-new")] == [
        *(False, True, True)
    ]
    sharing.change(place, None, {bodies.mark_of(*each) for each in bodies.shared(place, new)}, emit)
    assert not kube.admin.is_there(INGRESSES, f"{service}-new")
    assert [each.text for each in emit if "is removed" in each.text] == [
        f"ingress {ours} is removed",
        f"ingress {service}-new is removed",
    ]
