"""Secrets by reference: where each value is kept, and a version that tells values apart and gives none away.

The version is a keyed digest (HMAC-SHA-256, RFC 2104) with a key of this
user's own: without the key nobody can try values against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .. import plainfile
from ..errors import UsageError
from ..releasefacts import Secret

KEY = "secret-versions.key"
_KEY_BYTES = 32
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")


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


def matching(
    wanted: Sequence[Secret], values: Mapping[str, str], versions: Mapping[str, str] | None
) -> dict[str, str]:
    """Return the values of these very versions: an undo must not put a new one under an old version.

    Without `versions` each value is believed to be the right one.
    """
    return {
        each.name: values[each.name]
        for each in wanted
        if each.name in values and (versions is None or versions.get(each.name) == each.version)
    }


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
    if kind == "env" and _VARIABLE.fullmatch(place):
        if place not in variables:
            raise UsageError(
                f"the secret {secret.name} is not there", why=f"{place} is not set", fix=f"%env {place}=…"
            )
        return variables[place]
    if kind == "file" and place:
        return _text(secret.name, folder, place)
    # what stands there may be the value itself: it is not told
    raise UsageError(
        f"the secret {secret.name} has no reference",
        why="it says where the value is kept, and is not the value",
        fix=f"{secret.name} = 'env:NAME' or 'file:PATH'",
    )


def _text(name: str, folder: Path, place: str) -> str:
    """Return what a file says, without its last end of a line."""
    try:
        found = plainfile.text(folder / Path(place).expanduser())
    except OSError as error:
        why = error.strerror
    except (ValueError, RuntimeError):  # no text; a name that no file has; a home that nobody has
        why = "it is no text, or no file has such a name"
    else:
        if "\0" not in found:
            return found.removesuffix("\n")
        why = "it is no text"
    # outside of the handlers: an error of the decoder has all that was read with it
    raise UsageError(f"the secret {name} cannot be read", why=f"{place}: {why}", fix="look at that file")


def _version(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]


def _key(data: Path) -> bytes:
    """Return this user's key, made once.

    Raises
    ------
    UsageError
        It can neither be read nor made.
    """
    path = data / KEY
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _kept(path) or _made(path)
    except OSError as error:
        raise UsageError(
            "the versions of secrets cannot be told",
            why=f"{path}: {error.strerror}",
            fix="set AUTOEXEC_DATA_DIR to a folder you may write to",
        ) from error


def _kept(path: Path) -> bytes:
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return b""
    return found if len(found) == _KEY_BYTES else b""


def _made(path: Path) -> bytes:
    """Make the key where there is none, or a damaged one, and return the one that is there then."""
    part = path.with_name(f"{KEY}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(_KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(part, path)  # whoever is first; another one reads that
        except FileExistsError:
            if not _kept(path):
                part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path.read_bytes()
