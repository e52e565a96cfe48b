"""Secrets by reference: where each value is kept, and a version that tells values apart and gives none away.

The version is a keyed digest (HMAC-SHA-256, RFC 2104) with a key of this
user's own: without the key nobody can try values against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .. import plainfile
from ..errors import UsageError
from ..releasefacts import Secret

KEY = "secret-versions.key"
_KEY_BYTES = 32


def resolved(
    wanted: Sequence[Secret], folder: Path, data: Path, variables: Mapping[str, str] = os.environ
) -> tuple[tuple[Secret, ...], dict[str, str]]:
    """Return the secrets with the versions of their values, and the values by name.

    Parameters
    ----------
    wanted : sequence of Secret
        Their references are `env:NAME` or `file:PATH`, a relative one from `folder`.
    folder : Path
        The project's.
    data : Path
        Where the key is kept; made when it is needed first.
    variables : mapping, optional
        The environment.

    Raises
    ------
    UsageError
        One is not there, or its reference is none.
    """
    found = {each.name: _value(each, folder, variables) for each in wanted}
    key = _key(data) if found else b""
    return tuple(replace(each, version=_version(key, found[each.name])) for each in wanted), found


def still_there(
    wanted: Sequence[Secret], folder: Path, data: Path, variables: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the values, by name, of those secrets that still have the version that they say."""
    found: dict[str, str] = {}
    for each in wanted:
        try:
            (now,), values = resolved((each,), folder, data, variables)
        except UsageError:
            continue
        if now.version == each.version:
            found |= values
    return found


def _value(secret: Secret, folder: Path, variables: Mapping[str, str]) -> str:
    kind, _, place = secret.reference.partition(":")
    if kind == "env" and place:
        if place not in variables:
            raise UsageError(
                f"the secret {secret.name} is not there", why=f"{place} is not set", fix=f"%env {place}=…"
            )
        return variables[place]
    if kind == "file" and place:
        path = folder / Path(place).expanduser()
        try:
            return plainfile.text(path).removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise UsageError(
                f"the secret {secret.name} cannot be read", why=f"{path}: {why}", fix="look at that file"
            ) from error
    # what stands there may be the value itself: it is not told
    raise UsageError(
        f"the secret {secret.name} has no reference",
        why="it says where the value is kept, and is not the value",
        fix=f"{secret.name} = 'env:NAME' or 'file:PATH'",
    )


def _version(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]


def _key(data: Path) -> bytes:
    """Return this user's key, made once."""
    path = data / KEY
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{KEY}.{os.getpid()}")
    for _ in range(2):
        try:
            found = path.read_bytes()
        except FileNotFoundError:
            found = b""
        if len(found) == _KEY_BYTES:
            return found
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(_KEY_BYTES))
        try:
            os.link(part, path)  # whoever is first; another one reads that
        except FileExistsError:
            if len(path.read_bytes()) != _KEY_BYTES:
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path.read_bytes()
