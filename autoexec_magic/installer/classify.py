"""What a module is, before anybody thinks of installing it.

In public notebooks 39 % of the modules that are missing are local files, and
44 % of those names exist on the public index as somebody else's project. So a
name is third party only when it is nothing else.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ..values import ModuleClass
from .decide import PYTHON_LINE
from .drift import lacks, moved
from .known import candidates, lookup, normal, of_distribution, upwards
from .scan import Needed

# What left the standard library in 3.12 and 3.13 (PEP 594, PEP 632), and what replaced it.
REMOVED = {
    "aifc": "the distribution soundfile",
    "audioop": "the distribution audioop-lts",
    "cgitb": "the distribution legacy-cgi",
    "chunk": "struct",
    "formatter": "html.parser, or your own code",
    "lib2to3": "ast, or the distribution libcst",
    "mailcap": "mimetypes and shlex",
    "msilib": "the tools of the platform",
    "nis": "ldap, or your own code",
    "nntplib": "the distribution pynntp",
    "ossaudiodev": "the distribution sounddevice",
    "parser": "ast",
    "spwd": "the distribution python-pam",
    "sunau": "the distribution soundfile",
    "symbol": "ast",
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
    "pyodide_js": "it exists in Pyodide only",
    "piplite": "it exists in JupyterLite only",
    "micropip": "it exists in Pyodide only",
    "notebookutils": "it exists on Microsoft Fabric only",
    "mssparkutils": "it exists on Azure Synapse only",
    "awsglue": "it exists on AWS Glue only",
    "arcpy": "it exists in ArcGIS only",
    "hou": "it exists in Houdini only",
    "nuke": "it exists in Nuke only",
    "maya.cmds": "it exists in Maya only",
    "pymel": "it exists in Maya only",
    "unreal": "it exists in Unreal Engine only",
    "idaapi": "it exists in IDA only",
    "idc": "it exists in IDA only",
    "idautils": "it exists in IDA only",
    "xbmc": "it exists in Kodi only",
    "xbmcgui": "it exists in Kodi only",
    "lldb": "it exists in LLDB only",
    "gdb": "it exists in GDB only",
    "vim": "it exists in Vim only",
    "machine": "it exists in MicroPython only",
    "utime": "it exists in MicroPython only",
    "ubinascii": "it exists in MicroPython only",
    "winreg": "it exists on Windows only",
    "msvcrt": "it exists on Windows only",
    "_winapi": "it exists on Windows only",
    "winsound": "it exists on Windows only",
    "win32api": "it exists on Windows only",
    "win32com": "it exists on Windows only",
    "win32con": "it exists on Windows only",
    "win32gui": "it exists on Windows only",
    "pythoncom": "it exists on Windows only",
    "pywintypes": "it exists on Windows only",
    "qgis": "it exists in QGIS only",
    "FreeCAD": "it exists in FreeCAD only",
    "c4d": "it exists in Cinema 4D only",
    "rhinoscriptsyntax": "it exists in Rhino only",
    "sublime": "it exists in Sublime Text only",
}
# What Python 3 calls otherwise (PEP 3108). A file of one's own of that name comes first.
RENAMED = {
    **dict.fromkeys(("BaseHTTPServer", "CGIHTTPServer", "SimpleHTTPServer"), "http.server"),
    **dict.fromkeys(("DocXMLRPCServer", "SimpleXMLRPCServer"), "xmlrpc.server"),
    **dict.fromkeys(("MimeWriter", "mimetools", "multifile", "rfc822"), "email"),
    **dict.fromkeys(("StringIO", "cStringIO"), "io"),
    **dict.fromkeys(("UserDict", "UserList", "UserString"), "collections"),
    **dict.fromkeys(("anydbm", "dbhash", "dumbdbm", "whichdb"), "dbm"),
    **dict.fromkeys(("commands", "popen2"), "subprocess"),
    **dict.fromkeys(("dummy_thread", "dummy_threading", "thread"), "threading"),
    **dict.fromkeys(("exceptions", "__builtin__"), "builtins"),
    **dict.fromkeys(("md5", "sha"), "hashlib"),
    "ConfigParser": "configparser",
    "Cookie": "http.cookies",
    "HTMLParser": "html.parser",
    "Queue": "queue",
    "ScrolledText": "tkinter.scrolledtext",
    "SocketServer": "socketserver",
    "Tkinter": "tkinter",
    "_winreg": "winreg",
    "binhex": "binascii",
    "cPickle": "pickle",
    "cookielib": "http.cookiejar",
    "copy_reg": "copyreg",
    "htmlentitydefs": "html.entities",
    "httplib": "http.client",
    "macpath": "os.path",
    "new": "types",
    "robotparser": "urllib.robotparser",
    "sets": "set",
    "tkFileDialog": "tkinter.filedialog",
    "tkMessageBox": "tkinter.messagebox",
    "tkSimpleDialog": "tkinter.simpledialog",
    "urllib2": "urllib.request",
    "urlparse": "urllib.parse",
    "xmlrpclib": "xmlrpc.client",
}
ALIASES = {
    "np": "import numpy as np",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "tf": "import tensorflow as tf",
    "nx": "import networkx as nx",
    "sp": "import scipy as sp",
    "sm": "import statsmodels.api as sm",
    "px": "import plotly.express as px",
    "xr": "import xarray as xr",
    "xgb": "import xgboost as xgb",
    "lgb": "import lightgbm as lgb",
    "gpd": "import geopandas as gpd",
    "jnp": "import jax.numpy as jnp",
    "mpl": "import matplotlib as mpl",
    "hv": "import holoviews as hv",
    "alt": "import altair as alt",
    "dd": "import dask.dataframe as dd",
    "da": "import dask.array as da",
    "ak": "import awkward as ak",
    "pl": "import polars as pl",
    "pa": "import pyarrow as pa",
    "pq": "import pyarrow.parquet as pq",
    "tfp": "import tensorflow_probability as tfp",
    "tfds": "import tensorflow_datasets as tfds",
    "tfhub": "import tensorflow_hub as tfhub",
    "nn": "import torch.nn as nn",
    "skl": "import sklearn as skl",
    "st": "import streamlit as st",
    "bs": "import bs4 as bs",
    "ccrs": "import cartopy.crs as ccrs",
    "sqla": "import sqlalchemy as sqla",
    "sa": "import sqlalchemy as sa",
}


MOST_FOLDERS = 200
_OTHERS = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})


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
    gone = moved(need) if top not in REMOVED else ""
    if gone:
        return "drift", gone
    if top in sys.stdlib_module_names and not _is_elsewhere(top):
        return "stdlib", "part of Python"
    if is_present(need):
        lacking = lacks(need.module) if "." in need.module else ""
        return ("drift", lacking) if lacking else ("installed", "it can be imported here")
    for name in upwards(need.module):
        if name in PLATFORM:
            return "platform", PLATFORM[name]
    if top in REMOVED:
        return "removed", f"no longer part of Python; use {REMOVED[top]}"
    local = _local(need.module, folders)
    if local:
        return "local", local
    return _misnamed(top) or ("third-party", "not here")


def _misnamed(top: str) -> tuple[ModuleClass, str] | None:
    """Return what a name is that nobody imports as it stands."""
    if top in ALIASES:
        return "alias", f"that is a short name: `{ALIASES[top]}`"
    row = of_distribution(top)
    if (top not in RENAMED and row is None) or candidates(top):
        return None
    if top in RENAMED:
        return "removed", f"Python 3 has it under another name; use {RENAMED[top]}"
    if row is not None and normal(row.module) != normal(top):
        return "alias", f"that is what the distribution is called: `import {row.module}`"
    return None


def _is_elsewhere(top: str) -> bool:
    """Whether a module of the standard library is one of another platform's."""
    return top in PLATFORM and importlib.util.find_spec(top) is None


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
    if name in sys.modules:
        module: object = sys.modules[name]
        if module is None:  # what somebody blocked cannot be imported
            return None
        spec = getattr(module, "__spec__", None)
        return spec or importlib.machinery.ModuleSpec(name, None, origin="here")
    if path is not None:
        # By its last part alone: under its whole name, a namespace asks for its parent's path in
        # sys.modules, where the parent, which nobody imported, is not.
        return importlib.machinery.PathFinder.find_spec(name.rpartition(".")[2], path)
    try:
        return importlib.util.find_spec(name)
    except (ValueError, ImportError):
        return None


