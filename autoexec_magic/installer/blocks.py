"""PEP 723 blocks, in scripts and in code cells: uv edits the block, and the code around it stays to the byte.

uv keeps a block's comments and order, but writes the file it is in anew, with
line ends of its own. So it gets the block alone, in a file of its own, and what
it makes of that takes the block's place.
"""

from __future__ import annotations

import re
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from .. import executor
from ..errors import MissingTool, PhaseError, UsageError
from .notebook_lock import Locked, block_of
from .tool import Toolbox, reason, uv_path

_SECONDS = 120.0
# No index: uv would write the one it is told of into the file, and with it whose it is.
_QUIET = {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
_BOM = b"\xef\xbb\xbf"
# What must stay on the first two lines: the interpreter, and the encoding (PEP 263).
_HEAD = re.compile(r"(?:#!.*\n)?(?:#.*coding[:=].*\n)?")


def dependencies(source: str, name: str) -> list[str]:
    """Return what the block of a source says it needs.

    Raises
    ------
    UsageError
        It is no TOML, or its list is none; the message names `name`.
    """
    span = block_of(source)
    if span is None:
        return []
    lines = source[slice(*span)].splitlines()[1:-1]
    try:
        table = tomllib.loads("\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines))
    except ValueError as error:
        raise UsageError(
            f"the script block of {name} cannot be read", why=str(error), fix="correct it (PEP 723)"
        ) from error
    found = table.get("dependencies", [])
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def in_source(source: str, rows: Sequence[Locked], tools: Toolbox, name: str) -> str:
    """Return a source whose block names `rows`, pinned, too; one without a block gets one.

    Raises
    ------
    PhaseError, MissingTool
        uv did not take the block.
    """
    span = block_of(source)
    end = "\r\n" if "\r\n" in source else "\n"
    old = source[slice(*span)].replace("\r\n", "\n") + "\n" if span else ""
    pins = [row.pin for row in rows]
    with tempfile.TemporaryDirectory(prefix="autoexec-") as folder:
        script = Path(folder) / name
        script.write_text(old, "utf-8")
        uv_add(["--script", str(script), *pins], script, pins, tools)
        new = script.read_text("utf-8").rstrip("\n").replace("\n", end)
    if span:
        return source[: span[0]] + new + source[span[1] :]
    head = _HEAD.match(source)
    at = head.end() if head else 0
    return source[:at] + new + end + source[at:]


def in_script(data: bytes, rows: Sequence[Locked], tools: Toolbox, name: str) -> bytes:
    """Return the bytes of a script, as `in_source` does."""
    mark = _BOM if data.startswith(_BOM) else b""
    source = data.removeprefix(_BOM).decode("utf-8")
    return mark + in_source(source, rows, tools, name).encode("utf-8")


def uv_add(words: Sequence[str], path: Path, pins: Sequence[str], tools: Toolbox) -> None:
    """Let uv add `pins` to a file: it edits that, and neither resolves, builds nor installs.

    Raises
    ------
    PhaseError, MissingTool
        It did not; the file is as it was.
    """
    program = uv_path()
    if program is None:
        raise MissingTool(f"uv is not there, which edits {path.name}", fix="python -m pip install uv")
    argv = [str(program), "add", "--offline", "--frozen", "--color", "never", "--no-progress"]
    outcome = executor.run(
        [*argv, "--python", sys.executable, *words],
        emit=tools.emit,
        phase="install",
        cwd=path.parent,
        env=_QUIET,
        pass_on=("UV_CACHE_DIR",),
        timeout=_SECONDS,
        cancel=tools.cancel,
        policy=executor.policy.exactly(argv[0]),
        run_id=tools.run_id,
    )
    if not outcome.passed:
        raise PhaseError(
            f"uv did not write {path.name}",
            why=reason(outcome, tools.sources),
            fix=f"add it by hand: {' '.join(pins)}",
        )
