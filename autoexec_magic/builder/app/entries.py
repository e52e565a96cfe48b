"""How an app is started: the text of its `__main__`, one for each shape, and which server it takes.

A server listens on this machine alone unless it is told another host; HOST and
PORT of the environment count, as platforms set them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import BuildError
from ..typed import as_typed
from .shapes import Shape

PORT = 8000
_NAME = re.compile(r"(?m)^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^]]*\])?\s*==")

_OPTIONS = '''"""Serve it: python -m {name} [--host HOST] [--port PORT]."""

from __future__ import annotations

import argparse
import os

from . import {first}


def options() -> argparse.Namespace:
    """Return where to listen; HOST and PORT of the environment count."""
    parser = argparse.ArgumentParser(prog="python -m {name}")
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "{port}")))
    return parser.parse_args()

'''
_UVICORN = """
if __name__ == "__main__":
    import uvicorn

    found = options()
    uvicorn.run({object}, host=found.host, port=found.port)
"""
_HYPERCORN = """
if __name__ == "__main__":
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    found = options()
    config = Config()
    config.bind = [f"{{found.host}}:{{found.port}}"]
    asyncio.run(serve({object}, config))
"""
_GUNICORN = '''
if __name__ == "__main__":
    from gunicorn.app.base import BaseApplication

    found = options()

    class Served(BaseApplication):
        """The app with its settings; WEB_CONCURRENCY says how many workers."""

        def load_config(self) -> None:
            """Say where to listen."""
            self.cfg.set("bind", f"{{found.host}}:{{found.port}}")

        def load(self) -> object:
            """Return the app."""
            return {object}

    Served().run()
'''
_WAITRESS = """
if __name__ == "__main__":
    import signal
    import sys

    import waitress

    # the first process of a container does not end by a signal that nobody takes
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    found = options()
    waitress.serve({object}, host=found.host, port=found.port)
"""
_WSGIREF = '''
if __name__ == "__main__":
    import signal
    import sys
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    class Server(ThreadingMixIn, WSGIServer):
        """A thread for each request; there is no server among the packages that could do more."""

        daemon_threads = True

    found = options()
    # the first process of a container does not end by a signal that nobody takes
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with make_server(found.host, found.port, {object}, server_class=Server) as server:
        print(f"listening on http://{{found.host}}:{{server.server_port}}", file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.exit(130)
'''
_HANDLER = '''"""Call {object} with an event: python -m {name} < event.json; the answer is JSON."""

from __future__ import annotations

import {imports}
import sys
import time
import uuid

from . import {object}


class Context:
    """What a platform hands over beside an event, as far as it means something here."""

    function_name = "{name}"
    function_version = "$LATEST"
    memory_limit_in_mb = "128"
    invoked_function_arn = ""

    def __init__(self, seconds: float = 900.0) -> None:
        """Let it have so many seconds."""
        self.aws_request_id = str(uuid.uuid4())
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return how long it may still take."""
        return max(0, int((self._end - time.monotonic()) * 1000))


if __name__ == "__main__":
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    try:
        event = json.loads(text) if text.strip() else {{}}
    except ValueError as error:
        sys.exit(f"the event is no JSON: {{error}}")
    print(json.dumps({call}, default=str))
'''
_MAIN = '''"""Run it: python -m {name}."""

from __future__ import annotations

{imports}import sys

from . import main

if __name__ == "__main__":
    ended = {call}
    sys.exit(ended if type(ended) is int else 0)
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The text of a `__main__`, the words that start it in an image, where it listens (0: nowhere)."""

    text: str
    command: tuple[str, ...]
    port: int = 0
    server: str = ""
    warnings: tuple[str, ...] = ()


def entry_for(shape: Shape, name: str, requirements: str, port: int, notebook: Path) -> Entry:
    """Return how an app of a shape is started.

    Parameters
    ----------
    shape : Shape
        What it is; a notebook that is run has its entry in `running`.
    name : str
        The package that it becomes.
    requirements : str
        What is locked, as a requirements file.
    port : int
        Where it listens unless it is told otherwise; 0 is `PORT`.
    notebook : Path
        The notebook, for errors.

    Raises
    ------
    BuildError
        Nothing that is locked can serve it.
    """
    command = ("python", "-m", name)
    if shape.kind == "handler":
        call = f"{shape.object}(event, Context())"
        call = f"asyncio.run({call})" if shape.is_async else call
        imports = "asyncio\nimport json" if shape.is_async else "json"
        text = _HANDLER.format(name=name, object=shape.object, call=call, imports=imports)
        return Entry(text=text, command=command)
    if shape.kind == "main":
        call = f"main({'sys.argv[1:]' if shape.takes_words else ''})"
        call = f"asyncio.run({call})" if shape.is_async else call
        imports = "import asyncio\n" if shape.is_async else ""
        return Entry(text=_MAIN.format(name=name, call=call, imports=imports), command=command)
    server, warnings = _server(shape, locked_in(requirements), notebook)
    bodies = {
        "uvicorn": _UVICORN,
        "hypercorn": _HYPERCORN,
        "gunicorn": _GUNICORN,
        "waitress": _WAITRESS,
        "wsgiref": _WSGIREF,
    }
    first = shape.object.partition(".")[0]
    head = _OPTIONS.format(name=name, first=first, port=port or PORT)
    return Entry(
        text=head + bodies[server].format(object=shape.object),
        command=(*command, "--host", "0.0.0.0"),
        port=port or PORT,
        server=server,
        warnings=tuple(warnings),
    )


def locked_in(requirements: str) -> frozenset[str]:
    r"""Return the names of the packages that a requirements file pins, as indexes spell them (PEP 503).

    Examples
    --------
    >>> sorted(locked_in("Flask_Login==1 \\\n    --hash=sha256:00\nuvicorn[standard]==2\n"))
    ['flask-login', 'uvicorn']
    """
    return frozenset(re.sub(r"[-_.]+", "-", name).lower() for name in _NAME.findall(requirements))


def to_add(modules: Sequence[str], notebook: Path) -> str:
    """Return how a package that the notebook itself does not import gets into its lock."""
    return f"`import {', '.join(modules)}` in a cell tagged skip, then %autoexec fix {as_typed(notebook)}"


def _server(shape: Shape, locked: frozenset[str], notebook: Path) -> tuple[str, list[str]]:
    if shape.kind == "asgi":
        found = next((each for each in ("uvicorn", "hypercorn") if each in locked), "")
        if not found:
            raise BuildError(
                f"{notebook.name} makes an ASGI app, and nothing that serves one is in its lock",
                why="neither uvicorn nor hypercorn is",
                fix=to_add(["uvicorn"], notebook),
            )
        return found, []
    found = next((each for each in ("gunicorn", "waitress") if each in locked), "")
    if found:
        return found, []
    return "wsgiref", [
        "it is served by wsgiref, a thread for each request: gunicorn and waitress are not in its lock; "
        + to_add(["waitress"], notebook)
    ]
