"""A gate that is a command: it ends with 0 where the release is well."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import executor
from ..errors import AutoexecError
from ..redact import one_line


def asked(
    argv: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    seconds: float,
    folders: Sequence[Path] = (),
) -> str:
    """Return why a command does not say that all is well, "" where it does.

    Parameters
    ----------
    argv : sequence of str, length at least 1
        The command; its program is looked for in `folders` first.
    cwd : Path
        Where it runs.
    variables : mapping of str to str
        What it gets, such as `PORT`.
    seconds : float
        How long it may take, greater than 0.
    """
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])
    program = shutil.which(str(cwd / argv[0]) if "/" in argv[0] else argv[0], path=path)
    if program is None:
        return f"{argv[0]} is not installed"
    try:
        ended = executor.run(
            (program, *argv[1:]),
            emit=lambda event: None,
            phase="deploy",
            cwd=cwd,
            env=variables,
            timeout=seconds,
            policy=executor.policy.exactly(program),
            project=cwd,
            grace=0.0,
        )
    except AutoexecError as error:
        return f"{argv[0]}: {error.what}"
    if ended.passed:
        return ""
    words = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    said = f": {one_line(words[-1])}" if words else ""
    if ended.ended == "timed-out":
        return f"{argv[0]} did not end within {seconds:g} s{said}"
    return f"{argv[0]} ended with {ended.returncode}{said}"
