"""Why the pods of a release are not well, from one look at them."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.kubernetes.pods import FINAL, current_set, ends_of, judged, own_pods, serving

REVISION = "deployment.kubernetes.io/revision"
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}


def deployment(replicas=1, seen=2, revision="2"):
    return {
        "metadata": {"name": "web-1", "uid": "d", "generation": 2, "annotations": {REVISION: revision}},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": seen, "conditions": [LATE]},
    }


def replica_set(uid="s2", revision="2", replicas=1, seen=1, conditions=()):
    return {
        "metadata": {
            "name": f"web-{uid}",
            "uid": uid,
            "generation": 1,
            "annotations": {REVISION: revision},
            "ownerReferences": [{"uid": "d"}],
        },
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": seen, "conditions": list(conditions)},
    }


def pod(name="p", owner="s2", ready=True, state=None, last=None, restarts=0, **status):
    container = {
        "name": "web",
        "ready": ready,
        "restartCount": restarts,
        "state": state or {"running": {}},
        "lastState": last or {},
    }
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "metadata": {"name": name, "uid": f"u-{name}", "ownerReferences": [{"uid": owner}]},
        "status": {"phase": "Running", "conditions": conditions, "containerStatuses": [container], **status},
    }


ENDED = {"terminated": {"exitCode": 3, "reason": "Error"}}


def unwell(*pods, of=None, sets=None, ended=None):
    found = judged(of or deployment(), sets or [replica_set()], pods, ended or {})
    return found.unwell if found else None


def test_a_ready_pod_of_the_newest_revision_is_well():
    """The condition says ProgressDeadlineExceeded, of an older rollout: it counts for nothing."""
    assert unwell(pod()) is None


def test_nothing_counts_before_the_controllers_have_seen_it():
    assert "has not seen" in unwell(pod(), of=deployment(seen=1)).why
    assert "has not seen" in unwell(pod(), sets=[replica_set(seen=0)]).why
    assert "has not seen" in unwell(pod(), of=deployment(revision="3")).why


def test_pods_of_an_older_revision_do_not_count():
    sets = [replica_set("s1", "1"), replica_set("s2", "2")]
    assert current_set(deployment(), sets) == sets[1]
    assert "0 of 1 pods" in unwell(pod(owner="s1"), sets=sets).why


def test_a_replica_set_of_another_deployment_does_not_count():
    other = replica_set()
    other["metadata"]["ownerReferences"] = [{"uid": "elsewhere"}]
    assert current_set(deployment(), [other]) is None


def test_pods_that_are_about_to_end_do_not_count():
    ending = pod("a")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    evicted = pod("b", phase="Failed")
    assert own_pods(replica_set(), [ending, evicted, pod("c")]) == [pod("c")]


def test_a_service_leads_to_pods_that_are_ready_and_stay():
    ending = pod("a")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert serving([ending, pod("b", ready=False), pod("c")]) == [pod("c")]


@pytest.mark.parametrize("reason", FINAL)
def test_what_waiting_does_not_mend_is_final(reason):
    found = unwell(pod(ready=False, state={"waiting": {"reason": reason, "message": "no such image"}}))
    assert found.is_final
    assert reason in found.why
    assert "no such image" in found.why


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_what_is_on_its_way_is_not_final(reason):
    found = unwell(pod(ready=False, state={"waiting": {"reason": reason}}))
    assert not found.is_final
    assert reason in found.why


def test_one_that_ends_again_and_again_is_final_and_says_how():
    found = unwell(pod(ready=False, state=ENDED, restarts=1))
    assert found.is_final
    assert "exit code 3" in found.why
    backs_off = {"waiting": {"reason": "CrashLoopBackOff"}}
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    found = judged(
        deployment(), [replica_set()], [pod(ready=False, state=backs_off, last=killed, restarts=2)], {}
    )
    assert "exit code 137, OOMKilled" in found.unwell.why
    assert found.is_previous


def test_one_that_ended_once_may_still_get_well():
    found = unwell(pod(ready=False, state=ENDED))
    assert not found.is_final


def test_an_end_between_two_looks_counts_once():
    """It is ready again already; only its count tells."""
    again = pod(restarts=1, last=ENDED)
    assert "was started again (exit code 3)" in unwell(again, ended={"u-p": 0}).why
    assert unwell(again, ended=ends_of([again])) is None
    assert unwell(again) is None


def test_pods_that_cannot_be_made_at_all_are_final():
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    found = unwell(sets=[replica_set(conditions=[refused])])
    assert found.is_final
    assert "exceeded quota: small" in found.why


def test_as_many_have_to_be_ready_as_are_asked_for():
    found = unwell(pod("a"), pod("b", ready=False), of=deployment(2), sets=[replica_set(replicas=2)])
    assert found.why.startswith("1 of 2 pods of web-1 are ready: b runs, and does not answer")
    assert "1 of 2" in unwell(pod("a"), of=deployment(2), sets=[replica_set(replicas=2)]).why
    assert unwell(pod("a"), of=deployment(2), sets=[replica_set(replicas=1)]) is not None
    assert unwell(pod("a"), pod("b"), sets=[replica_set(replicas=2)]) is not None  # one is to end still


def test_no_pods_are_well_where_none_are_asked_for():
    assert unwell(of=deployment(0), sets=[replica_set(replicas=0)]) is None


def test_one_that_no_node_takes_says_why():
    conditions = [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: Insufficient cpu"}]
    found = unwell(pod(ready=False, conditions=conditions, containerStatuses=None))
    assert "Insufficient cpu" in found.why
    assert not found.is_final
