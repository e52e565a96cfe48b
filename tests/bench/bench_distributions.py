"""What does it cost to know what is installed, against importlib's own map?

Each row is what a process pays: importlib once, ours in a process that finds
no kept answer, in one that does, and when it is asked again.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import tempfile
import time
from collections.abc import Callable

from measure import Note, interleaved, main, table

from autoexec_magic.installer import distributions

LIBRARY = "packages_distributions()"


def maps(options: argparse.Namespace) -> None:
    """Print all of them, beside each other, in this environment."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUTOEXEC_DATA_DIR"] = folder
        assert dict(distributions.packages()) == dict(importlib.metadata.packages_distributions())
        methods = [
            timed(LIBRARY, importlib.metadata.packages_distributions),
            timed("ours, first scan", lambda: distributions._scanned(distributions._key()), reset),
            timed("ours, a new process", distributions.packages, reset),
            timed("ours, asked again", distributions.packages),
            timed("is it there already", lambda: distributions.version_of("pytest")),
            timed("is it needed here", lambda: distributions.needed_by("pytest")),
        ]
        samples = interleaved(methods, 5 if options.quick else 30)
    table(f"{len(list(importlib.metadata.distributions()))} distributions", samples, floor=LIBRARY)


def reset() -> None:
    """Forget what this process knows, as a new one would not know it."""
    distributions._packages.cache_clear()


def timed(
    name: str, call: Callable[[], object], before: Callable[[], None] = lambda: None
) -> Callable[[Note], None]:
    """Return a method that times one call."""

    def method(note: Note) -> None:
        before()
        started = time.perf_counter()
        call()
        note(name, time.perf_counter() - started)

    return method


if __name__ == "__main__":
    main("What does it cost to know what is installed?", [maps])
