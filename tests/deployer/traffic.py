"""A client that asks a service again and again, on new connections and on one that is kept, and counts."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.02  # 50 a second


@dataclass
class Seen:
    """What came of the requests: how many were answered by which version, and what failed."""

    versions: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(self.versions.values()) + len(self.failures)


@contextlib.contextmanager
def asking(url: str) -> Iterator[Seen]:
    """Ask 50 times a second, half of it on connections that are kept, while the block runs."""
    seen, stop = Seen(), threading.Event()
    threads = [threading.Thread(target=_ask, args=(url, seen, stop, keeps)) for keeps in (True, False)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def _ask(url: str, seen: Seen, stop: threading.Event, keeps: bool) -> None:
    parts, line = urlsplit(url), None
    due = time.monotonic()
    while not stop.is_set():
        due = max(due + 2 * PAUSE_SECONDS, time.monotonic())
        try:
            line = line or http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
            line.request("GET", "/")
            answer = line.getresponse()
            body = answer.read()
            if answer.status == 200:
                seen.versions[json.loads(body)["version"]] += 1
            else:
                seen.failures.append(f"HTTP {answer.status}")
            if not keeps:
                line.close()
                line = None
        except (OSError, http.client.HTTPException) as error:
            seen.failures.append(f"{type(error).__name__}: {error}")
            if line:
                line.close()
            line = None
        stop.wait(max(0.0, due - time.monotonic()))
    if line:
        line.close()


def said(url: str) -> dict[str, str]:
    """Return what the service says of itself."""
    found: dict[str, str] = json.loads(_answer(url)[1])
    return found


def is_well(url: str) -> bool:
    """Return whether it answers with a status that is none of an error."""
    try:
        return _answer(url)[0] < 400
    except (OSError, http.client.HTTPException):
        return False


def _answer(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        line.request("GET", parts.path or "/")
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()
