"""Folders of ours and of Jupyter's whose files are nobody's to read: records, answers, tokens, keys."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from ..config import data_dir
from ..trust import FOLDER

#: what jupyter_core's paths and `data_dir` are told by
_SAY_WHERE = (
    *("AUTOEXEC_DATA_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_PLATFORM_DIRS"),
    *("HOME", "XDG_DATA_HOME"),
)


def private_folders() -> tuple[Path, ...]:
    """Return them; no policy and no person's yes lets a command read or write there."""
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111
    return _private_folders_by(home, tuple(os.environ.get(name) for name in _SAY_WHERE))


@functools.lru_cache(maxsize=4)
def _private_folders_by(home: str, said: tuple[str | None, ...]) -> tuple[Path, ...]:
    """Return them for this home and these values of `_SAY_WHERE`, which decide where they are."""
    from jupyter_core.paths import jupyter_runtime_dir

    data = data_dir()
    kept = ("runs", "panels", "ledger.db", FOLDER)
    return (*(data / name for name in kept), Path(jupyter_runtime_dir()))
