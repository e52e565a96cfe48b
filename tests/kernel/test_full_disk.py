"""A disk that is full: nothing is half installed, and the cell says where there is no room."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack

import pytest
from harness import LOAD
from healing import Healing, served

CELL = "%%autoexec\nprint('begun')\nimport openpyxl\nopenpyxl.A"


@pytest.fixture
def full(tmp_path):
    """Return a function that makes a folder a small disk, and one that fills it but for some bytes."""
    with ExitStack() as stack:

        def make(folder):
            folder.mkdir(parents=True, exist_ok=True)
            words = ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(folder)]
            if subprocess.run(words, capture_output=True).returncode:
                pytest.skip("no right to mount")
            stack.callback(subprocess.run, ["umount", "-l", str(folder)])

        def fill(folder, leave):
            free = os.statvfs(folder)
            with (folder / "filler").open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, free.f_bavail * free.f_frsize - leave)

        yield make, fill


def content(kernel):
    """Return what is in the environment."""
    return sorted(str(path) for path in kernel.packages.rglob("*"))


@pytest.mark.parametrize(
    ("where", "leave", "said"),
    [
        ("data", 60_000, "takes no more files: No space left on device"),
        ("venv", 0, "No space left on device; nothing was installed"),
        ("venv", 100_000, "No space left on device"),
    ],
    ids=["download", "lock", "install"],
)
def test_a_full_disk_leaves_the_environment_as_it_was(tmp_path, full, where, leave, said):
    """Nothing of the cell has run; with room it does, and the ledger fits."""
    make, fill = full
    make(tmp_path / where)
    with served.Index() as index:
        files = {"openpyxl/__init__.py": "A = 1\n"}
        files |= {f"openpyxl/m{n}.py": f"# {os.urandom(2000).hex()}\n" for n in range(100)}
        index.add("openpyxl", served.wheel("openpyxl", "3.1", files))
        environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
        with Healing(tmp_path, **environment) as kernel:
            kernel.execute(LOAD).must_pass()
            before = content(kernel)
            fill(tmp_path / where, leave)
            cell = kernel.execute(CELL)
            assert cell.error.startswith("install-failed: ")
            assert said in cell.error
            assert "fix: make room " in cell.error
            assert "begun" not in cell.stdout
            assert content(kernel) == before
            (tmp_path / where / "filler").unlink()
            assert kernel.execute(CELL).must_pass().result == "1"
            assert "all of them fit" in kernel.execute("%autoexec ledger verify").must_pass().stdout
