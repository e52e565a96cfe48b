"""Which distributions a module may come from: the hand-kept table, then the built indexes.

The table is kept by hand and wins where it has a row. `candidates` puts
everything together that is known on this machine, best first; what of it is
evidence, `decide` says.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

PLACE = Path(__file__).with_name("known.toml")
Source = Literal["kept", "own", "debian", "pigar", "name"]


@dataclass(frozen=True, slots=True)
class Known:
    """A row: `module` comes from `distribution`; `proved` is a version looked into, or "".

    `also` are others that bring the module; where `is_open`, any of them may be meant.
    """

    module: str
    distribution: str
    proved: str = ""
    also: tuple[str, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A distribution that may hold `module`, and who says so.

    `source` is the hand-kept table, an organisation's own index, Debian's
    package contents, the database of the extra `index`, or nobody but the module's
    own name. `uses` is how many
    projects depend on it where the source counts that, else 0. `proved` is a
    version whose wheel was looked into, or "". `is_apart` marks what is made
    for one system; `is_rival` what is listed and never chosen.
    """

    module: str
    distribution: str
    source: Source
    uses: int = 0
    proved: str = ""
    is_apart: bool = False
    is_rival: bool = False


@functools.cache
def table() -> Mapping[str, Known]:
    """Return all rows with one answer, by module; read once, at first use."""
    content = _content()
    rows = {module: _known(module, row) for module, row in content["hard"].items()}
    rows |= {name: Known(name, name) for name in content["same"]["names"].split()}
    return MappingProxyType(rows)


@functools.cache
def open_table() -> Mapping[str, Known]:
    """Return the rows of modules that any of several projects may be meant by."""
    rows = {module: _known(module, row, is_open=True) for module, row in _content()["open"].items()}
    return MappingProxyType(rows)


def date() -> str:
    """Return the day on which the table's versions were looked into, as `YYYY-MM-DD`."""
    return str(_content()["date"])


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


def candidates(module: str) -> tuple[Entry, ...]:
    """Return everything that is known to hold `module`, or the nearest package above it, best first.

    A name of an organisation's own index is answered from there alone.

    Examples
    --------
    >>> [entry.distribution for entry in candidates("sklearn.svm")][0]
    'scikit-learn'
    >>> [entry.distribution for entry in candidates("zope.interface")][0]
    'zope-interface'
    """
    from . import index

    own = index.own_entries(module)
    if own:
        return own
    found = next((entries for name in upwards(module) if (entries := _ours(name))), ())
    ruled = _family(module)
    if ruled and (not found or (len(found[0].module) < len(ruled[0].module) and "." in ruled[0].module)):
        found = ruled  # apache-airflow holds airflow, and not airflow.providers.ssh
    if "." in (found[0].module if found else "") or index.is_namespace(module.partition(".")[0]):
        return found  # the extra knows top-level names alone, and everybody has a part of a namespace
    names = {normal(entry.distribution) for entry in found}
    more = index.extra_entries(module.partition(".")[0])
    return (*found, *(entry for entry in more if normal(entry.distribution) not in names))


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


@functools.cache
def plain() -> frozenset[str]:
    """Return the words that people give to their own files: a project of that name is rarely meant."""
    return frozenset(_content()["plain"]["names"].split())


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


@functools.cache
def _content() -> dict[str, Any]:
    return tomllib.loads(PLACE.read_text("utf-8"))


def _ours(module: str) -> tuple[Entry, ...]:
    """Return the entries of exactly `module`, from the table and from Debian's contents."""
    from . import index

    row = table().get(module) or open_table().get(module)
    kept = _entries(row) if row else ()
    names = {normal(entry.distribution) for entry in kept}
    is_settled = row is not None and not row.is_open
    rest = (entry for entry in index.debian_entries(module) if normal(entry.distribution) not in names)
    return (*kept, *(replace(entry, is_rival=entry.is_rival or is_settled) for entry in rest))


def _family(module: str) -> tuple[Entry, ...]:
    """Return what the rule of a family of distributions says; the longest rule that fits counts."""
    for pattern, name in sorted(_content()["families"].items(), key=lambda item: -len(item[0])):
        fits = re.match(
            re.escape(pattern).replace(r"\{\}", r"([^\W_][^\W\d_]*(?:_?[^\W_]+)*)") + r"(?:\.|$)", module
        )
        if fits:
            part = re.sub(r"_v\d\w*$", "", fits[1]).replace("_", "-")
            whole = fits[0].rstrip(".")
            return (Entry(module=whole, distribution=name.replace("{}", part), source="kept", is_rival=True),)
    return ()


def _entries(row: Known) -> tuple[Entry, ...]:
    first = Entry(module=row.module, distribution=row.distribution, source="kept", proved=row.proved)
    others = (replace(first, distribution=name, proved="", is_rival=not row.is_open) for name in row.also)
    return (first, *others)


def _known(module: str, row: dict[str, Any], *, is_open: bool = False) -> Known:
    return Known(module, row["distribution"], row.get("proved", ""), tuple(row.get("also", ())), is_open)