def _is_namespace(spec: importlib.machinery.ModuleSpec) -> bool:
    return spec.origin is None and spec.submodule_search_locations is not None


def _local(module: str, folders: Sequence[Path]) -> str:
    """Return the evidence that a module is the user's own, or ""."""
    top, _, below = module.partition(".")
    near = [place for folder in folders for place in (folder, folder / "src", folder / "lib")]
    # A name that everybody knows is looked for nearby only: somewhere there is a file called like it.
    wide = [] if lookup(module) else [place for folder in folders for place in _around(folder)]
    for place in (*near, *wide):
        for path in (place / f"{top}.py", place / top / "__init__.py"):
            if path.is_file():
                return _cured(path, place)
    for place in (*near, *wide):
        notebook = place / f"{top}.ipynb"
        if notebook.is_file():
            return f"your own notebook {notebook}; run its cells here: %run {shlex.quote(str(notebook))}"
    for place in near:
        if (place / top).is_dir():
            evidence = _folder(place, top, below, is_known=bool(lookup(module)))
            if evidence:
                return evidence
    return ""


def _folder(place: Path, top: str, below: str, *, is_known: bool) -> str:
    """Return the evidence that a folder without `__init__.py` is the package that is meant."""
    has_code = next((place / top).glob("*.py"), None) or next((place / top).glob("*/*.py"), None)
    if has_code is None and (is_known or not below):
        return ""
    stem = place / top / below.replace(".", "/")
    if not below or stem.is_dir() or stem.with_name(f"{stem.name}.py").is_file():
        return _cured(place / top, place)
    return f"your own folder {place / top}/ has no {below}"


def _around(folder: Path) -> list[Path]:
    """Return the folder above, and those directly below that a person would put code in."""
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        below = []
    return [folder.parent, *(path for path in below[:MOST_FOLDERS] if path.name not in _OTHERS)]


def _cured(local: Path, folder: Path) -> str:
    return f"your own {local}; add its folder to sys.path: {PYTHON_LINE}{str(folder)!r})"
