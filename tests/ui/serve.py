"""A Jupyter server that tells what it has: its routes, and every file it opens.

Takes the options of `jupyter server`; `AUTOEXEC_TEST_TOLD` names the folder
for `routes.json` and `opened.log`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp


class DenyAll(Authorizer):
    """Lets nobody do anything."""

    def is_authorized(self, handler, user, action, resource):
        """Say no."""
        return False


class ReadOnly(Authorizer):
    """Lets everybody look at our runs, and do the rest."""

    def is_authorized(self, handler, user, action, resource):
        """Say yes to reading, and to what is not ours."""
        return action == "read" or resource != "autoexec"


def main() -> None:
    """Start the server as the command line says."""
    told = Path(os.environ["AUTOEXEC_TEST_TOLD"])
    app = ServerApp.instance()
    app.initialize(sys.argv[1:])
    routes = {}
    for rule in [*app.web_app.default_router.rules, *app.web_app.wildcard_router.rules]:
        for inner in getattr(rule.target, "rules", [rule]):
            pattern = getattr(getattr(inner.matcher, "regex", None), "pattern", "")
            handler = inner.target
            methods = [name for name in ("get", "post", "put", "patch", "delete") if own(handler, name)]
            routes[pattern] = methods
    (told / "routes.json").write_text(json.dumps(routes))
    log = os.open(told / "opened.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event: str, arguments: tuple) -> None:
        if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "os.link", "os.rename", "os.kill"):
            os.write(log, f"{event} {arguments!r}\n".encode(errors="replace"))

    sys.addaudithook(note)
    app.start()


def own(handler: type, name: str) -> bool:
    """Whether a handler has a method of its own for an HTTP verb."""
    return any(
        name in vars(base) for base in getattr(handler, "__mro__", ()) if "autoexec" in base.__module__
    )


if __name__ == "__main__":
    main()
