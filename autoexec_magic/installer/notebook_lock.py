"""The lock of a notebook: which distributions it needs, in which version, from which bytes.

It stands in the notebook's metadata (`KEY`), in a form of its own, because it
says more than a PEP 723 block can: the hash of every wheel. Beside it stands
that block as text, `script`, for whoever runs or exports the notebook with uv;
juv reads the same text from a code cell. Distributions that the notebook
imports are the block's dependencies; what these need in turn stands below
`[tool.uv]` as constraints, so that uv, too, takes these versions.

A lock is other people's data, since whoever sends a notebook sends its lock:
`of_value` takes nothing from it but names, versions and digests. It never says
where packages come from; `indexes` is only shown.

Pure: no environment, no network, no disk.

References
----------
PEP 723, inline script metadata; PEP 503, normal names; PEP 440, versions;
https://docs.astral.sh/uv/reference/settings/#constraint-dependencies
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError
from .known import normal

KEY = ("autoexec", "lock")  #: where it stands in a notebook's metadata
FORMAT = 1
MOST_PACKAGES = 2_000
MOST_HASHES = 1_000
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")  # PEP 508
_VERSION_CHARS = 100
_HASH = re.compile(r"[0-9a-f]{64}")
_PYTHON = re.compile(r"3\.\d{1,3}")
# PEP 723, its own expression.
_BLOCK = re.compile(r"(?m)^# /// script[ \t]*\r?$\n(?:^#(?:| .*)\r?$\n)+?^# ///[ \t]*(?=\r?$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A distribution by its normal name; `hashes` are the SHA-256 of its release's files, in hex, sorted."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def pin(self) -> str:
        """`NAME==VERSION`."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What a notebook needs.

    `packages` are sorted by name; `direct` names those that it imports itself.
    `python` is the version that they were chosen for, as `3.11`; `indexes` are
    where they came from, without credentials.
    """

    python: str
    packages: tuple[Locked, ...]
    direct: tuple[str, ...]
    indexes: tuple[str, ...] = ()


def locked(python: str, packages: Iterable[Locked], direct: Iterable[str], indexes: Iterable[str]) -> Lock:
    """Return a lock, its parts in their order."""
    rows = tuple(sorted(packages, key=lambda row: row.name))
    names = {row.name for row in rows}
    return Lock(
        python=python,
        packages=rows,
        direct=tuple(sorted({normal(name) for name in direct} & names)),
        indexes=tuple(dict.fromkeys(indexes)),
    )


def as_value(lock: Lock) -> dict[str, Any]:
    """Return a lock as JSON has it, its keys in alphabetical order, as Jupyter writes them."""
    return {
        "direct": list(lock.direct),
        "indexes": list(lock.indexes),
        "packages": [
            {"hashes": list(row.hashes), "name": row.name, "version": row.version} for row in lock.packages
        ],
        "python": lock.python,
        "script": script(lock),
        "version": FORMAT,
    }


def of_value(value: object, where: str) -> Lock:
    """Return the lock that a notebook's metadata hold.

    Parameters
    ----------
    value : object
        What JSON gave.
    where : str
        The notebook's name, for messages.

    Raises
    ------
    UsageError
        It is no lock of a known format, or holds what a lock does not hold: a
        name or a version that is none, an address, an option, no digest.
    """
    if not isinstance(value, dict):
        raise UsageError(f"{where} has no lock", fix=f"%autoexec fix {where}")
    if value.get("version") != FORMAT or isinstance(value["version"], bool):
        raise _no_lock(where, "it was written in another format")
    rows, python = value.get("packages"), value.get("python")
    if not isinstance(rows, list) or len(rows) > MOST_PACKAGES:
        raise _no_lock(where, f"`packages` is no list of at most {MOST_PACKAGES:,}")
    if not isinstance(python, str) or not _PYTHON.fullmatch(python):
        raise _no_lock(where, "`python` is no version such as 3.11")
    packages = [_row(row, where) for row in rows]
    names = {row.name for row in packages}
    if len(names) != len(packages):
        raise _no_lock(where, "it names a distribution twice")
    direct = value.get("direct")
    told = [name for name in direct if isinstance(name, str)] if isinstance(direct, list) else []
    return locked(python, packages, told, _shown(value.get("indexes")))


def script(lock: Lock) -> str:
    r"""Return a lock as a PEP 723 block, with a line end after it.

    Examples
    --------
    >>> print(script(locked("3.11", [Locked(name="six", version="1.17.0", hashes=())], ["six"], [])))
    # /// script
    # requires-python = ">=3.11"
    # dependencies = [
    #     "six==1.17.0",
    # ]
    # ///
    <BLANKLINE>
    """
    direct = [row.pin for row in lock.packages if row.name in lock.direct]
    others = [row.pin for row in lock.packages if row.name not in lock.direct]
    lines = [f'requires-python = ">={lock.python}"', *_array("dependencies", direct)]
    if others:
        lines += ["", "[tool.uv]", *_array("constraint-dependencies", others)]
    commented = [f"# {line}".rstrip() for line in lines]
    return "\n".join(["# /// script", *commented, "# ///", ""])


def requirements(lock: Lock) -> str:
    """Return a lock as a requirements file, each line with its hashes, for pip and uv."""
    lines = []
    for row in lock.packages:
        lines.append(" \\\n    ".join([row.pin, *(f"--hash=sha256:{digest}" for digest in row.hashes)]))
    return "".join(f"{line}\n" for line in lines)


def block_of(source: str) -> tuple[int, int] | None:
    """Return where the one PEP 723 script block of a source is, or None.

    Examples
    --------
    >>> block_of("x = 1") is None
    True
    """
    found = list(_BLOCK.finditer(source))
    return found[0].span() if len(found) == 1 else None


def _array(key: str, items: list[str]) -> list[str]:
    if not items:
        return [f"{key} = []"]
    return [f"{key} = [", *(f'    "{item}",' for item in items), "]"]


def _row(row: object, where: str) -> Locked:
    from packaging.version import InvalidVersion, Version

    if not isinstance(row, Mapping):
        raise _no_lock(where, "a row of it is no table")
    name, version, hashes = row.get("name"), row.get("version"), row.get("hashes")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _no_lock(where, f"{_told(name)} is no name of a distribution")
    try:
        if not isinstance(version, str) or len(version) > _VERSION_CHARS or not version.isascii():
            raise InvalidVersion(_told(version))
        parsed = str(Version(version))
    except InvalidVersion as error:
        raise _no_lock(where, f"{_told(version)} is no version of {name}") from error
    if not isinstance(hashes, list) or not 0 < len(hashes) <= MOST_HASHES:
        raise _no_lock(where, f"{name} has no hashes")
    if not all(isinstance(digest, str) and _HASH.fullmatch(digest) for digest in hashes):
        raise _no_lock(where, f"a hash of {name} is no SHA-256 in hex")
    return Locked(name=normal(name), version=parsed, hashes=tuple(sorted(set(hashes))))


def _shown(indexes: object) -> list[str]:
    """Return addresses that are only shown: without credentials, and none that could not be one."""
    from .sources import without_credentials

    texts = [text for text in indexes if isinstance(text, str)] if isinstance(indexes, list) else []
    plain = [text for text in texts[:20] if len(text) < 500 and text.isascii() and text.isprintable()]
    found = []
    for text in plain:
        try:
            found.append(without_credentials(text))
        except ValueError:
            continue
    return found


def _told(text: object) -> str:
    """Return other people's text as it may be shown."""
    return ascii(text)[:60]


def _no_lock(where: str, why: str) -> UsageError:
    return UsageError(f"the lock of {where} cannot be used", why=why, fix=f"%autoexec fix {where}")
