"""An app's folder as a zip for Lambda: the same files make the same bytes, and AWS's bounds are known before.

Bounds as of Lambda's documented quotas: 50 MB zipped where it is uploaded with
the call, 250 MB unzipped. Packages are chosen for the Linux of the function's
runtime: Amazon Linux 2 (glibc 2.26) up to Python 3.11, Amazon Linux 2023 (glibc
2.34) from 3.12 on.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autoexec_magic.errors import DeployError, UsageError
from autoexec_magic.releasefacts import Release

ZIPPED_BYTES = 50 * 2**20
UNZIPPED_BYTES = 250 * 2**20
_LEFT_OUT = frozenset({"__pycache__", ".git", ".venv", "node_modules", ".ipynb_checkpoints"})
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_PYTHON = re.compile(r"python(3\.(\d{1,2}))")
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_FIRST_ON_2023 = 12  #: the first Python 3 whose runtime is Amazon Linux 2023
_LARGEST = 3  #: parts of what is too large that are named


class Pack(Protocol):
    """Puts all that a release needs on a machine into a folder, which is there within the block."""

    def __call__(self, release: Release, *, platform: str, python: str) -> AbstractContextManager[Path]:
        """Return the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zip:
    """The zip, and its digest as Lambda spells it (base64 of SHA-256)."""

    content: bytes
    code: str


def machine_of(runtime: str, architecture: str) -> dict[str, str]:
    """Return what a `Pack` is told of a runtime: its platform, as uv calls it, and its Python.

    Raises
    ------
    UsageError
        It is no Python's.

    Examples
    --------
    >>> machine_of("python3.12", "arm64")
    {'platform': 'aarch64-manylinux_2_34', 'python': '3.12'}
    """
    found = _PYTHON.fullmatch(runtime)
    if found is None:
        raise UsageError(
            f"{runtime} runs no zip of an app",
            why="an app is Python",
            fix="runtime = 'python3.12', or artifact = 'image'",
        )
    linux = "manylinux_2_34" if int(found[2]) >= _FIRST_ON_2023 else "manylinux2014"
    return {"platform": f"{_MACHINES[architecture]}-{linux}", "python": found[1]}


def zip_of(place: Path, service: str = "NAME") -> Zip:
    """Return a folder as a zip, or a zip's own bytes; the service is named in what is typed next.

    Raises
    ------
    DeployError
        It is not there, is empty or too large, or a link leads out of it.
    """
    if place.is_file():
        content = place.read_bytes()
    elif place.is_dir():
        content = _packed(place, service)
    else:
        raise DeployError(f"{place.name} is not there any more", why=str(place), fix="build it again")
    _bounded(place, len(content), ZIPPED_BYTES, "zipped", service)
    return Zip(content=content, code=base64.b64encode(hashlib.sha256(content).digest()).decode())


def _packed(folder: Path, service: str) -> bytes:
    files = [(path.relative_to(folder).as_posix(), path) for path in sorted(_files(folder))]
    if not files:
        raise DeployError(f"there is no file in {folder.name}", why=str(folder), fix="build it again")
    sizes = [(name, path.stat().st_size) for name, path in files]
    size = sum(each for _, each in sizes)
    _bounded(folder, size, UNZIPPED_BYTES, "unzipped", service, sizes)
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


def _bounded(
    place: Path, size: int, most: int, how: str, service: str, sizes: Sequence[tuple[str, int]] = ()
) -> None:
    if size <= most:
        return
    parts: Counter[str] = Counter()
    for name, each in sizes:
        parts[name.partition("/")[0]] += each
    largest = [f"{name} {each / 2**20:.0f} MiB" for name, each in parts.most_common(_LARGEST)]
    raise DeployError(
        f"{place.name} is too large for a zip of Lambda's",
        why=f"{size / 2**20:.0f} MiB {how}, and at most {most // 2**20} are taken"
        + (f"; the largest are {', '.join(largest)}" if largest else ""),
        fix=f"artifact = 'image' in [tool.autoexec.deploy.{service}], then %autoexec deploy {service}",
    )
