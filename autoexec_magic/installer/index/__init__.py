"""Which module comes from which distribution: the shipped index, an organisation's own, and the extra.

The shipped file was made from Debian's own package contents (`building`); an
organisation adds its own lists with `index build`, and the names in them are
private: they are answered from there and never looked for anywhere else. The
extra `index` (PyPI `pigar`) is read where it is installed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...config import data_dir
from ..known import Entry, normal, upwards
from . import extra
from .table import Row, Table

__all__ = [
    "OWN_FOLDER",
    "Coverage",
    "coverage",
    "debian_entries",
    "described",
    "extra_entries",
    "is_namespace",
    "is_own",
    "own_entries",
    "own_path",
]

OWN_FOLDER = "index"  # below the data directory
_SHIPPED = Path(__file__).with_name("modules.tsv")
# Of several that hold a module, those with less than a fifth of the first one's uses are only listed.
COMPARABLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one index says of itself."""

    name: str
    path: str
    date: str
    modules: int
    distributions: int
    sources: str


def own_path(name: str = "own.tsv") -> Path:
    """Return where an organisation's own index is kept."""
    return data_dir() / OWN_FOLDER / name


def is_own(module: str) -> bool:
    """Whether a module, or a package above it, is in an organisation's own index.

    Such a name is private: it is never looked for on a public index.
    """
    return bool(own_entries(module))


def own_entries(module: str) -> tuple[Entry, ...]:
    """Return what an organisation's own indexes say of `module` or the nearest package above it."""
    tables = _own_tables()
    for name in upwards(module) if tables else ():
        rows = [row for table in tables for row in table.rows(name)]
        if rows:
            return tuple(dict.fromkeys(_entry(row, is_own=True) for row in rows))
    return ()


def debian_entries(module: str) -> tuple[Entry, ...]:
    """Return what the shipped index says of exactly `module`, most used first."""
    rows = sorted(_shipped().rows(module), key=lambda row: (row.is_apart, -row.uses, row.distribution))
    most = max((row.uses for row in rows), default=0)
    return tuple(
        _entry(row, is_rival=row.uses * COMPARABLE < most and normal(row.distribution) != normal(module))
        for row in rows
    )


def extra_entries(module: str) -> tuple[Entry, ...]:
    """Return what the extra `index` says of a top-level name; nothing where it is not installed."""
    claims = extra.claims(module)
    if not claims:  # to know the uses is to read the whole index
        return ()
    return tuple(
        Entry(module=module, distribution=name, source="pigar", is_rival=True)
        for name in extra.ranked(module, claims, _uses())
    )


def is_namespace(top: str) -> bool:
    """Whether several distributions share `top`, as far as the indexes know."""
    return not _shipped().rows(top) and _shipped().below(top)


def coverage() -> list[Coverage]:
    """Return what each index on this machine covers, in the order they are asked."""
    found = [_coverage("own", table) for table in _own_tables()]
    found += [_kept(), _coverage("debian", _shipped())]
    more = extra.coverage()
    return [*found, Coverage(name="pigar", **more)] if more else found


def described(path: Path) -> Coverage:
    """Return what an own index at `path` says of itself."""
    return _coverage("own", Table(path))


def _coverage(name: str, table: Table) -> Coverage:
    heads = table.heads()
    return Coverage(
        name=name,
        path=str(table.path),
        date=heads.get("date", ""),
        modules=int(heads.get("modules", 0)),
        distributions=int(heads.get("distributions", 0)),
        sources=heads.get("sources", ""),
    )


def _kept() -> Coverage:
    """Return what the table that is kept by hand says of itself."""
    from .. import known

    rows = [*known.table().values(), *known.open_table().values()]
    return Coverage(
        name="kept",
        path=str(known.PLACE),
        date=known.date(),
        modules=len(rows),
        distributions=len({known.normal(row.distribution) for row in rows}),
        sources="by hand; of a hard name the wheel was looked into",
    )


def _entry(row: Row, *, is_own: bool = False, is_rival: bool = False) -> Entry:
    return Entry(
        module=row.module,
        distribution=row.distribution,
        source="own" if is_own else "debian",
        uses=row.uses,
        is_apart=row.is_apart and not is_own,
        is_rival=is_rival,
    )


@functools.cache
def _shipped() -> Table:
    return Table(_SHIPPED)


@functools.cache
def _uses() -> Mapping[str, int]:
    """Return how much Debian uses each distribution; the whole file is read, for the extra's sake."""
    return {row.distribution: row.uses for row in _shipped().all_rows()}


def _own_tables() -> list[Table]:
    """Return the own indexes that are there now; one that was built again is opened again."""
    folder = data_dir() / OWN_FOLDER
    try:
        paths = sorted(folder.glob("*.tsv"))
    except OSError:
        return []
    return [_opened(path, path.stat().st_mtime_ns) for path in paths]


@functools.lru_cache(maxsize=16)
def _opened(path: Path, _mtime_ns: int) -> Table:
    return Table(path)
