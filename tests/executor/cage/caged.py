"""What the cage's tests share: run something in a cage, to its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from autoexec_magic.executor.cage import Cage
from autoexec_magic.executor.identity import ProcessId

SECONDS = 60


def run(cage: Cage, argv, *, cwd: Path, env=None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `argv` in `cage`; its whole group is gone afterwards."""
    words = cage.argv([str(word) for word in argv])
    variables = cage.environment({"PATH": os.environ["PATH"], **(env or {})})

    def start():
        return subprocess.Popen(
            words,
            cwd=cwd,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=cage.pass_fds,
        )

    child = cage.spawn(start)
    cage.limit(ProcessId(child.pid, 0))
    try:
        out, err = child.communicate(stdin, timeout=SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return subprocess.CompletedProcess(argv, child.returncode, out, err)
