"""What healing in place costs: an import that is there, a library's failing probe, a cell."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import time
from pathlib import Path

import measure
from measure import Note

from autoexec_magic.installer.hook import Hook
from autoexec_magic.installer.importing import Written

CELL = "<cell>"
PROBES = 100


@contextlib.contextmanager
def hooked(is_on: bool):
    """Have the hook on, or not."""
    hook = Hook(lambda need: False, Written({CELL}, (Path.cwd(),)))
    if is_on:
        hook.put_on()
    try:
        yield
    finally:
        hook.take_off()


def _timed(note: Note, name: str, work, count: int) -> None:
    start = time.perf_counter()
    work()
    note(name, (time.perf_counter() - start) / count)


def _compiled(source: str, filename: str):
    names: dict[str, object] = {"importlib": importlib}
    exec(compile(source, filename, "exec"), names)
    return names["work"]


BODY = "def work():\n    for i in range({count}):\n        try:\n            import absent_module\n"
BODY += "        except ImportError:\n            pass\n"
PRESENT = "def work():\n    for i in range({count}):\n        import json, os.path, collections\n"
FRESH = (
    "import sys\ndef work():\n    for i in range({count}):\n"
    "        import colorsys\n        del sys.modules['colorsys']\n"
)
FIND = "import importlib.util\ndef work():\n    for i in range({count}):\n"
FIND += "        importlib.util.find_spec('absent_module')\n"


def probes(options: argparse.Namespace) -> None:
    """A library that tries a hundred imports it can do without, and the user's code that does."""
    rounds = 30 if options.quick else 150
    for title, body, file in (
        (f"a failing import of a library, guarded ({PROBES} in a row)", BODY, "/opt/lib/site-packages/a.py"),
        (
            f"importlib.util.find_spec of what is absent ({PROBES} in a row)",
            FIND,
            "/opt/lib/site-packages/a.py",
        ),
        (f"a failing import of the user's, guarded, no source ({PROBES} in a row)", BODY, CELL),
        ("an import of what is loaded", PRESENT, CELL),
        ("an import of what is there and not loaded yet", FRESH, CELL),
    ):
        work = _compiled(body.format(count=PROBES), file)

        def off(note: Note, work=work) -> None:
            with hooked(False):
                _timed(note, "without the hook", work, PROBES)

        def on(note: Note, work=work) -> None:
            with hooked(True):
                _timed(note, "with the hook", work, PROBES)

        measure.table(title, measure.interleaved([off, on], rounds), unit="µs", floor="without the hook")


def cells(options: argparse.Namespace) -> None:
    """To put the hook on and off, and to run a statement under it."""
    from types import SimpleNamespace

    from autoexec_magic.ui.resuming import Resuming

    rounds = 300 if options.quick else 3000
    shell = SimpleNamespace(showtraceback=lambda *a, **k: None, custom_exceptions=())
    result = SimpleNamespace(error_in_exec=None)
    code = compile("1", CELL, "exec")
    written = Written({CELL}, (Path.cwd(),))
    resuming = Resuming(shell, SimpleNamespace(), written, print)

    async def run_code(code, result, *, async_=False):
        exec(code)
        return False

    def drive(coroutine) -> None:
        with contextlib.suppress(StopIteration):
            coroutine.send(None)

    def bare(note: Note) -> None:
        _timed(note, "one statement", lambda: drive(run_code(code, result)), 1)

    def ours(note: Note) -> None:
        _timed(
            note,
            "one statement, resumable",
            lambda: drive(resuming.run(run_code, code, result, async_=False)),
            1,
        )

    def put(note: Note) -> None:
        hook = Hook(lambda need: False, written)

        def work() -> None:
            hook.put_on()
            hook.take_off()

        _timed(note, "hook on and off, once a cell", work, 1)

    def make(note: Note) -> None:
        _timed(
            note,
            "all that is made for a cell",
            lambda: Resuming(shell, None, Written({CELL}, (Path.cwd(),)), print),
            1,
        )

    measure.table(
        "a cell whose imports are all there", measure.interleaved([bare, ours, put, make], rounds), unit="µs"
    )


if __name__ == "__main__":
    measure.main(__doc__ or "", [probes, cells])
