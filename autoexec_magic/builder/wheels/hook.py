"""Asks a build backend which packages it needs more (PEP 517), in the environment it is built in.

Read as a text and run by that environment's Python, from its standard input: it
imports nothing but the standard library, and nothing of this package. It writes
a list as JSON. A backend without the hook needs nothing more.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def main(hook: str, name: str, backend_path: str, out: str) -> None:
    """Call `hook` of the backend `name` (module:object), found in `backend_path` first where there is one."""
    folders = [str(Path(folder).absolute()) for folder in json.loads(backend_path)]
    sys.path[:0] = folders
    module, _, attributes = name.partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    ask = getattr(backend, hook, None)
    needed = list(ask(None)) if ask is not None else []
    Path(out).write_text(json.dumps([str(each) for each in needed]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
