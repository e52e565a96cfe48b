"""Whether an app's folder is what its notebook makes: it is put together once more, and compared.

An app lies where builds put things: in no commit, where anybody may have changed
it. What its own `autoexec-app.json` says of it proves nothing, so an image of it
says the notebook's digest and commit only where the notebook makes these bytes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...errors import AutoexecError
from ..artifacts import Input, Source
from ..bench import Bench
from ..settings import source_of
from .named import check_version
from .notebook import read
from .placed import files_of
from .project import Project, project_of, said_version

_BILL = ".cdx.json"  #: what an image's build puts there itself


def inputs_of_made(notebook: Path, source: Source, bench: Bench) -> tuple[Input, ...] | None:
    """Return what an app is made from, relative to the notebook's folder; None where it is not of its making.

    Parameters
    ----------
    notebook : Path
        The notebook that it is said to be of.
    source : Source
        The app's folder.
    bench : Bench
        Where the notebook's lock is read.
    """
    try:
        own = source_of(notebook, source.workspace)
        made = project_of(own, read(notebook), bench.lock_of(notebook), check_version(said_version(own)))
        there = {each.path: _known(each) for each in files_of(source.folder) if not each.path.endswith(_BILL)}
    except (AutoexecError, OSError):
        return None
    return made.inputs if there == _wanted(made) else None


def _wanted(made: Project) -> dict[str, tuple[str, bool, bool]]:
    written = {path: (hashlib.sha256(data).hexdigest(), False, False) for path, data in made.made.items()}
    return written | {path: _known(each) for path, _, each in made.copied}


def _known(read: Input) -> tuple[str, bool, bool]:
    return read.digest, read.is_executable, read.is_link
