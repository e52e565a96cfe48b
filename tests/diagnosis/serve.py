"""Servers on the loopback that fail in one way each; the captured scripts fail against them.

Every function starts a server on a thread and returns a URL or a port.
"""

from __future__ import annotations

import http.server
import os
import socket
import ssl
import subprocess
import threading
import time

_DAY = 86400


def status(code: int) -> str:
    """Return a URL that answers with this status."""
    return _serve(lambda: (code, {}, b"{}"))


def page() -> str:
    """Return a URL that answers with a page instead of JSON."""
    return _serve(lambda: (200, {"Content-Type": "text/html"}, b"<html>please log in</html>"))


def short() -> str:
    """Return a URL that promises more than it sends."""
    return _serve(lambda: (200, {"Content-Length": "1000"}, b"short"))


def looping() -> str:
    """Return a URL that leads to itself."""
    return _serve(lambda: (302, {"Location": "/"}, b""))


def closing() -> int:
    """Return a port that closes every connection without a word."""

    def talk(connection):
        connection.recv(1000)
        connection.close()

    return _listen(talk)


def silent() -> int:
    """Return a port that accepts and says nothing."""
    return _listen(lambda connection: time.sleep(30))


def tls(kind: str) -> int:
    """Return a port that speaks TLS with a certificate: "self" signed, "expired" or "good"; writes ca.pem."""
    _certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{kind}.pem", f"{kind}.key")

    def talk(connection):
        try:
            context.wrap_socket(connection, server_side=True).recv(1000)
        except OSError:
            connection.close()

    return _listen(talk)


def postgres_port() -> int:
    """Return the port of the PostgreSQL that the capture was told of."""
    return int(os.environ["CAPTURE_POSTGRES"])


def postgres():
    """Return a connection to it, whose tables are its own."""
    import psycopg

    base = psycopg.connect(
        f"host=127.0.0.1 port={postgres_port()} dbname=postgres user=postgres password=secret"
    )
    base.autocommit = False
    return base


def _serve(answer) -> str:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            code, headers, body = answer()
            self.send_response(code)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def _listen(talk) -> int:
    server = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = server.accept()
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def _certificates() -> None:
    """Write a certificate authority, ca.pem, and the three kinds of certificate it can meet."""

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    request = ("req", "-newkey", "rsa:2048", "-nodes")
    openssl(*request, "-x509", "-subj", "/CN=Shop CA", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30")
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    openssl(*request, "-x509", *names, "-keyout", "self.key", "-out", "self.pem", "-days", "30")
    for kind, days in (("good", 30), ("expired", -1)):
        openssl(*request, *names, "-keyout", f"{kind}.key", "-out", f"{kind}.csr")
        signing = (
            "x509",
            "-req",
            "-in",
            f"{kind}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
        )
        now = time.time()
        until = ("-days", str(days))
        if days < 0:
            stamps = [time.strftime("%y%m%d%H%M%SZ", time.gmtime(now - ago * _DAY)) for ago in (9, 1)]
            open("index.txt", "w").close()
            with open("ca.cnf", "w") as file:
                file.write(
                    "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\n"
                    "policy=p\nrand_serial=yes\ncopy_extensions=copy\n[p]\ncommonName=supplied\n"
                )
            openssl(
                "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in",
                f"{kind}.csr", "-out", f"{kind}.pem", "-startdate", stamps[0], "-enddate", stamps[1],
            )  # fmt: skip
        else:
            openssl(*signing, "-out", f"{kind}.pem", *until, "-copy_extensions", "copy")
