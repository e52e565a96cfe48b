"""Start runs as a kernel does, each in a thread, and wait: the tests kill this program.

Usage: owner.py LEVEL FOLDER RUN...

Each RUN is a JSON list (an argv for `executor.run`) or a JSON string (a line for
`executor.run_line`). What the runs write is written on.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from autoexec_magic import executor
from autoexec_magic.events import Event, Output


def show(event: Event) -> None:
    """Write on what a run writes."""
    if isinstance(event, Output):
        print(event.text, end="", flush=True)


def start(what: list[str] | str, level: str, folder: Path) -> None:
    """Run it to its end."""
    if isinstance(what, str):
        executor.run_line(what, emit=show, workspace=folder, cwd=folder, level=level, ask=lambda _: True)
    else:
        executor.run(what, emit=show, cwd=folder, level=level, ask=lambda _: True)


def main(level: str, folder: Path, runs: list[str]) -> None:
    """Start all of them."""
    threads = [threading.Thread(target=start, args=(json.loads(run), level, folder)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
