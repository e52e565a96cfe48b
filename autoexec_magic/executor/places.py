"""Folders of ours and of Jupyter's whose files are nobody's to read: records, answers, tokens, keys."""

from __future__ import annotations

from pathlib import Path

from ..config import data_dir
from ..trust import FOLDER


def private_folders() -> tuple[Path, ...]:
    """Return them; no policy and no person's yes lets a command read or write there."""
    from jupyter_core.paths import jupyter_runtime_dir

    data = data_dir()
    kept = ("runs", "panels", "ledger.db", FOLDER)
    return (*(data / name for name in kept), Path(jupyter_runtime_dir()))
