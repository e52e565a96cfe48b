"""How long does the second build of a wheel take, beside the first `python -m build`?

`python -m build` makes its isolation anew each time. Ours is kept: a build after
a changed line, checked, installed into a fresh environment and imported, and a
build of the same inputs, which is the kept one. Each round changes the line, so
that nothing but the last is answered from the cache.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import benches
import measure

from autoexec_magic import builder
from autoexec_magic.builder import wheels
from autoexec_magic.installer import uv_path

FIRST, BARE, OURS, SAME = (
    "python -m build",
    "python -m build --no-isolation",
    "ours, a line changed",
    "ours, the same inputs",
)
BACKENDS = {
    "hatchling": ("hatchling", "hatchling.build", ""),
    "setuptools": ("setuptools", "setuptools.build_meta", "[tool.setuptools]\npackages = ['pear']\n"),
}
SHARE = 0.5


def project(folder: Path, requirement: str, backend: str, more: str) -> None:
    """Write a package of fifty modules."""
    (folder / "pear").mkdir(parents=True)
    (folder / "README.md").write_text("# pear\n", "utf-8")
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n'
        f'[project]\nname = "pear"\nversion = "1.0"\ndescription = "A pear"\nreadme = "README.md"\n{more}',
        "utf-8",
    )
    for number in range(50):
        (folder / "pear" / f"part{number}.py").write_text(f"PART = {number}\n" * 20, "utf-8")
    (folder / "pear" / "__init__.py").touch()


def tools(folder: Path, requirement: str) -> Path:
    """Return a Python that has `build` and the backend."""
    uv = uv_path()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    words = [uv, "pip", "install", "-q", "--python", folder / "bin" / "python", "build", "pip", requirement]
    subprocess.run(words, check=True)
    return folder / "bin" / "python"


def hatchling(options: argparse.Namespace) -> None:
    """Build with hatchling."""
    compare("hatchling", options)


def setuptools(options: argparse.Namespace) -> None:
    """Build with setuptools."""
    compare("setuptools", options)


def compare(name: str, options: argparse.Namespace) -> None:
    """Build with each method, in turns."""
    requirement, backend, more = BACKENDS[name]
    with measure.own_folder() as home:
        folder = home / "project"
        project(folder, requirement, backend, more)
        python = tools(home / "tools", requirement)
        bench = benches.bench(home)
        count = itertools.count()

        def timed(label: str, build: Callable[[], None], *, changed: bool = True) -> measure.Method:
            def method(note: measure.Note) -> None:
                if changed:
                    (folder / "pear" / "__init__.py").write_text(f"VALUE = {next(count)}\n", "utf-8")
                started = time.monotonic()
                build()
                note(label, time.monotonic() - started)

            return method

        def theirs(*words: str) -> None:
            argv = [python, "-m", "build", "--outdir", home / "out", *words, folder]
            subprocess.run(argv, check=True, capture_output=True, env={**os.environ, "PIP_NO_INPUT": "1"})

        def ours() -> None:
            source = builder.source_of(folder, folder, builder.Wish(tests=False))
            wheels.build(wheels.plan(source, bench), bench)

        def same(note: measure.Note) -> None:
            ours()
            timed(SAME, ours, changed=False)(note)

        methods = [
            timed(FIRST, theirs),
            timed(BARE, lambda: theirs("--no-isolation")),
            timed(OURS, ours),
            same,
        ]
        samples = measure.interleaved(methods, 2 if options.quick else 5, warm_ups=1)
        bar = SHARE * statistics.median(samples[FIRST])
        measure.table(f"{name}, sdist and wheel", samples, unit="s", floor=FIRST, bars={OURS: bar, SAME: bar})


if __name__ == "__main__":
    measure.main(__doc__.splitlines()[0], [hatchling, setuptools])
