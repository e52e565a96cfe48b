"""Secrets as files in a container, written before it starts: `docker inspect` shows where, not what.

They stay in the container while it is there, also stopped: an older release that
is kept for a rollback keeps its versions. From there they are read again
where a container of the same release has to be made anew.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

from ...dockerengine import Client
from ...errors import DeployError

FOLDER = "/run/secrets"
_MOST_BYTES = 1 << 20
_MODE, _FOLDER_MODE = 0o400, 0o755


def path_of(name: str) -> str:
    """Return where a secret is inside its container."""
    return f"{FOLDER}/{name}"


def write(client: Client, container: str, values: Mapping[str, str], user: str) -> None:
    """Write the values into a container that was not started yet, for its user alone.

    Raises
    ------
    DeployError
        The image does not know its user.
    """
    uid, gid = owner_of(client, container, user)
    folders = [each for each in ("/run", FOLDER) if not _is_there(client, container, each)]
    with io.BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            for folder in folders:
                item = tarfile.TarInfo(folder.lstrip("/"))
                item.type, item.mode = tarfile.DIRTYPE, _FOLDER_MODE
                tar.addfile(item)
            for name, value in values.items():
                content = value.encode("utf-8", "surrogateescape")
                item = tarfile.TarInfo(path_of(name).lstrip("/"))
                item.size, item.mode, item.uid, item.gid = len(content), _MODE, uid, gid
                tar.addfile(item, io.BytesIO(content))
        client.put_archive(container, "/", stream.getvalue())


def read(client: Client, container: str, name: str) -> str | None:
    """Return a value that a container has, None where it has it not."""
    content = _file(client, container, path_of(name))
    return None if content is None else content.decode("utf-8", "surrogateescape")


def owner_of(client: Client, container: str, user: str) -> tuple[int, int]:
    """Return the ids of an image's user ("app", "app:staff", "1000", "1000:1000"), and of its group.

    Raises
    ------
    DeployError
        The image does not know it.
    """
    name, _, group = user.partition(":")
    uid = gid = 0
    if name.isdecimal():
        uid = int(name)
    entry = _entry(_lines(client, container, "/etc/passwd"), name) if name else None
    if entry:
        uid, gid = int(entry[2]), int(entry[3])
    elif name and not name.isdecimal():
        raise DeployError(
            f"the image runs as {name}, whom its /etc/passwd does not have",
            why="its secrets could be given to nobody",
            fix="USER with a number, in its Dockerfile",
        )
    if group.isdecimal():
        gid = int(group)
    elif group and (found := _entry(_lines(client, container, "/etc/group"), group)):
        gid = int(found[2])
    return uid, gid


def _entry(lines: Iterable[str], name: str) -> list[str] | None:
    """Return the parts of the line of a user or a group, by its name or number (passwd(5), group(5))."""
    for line in lines:
        parts = line.split(":")
        if len(parts) > 3 and name in (parts[0], parts[2]) and parts[2].isdecimal():
            return parts
    return None


def _lines(client: Client, container: str, path: str) -> list[str]:
    return (_file(client, container, path) or b"").decode("utf-8", "replace").splitlines()


def _is_there(client: Client, container: str, path: str) -> bool:
    from docker.errors import NotFound

    try:
        stream, _ = client.get_archive(container, path)
    except NotFound:
        return False
    _closed(stream)
    return True


def _file(client: Client, container: str, path: str) -> bytes | None:
    from docker.errors import NotFound

    try:
        stream, about = client.get_archive(container, path)
    except NotFound:
        return None
    if about.get("size", 0) > _MOST_BYTES or about.get("linkTarget"):
        _closed(stream)
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        for item in tar:
            if item.isfile() and (opened := tar.extractfile(item)) is not None:
                return opened.read()
    return None


def _closed(stream: Any) -> None:
    """Read no more of what the engine sends."""
    stream.close()
