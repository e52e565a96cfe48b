"""Why the pods of a release are not well, judged purely from one look at them.

Counted is the ReplicaSet of the Deployment's newest revision, and none of its
numbers before the controllers have seen the newest generation: what an
older rollout came to says nothing of this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..target import Unwell
from .objects import Body

_REVISION = "deployment.kubernetes.io/revision"
FINAL: Mapping[str, str] = {
    "ImagePullBackOff": "its image cannot be pulled",
    "ErrImagePull": "its image cannot be pulled",
    "ErrImageNeverPull": "its image is not on the node",
    "InvalidImageName": "its image has a name that cannot be",
    "ImageInspectError": "its image cannot be read",
    "CrashLoopBackOff": "it ends again and again",
    "CreateContainerConfigError": "it cannot be made as it is described",
    "RunContainerError": "what runs in it cannot be started",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Why a release is not well, and whose last words say more; `is_previous` are those of its last end."""

    unwell: Unwell
    pod: str = ""
    is_previous: bool = False


def judged(
    deployment: Mapping[str, Any], sets: Sequence[Body], pods: Sequence[Body], ended: Mapping[str, int]
) -> Found | None:
    """Return why a release is not well, None where it is.

    Parameters
    ----------
    deployment : mapping
        Its Deployment.
    sets, pods : sequence of mapping
        The ReplicaSets and pods with its labels.
    ended : mapping
        How often a pod's container had ended when it was seen last, by the pod's uid.
    """
    name = deployment["metadata"]["name"]
    own = current_set(deployment, sets)
    if own is None or not _is_seen(deployment) or not _is_seen(own):
        return Found(unwell=Unwell(why=f"the cluster has not seen {name} yet"))
    mine = own_pods(own, pods)
    return (
        _first(_final(each) for each in mine)
        or _not_made(own, deployment)
        or _first(_ended(each, ended.get(each["metadata"]["uid"])) for each in mine)
        or _too_few(deployment, own, mine)
    )


def current_set(deployment: Mapping[str, Any], sets: Sequence[Body]) -> Body | None:
    """Return the ReplicaSet of a Deployment's newest revision."""
    revision = (deployment["metadata"].get("annotations") or {}).get(_REVISION)
    for each in sets:
        if not _is_owned(each, str(deployment["metadata"]["uid"])):
            continue
        if revision and (each["metadata"].get("annotations") or {}).get(_REVISION) == revision:
            return each
    return None


def own_pods(own: Mapping[str, Any], pods: Iterable[Body]) -> list[Body]:
    """Return the pods of a ReplicaSet that are not about to end."""
    return [
        each
        for each in pods
        if _is_owned(each, str(own["metadata"]["uid"]))
        and not each["metadata"].get("deletionTimestamp")
        and each.get("status", {}).get("phase") not in ("Failed", "Succeeded")
    ]


def ends_of(pods: Iterable[Body]) -> dict[str, int]:
    """Return how often the containers of pods have ended, by the pod's uid."""
    return {
        each["metadata"]["uid"]: sum(one.get("restartCount", 0) for one in _states(each)) for each in pods
    }


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod says that it is ready."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def serving(pods: Iterable[Body]) -> list[Body]:
    """Return the pods that are ready and not about to end: those that a Service leads to."""
    return [each for each in pods if is_ready(each) and not each["metadata"].get("deletionTimestamp")]


def _is_owned(body: Mapping[str, Any], uid: str) -> bool:
    return any(each.get("uid") == uid for each in body["metadata"].get("ownerReferences") or ())


def _is_seen(body: Mapping[str, Any]) -> bool:
    return bool(body.get("status", {}).get("observedGeneration", 0) >= body["metadata"].get("generation", 0))


def _states(pod: Mapping[str, Any]) -> Sequence[Body]:
    found: Sequence[Body] = pod.get("status", {}).get("containerStatuses") or ()
    return found


def _first(found: Iterable[Found | None]) -> Found | None:
    return next((each for each in found if each is not None), None)


def _final(pod: Body) -> Found | None:
    """Return what waiting does not mend."""
    name = pod["metadata"]["name"]
    for each in _states(pod):
        waiting = each.get("state", {}).get("waiting") or {}
        reason, count = waiting.get("reason", ""), each.get("restartCount", 0)
        if reason in FINAL:
            last = _end_words(each)
            said = "; ".join(part for part in (last, str(waiting.get("message", ""))) if part)
            why = f"pod {name}: {FINAL[reason]} ({reason}{': ' if said else ''}{said})"
            return Found(unwell=Unwell(why=why, is_final=True), pod=name, is_previous=count > 0)
        if each.get("state", {}).get("terminated") and count > 0:
            why = f"pod {name}: it ends again and again ({_end_words(each)})"
            return Found(unwell=Unwell(why=why, is_final=True), pod=name)
    return None


def _not_made(own: Body, deployment: Mapping[str, Any]) -> Found | None:
    """Return why the pods cannot be made at all: a quota, or an admission that refuses them."""
    conditions = own.get("status", {}).get("conditions") or ()
    for each in conditions:
        if each["type"] == "ReplicaFailure" and each["status"] == "True":
            why = f"the pods of {deployment['metadata']['name']} cannot be made: {each.get('message', '')}"
            return Found(unwell=Unwell(why=why, is_final=True))
    return None


def _ended(pod: Body, before: int | None) -> Found | None:
    """Return that a container has ended, just now or since it was seen last."""
    name = pod["metadata"]["name"]
    count = sum(each.get("restartCount", 0) for each in _states(pod))
    if before is not None and count > before:
        last = next((words for each in _states(pod) if (words := _end_words(each))), "")
        why = f"pod {name}: it ended and was started again ({last})"
        return Found(unwell=Unwell(why=why), pod=name, is_previous=True)
    for each in _states(pod):
        if each.get("state", {}).get("terminated"):
            return Found(unwell=Unwell(why=f"pod {name}: it ended ({_end_words(each)})"), pod=name)
    return None


def _end_words(state: Mapping[str, Any]) -> str:
    ended = state.get("state", {}).get("terminated") or state.get("lastState", {}).get("terminated") or {}
    if not ended:
        return ""
    reason = str(ended.get("reason", ""))
    words = f"exit code {ended.get('exitCode')}"
    return f"{words}, {reason}" if reason not in ("", "Error", "Completed") else words


def _too_few(deployment: Mapping[str, Any], own: Body, pods: Sequence[Body]) -> Found | None:
    wanted = deployment["spec"].get("replicas", 1)
    ready = [each for each in pods if is_ready(each)]
    if own["spec"].get("replicas", 1) == wanted and len(ready) >= wanted:
        return None
    others = [each for each in pods if each not in ready]
    why = f"{len(ready)} of {wanted} pods of {deployment['metadata']['name']} are ready"
    if not others:
        return Found(unwell=Unwell(why=why))
    return Found(unwell=Unwell(why=f"{why}: {_waits_for(others[0])}"), pod=others[0]["metadata"]["name"])


def _waits_for(pod: Body) -> str:
    name = pod["metadata"]["name"]
    for each in pod.get("status", {}).get("conditions") or ():
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return f"no node takes {name} ({each.get('message', '')})"
    for each in _states(pod):
        if waiting := each.get("state", {}).get("waiting"):
            return f"{name} waits ({waiting.get('reason', '')})"
    return f"{name} runs, and does not answer as the gate asks"
