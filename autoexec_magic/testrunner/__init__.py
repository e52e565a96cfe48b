"""Tests: pytest in a process of its own, with the interpreter of this kernel.

Plain pytest so far: its own words, streamed as they come, and its exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from .. import executor
from ..events import Emit
from ..values import Outcome

# https://docs.pytest.org/en/stable/reference/exit-codes.html
EXIT_CODES = {
    1: "some tests failed",
    2: "pytest was interrupted, or a test file could not be collected",
    3: "pytest had an internal error",
    4: "pytest was called wrongly",
    5: "no test was found",
    6: "there were more warnings than are allowed",
}


def run(
    arguments: Sequence[str],
    *,
    emit: Emit,
    cwd: Path,
    **bounds: Unpack[executor.Bounds],
) -> Outcome:
    """Run pytest with `arguments` in `cwd` and return how it ended.

    Parameters
    ----------
    arguments : sequence of str
        Paths and pytest's own options, passed on as they are.
    emit : callable
        Gets pytest's output.
    cwd : Path
        Where pytest starts.
    **bounds
        As in `executor.run`: time limit, variables, who may end it.
    """
    argv = [sys.executable, "-m", "pytest", "--color=no", *arguments]
    return executor.run(
        argv,
        emit=emit,
        phase="test",
        cwd=cwd,
        policy=executor.policy.exactly(sys.executable),
        **bounds,
    )
