"""What is to be live, on disk: written whole, and safe there before anybody is told that it is so."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import plainfile
from ...errors import PhaseError, UsageError
from .instance import Instance, instance_from_json
from .routes import NOWHERE, Routes, routes_from_json

FILE = "state.json"
VERSION = 1
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is to be live. `fence` is the highest that a switch was asked for with."""

    host: str = "127.0.0.1"
    port: int = 0
    fence: int = 0
    routes: Routes = NOWHERE
    instances: tuple[Instance, ...] = ()

    def with_instance(self, instance: Instance) -> Record:
        """Return this record with an instance, in place of one of its name."""
        return replace(self, instances=(*self.without(instance.release_id).instances, instance))

    def without(self, release_id: str) -> Record:
        """Return this record without an instance, and without its part of the routes."""
        kept = tuple(each for each in self.instances if each.release_id != release_id)
        return replace(self, instances=kept, routes=self.routes.without(release_id))


def load(folder: Path) -> Record | None:
    """Return the record in a folder, None where there is none.

    Raises
    ------
    PhaseError
        It cannot be read: what is not known cannot be made live again.
    """
    path = folder / FILE
    try:
        data = json.loads(plainfile.text(path))
        if data["version"] != VERSION:
            raise ValueError(f"it is of version {data['version']!r}")
        return Record(
            host=str(data["host"]),
            port=int(data["port"]),
            fence=int(data["fence"]),
            routes=routes_from_json(data["routes"]),
            instances=tuple(map(instance_from_json, data["instances"])),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise PhaseError(
            f"{path} cannot be read", why=str(error), fix="remove it, and deploy the service again"
        ) from error


def save(folder: Path, record: Record) -> None:
    """Write a record, so that after a power cut there is this one or the one before.

    Raises
    ------
    OSError
        It cannot be written; the one before is still there.
    """
    data = {
        "version": VERSION,
        "host": record.host,
        "port": record.port,
        "fence": record.fence,
        "routes": record.routes.to_json(),
        "instances": [each.to_json() for each in record.instances],
    }
    write_whole(folder / FILE, data)


def write_whole(path: Path, data: Any) -> None:
    """Write JSON into a file of this user's in place of what is there; the errors are those of `save`."""
    beside = path.with_name(f"{path.name}.new")
    file = os.open(beside, _FLAGS, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        json.dump(data, stream)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
