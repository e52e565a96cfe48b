"""Folders of ours and of Jupyter's whose files are nobody's to read: records, answers, tokens, keys."""

from __future__ import annotations

import functools
from pathlib import Path

from ..config import own_folders
from ..trust import FOLDER

# Of the ledger also what SQLite keeps beside it, and what a migration keeps.
_LEDGER = ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal", "ledger-backups")


def private_folders() -> tuple[Path, ...]:
    """Return them; no policy and no person's yes lets a command read or write there."""
    data, _, runtime = own_folders()
    return _private_folders_of(data, runtime)


@functools.lru_cache(maxsize=4)
def _private_folders_of(data: Path, runtime: Path) -> tuple[Path, ...]:
    return (*(data / name for name in ("runs", "panels", "held", FOLDER, *_LEDGER)), runtime)
