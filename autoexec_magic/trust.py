"""What a person agreed to for good, per project, by the digest of exactly what they agreed to.

Kept in the data folder, never in the workspace: what a run can write cannot
agree to anything. One small file an answer, named by the digest, so that two
kernels cannot lose each other's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError

FOLDER = "answers"  #: below the data folder
_SHORT = 12  # digits by which people name an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One answer: what was agreed to, as people read it; `name` is the digest, 64 hexadecimal digits."""

    name: str
    text: str
    at: int

    @property
    def short(self) -> str:
        """As much of the name as people need."""
        return self.name[:_SHORT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The answers kept for one project.

    Parameters
    ----------
    data : Path
        The data folder.
    workspace : Path
        The project; another folder is another project, whatever it holds.
    """

    data: Path
    workspace: Path

    @property
    def folder(self) -> Path:
        """Where they are."""
        place = os.path.realpath(self.workspace).encode("utf-8", "surrogateescape")
        return self.data / FOLDER / hashlib.sha256(place).hexdigest()

    def has(self, *content: object) -> bool:
        """Whether a person agreed to exactly this, which JSON can spell."""
        return (self.folder / digest(*content)).is_file()

    def keep(self, *content: object, text: str) -> None:
        """Keep the answer; `text` says what it is about, without secrets.

        Raises
        ------
        UsageError
            It cannot be written.
        """
        record = {"text": text, "at": int(time.time() * 1000), "workspace": str(self.workspace)}
        path = self.folder / digest(*content)
        new = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.parent.chmod(0o700)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(record, file)
            new.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise UsageError("the answer cannot be kept", why=str(error)) from error

    def all(self) -> Iterator[Kept]:
        """Yield the answers of this project, oldest first; one that cannot be read is left out."""
        found = []
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    record = json.loads(path.read_bytes())
                    found.append(Kept(name=path.name, text=str(record["text"]), at=int(record["at"])))
        yield from sorted(found, key=lambda kept: (kept.at, kept.name))

    def forget(self, name: str) -> Kept:
        """Forget the answer whose name begins with `name`; return it.

        Raises
        ------
        UsageError
            There is none, or more than one.
        """
        found = [kept for kept in self.all() if name and kept.name.startswith(name)]
        if len(found) != 1:
            many = f"{name} means {len(found)} answers" if found else f"there is no answer {name!r}"
            raise UsageError(many, fix="%autoexec policy answers lists them")
        (self.folder / found[0].name).unlink(missing_ok=True)
        return found[0]


def digest(*content: object) -> str:
    """Return the SHA-256 of `content` as JSON, in hexadecimal."""
    spelled = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode("ascii")).hexdigest()
