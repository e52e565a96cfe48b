"""A client that asks a service again and again while it is deployed, and counts what it did not get."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from urllib.parse import urlsplit


class Traffic:
    """Asks `url` at a rate, each time by a connection of its own, in threads; a context manager."""

    def __init__(self, url: str, *, per_second: float = 50.0, threads: int = 5) -> None:
        self.url, self.seconds = urlsplit(url), threads / per_second
        self.good, self.failed = Counter[str](), list[str]()
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            status, text = self._once()
            with self._lock:
                if status == 200:
                    self.good[text] += 1
                else:
                    self.failed.append(f"{status}: {text[:200]}")
            self._is_over.wait(max(0.0, self.seconds - (time.monotonic() - began)))

    def _once(self) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=60)
        try:
            connection.request("GET", self.url.path or "/")
            with connection.getresponse() as got:
                return got.status, got.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()
