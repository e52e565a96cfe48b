"""A small service for tests, whose variables say how it behaves; standard library alone.

BEHAVIOUR: well · exits · never · late:SECONDS (well only after so long) ·
fails:SECONDS (503 after so long) · dies:SECONDS · flaps · deaf (listens on another port)

Whoever asks for /sour makes it unwell from then on.
"""

import hashlib
import json
import os
import pathlib
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEGAN = time.monotonic()
KIND, _, VALUE = os.environ.get("BEHAVIOUR", "well").partition(":")
SECONDS = float(VALUE or 0)
asked = 0
is_sour = False


def secret():
    """Return a digest of the secret that it was given, wherever it was put."""
    file = os.environ.get("SECRET_FILE")
    value = pathlib.Path(file).read_text() if file else os.environ.get("SECRET", "")
    return hashlib.sha256(value.encode()).hexdigest()[:12]


def is_well():
    global asked
    asked += 1
    age = time.monotonic() - BEGAN
    return not is_sour and {
        "never": False,
        "late": age > SECONDS,
        "fails": age < SECONDS,
        "flaps": asked % 2 == 0,
    }.get(KIND, True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global is_sour
        is_sour = is_sour or self.path == "/sour"
        good = is_well() if KIND != "flaps" or self.path == "/health" else True
        body = json.dumps(
            {
                "version": os.environ.get("VERSION", ""),
                "color": os.environ.get("COLOR", ""),
                "secret": secret(),
                "host": os.environ.get("HOSTNAME", ""),
            }
        ).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def die():
    time.sleep(SECONDS)
    print("its memory is gone", flush=True)
    os._exit(3)


def main():
    print(f"version {os.environ.get('VERSION', '')} begins", flush=True)
    if KIND == "exits":
        print("no database", flush=True)
        sys.exit(1)
    if KIND == "dies":
        threading.Thread(target=die, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    port = 0 if KIND == "deaf" else int(os.environ["PORT"])
    server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
