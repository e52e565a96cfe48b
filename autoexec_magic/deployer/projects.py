"""Where the projects lie that something was deployed of: in a file of this user's own, not on the ledger.

A ledger may be shown to others, and names projects by a digest alone. But whose
folder is gone can neither update a service nor take it away: it is then whoever's comes next.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_FOLDER = "projects"


def remember(data: Path, project: str, folder: str) -> None:
    """Keep where a project lies; where that cannot be, nobody can have its services but itself."""
    if not project or not folder:
        return
    place = data / _FOLDER
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = place / f".{project}.{os.getpid()}"
        part.write_bytes(os.fsencode(folder))
        part.replace(place / project)


def folder_of(data: Path, project: str) -> Path | None:
    """Return where a project lay when something of it was deployed, None where that is not known."""
    if not project.isalnum():
        return None
    try:
        kept = (data / _FOLDER / project).read_bytes()
    except OSError:
        return None
    return Path(os.fsdecode(kept)) if kept else None


def is_gone(data: Path, project: str) -> bool:
    """Whether a project is known to have been somewhere where it is no more.

    One whose folder cannot be looked at (a mount that is dead, a folder that is not
    for this user) is not gone: that it is there is not known, nor that it is not.
    """
    folder = folder_of(data, project)
    if folder is None:
        return False
    try:
        folder.stat()  # exists() raises for some errors, or calls them False, by Python's version
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
