"""Run the scripts of `data/failures/python-sources.txt` and keep what they write when they fail.

    python tests/diagnosis/capture.py PYTHON [NAME ...]

PYTHON is an interpreter that has what the scripts import (NumPy, pandas,
torch, scikit-learn, requests, httpx, aiohttp, SQLAlchemy, psycopg, PyMySQL,
pyarrow, pydantic, PyYAML, matplotlib, IPython). `CAPTURE_POSTGRES` is the port
of a PostgreSQL on the loopback, user postgres, password secret. A script runs
as /tmp/x/script.py, in a folder of its own; folders of the machine are
written as /tmp/x and /usr/lib.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FAILURES = Path(__file__).parents[1] / "data" / "failures"
HERE = Path(tempfile.gettempdir()) / "autoexec-capture"
LONGEST = 20_000
_CELL = """\
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell(open("cell.py").read(), store_history=True)
"""


def sources() -> dict[str, tuple[str, bool]]:
    """Return each script, and whether it is a cell, by its name."""
    found = {}
    text = (FAILURES / "python-sources.txt").read_text(encoding="utf-8")
    for section in text.split("\n### ")[1:]:
        heading, _, source = section.partition("\n")
        name, _, kind = heading.partition(" ")
        found[name] = source.rstrip("\n") + "\n", kind == "(cell)"
    return found


def capture(python: str, name: str, source: str, *, is_cell: bool) -> str:
    """Return what the script wrote to standard error, or, of a cell, to standard output."""
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    shutil.copy(Path(__file__).with_name("serve.py"), HERE / "serve.py")
    source, *files = source.split("\n--- ")
    for file in files:
        path, _, content = file.partition("\n")
        (HERE / path).write_text(content)
    (HERE / "cell.py").write_text(source)
    (HERE / "script.py").write_text(_CELL if is_cell else source)
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COLUMNS"))}
    done = subprocess.run(
        [python, "script.py" if is_cell else str(HERE / "script.py")],
        cwd=HERE,
        env=mine | {"NO_COLOR": "1", "IPYTHONDIR": str(HERE / "ipython"), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return scrubbed(done.stdout + done.stderr if is_cell else done.stderr, python)[-LONGEST:]


def scrubbed(text: str, python: str) -> str:
    """Return `text` without the folders of this machine."""
    prefix, base = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix); print(sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    text = (
        text.replace(f"{prefix}/lib", "/usr/lib").replace(f"{base}/lib", "/usr/lib").replace(prefix, "/usr")
    )
    return text.replace(str(HERE), "/tmp/x")


def main() -> None:
    """Capture what is named, or everything that is not there yet."""
    python, *names = sys.argv[1:]
    for name, (source, is_cell) in sources().items():
        path = FAILURES / "python" / f"{name}.txt"
        if (names and name not in names) or (not names and path.exists()):
            continue
        wrote = capture(python, name, source, is_cell=is_cell)
        print(f"{name}: {(wrote.rstrip().splitlines() or ['-'])[-1][:150]}", flush=True)
        path.write_text(wrote, encoding="utf-8")


if __name__ == "__main__":
    main()
