"""An app's folder as a zip for Lambda: the same files make the same bytes, and AWS's bounds are known before.

Bounds as of Lambda's documented quotas: 50 MB zipped where it is uploaded with
the call, 250 MB unzipped.
"""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autoexec_magic.errors import DeployError

ZIPPED_BYTES = 50 * 2**20
UNZIPPED_BYTES = 250 * 2**20
_LEFT_OUT = frozenset({"__pycache__", ".git", ".venv", "node_modules", ".ipynb_checkpoints"})
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name


@dataclass(frozen=True, slots=True, kw_only=True)
class Zip:
    """The zip, and its digest as Lambda spells it (base64 of SHA-256)."""

    content: bytes
    code: str


def zip_of(place: Path) -> Zip:
    """Return a folder as a zip, or a zip's own bytes.

    Raises
    ------
    DeployError
        It is not there, is empty or too large, or a link leads out of it.
    """
    if place.is_file():
        content = place.read_bytes()
    elif place.is_dir():
        content = _packed(place)
    else:
        raise DeployError(f"{place.name} is not there any more", why=str(place), fix="build it again")
    _bounded(place, len(content), ZIPPED_BYTES, "zipped")
    return Zip(content=content, code=base64.b64encode(hashlib.sha256(content).digest()).decode())


def _packed(folder: Path) -> bytes:
    files = [(path.relative_to(folder).as_posix(), path) for path in sorted(_files(folder))]
    if not files:
        raise DeployError(f"there is no file in {folder.name}", why=str(folder), fix="build it again")
    _bounded(folder, sum(path.stat().st_size for _, path in files), UNZIPPED_BYTES, "unzipped")
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for name, path in files:
            item = zipfile.ZipInfo(name, _BEGINNING)
            item.create_system = 3  # Unix, on every machine: the rights below are its
            is_program = path.stat().st_mode & stat.S_IXUSR
            item.external_attr = (stat.S_IFREG | (0o755 if is_program else 0o644)) << 16
            item.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(item, path.read_bytes())
    return into.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for path in folder.rglob("*"):
        if _LEFT_OUT.intersection(path.relative_to(folder).parts) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            raise DeployError(
                f"{path.relative_to(folder)} is a link that leads out of {folder.name}",
                fix="put the file there",
            )
        yield path


def _bounded(place: Path, size: int, most: int, how: str) -> None:
    if size > most:
        raise DeployError(
            f"{place.name} is too large for Lambda",
            why=f"{size / 2**20:.0f} MiB {how}, and at most {most // 2**20} are taken",
            fix="leave files out, or deploy an image: artifact = 'image'",
        )
