"""Where people reach a service in the tests: a function URL, or a load balancer of the healthy tasks."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def reached(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """Yield a URL whose requests are answered by a function of the path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()


def forwarded(addresses: Callable[[], list[str]], path: str) -> tuple[int, bytes]:
    """Ask one of the addresses of now, and return what it says; another one where it does not answer."""
    for _ in range(4):
        there = addresses()
        if not there:
            break
        address = random.choice(there)
        line = http.client.HTTPConnection(address, timeout=10)
        try:
            line.request("GET", path)
            found = line.getresponse()
            return found.status, found.read()
        except (OSError, http.client.HTTPException):
            continue
        finally:
            line.close()
    return 503, json.dumps({"version": ""}).encode()
