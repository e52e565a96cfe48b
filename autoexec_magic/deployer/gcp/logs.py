"""What a revision wrote, from Cloud Logging.

References
----------
https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.errors import DeployError
from autoexec_magic.redact import mask, one_line

_URL = "https://logging.googleapis.com/v2/entries:list"
_FOLLOW_SECONDS = 1.0
_MOST_LINES = 1000


def last_lines(asking: Asking, revision: str, *, lines: int) -> list[str]:
    """Return the last lines of a revision, masked, the oldest first; at most 1000.

    Raises
    ------
    DeployError
        They may not be read.
    """
    return [_text(each) for each in _entries(asking, revision, lines=lines)]


def evidence(asking: Asking, revision: str, *, lines: int) -> tuple[str, ...]:
    """Return the last lines of a revision, none where they may not be read just now: they are beside it."""
    try:
        return tuple(_text(each) for each in _entries(asking, revision, lines=lines, is_asked_again=False))
    except DeployError:
        return ()


def followed(asking: Asking, revision: str, *, lines: int) -> Iterator[str]:
    """Yield the last lines, and then those that come, until nobody wants more."""
    seen: set[str] = set()
    since, wanted = "", lines
    while True:
        for each in _entries(asking, revision, lines=wanted, since=since):
            key = f"{each.get('timestamp')} {each.get('insertId')}"
            if key not in seen:
                seen.add(key)
                yield _text(each)
            since = str(each.get("timestamp", since))
        wanted = _MOST_LINES
        time.sleep(_FOLLOW_SECONDS)


def _entries(
    asking: Asking, revision: str, *, lines: int, since: str = "", is_asked_again: bool = True
) -> list[dict[str, Any]]:
    place = asking.place
    wanted = [
        'resource.type = "cloud_run_revision"',
        f'resource.labels.service_name = "{place.service}"',
        f'resource.labels.revision_name = "{revision}"',
        f'resource.labels.location = "{place.region}"',
        *([f'timestamp >= "{since}"'] if since else []),
    ]
    body = {
        "resourceNames": [f"projects/{place.project}"],
        "filter": " AND ".join(wanted),
        "orderBy": "timestamp desc",
        "pageSize": max(1, min(lines, _MOST_LINES)),
    }
    what = f"the log of {revision} cannot be read"
    said = asking.rest("POST", _URL, what, body=body, is_asked_again=is_asked_again)
    found = said.get("entries") or []
    return [each for each in reversed(found) if isinstance(each, dict)]


def _text(entry: Mapping[str, Any]) -> str:
    structured = entry.get("jsonPayload") or {}
    text = entry.get("textPayload") or structured.get("message") or ""
    return one_line(mask(str(text)))
