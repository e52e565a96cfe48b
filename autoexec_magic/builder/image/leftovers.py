"""What a build that ends early leaves in the engine is taken away: at once, or by the next build.

Each container and layer that a build makes is written down as it is made, in a
file that its process holds a lock on. A file that nobody holds is of a build
that was killed, or whose engine was: the next build takes away what it names.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ... import dockerengine as engine
from ...errors import AutoexecError

_FRESH_SECONDS = 10.0  # a file is there before its process holds it, and has no line until then
_FOLDER = "unfinished-images"
_STOP_SECONDS = 3.0  # the engine's own, for a container that it was told to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What one build made so far, on disk."""

    path: Path
    file: IO[str]

    def write(self, kind: str, identity: str) -> None:
        """Note a step's `container`, a `trial`'s, or a `layer`.

        Raises
        ------
        BuildError
            It cannot be written, and so nothing may be made.
        """
        try:
            self.file.write(f"{kind} {identity}\n")
            self.file.flush()
        except OSError as error:
            raise _unwritten(error, self.path) from error

    def forget(self) -> None:
        """Remove the notes: there is nothing left to take away."""
        self.path.unlink(missing_ok=True)

    def rows(self) -> list[tuple[str, str]]:
        """Return what was noted, the newest last."""
        self.file.seek(0)
        return _rows(self.file)


@contextlib.contextmanager
def noted(cache: Path, engine_id: str) -> Iterator[Notes]:
    """Yield the notes of a build; they stay where it failed, until somebody forgets them.

    Raises
    ------
    BuildError
        They cannot be written.
    """
    with _opened(cache / _FOLDER) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        notes = Notes(path=Path(file.name), file=file)
        notes.write("engine", engine_id)
        yield notes
        notes.forget()


def _opened(folder: Path) -> IO[str]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.NamedTemporaryFile("w+", dir=folder, suffix=".txt", delete=False, encoding="utf-8")
    except OSError as error:
        raise _unwritten(error, folder / "notes") from error


def _unwritten(error: OSError, path: Path) -> AutoexecError:
    named = OSError(error.errno, error.strerror, str(path))
    return engine.explained(named, "what a build makes cannot be noted")


def take_away(client: engine.Client, rows: list[tuple[str, str]]) -> None:
    """Remove containers and layers that a build made, the newest first; what is used by now stays."""
    from docker.errors import APIError

    for kind, identity in (row for row in rows if row[0] in ("container", "trial")):
        until = time.monotonic() + (_STOP_SECONDS if kind == "container" else 0.0)
        while _is_there(client, identity) and time.monotonic() < until:
            time.sleep(0.1)
        with contextlib.suppress(APIError):
            client.remove_container(identity, force=True, v=True)
    for kind, identity in reversed(rows):
        if kind == "layer":
            with contextlib.suppress(APIError):  # it has children, a container, or a name: somebody uses it
                client.remove_image(identity, noprune=True)


def sweep(client: engine.Client, cache: Path, engine_id: str) -> None:
    """Take away what builds left that were killed, or whose engine was."""
    for path in sorted((cache / _FOLDER).glob("*.txt")):
        with contextlib.suppress(OSError), path.open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # that build goes on
            rows = _rows(file)
            if not rows and time.time() - os.fstat(file.fileno()).st_ctime < _FRESH_SECONDS:
                continue  # that build begins
            if ("engine", engine_id) in rows:
                take_away(client, rows)
            if ("engine", engine_id) in rows or not rows or _is_old(path):
                path.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    """Whether an engine has been away for so long that nobody waits for it."""
    return time.time() - os.stat(path).st_mtime > 30 * 86400  # noqa: PTH116


def _is_there(client: engine.Client, identity: str) -> bool:
    from docker.errors import APIError

    try:
        client.inspect_container(identity)
    except APIError:
        return False
    return True


def _rows(file: IO[str]) -> list[tuple[str, str]]:
    found = [line.split() for line in file.read().splitlines()]
    return [(row[0], row[1]) for row in found if len(row) == 2]
