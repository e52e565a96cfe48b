"""What a module is, before anybody thinks of installing it.

In public notebooks 39 % of the modules that are missing are local files, and
44 % of those names exist on the public index as somebody else's project. So a
name is third party only when it is nothing else.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from ..values import ModuleClass
from .scan import Needed

# What left the standard library in 3.12 and 3.13 (PEP 594, PEP 632), and what replaced it.
REMOVED = {
    "asynchat": "asyncio",
    "asyncore": "asyncio",
    "cgi": "urllib.parse and email.message",
    "crypt": "hashlib, or the distribution legacycrypt",
    "distutils": "setuptools, or sysconfig and shutil",
    "imghdr": "the distribution filetype",
    "imp": "importlib",
    "pipes": "subprocess and shlex",
    "smtpd": "the distribution aiosmtpd",
    "sndhdr": "the distribution filetype",
    "telnetlib": "the distribution telnetlib3",
    "uu": "base64",
    "xdrlib": "struct",
}
PLATFORM = {
    "google.colab": "it exists on Google Colab only",
    "kaggle_secrets": "it exists on Kaggle only",
    "dbutils": "it exists on Databricks only",
    "ace_tools": "it exists in one assistant's own sandbox only",
    "js": "it exists in Pyodide only",
    "pyodide": "it exists in the browser only",
}
ALIASES = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "tf": "import tensorflow as tf",
    "nx": "import networkx as nx",
}


def classify(need: Needed, folders: Sequence[Path]) -> tuple[ModuleClass, str]:
    """Return what the module of `need` is, and the evidence in a few words.

    Parameters
    ----------
    need : Needed
        One import.
    folders : sequence of Path
        Where the user's own files are: the workspace, the working directory.

    Returns
    -------
    (ModuleClass, str)
        The evidence names the file, the replacement or the right spelling.
    """
    top = need.module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return "stdlib", "part of Python"
    for name in (need.module, top):
        if name in PLATFORM:
            return "platform", PLATFORM[name]
    if is_present(need):
        return "installed", "it can be imported here"
    if top in REMOVED:
        return "removed", f"no longer part of Python; use {REMOVED[top]}"
    local = _local(top, folders)
    if local:
        return "local", f"your own {local}; add its folder to sys.path: {_path_line(local)}"
    if top in ALIASES:
        return "alias", f"that is a short name: `{ALIASES[top]}`"
    return "third-party", "not here"


def is_present(need: Needed) -> bool:
    """Whether the module can be imported, found without importing anything.

    A regular package is taken at its word. In a namespace package (PEP 420),
    which many distributions share, each level down is looked for.
    """
    parts = need.module.split(".")
    path: Sequence[str] | None = None
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        spec = _find(name, path)
        if spec is None:
            return False
        if not _is_namespace(spec):
            return True
        path = list(spec.submodule_search_locations or ())
    wanted = [name for name in need.names if name != "*"]
    return all(_find(f"{need.module}.{name}", path) is not None for name in wanted)


def _find(name: str, path: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
    if path is not None:
        return importlib.machinery.PathFinder.find_spec(name, path)
    if name in sys.modules:
        spec = sys.modules[name].__spec__
        return spec or importlib.machinery.ModuleSpec(name, None, origin="here")
    try:
        return importlib.util.find_spec(name)
    except (ValueError, ImportError):
        return None


def _is_namespace(spec: importlib.machinery.ModuleSpec) -> bool:
    return spec.origin is None and spec.submodule_search_locations is not None


def _local(top: str, folders: Sequence[Path]) -> Path | None:
    for folder in folders:
        for place in (folder, folder / "src", folder / "lib"):
            for path in (place / f"{top}.py", place / top / "__init__.py"):
                if path.is_file():
                    return path
    return None


def _path_line(local: Path) -> str:
    folder = local.parent.parent if local.name == "__init__.py" else local.parent
    return f"import sys; sys.path.insert(0, {str(folder)!r})"
