"""Whether a release of an ECS service is well, judged from one look at what ECS says; pure.

The waiter of ECS says "stable" after ECS has rolled back, too, so it is not asked: the
PRIMARY deployment has to have our task definition, and its tasks have to be of it,
running and healthy. What stopped before this deployment began is not its fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autoexec_magic.deployer.target import Unwell

_NOT_PULLED = ("CannotPullContainerError", "CannotPullImageManifestError")
_NOT_STARTED = ("CannotStartContainerError", "CannotCreateContainerError", "ResourceInitializationError")
_EVIDENCE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look: the service, and its tasks that run and that stopped, as ECS tells them."""

    service: Mapping[str, Any]
    running: Sequence[Mapping[str, Any]] = ()
    stopped: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be seen: so many tasks of a task definition, with an image's digest.

    `is_probed` says whether its container has a health check; `failed_tasks` may
    end before it is given up.
    """

    definition: str
    replicas: int
    digest: str = ""
    is_probed: bool = False
    failed_tasks: int = 3


def primary(service: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the deployment that ECS works towards."""
    return next((each for each in service.get("deployments") or () if each.get("status") == "PRIMARY"), None)


def judged(seen: Seen, wanted: Wanted) -> Unwell | None:
    """Return why a release is not well, None where it is."""
    ours = [
        each for each in seen.service.get("deployments") or () if each["taskDefinition"] == wanted.definition
    ]
    first = primary(seen.service)
    began = max((each["createdAt"] for each in ours), default=None)
    ended = [
        each
        for each in seen.stopped
        if each["taskDefinitionArn"] == wanted.definition
        and began is not None
        and each.get("createdAt", began) >= began
        and _is_failure(each)
    ]
    words = tuple(_words(each) for each in ended[-_EVIDENCE:])
    if first is None or first["taskDefinition"] != wanted.definition:
        return _not_primary(first, ours, words)
    if first.get("rolloutState") == "FAILED":
        why = first.get("rolloutStateReason") or "its rollout failed"
        return Unwell(why=str(why), is_final=True, evidence=words)
    if (found := _ended(ended, wanted, words)) is not None:
        return found
    return _running(seen, first, wanted, words)


def _not_primary(
    first: Mapping[str, Any] | None, ours: Sequence[Mapping[str, Any]], words: tuple[str, ...]
) -> Unwell:
    now = str(first["taskDefinition"]).rpartition("/")[2] if first else "nothing"
    failed = [each for each in ours if each.get("rolloutState") == "FAILED"]
    if failed:
        told = failed[0].get("rolloutStateReason") or "its rollout failed"
        return Unwell(why=f"ECS rolled back to {now}: {told}", is_final=True, evidence=words)
    return Unwell(why=f"ECS works towards {now}, and not towards this release", is_final=True, evidence=words)


def _ended(ended: Sequence[Mapping[str, Any]], wanted: Wanted, words: tuple[str, ...]) -> Unwell | None:
    last = _words(ended[-1]) if ended else ""
    if any(mark in line for line in words for mark in (*_NOT_PULLED, *_NOT_STARTED)):
        return Unwell(why=last, is_final=True, evidence=words)
    if len(ended) >= wanted.failed_tasks:
        return Unwell(why=f"{len(ended)} tasks ended, the last one: {last}", is_final=True, evidence=words)
    return None


def _running(seen: Seen, first: Mapping[str, Any], wanted: Wanted, words: tuple[str, ...]) -> Unwell | None:
    ours = [
        each
        for each in seen.running
        if each["taskDefinitionArn"] == wanted.definition and each.get("lastStatus") == "RUNNING"
    ]
    foreign = [each for each in ours if not _has_digest(each, wanted.digest)]
    if foreign:
        return Unwell(why="a task runs another image than the release's", is_final=True, evidence=words)
    if wanted.is_probed:
        ours = [each for each in ours if each.get("healthStatus") == "HEALTHY"]
    if len(ours) < wanted.replicas:
        what = "healthy" if wanted.is_probed else "running"
        return Unwell(why=f"{len(ours)} of {wanted.replicas} tasks are {what}", evidence=words)
    others = [each for each in seen.running if each["taskDefinitionArn"] != wanted.definition]
    if others or first.get("rolloutState", "COMPLETED") != "COMPLETED":
        return Unwell(
            why=f"its rollout is not completed: {len(others)} tasks of another one run", evidence=words
        )
    if first.get("runningCount", 0) != wanted.replicas:
        return Unwell(
            why=f"{first.get('runningCount', 0)} tasks run, and not {wanted.replicas}", evidence=words
        )
    return None


def _has_digest(task: Mapping[str, Any], digest: str) -> bool:
    told = [each.get("imageDigest") for each in task.get("containers") or () if each.get("imageDigest")]
    return not digest or all(each == digest for each in told)


def _is_failure(task: Mapping[str, Any]) -> bool:
    """Whether a task ended by its own fault: not because a deploy or a person ended it."""
    if task.get("stopCode") in ("EssentialContainerExited", "TaskFailedToStart"):
        return True
    why = str(task.get("stoppedReason", ""))
    return "failed container health" in why or "failed ELB health" in why


def _words(task: Mapping[str, Any]) -> str:
    found = [str(task.get("stoppedReason") or "")]
    for each in task.get("containers") or ():
        if each.get("exitCode") is not None:
            found.append(f"exit code {each['exitCode']}")
        if each.get("reason"):
            found.append(str(each["reason"]))
    return ", ".join(one for one in found if one) or "it stopped"
