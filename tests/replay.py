"""Runs cells, as JSON on standard input, in a real shell; prints the diagnosis of the last that failed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Run what is asked for, in a folder of its own, and print one diagnosis."""
    asked = json.load(sys.stdin)
    folder = Path(tempfile.mkdtemp(prefix="autoexec-replay-"))
    os.chdir(folder)
    sys.path[0] = ""  # as in a kernel: what lies beside the notebook can be imported
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    os.environ["AUTOEXEC_DATA_DIR"] = str(folder / "data")
    path = folder / "notebook.ipynb"
    cells = [
        {"cell_type": "code", "id": cell["id"], "source": cell["source"], "outputs": [], "metadata": {}}
        for cell in asked["cells"]
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    os.environ["JPY_SESSION_NAME"] = str(path)
    from IPython.core.interactiveshell import InteractiveShell

    from autoexec_magic.ui import executed, why
    from autoexec_magic.values import as_record

    sources = {cell["id"]: cell["source"] for cell in asked["cells"]}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "autoexec_magic")
        for number, run in enumerate(asked["runs"], 1):
            run = {"id": run} if isinstance(run, str) else run
            time.sleep(0.02)  # a file's time is a coarser clock than a run's
            if number == len(asked["runs"]):
                path.touch()  # saved as it is when the last cell is run, edits and all
            shell.run_cell(
                run.get("source", sources.get(run["id"], "")), store_history=True, cell_id=run["id"]
            )
        log = executed.of(shell)
        failed = log.failed if log is not None else None
        found = why.explained(shell, failed) if failed is not None else None
    print(json.dumps(as_record(found) if found is not None else None))


if __name__ == "__main__":
    main()
