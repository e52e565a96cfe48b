"""What holds records, answers, tokens and keys is nobody's to read."""

from __future__ import annotations

import pytest

from autoexec_magic.config import data_dir
from autoexec_magic.executor import judge
from autoexec_magic.executor.places import private_folders

LEDGER = ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal", "ledger-backups"]


@pytest.mark.parametrize("name", ["runs", "panels", "answers", *LEDGER])
@pytest.mark.parametrize("command", ["cat {}/x", "cp a {}/x", "rm {}/x", "echo x > {}/x"])
def test_our_own_data_is_not_read_or_written(name, command, tmp_path):
    """Who could write an answer could say yes to everything."""
    line = command.format(data_dir() / name)
    assert judge(line, workspace=tmp_path, cwd=tmp_path).answer == "refuse"


def test_jupyters_runtime_folder_is_among_them(monkeypatch, tmp_path):
    """It holds the keys of kernels and the tokens of servers."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    assert tmp_path / "runtime" in private_folders()
