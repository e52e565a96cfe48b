"""The logs of a release, of all its pods, the lines that come among them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from ...errors import DeployError
from ...releasefacts import Release
from .bodies import container_of
from .objects import selector_of
from .place import Place, named


def logs(place: Place, release: Release, *, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of each pod, and then those that come from the pods that there are.

    Raises
    ------
    DeployError
        It has no pods.
    """
    found = place.cluster.listed("pods", labels=selector_of(place.service, release.release_id))
    pods = sorted(each["metadata"]["name"] for each in found)
    if not pods:
        raise DeployError(
            f"{named(release)} of {place.service} has no pods, and so no log",
            why="an older release runs none",
            fix=f"%autoexec rollback {place.service}",
        )
    query = {"tailLines": str(lines), "container": container_of(place, release)}
    if len(pods) == 1:
        yield from place.cluster.lines(pods[0], **query, **({"follow": "true"} if follow else {}))
    elif follow:
        yield from _together(place, pods, query)
    else:
        for pod in pods:
            yield from (f"{pod}  {line}" for line in place.cluster.lines(pod, **query))


def _together(place: Place, pods: list[str], query: dict[str, str]) -> Iterator[str]:
    """Yield what several pods write, as it comes."""
    came: queue.SimpleQueue[str | DeployError | None] = queue.SimpleQueue()
    is_over = threading.Event()

    def read(pod: str) -> None:
        try:
            for line in place.cluster.lines(pod, **query, follow="true"):
                if is_over.is_set():
                    return
                came.put(f"{pod}  {line}")
        except DeployError as error:
            came.put(error)
        finally:
            came.put(None)

    for pod in pods:
        threading.Thread(target=read, args=(pod,), name=f"log of {pod}", daemon=True).start()
    left = len(pods)
    try:
        while left:
            found = came.get()
            if found is None:
                left -= 1
            elif isinstance(found, DeployError):
                raise found
            else:
                yield found
    finally:
        is_over.set()  # one that waits for a line ends with its pod, or with us
