"""The engine and the registry, and small projects, for the tests of images."""

from __future__ import annotations

import pytest
from engines import engine, registry, session_engine  # noqa: F401 (fixtures)


@pytest.fixture
def web(tmp_path):
    """Return a folder with a web server in the standard library only, and its pyproject.toml."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "web"\nversion = "1.2"\nrequires-python = ">=3.11"\n'
        '[tool.autoexec.build]\nport = 8000\nhealth = "/health"\ncommand = ["python", "main.py"]\n'
    )
    (folder / "main.py").write_text(
        "import http.server\n"
        "class Answers(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200 if self.path in ('/health', '/') else 404)\n"
        "        self.end_headers()\n"
        "        self.wfile.write(b'hello')\n"
        "print('up', flush=True)\n"
        "http.server.ThreadingHTTPServer(('0.0.0.0', 8000), Answers).serve_forever()\n"
    )
    return folder
