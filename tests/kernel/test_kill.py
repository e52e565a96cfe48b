"""A kernel that is killed leaves nothing of what it ran."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autoexec_magic.executor import ProcessId, is_alive
from autoexec_magic.history import Store
from autoexec_magic.values import Verdict

if TYPE_CHECKING:
    from harness import Kernel

TREE = Path(__file__).parent.parent / "executor" / "programs" / "tree.py"
KINDS = ("session", "bare-daemon", "deaf-session")
GONE_SECONDS = 10.0

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="there is no /proc | provide: Linux")


def family(kernel: Kernel) -> list[ProcessId]:
    """Return everybody who entered the family book."""
    lines = (kernel.cwd / "family").read_text().splitlines()
    return [ProcessId(int(pid), int(start)) for pid, start, _ in map(str.split, lines)]


@pytest.mark.parametrize("verb", ["sh", "script"])
def test_nobody_outlives_a_killed_kernel_and_the_run_is_lost(new_kernel: Callable[..., Kernel], verb):
    """Grandchildren: in a session of its own, deaf to TERM, and one that only its mark tells of."""
    import harness

    kernel = new_kernel()
    kernel.execute(harness.LOAD).must_pass()
    program = shutil.copy(TREE, kernel.cwd)
    words = [sys.executable, program, str(kernel.cwd), "deaf", *KINDS]
    if verb == "sh":
        cell = kernel.start(f"%autoexec sh --yes {shlex.join(words)}")
    else:
        cell = kernel.start(f"%%autoexec script\nimport os\nos.execv({sys.executable!r}, {words!r})")
    cell.until_text("ready")
    store = Store(kernel.data, lambda pid, start: is_alive(ProcessId(pid, start)))
    assert [run.verdict for run in store.runs()] == [Verdict.RUNNING]
    members = family(kernel)
    assert len(members) == 4
    assert all(map(is_alive, members))
    kernel.kill()
    assert left_of(members) == []
    assert [run.verdict for run in store.runs()] == [Verdict.LOST]
    assert kernel.recorded("stdout") == "ready\n"


def left_of(members: list[ProcessId]) -> list[ProcessId]:
    """Return who is left after two seconds, or nobody as soon as nobody is."""
    from autoexec_magic.executor import wait_for

    wait_for(lambda: not any(map(is_alive, members)) or None, timeout=GONE_SECONDS)
    return [member for member in members if is_alive(member)]
