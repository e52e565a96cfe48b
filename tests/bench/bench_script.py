"""How long does a script take to start? Asked for: at the level `workspace` 1.3 times the bare interpreter.

First what the words ask: from the call until the script's first line runs, by
the clock that both processes share. Then, which is more, `api.script("pass")`
from the call to its return, with all that a run has (the record, the cage, the
look at what the script left), beside `os.posix_spawn` of the same interpreter
with a file that holds the same, until it is waited for. Interleaved: what is
compared are medians of one run. The processor time beside it is what a busy
machine changes least: our own, and the child's.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, Note, now_ns, own_folder, seconds_since, table

from autoexec_magic import api

BAR = 1.3
BARE = "posix_spawn -u script.py"
TELLS = "import time; print(time.monotonic_ns())\n"
NAMES = {
    "script, workspace": {"level": "workspace"},
    "script, open": {"level": "open"},
}
OTHERS = {
    "bash": (("bash",), "true", ".sh"),
    "node": (("node",), "0", ".js"),
}


def timed(name: str, run: Callable[[], object], note: Note) -> None:
    """Run it; note the time, and the processor time of this process and of its children."""
    own, children = spent(resource.RUSAGE_SELF), spent(resource.RUSAGE_CHILDREN)
    start = now_ns()
    run()
    note(name, seconds_since(start))
    note(f"{name}: own CPU", spent(resource.RUSAGE_SELF) - own)
    note(f"{name}: its CPU", spent(resource.RUSAGE_CHILDREN) - children)


def spent(who: int) -> float:
    """Return the processor time that was spent, in seconds."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def bare(argv: tuple[str, ...]) -> None:
    """Start a program and wait for it: with as little as there can be."""
    pid = os.posix_spawn(argv[0], argv, os.environ)
    os.waitpid(pid, 0)


def first_line(options: argparse.Namespace) -> None:
    """Start a script that says when its first line ran."""
    with own_folder() as folder:
        file = project(folder) / "script.py"
        file.write_text(TELLS)
        argv = (sys.executable, "-u", str(file))

        def alone(note: Note) -> None:
            reader, writer = os.pipe()
            start = now_ns()
            pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
            os.close(writer)
            note(BARE, (int(os.read(reader, 100)) - start) / 1e9)
            os.waitpid(pid, 0)
            os.close(reader)

        def ours(name: str, how: dict[str, str]) -> Method:
            def method(note: Note) -> None:
                start = now_ns()
                ran = api.script(TELLS, **how)
                note(name, (int(ran.outcome.stdout) - start) / 1e9)

            return method

        methods = [alone, *(ours(name, how) for name, how in NAMES.items())]
        samples = measure.interleaved(methods, 20 if options.quick else 150, warm_ups=5)
    bars = {"script, workspace": BAR * statistics.median(samples[BARE])}
    table(
        "python, from the call to the script's first line",
        samples,
        names=[BARE, *NAMES],
        floor=BARE,
        bars=bars,
    )


def start(options: argparse.Namespace) -> None:
    """Start `pass` each way."""
    with own_folder() as folder:
        file = project(folder) / "script.py"
        file.write_text("pass\n")
        argv = (sys.executable, "-u", str(file))

        def method(name: str, run: Callable[[], object]) -> Method:
            return lambda note: timed(name, run, note)

        methods = [method(BARE, lambda: bare(argv))]
        for name, how in NAMES.items():
            methods.append(method(name, lambda how=how: api.script("pass", **how)))
        samples = measure.interleaved(methods, 20 if options.quick else 150, warm_ups=5)
    floor = statistics.median(samples[BARE])
    bars = dict.fromkeys(("script, workspace",), BAR * floor)
    table("python, from the call to its return", samples, names=[BARE, *NAMES], floor=BARE, bars=bars)
    table("processor time", samples, names=[name for name in samples if name.endswith("CPU")])


def others(options: argparse.Namespace) -> None:
    """Start the other languages, each beside its own program."""
    with own_folder() as folder:
        home = project(folder)
        for lang, (program, source, ending) in OTHERS.items():
            found = shutil.which(program[0])
            if found is None:
                print(f"\n{lang}: not measured, {program[0]} is not installed")
                continue
            file = home / f"script{ending}"
            file.write_text(source + "\n")
            methods: list[Method] = [
                lambda note, argv=(found, str(file)): timed("bare", lambda: bare(argv), note),
                lambda note, lang=lang, source=source: timed(
                    "script, workspace", lambda: api.script(source, lang=lang, level="workspace"), note
                ),
            ]
            samples = measure.interleaved(methods, 10 if options.quick else 40, warm_ups=2)
            table(lang, samples, names=["bare", "script, workspace"], floor="bare")


def project(folder: Path) -> Path:
    """Make a project and go there."""
    home = folder / "project"
    (home / ".git" / "hooks").mkdir(parents=True)
    (home / "pyproject.toml").touch()
    os.environ["AUTOEXEC_DATA_DIR"] = str(folder / "data")
    os.chdir(home)
    return home


if __name__ == "__main__":
    measure.main(__doc__, [first_line, start, others])
