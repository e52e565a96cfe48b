"""Which tools run the tests of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .cargo import ENTRY as CARGO
from .node import ENTRY as NODE
from .npm import ENTRY as NPM
from .tool import Tool

TOOLS: Mapping[str, Tool] = MappingProxyType({entry.name: entry for entry in (CARGO, NPM, NODE)})


def detect(folder: Path) -> dict[str, str]:
    """Return the names of the tools that run tests of `folder`, each with the file that says so.

    What a project itself says comes first: a script `test` in `package.json`
    leaves out `node`, which its script may well start with options of its own.

    Parameters
    ----------
    folder : Path
        Is read, and nothing in it is run. A folder that cannot be read has none.
    """
    found: dict[str, str] = {}
    for name, tool in TOOLS.items():
        if name == "node" and "npm" in found:
            continue
        if why := tool.found(folder):
            found[name] = why
    return found
