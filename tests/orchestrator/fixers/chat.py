"""A small local server that speaks OpenAI's chat protocol, well or badly."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "small-model"


class Model:
    """Answers one `say` after the other, the last one for ever; `asked` are the requests.

    A `say` is a text (the message), a dict (the whole JSON), bytes (the body),
    or a callable that takes the handler and does what it likes.
    """

    def __init__(self):
        self.asked: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.says: list = ["NONE"]
        self.status = 200
        self.kind = "application/json"
        self.more: dict[str, str] = {}
        self.is_over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *rest):
        self.is_over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def say(self, *says):
        self.says = list(says)

    @property
    def sent(self):
        """All that was sent, as text."""
        return "\n".join(message["content"] for body in self.asked for message in body["messages"])

    def _handler(self):
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                model.headers.append(dict(self.headers))
                model.asked.append({"path": self.path, **json.loads(self.rfile.read(length))})
                said = model.says[0] if len(model.says) == 1 else model.says.pop(0)
                if callable(said):
                    self.close_connection = True
                    with contextlib.suppress(OSError):
                        said(self)
                    return
                body = (
                    said
                    if isinstance(said, bytes)
                    else json.dumps(said if isinstance(said, dict) else message(said)).encode()
                )
                self.send_response(model.status)
                for name, value in {
                    "Content-Type": model.kind,
                    "Content-Length": str(len(body)),
                    **model.more,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def do_GET(self):
                model.asked.append({"path": self.path, "method": "GET", "messages": []})
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        return Handler


def message(text, **more):
    """Return the JSON of an answer."""
    return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}]}
