"""Missing imports, healed by proof: scan, classify, find, prove, decide, install.

`resolve` says what modules are and what follows; `install` carries out what
was decided. Nothing is installed whose wheel was not looked into, and nothing
without a question that is not known, proved and aged (`decide`).
"""

from __future__ import annotations

from pathlib import Path

from .context import Context, toolbox
from .decide import CHECK_NETWORK
from .drift import version_with
from .healing import heal, install_named, tidy, undo_install
from .kinds import Kind, kinds
from .present import is_here
from .quick import quick
from .resolving import is_about, is_required, missing, resolve
from .scan import Needed, scan
from .tree import Fault, Import, Scanned, group_of, scan_tree, when_slow

__all__ = [
    "CHECK_NETWORK",
    "Context",
    "Fault",
    "Import",
    "Kind",
    "Needed",
    "Scanned",
    "exported",
    "group_of",
    "heal",
    "install_named",
    "is_about",
    "is_here",
    "is_required",
    "kinds",
    "missing",
    "quick",
    "resolve",
    "scan",
    "scan_tree",
    "tidy",
    "toolbox",
    "undo_install",
    "uv_path",
    "version_with",
    "when_slow",
]


def exported(path: Path, form: str) -> str:
    """Return a notebook's lock as text: `script` (PEP 723) or `requirements`, with hashes.

    Raises
    ------
    UsageError
        It is no notebook, or has no lock that can be used.
    """
    from . import notebook, notebook_lock

    found = notebook_lock.of_value(notebook.read(path).value(*notebook_lock.KEY), path.name)
    return notebook_lock.requirements(found) if form == "requirements" else notebook_lock.script(found)


def uv_path() -> Path | None:
    """Return the uv program: the one that came with us, else the one on PATH."""
    from . import tool

    return tool.uv_path()
