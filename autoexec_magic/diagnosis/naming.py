"""Names that are not there, and what was most likely meant.

Python's own suggestion comes first: it saw the names that exist. Where there
is the exception object, the names of the very object are looked at, without
running anything of it. A name that is clearly near becomes an action.
"""

from __future__ import annotations

import re
import sys
from types import FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

from autoexec_magic.values import Action

from . import objects
from .around import Around
from .exceptions import arguments_of, is_a
from .frames import is_library
from .nearest import nearest
from .removed import replacement
from .rows import Said, Seen, is_name, quoted

#: Short name -> the line that everybody imports it with.
ALIASES: MappingProxyType[str, str] = MappingProxyType(
    {
        "np": "import numpy as np",
        "pd": "import pandas as pd",
        "plt": "import matplotlib.pyplot as plt",
        "mpl": "import matplotlib as mpl",
        "sns": "import seaborn as sns",
        "tf": "import tensorflow as tf",
        "torch": "import torch",
        "nn": "from torch import nn",
        "F": "import torch.nn.functional as F",
        "optim": "from torch import optim",
        "jnp": "import jax.numpy as jnp",
        "nx": "import networkx as nx",
        "sp": "import scipy as sp",
        "stats": "from scipy import stats",
        "sm": "import statsmodels.api as sm",
        "px": "import plotly.express as px",
        "go": "import plotly.graph_objects as go",
        "xr": "import xarray as xr",
        "xgb": "import xgboost as xgb",
        "lgb": "import lightgbm as lgb",
        "gpd": "import geopandas as gpd",
        "pl": "import polars as pl",
        "dd": "import dask.dataframe as dd",
        "da": "import dask.array as da",
        "pa": "import pyarrow as pa",
        "sa": "import sqlalchemy as sa",
        "st": "import streamlit as st",
        "alt": "import altair as alt",
        "hv": "import holoviews as hv",
        "cv2": "import cv2",
        "tqdm": "from tqdm.auto import tqdm",
        "Path": "from pathlib import Path",
        "datetime": "from datetime import datetime",
        "timedelta": "from datetime import timedelta",
        "defaultdict": "from collections import defaultdict",
        "Counter": "from collections import Counter",
        "deque": "from collections import deque",
        "namedtuple": "from collections import namedtuple",
        "dataclass": "from dataclasses import dataclass",
        "field": "from dataclasses import field",
        "partial": "from functools import partial",
        "reduce": "from functools import reduce",
        "lru_cache": "from functools import lru_cache",
        "Enum": "from enum import Enum",
        "ABC": "from abc import ABC",
        "abstractmethod": "from abc import abstractmethod",
        "Optional": "from typing import Optional",
        "Union": "from typing import Union",
        "Any": "from typing import Any",
        "List": "from typing import List",
        "Dict": "from typing import Dict",
        "Tuple": "from typing import Tuple",
        "Callable": "from collections.abc import Callable",
        "Decimal": "from decimal import Decimal",
        "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
        "ProcessPoolExecutor": "from concurrent.futures import ProcessPoolExecutor",
        "train_test_split": "from sklearn.model_selection import train_test_split",
        "StandardScaler": "from sklearn.preprocessing import StandardScaler",
        "display": "from IPython.display import display",
    }
)
#: What other languages and Python 2 call what Python has under another name.
_WORDS = MappingProxyType(
    {
        "true": "True",
        "false": "False",
        "null": "None",
        "none": "None",
        "nil": "None",
        "undefined": "None",
        "NULL": "None",
        "nan": "float('nan')",
        "NaN": "float('nan')",
        "inf": "float('inf')",
        "xrange": "range",
        "raw_input": "input",
        "unicode": "str",
        "basestring": "str",
        "long": "int",
        "unichr": "chr",
    }
)
_MODULES = frozenset(name for name in sys.stdlib_module_names if name[0] != "_" and len(name) > 1)
_ATTRIBUTE, _OWNER = (vars(AttributeError)[name].__get__ for name in ("name", "obj"))
_HINT = ". Did you "
_MISSING_LABELS = re.compile(r"\['([^']{1,100})'")


def name_error(said: Said, seen: Seen, around: Around) -> Said:
    """Say which name was meant, or which import is forgotten."""
    told, found, hint = said.why.partition(_HINT)
    name = quoted(told)
    fix = f"define {name or 'it'} first: run the cell that does, import it, or correct the spelling"
    said = said._replace(why=told, fix=fix)
    if not name:
        return said
    if line := ALIASES.get(name):
        return said._replace(
            fix=f"add the line: {line}", evidence=(f"{name} is the usual name for that import",)
        )
    if word := _WORDS.get(name):
        return _instead(said, name, word, is_clear=True)
    if (found and hint.startswith("forget to import ")) or name in _MODULES:
        return said._replace(fix=f"add the line: import {name}")
    if found and (meant := quoted(hint) or _dotted(hint)):
        return _instead(said, name, meant, is_clear=True)
    return _near(said, name, objects.names_at(seen.at)) if seen.at else said


def attribute(said: Said, seen: Seen, around: Around) -> Said:
    """Say which attribute was meant, what replaced it, or that there was no object."""
    told, found, hint = said.why.partition(_HINT)
    owner, name = quoted(told), quoted(told.partition(" has no attribute ")[2])
    name = name or (told if is_name(told) else "")  # an Enum says no more than that
    said = said._replace(why=told)
    if owner == "NoneType":
        return said._replace(
            fix=f"check for None before .{name or 'it'}: what stands before it gave no result"
        )
    if owner:
        said = said._replace(fix=f"look in dir({owner}) for the name that was meant")
    if found and (meant := quoted(hint)):
        return _instead(said, name or "it", meant, is_clear=bool(name))
    if told.startswith("module "):  # a file of that name, or another version, would say the same
        said = said._replace(confidence="likely")
    error: Any = seen.error
    if error is None or not is_a(error, AttributeError):
        return said
    name = name or _text(_ATTRIBUTE(error))
    value = _OWNER(error)
    if value is None or not is_name(name):
        return said
    return _near(said, name, _public(objects.names_of(value), name))


