"""A stream that somebody watches: it ends when it should, and its connection with it."""

from __future__ import annotations

import http.server
import threading
import time
from dataclasses import replace

import benches
import pytest
import requests

from autoexec_magic.builder.image.watched import Watch, sent, streamed
from autoexec_magic.errors import Cancelled, RunTimeout
from autoexec_magic.executor import Cancel


class Session(requests.Session):
    """As docker-py's client is one."""


@pytest.fixture
def silent():
    """Return a URL that says one word and then nothing, and an event that is set when its reader is gone."""
    gone = threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x")
            self.wfile.flush()
            if not self.connection.recv(1):
                gone.set()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", gone
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stream_that_says_nothing_ends_with_the_limit(silent, tmp_path):
    """The other side sees that nobody listens any more."""
    url, gone = silent
    with Session() as client:

        def begin():
            yield from client.get(url, stream=True).iter_content(1)

        watch = Watch.of(replace(benches.bench(tmp_path), timeout=0.3), "it")
        began, heard = time.monotonic(), []
        with pytest.raises(RunTimeout):
            heard.extend(streamed(client, begin, watch))
        assert time.monotonic() - began < 5
    assert gone.wait(5)


@pytest.mark.parametrize("how", ["cancel", "from outside"])
def test_a_person_ends_it(silent, tmp_path, how):
    """By the run's cancel, or from outside."""
    url, gone = silent
    cancel, asked = Cancel(), threading.Event()
    bench = replace(benches.bench(tmp_path), cancel=cancel, is_cancelled=asked.is_set)
    with Session() as client:

        def begin():
            yield from client.get(url, stream=True).iter_content(1)

        stream = streamed(client, begin, Watch.of(bench, "it"))
        assert next(stream) == b"x"
        cancel.set() if how == "cancel" else asked.set()
        with pytest.raises(Cancelled):
            next(stream)
    assert gone.wait(5)


def test_what_it_raises_is_raised_here(tmp_path):
    """In the thread that acts."""

    def begin():
        yield {"a": 1}
        raise ValueError("no")

    with Session() as client:
        stream = streamed(client, begin, Watch.of(benches.bench(tmp_path), "it"))
        assert next(stream) == {"a": 1}
        with pytest.raises(ValueError, match="no"):
            next(stream)


def test_sending_looks_at_each_piece(tmp_path):
    """A large context is not sent to its end when nobody wants it."""
    cancel = Cancel()
    watch = Watch.of(replace(benches.bench(tmp_path), cancel=cancel), "it")
    pieces = sent(iter([b"a", b"b"]), watch)
    assert next(pieces) == b"a"
    cancel.set()
    with pytest.raises(Cancelled):
        next(pieces)
