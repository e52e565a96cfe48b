"""What it costs to know a notebook: the hook after each plain cell, and the diagnosis of a large one.

Bars: a plain cell's hook ≤ 20 µs, a diagnosis in a notebook of 200 cells ≤ 50 ms.
Run it: python tests/bench/bench_notebook.py
"""

from __future__ import annotations

import contextlib
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

from IPython.core.interactiveshell import InteractiveShell

from autoexec_magic.diagnosis import diagnose_exception
from autoexec_magic.diagnosis.names import names_of, parsed
from autoexec_magic.ui import executed, situation

CELLS, ROUNDS, RUNS = 200, 15, 20_000
CASES = (
    ("missing name", "total_of_everything"),
    ("missing name in every cell", "del df\nprint(df)"),
    ("missing key", "df['key_x']"),
)
HOOK_BAR, DIAGNOSIS_BAR = 20e-6, 50e-3
CELL = """import collections as c{n}
rows_{n} = [value * {n} for value in range(10)]
def total_{n}(rows, factor=rows_{n}):
    '''Return the sum of {n}.'''
    return sum(row * factor for row in rows if row) + total_{before}(rows)
df = dict(zip(rows_{n}, rows_{n}))
df["key_{n}"] = rows_{n}[0]
if df:
    shown_{n} = "%d of %s" % ({n}, df)
for row in rows_{n}:
    last = row
both_{n} = (shown_{n}, last)
"""


def hook(log: executed.Executed) -> float:
    """Return the seconds that one call after a plain cell that passed takes."""
    info = SimpleNamespace(raw_cell="x = 1", transformed_cell="x = 1\n", store_history=True, cell_id="a")
    result = SimpleNamespace(info=info, error_in_exec=None, error_before_exec=None, execution_count=1)
    start = time.perf_counter()
    for _ in range(RUNS):
        log._after(result)
    return (time.perf_counter() - start) / RUNS


def main() -> None:
    """Print the figures beside their bars; before each cold round what is remembered is forgotten."""
    shell = InteractiveShell()
    log = executed.Executed(shell)
    log.load()
    hooks = [hook(log) for _ in range(ROUNDS)]
    log.runs.clear()
    sources = [CELL.format(n=n, before=max(0, n - 1)) for n in range(1, CELLS)]
    sources = [source.replace("print(", "str(") for source in sources] + [
        "print(total_of_everything, df['key_x'])"
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.ipynb"
        cells = [
            {"cell_type": "code", "id": f"i{n}", "source": source} for n, source in enumerate(sources, 1)
        ]
        cells[-2]["source"] += "\ntotal_of_everything = 1\n"
        path.write_text(json.dumps({"cells": cells}))
        shell.user_ns["__vsc_ipynb_file__"] = str(path)
        for case, last in CASES:
            log.runs.clear()
            for n, source in enumerate(sources[:-2], 1):
                shell.run_cell(source, store_history=True, cell_id=f"i{n}")
            with contextlib.redirect_stdout(io.StringIO()):
                shell.run_cell(last, store_history=True, cell_id=f"i{CELLS}")
            failed = log.failed
            cold, warm = [], []
            for _ in range(ROUNDS):
                for times, is_cold in ((cold, True), (warm, False)):
                    if is_cold:
                        names_of.cache_clear()
                        parsed.cache_clear()
                    start = time.perf_counter()
                    found = diagnose_exception(
                        failed.error,
                        is_user_frame=log.files.__contains__,
                        around=situation.around(shell, failed.error),
                    )
                    times.append(time.perf_counter() - start)
            print(
                f"{case}, {CELLS} cells: cold {statistics.median(cold) * 1e3:.1f} ms,"
                f" again {statistics.median(warm) * 1e3:.1f} ms (bar {DIAGNOSIS_BAR * 1e3:.0f}); {found.code}"
            )
    print(f"hook after a plain cell: {statistics.median(hooks) * 1e6:.2f} µs (bar {HOOK_BAR * 1e6:.0f})")


if __name__ == "__main__":
    main()
