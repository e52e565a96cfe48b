"""What was found out about wheels and projects, kept, so that it need not be found out again.

A **proof** is what a wheel with a certain SHA-256 holds: it stays true for
ever, or until a look finds more (`wheel.LOOKS`). A **choice** is which wheel
an index had for a query: it counts for a limited time, within which a release
may be withdrawn or a project put into quarantine. What depends on this
environment (whose files would be replaced) is never kept.

Only a folder that nobody else can write is believed, and in it only files
that are whole: each begins with the digest of the rest, and is replaced as a
whole. That the bytes installed are those of the proof is for the installer to
check, by their hash.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import stat
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .choice import Chosen, File
from .installed import claims, overwrites
from .known import normal
from .query import Found, Query
from .sources import Sources
from .wheel import LOOKS, Inside, holds
from .wheels import Wheels

FORMAT = 2
MOST_BYTES = 16 * 2**20
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """The wheel that an index had; `at` is when it said so, in seconds since 1970."""

    version: str
    filename: str
    sha256: str
    index: str
    released: str = ""
    first_released: str = ""
    is_newest_known: bool = False
    notice: str = ""
    releases: int | None = None
    is_yanked: bool = False
    at: float = 0.0


class Store:
    """What is kept beside the wheels in `wheels`."""

    def __init__(self, wheels: Path) -> None:
        self.wheels = Wheels(wheels)
        self._folder = wheels.with_name("proofs")

    def proof(self, sha256: str) -> Inside | None:
        """Return what the wheel with this hash holds, or None where nobody looked."""
        body = self._read(f"{sha256}.wheel") if _DIGEST.fullmatch(sha256) else None
        return _built(Inside, body) if body and body.pop("looks", None) == LOOKS else None

    def keep_proof(self, sha256: str, inside: Inside) -> None:
        """Keep what a wheel holds."""
        self._write(f"{sha256}.wheel", {**asdict(inside), "looks": LOOKS})

    def keep_choice(self, query: Query, scope: str, found: Found) -> None:
        """Keep which wheel there was; `scope` is `scope_of` the search."""
        body = {name: getattr(found, name) for name in (each.name for each in fields(Pick)) if name != "at"}
        self._write(f"{_key(query, scope)}.choice", {**body, "at": time.time()})

    def recall(self, query: Query, scope: str, *, most_seconds: float) -> Found | None:
        """Return what was found for `query` within `most_seconds`, and is still here, or None."""
        body = self._read(f"{_key(query, scope)}.choice")
        kept = _built(Pick, body) if body else None
        if kept is None or not 0 <= time.time() - kept.at <= most_seconds:
            return None
        inside, path = self.proof(kept.sha256), self.wheels.path(kept.sha256)
        if inside is None or path is None or path.name != kept.filename:
            return None
        self.wheels.touch(kept.sha256)
        chosen = Chosen(
            file=File(
                filename=kept.filename,
                url="",
                version=kept.version,
                sha256=kept.sha256,
                is_yanked=kept.is_yanked,
            ),
            released=kept.released,
            first_released=kept.first_released,
            is_newest_known=kept.is_newest_known,
            releases=kept.releases,
        )
        return answer(query, chosen, inside, path, index=kept.index, sha256=kept.sha256, notice=kept.notice)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            folder = os.lstat(self._folder)
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not (_is_ours(folder) and _is_ours(os.fstat(descriptor))):
                return None
            content = file.read(MOST_BYTES)
        digest, _, body = content.partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        try:
            values = json.loads(body)
        except ValueError:
            return None
        return values if isinstance(values, dict) else None

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep `values`; a disk that is full only makes the next time slower."""
        body = json.dumps(values, separators=(",", ":")).encode()
        if len(body) > MOST_BYTES - 100:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
                Path(part).replace(self._folder / name)
            except BaseException:
                Path(part).unlink(missing_ok=True)
                raise

    def prune(self, most_bytes: float) -> None:
        """Remove the wheels that were not used for longest, and what is known of no wheel here."""
        self.wheels.prune(most_bytes)
        limit = time.time() - 30 * 86_400
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                is_orphan = path.suffix == ".wheel" and self.wheels.path(path.stem) is None
                if is_orphan or (path.suffix == ".choice" and path.stat().st_mtime < limit):
                    path.unlink(missing_ok=True)


def scope_of(sources: Sources, release_age_days: float) -> str:
    """Return what an index's answer depends on besides the query: all of it, as one digest."""
    parts = (
        FORMAT,
        sources.indexes,
        sources.find_links,
        release_age_days,
        sys.implementation.cache_tag,
        sys.version_info[:3],
        _platform(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def answer(
    query: Query, chosen: Chosen, inside: Inside, path: Path, *, index: str, sha256: str, notice: str = ""
) -> Found:
    """Return what there is to say of the wheel at `path`, in this environment."""
    return Found(
        distribution=query.distribution,
        exists=True,
        index=index,
        version=chosen.file.version,
        filename=chosen.file.filename,
        sha256=sha256,
        held=tuple(module for module in query.modules if holds(inside.names, module)),
        tops=inside.tops,
        pth=inside.pth,
        faults=inside.faults,
        overwrites=overwrites(path, inside, query.distribution),
        claims=claims(inside, query.distribution),
        notice=notice,
        released=chosen.released,
        first_released=chosen.first_released,
        releases=chosen.releases,
        summary=inside.summary,
        is_newest_known=chosen.is_newest_known,
        is_yanked=chosen.file.is_yanked,
    )


@functools.cache
def _platform() -> str:
    return sysconfig.get_platform()


def _key(query: Query, scope: str) -> str:
    parts = (scope, normal(query.distribution), query.specifier, query.newest_known)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _built(kind: type[Any], body: Mapping[str, Any]) -> Any:
    """Return `body` as the value it was, or None where it is of another version."""
    try:
        return kind(**{name: tuple(each) if isinstance(each, list) else each for name, each in body.items()})
    except TypeError:
        return None
