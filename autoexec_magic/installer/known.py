"""The hand-kept table: which distribution a module is known to come from."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Known:
    """A row: `module` comes from `distribution`; `proved` is a version looked into, or ""."""

    module: str
    distribution: str
    proved: str = ""


@functools.cache
def table() -> Mapping[str, Known]:
    """Return all rows by module; read once, at first use."""
    content = tomllib.loads(Path(__file__).with_name("known.toml").read_text("utf-8"))
    rows = {
        module: Known(module, row["distribution"], row.get("proved", ""))
        for module, row in content["hard"].items()
    }
    rows |= {name: Known(name, name) for name in content["same"]["names"].split()}
    return MappingProxyType(rows)


def lookup(module: str) -> Known | None:
    """Return the row of `module`, or of the nearest package above it.

    Examples
    --------
    >>> lookup("sklearn.linear_model").distribution
    'scikit-learn'
    >>> lookup("google.cloud.storage.blob").distribution
    'google-cloud-storage'
    >>> lookup("google.cloud") is None
    True
    """
    rows = table()
    return next((rows[name] for name in upwards(module) if name in rows), None)


def upwards(module: str) -> Iterator[str]:
    """Yield a module's name and those of the packages above it.

    Examples
    --------
    >>> list(upwards("a.b.c"))
    ['a.b.c', 'a.b', 'a']
    """
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        yield ".".join(parts[:count])


def normal(name: str) -> str:
    """Return a distribution's name as indexes compare it (PEP 503).

    Examples
    --------
    >>> normal("Ruamel.YAML__clib")
    'ruamel-yaml-clib'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def of_distribution(name: str) -> Known | None:
    """Return a row whose distribution is called `name`, however it is spelt."""
    return next((row for row in table().values() if normal(row.distribution) == normal(name)), None)


def of_module(name: str) -> Known | None:
    """Return the row of the module that somebody takes for a distribution, or None.

    Examples
    --------
    >>> of_module("SKLEARN").distribution
    'scikit-learn'
    >>> of_module("requests") is None
    True
    """
    if of_distribution(name):
        return None
    return next((row for row in table().values() if normal(row.module) == normal(name)), None)
