"""How an app is started: each entry run as it is written."""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from autoexec_magic.builder.app.entries import entry_for, locked_in
from autoexec_magic.builder.app.shapes import Shape
from autoexec_magic.errors import BuildError


def written(tmp_path, shape, code, *, lock="", port=0, **modules):
    """Write an app's package and return its entry; `modules` are packages that are not there."""
    entry = entry_for(shape, "pear", lock, port, Path("pear.ipynb"))
    (tmp_path / "pear").mkdir()
    (tmp_path / "pear" / "__init__.py").write_text(code)
    (tmp_path / "pear" / "__main__.py").write_text(entry.text)
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
    return entry


def run(tmp_path, *words, **more):
    """Run it to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pear", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


HANDLER = "def handler(event, context):\n    return {'got': event, 'id': bool(context.aws_request_id)}"


def test_a_handler_takes_its_event_from_standard_input(tmp_path):
    """And answers in JSON; nothing is an empty event, what is no JSON is said."""
    written(tmp_path, Shape(kind="handler", object="handler"), HANDLER)
    assert json.loads(run(tmp_path, input='{"a": 1}').stdout) == {"got": {"a": 1}, "id": True}
    assert json.loads(run(tmp_path, input="").stdout)["got"] == {}
    wrong = run(tmp_path, input="{")
    assert wrong.returncode == 1
    assert "no JSON" in wrong.stderr


def test_an_async_handler_is_awaited(tmp_path):
    """As platforms do."""
    written(tmp_path, Shape(kind="handler", object="handler", is_async=True), f"async {HANDLER}")
    assert json.loads(run(tmp_path, input="[]").stdout)["got"] == []


@pytest.mark.parametrize(
    ("code", "shape", "code_of", "out"),
    [
        ("def main():\n    print('hi')", Shape(kind="main", object="main"), 0, "hi"),
        ("def main():\n    return 3", Shape(kind="main", object="main"), 3, ""),
        ("def main():\n    return {'rows': 1}", Shape(kind="main", object="main"), 0, ""),
        ("def main(argv):\n    print(argv)", Shape(kind="main", object="main", takes_words=True), 0, "['a']"),
        (
            "async def main():\n    print('later')",
            Shape(kind="main", object="main", is_async=True),
            0,
            "later",
        ),
    ],
)
def test_main_is_called_and_its_number_is_the_exit_code(tmp_path, code, shape, code_of, out):
    """What else it returns is nobody's."""
    written(tmp_path, shape, code)
    found = run(tmp_path, "a")
    assert (found.returncode, found.stdout.strip()) == (code_of, out)


WSGI = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [environ['PATH_INFO'].encode()]"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_wsgi_is_served_by_the_standard_library_and_ends_by_sigterm(tmp_path):
    """On this machine only, where PORT says; with a warning that a real server could do more."""
    entry = written(tmp_path, Shape(kind="wsgi", object="app"), WSGI)
    assert "waitress" in entry.warnings[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "pear"],
        cwd=tmp_path,
        env={**os.environ, "PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=5) as answer:
                    assert answer.read() == b"/x"
                break
            except OSError:
                assert time.monotonic() < until, server.poll()
                time.sleep(0.02)
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.communicate()


RECORDED = "import sys\ndef {name}(app, **how):\n    print(app.__name__, sorted(how.items()))"


@pytest.mark.parametrize(
    ("kind", "lock", "server"),
    [("asgi", "uvicorn==1", "uvicorn"), ("wsgi", "waitress==1", "waitress")],
)
def test_a_server_that_is_locked_serves(tmp_path, kind, lock, server):
    """With the app as an object, and where it was told."""
    name = {"uvicorn": "run", "waitress": "serve"}[server]
    entry = written(
        tmp_path,
        Shape(kind=kind, object="app"),
        WSGI,
        lock=lock,
        port=81,
        **{server: RECORDED.format(name=name)},
    )
    assert (entry.server, entry.port, entry.command) == (
        server,
        81,
        ("python", "-m", "pear", "--host", "0.0.0.0"),
    )
    found = run(tmp_path, "--host", "0.0.0.0", env={**os.environ, "PORT": ""} | {"PORT": "90"})
    assert found.stdout.strip() == "app [('host', '0.0.0.0'), ('port', 90)]", found.stderr


def test_gunicorn_comes_before_waitress_and_hypercorn_after_uvicorn():
    """The one that is used most, of those that are locked."""
    wsgi, asgi = Shape(kind="wsgi", object="app"), Shape(kind="asgi", object="app")
    assert entry_for(wsgi, "m", "waitress==1\ngunicorn==2", 0, Path("n")).server == "gunicorn"
    assert entry_for(asgi, "m", "hypercorn==1", 0, Path("n")).server == "hypercorn"
    for lock in ("gunicorn==1", "hypercorn==1", "uvicorn==1", "waitress==1", ""):
        shape = wsgi if lock[:1] in "gw" else asgi
        ast.parse(entry_for(shape, "m", lock, 0, Path("n")).text)


def test_asgi_without_a_server_in_its_lock_is_refused():
    """With what to add."""
    with pytest.raises(BuildError) as raised:
        entry_for(Shape(kind="asgi", object="app"), "m", "fastapi==1", 0, Path("m.ipynb"))
    assert "import uvicorn" in raised.value.fix
    assert "%autoexec fix m.ipynb" in raised.value.fix
    (warning,) = entry_for(Shape(kind="wsgi", object="app"), "m", "", 0, Path("a/b m.ipynb")).warnings
    assert warning.endswith("%autoexec fix 'a/b m.ipynb'")


def test_names_of_a_lock_are_spelled_as_indexes_do():
    """Whatever stands around them."""
    lock = "A_b.c==1 \\\n    --hash=sha256:0\n# no==1\nd [x] == 2 ; python_version > '3'\n"
    assert locked_in(lock) == {"a-b-c", "d"}