def key(said: Said, seen: Seen, around: Around) -> Said:
    """Say which key was meant, of the very object that was asked."""
    told = seen.message
    if told and seen.type_name.rpartition(".")[2] == "KeyError" and not told.startswith('"'):
        fix = f"look at the keys that are there, or use .get({told})"
        said = said._replace(why=f"the key {told} is not there", fix=fix)
    asked = _asked_key(told, seen)
    found = objects.subscripted(seen.at) if seen.at and asked else None
    if not found:
        return said
    value, name = found
    keys = objects.keys_of(value)
    if asked in keys:  # the line is not about this object
        return said
    if rows := objects.labels_of(value, 0):
        keys = keys + rows
    said = _near(said, asked, keys, repr(asked))
    of = f"{name} is a {objects.describe(value)}"
    return said._replace(evidence=(*said.evidence, of))


def argument(said: Said, seen: Seen, around: Around) -> Said:
    """Say which parameter of the called function was meant."""
    told, found, hint = said.why.partition(_HINT)
    name = quoted(told)
    said = said._replace(why=told, fix=f"take {name or 'it'} out of that call")
    if found and (meant := quoted(hint)):
        return _instead(said, name or "it", meant, is_clear=bool(name))
    if not seen.at or not name:
        return said
    function = objects.called(seen.at)
    if type(function) is MethodType:
        function = function.__func__
    if type(function) is not FunctionType:
        return said
    code = function.__code__
    return _near(said, name, code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def imported_name(said: Said, seen: Seen, around: Around) -> Said:
    """Say which name of the module was meant."""
    told, found, hint = said.why.partition(_HINT)
    name, module = quoted(told), quoted(told.partition(" from ")[2])
    fix = (
        f"look in dir({module or 'the module'}) for the name that was meant, or install a version that has it"
    )
    said = said._replace(why=told, fix=fix)
    if found and (meant := quoted(hint)):
        return _instead(said, name or "it", meant, is_clear=bool(name))
    if new := replacement(told, module, name):
        return said._replace(fix=f"use {new} instead of {name}")
    loaded = sys.modules.get(module) if seen.error is not None else None
    if type(loaded) is not ModuleType:
        return said
    return _near(said, name, _public(objects.names_of(loaded), name))


def is_removed(message: str) -> bool:
    """Return whether a message asks for an attribute that is known to have been taken away."""
    owner, _, name = message.partition(" has no attribute ")
    return bool(replacement(owner, quoted(owner), quoted(name)))


def removed(said: Said, seen: Seen, around: Around) -> Said:
    """Say what replaced it."""
    told = said.why.partition(_HINT)[0]
    owner, name = quoted(told), quoted(told.partition(" has no attribute ")[2])
    return said._replace(why=told, fix=f"use {replacement(told, owner, name)} instead of {name}")


def is_shadowed(message: str) -> bool:
    """Return whether a half-imported module has the name of one of Python's own, which it hides."""
    half = message.partition("partially initialized module ")[2]
    return quoted(half) in _MODULES


def is_of_own_file(message: str) -> bool:
    """Return whether `cannot import name` speaks of a file that is not Python's, of a name that is."""
    told = message.partition(" from ")[2]
    path = told.partition("' (")[2].rpartition(")")[0]
    return quoted(told) in _MODULES and path.endswith(".py") and not is_library(path)


def shadowed(said: Said, seen: Seen, around: Around) -> Said:
    """Say which file to rename."""
    module = quoted(said.why.partition("module ")[2]) or quoted(said.why.partition(" from ")[2])
    return said._replace(fix=f"rename {module or 'it'}.py: it hides Python's own module")


def _near(said: Said, name: str, names: Any, written: str = "") -> Said:
    found, is_clear = nearest(name, names)
    if not found:
        return said
    shown = [repr(one) if written else one for one in found if one.isprintable()]
    said = said._replace(evidence=(*said.evidence, f"nearest: {', '.join(shown)}"))
    return _instead(said, written or name, shown[0], is_clear=is_clear) if shown else said


def _instead(said: Said, wrong: str, right: str, *, is_clear: bool) -> Said:
    """Return the same with the right name as the fix, and as an action where it is clearly meant."""
    if not is_clear:
        return said._replace(fix=f"write {right} instead of {wrong}, if that is meant")
    action = Action(kind="replace", values=(wrong, right)) if wrong != "it" else None
    return said._replace(fix=f"write {right} instead of {wrong}", action=action)


def _asked_key(message: str, seen: Seen) -> str:
    """Return the text that was asked for as a key, or ""."""
    arguments = arguments_of(seen.error) if seen.error is not None else ()
    if len(arguments) == 1 and type(arguments[0]) is str and seen.type_name.endswith("KeyError"):
        message = arguments[0]
        listed = _MISSING_LABELS.search(message)
        return listed[1] if listed else message
    _, found, field = message.rpartition("no field of name ")
    return field if found else ""


def _public(names: list[str], asked: str) -> list[str]:
    return [name for name in names if not name.startswith("_") or asked.startswith("_")]


def _dotted(hint: str) -> str:
    """Return a suggestion such as self.size."""
    name = hint.partition("'")[2].partition("'")[0]
    return name if is_name(name.replace(".", "_")) else ""


def _text(value: object) -> str:
    return value if type(value) is str else ""
