"""The wheels that were downloaded: each below a folder named by its SHA-256, within a size.

An installer is given such a folder as the place of one wheel (find-links), so
that the bytes it unpacks are those that were looked into, and nothing is
downloaded twice. What was not used for longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = ".part"


class Wheels:
    """The wheels below `folder`, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path | None:
        """Return the wheel that was kept under this hash, its bytes unread, or None."""
        if not _DIGEST.fullmatch(sha256):
            return None
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder / sha256):
                if name.endswith(".whl"):
                    return self.folder / sha256 / name
        return None

    def checked(self, sha256: str) -> Path | None:
        """Return the wheel with this hash, after reading all of it, or None."""
        kept = self.path(sha256)
        if kept is None:
            return None
        with kept.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return None
        self.touch(sha256)
        return kept

    def touch(self, sha256: str) -> None:
        """Note that a wheel was used."""
        with contextlib.suppress(OSError):
            os.utime(self.folder / sha256)

    def take(
        self, chunks: Iterable[bytes], filename: str, *, expected: str, most_bytes: int
    ) -> tuple[Path, str]:
        """Keep what `chunks` are; return its place and its SHA-256.

        Raises
        ------
        ValueError
            It is larger than `most_bytes`, or not what was `expected` (a
            SHA-256, or "").
        """
        if "/" in filename or not filename.endswith(".whl"):
            raise ValueError(f"{filename} is no wheel's name")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=self.folder, suffix=_PART)
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if size > most_bytes:
                        raise ValueError(f"{filename} is larger than {most_bytes >> 20} MiB")
                    digest.update(chunk)
                    file.write(chunk)
            found = digest.hexdigest()
            if expected and found != expected:
                raise ValueError(f"{filename} is not the file that the index names (its SHA-256 differs)")
            kept = self.folder / found / filename
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            Path(part).replace(kept)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return kept, found

    def prune(self, most_bytes: float) -> None:
        """Remove what was not used for longest until `most_bytes` hold the rest."""
        sizes = []
        with contextlib.suppress(FileNotFoundError):
            for folder in self.folder.iterdir():
                if _DIGEST.fullmatch(folder.name):
                    with contextlib.suppress(FileNotFoundError):
                        size = sum(file.stat().st_size for file in folder.iterdir())
                        sizes.append((folder.stat().st_mtime, size, folder))
        total = sum(size for _, size, _ in sizes)
        for _, size, folder in sorted(sizes):
            if total <= most_bytes:
                break
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
