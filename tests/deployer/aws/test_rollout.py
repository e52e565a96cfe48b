"""Whether a release of an ECS service is well, judged from one look."""

from __future__ import annotations

import datetime

import pytest

from autoexec_magic.deployer.aws.rollout import Seen, Wanted, judged

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
EARLIER = NOW - datetime.timedelta(hours=1)
OURS, THEIRS = "x:task-definition/web:2", "x:task-definition/web:1"
WANTED = Wanted(definition=OURS, replicas=2, digest="sha256:aa", is_probed=True)


def deployment(arn=OURS, status="PRIMARY", state="COMPLETED", count=2, **more):
    return {
        "taskDefinition": arn,
        "status": status,
        "rolloutState": state,
        "runningCount": count,
        "createdAt": NOW,
        **more,
    }


def task(arn=OURS, health="HEALTHY", digest="sha256:aa", **more):
    return {
        "taskDefinitionArn": arn,
        "lastStatus": "RUNNING",
        "healthStatus": health,
        "containers": [{"imageDigest": digest}],
        "createdAt": NOW,
        **more,
    }


def ended(reason="Essential container in task exited", at=NOW, arn=OURS, code="EssentialContainerExited"):
    containers = [{"exitCode": 1, "reason": "no database"}]
    return {
        "taskDefinitionArn": arn,
        "stoppedReason": reason,
        "stopCode": code,
        "createdAt": at,
        "containers": containers,
    }


def seen(deployments, running=(), stopped=()):
    return Seen(service={"deployments": deployments}, running=running, stopped=stopped)


BOTH = [task(), task()]


@pytest.mark.parametrize(
    ("look", "says", "is_final"),
    [
        pytest.param(seen([deployment()], BOTH), "", False, id="well"),
        pytest.param(
            seen([deployment(THEIRS, state="COMPLETED")], [task(THEIRS)] * 2),
            "web:1",
            True,
            id="stable, and rolled back",
        ),
        pytest.param(
            seen(
                [
                    deployment(THEIRS),
                    deployment(status="ACTIVE", state="FAILED", rolloutStateReason="breaker"),
                ]
            ),
            "breaker",
            True,
            id="rolling back",
        ),
        pytest.param(seen([deployment(state="FAILED")], BOTH), "failed", True, id="failed"),
        pytest.param(seen([deployment(state="IN_PROGRESS")], BOTH), "not completed", False, id="under way"),
        pytest.param(seen([deployment()], [*BOTH, task(THEIRS)]), "not completed", False, id="old ones run"),
        pytest.param(seen([deployment()], [task()]), "1 of 2", False, id="too few"),
        pytest.param(
            seen([deployment()], [task(), task(health="UNKNOWN")]), "1 of 2", False, id="unknown health"
        ),
        pytest.param(
            seen([deployment()], [task(), task(digest="sha256:bb")]),
            "another image",
            True,
            id="another image",
        ),
        pytest.param(seen([deployment(count=1)], BOTH), "1 tasks run", False, id="counts differ"),
        pytest.param(
            seen(
                [deployment()], BOTH, [ended("CannotPullContainerError: no such", code="TaskFailedToStart")]
            ),
            "CannotPull",
            True,
            id="image is not there",
        ),
        pytest.param(
            seen([deployment()], BOTH, [ended()] * 3), "3 tasks ended", True, id="ends again and again"
        ),
        pytest.param(seen([deployment()], BOTH, [ended()] * 2), "", False, id="two ended, and it is well"),
        pytest.param(seen([deployment()], BOTH, [ended(at=EARLIER)] * 9), "", False, id="long before"),
        pytest.param(seen([deployment()], BOTH, [ended(arn=THEIRS)] * 9), "", False, id="of another release"),
        pytest.param(
            seen([deployment()], BOTH, [ended("Scaling activity", code="ServiceSchedulerInitiated")] * 9),
            "",
            False,
            id="ended by a deploy",
        ),
        pytest.param(seen([]), "nothing", True, id="no deployment"),
    ],
)
def test_judged(look, says, is_final):
    """What waiting does not mend is final; what is stale is not read as new."""
    found = judged(look, WANTED)
    assert (found is None) == (says == "")
    if found is not None:
        assert says in found.why
        assert found.is_final == is_final


def test_its_last_words_are_told():
    """With the exit code, and what the container said."""
    found = judged(seen([deployment(state="IN_PROGRESS")], [], [ended()]), WANTED)
    assert found.evidence == ("Essential container in task exited, exit code 1, no database",)


def test_scaled_to_zero_is_well():
    """Where no task is wanted, none is missed."""
    wanted = Wanted(definition=OURS, replicas=0)
    assert judged(seen([deployment(count=0)]), wanted) is None
