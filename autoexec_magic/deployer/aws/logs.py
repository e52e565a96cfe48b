"""Lines of a CloudWatch log group, the last ones and those that come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from autoexec_magic.deployer.aws.calls import Calls
from autoexec_magic.executor.stops import NEVER

_LOOK_SECONDS = 2.0
_DAY_MS = 86_400_000


def lines_of(
    calls: Calls, group: str, *, lines: int, follow: bool, is_wanted: Callable[[str], bool]
) -> Iterator[str]:
    """Yield the last lines of the streams that are wanted, by name; then, with `follow`, each new one."""
    seen: set[str] = set()
    since = int(time.time() * 1000) - _DAY_MS
    last: deque[str] = deque(maxlen=lines)
    for event in _events(calls, group, since, is_wanted):
        seen.add(event["eventId"])
        last.append(str(event["message"]).rstrip("\n"))
    yield from last
    while follow:
        NEVER.pause(_LOOK_SECONDS)
        for event in _events(calls, group, since, is_wanted):
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                yield str(event["message"]).rstrip("\n")


def _events(calls: Calls, group: str, since: int, is_wanted: Callable[[str], bool]) -> list[dict[str, Any]]:
    found = calls.every("logs", "filter_log_events", "events", logGroupName=group, startTime=since)
    return sorted(
        (each for each in found if is_wanted(each["logStreamName"])), key=lambda each: each["timestamp"]
    )
