"""What does it cost to know what a tree, or a cell, imports?

A tree of 10,000 real files (this Python's own and what is installed beside
it): with a parser, with the quick look, with deptry, and a second time. Both
answers are compared, file by file. One cell, and the kinds of project.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sysconfig
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import measure
from measure import Method, Note, own_folder, table

from autoexec_magic import api, installer
from autoexec_magic.installer.scan import scan
from autoexec_magic.installer.tree import decoded, read_file, walk
from autoexec_magic.onrecord import PYTHON

FILES, QUICK_FILES = 10_000, 1_500
CPU_TIMES = 25
WALK_TIMES = 1.5
DEPTRY_TIMES = 3
CELL = """import os
import sys
import numpy as np
import matplotlib.pyplot as plt
from pathlib import Path
from hypothesis import given, strategies as st

data = np.zeros((3, 3))
for row in data:
    print(row.sum())
"""
PARSER, QUICK, SECOND, WALK = "ast.parse + ast.walk", "scan", "scan, a second time", "walk and stat only"


def tree(folder: Path, count: int) -> Path:
    """Copy `count` Python files of this machine, always the same."""
    library = Path(sysconfig.get_path("stdlib"))
    found = sorted(path for path in library.rglob("*.py") if "__pycache__" not in path.parts)
    random.Random(1).shuffle(found)
    top = folder / "tree"
    for path in found[:count]:
        target = top / path.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    (top / "pyproject.toml").write_text('[project]\nname = "tree"\nversion = "1"\ndependencies = []\n')
    size = sum(path.stat().st_size for path in found[:count])
    print(f"\n{min(count, len(found)):,} files of {library.name}, {size:,} bytes")
    return top


def cpu(name: str, action: Callable[[], object]) -> Method:
    """Return a method that notes the processor's seconds of an action."""

    def method(note: Note) -> None:
        started = time.process_time()
        action()
        note(name, time.process_time() - started)

    return method


def parsed(paths: list[Path]) -> int:
    """Find the imports with a parser, as everybody does."""
    count = 0
    for path in paths:
        try:
            nodes = ast.walk(ast.parse(path.read_bytes()))
        except (SyntaxError, ValueError):
            continue
        count += sum(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)
    return count


def whole_tree(options: argparse.Namespace) -> None:
    """Print what the first scan costs, and the second."""
    warnings.simplefilter("ignore")
    with own_folder() as folder:
        top = tree(folder, QUICK_FILES if options.quick else FILES)
        paths = sorted(top.rglob("*.py"))
        cache = folder / "cache"
        installer.scan_tree(top, remembered=cache)
        methods = [
            cpu(PARSER, lambda: parsed(paths)),
            cpu(QUICK, lambda: installer.scan_tree(top)),
        ]
        samples = measure.interleaved(methods, 2 if options.quick else 3, warm_ups=0)
        bar = percent(samples[PARSER]) / CPU_TIMES
        table(
            f"{len(paths):,} files, seconds of one processor",
            samples,
            floor=QUICK,
            unit="s",
            bars={QUICK: bar},
        )
        methods = [
            cpu(WALK, lambda: list(stat_only(str(top)))),
            cpu(SECOND, lambda: installer.scan_tree(top, remembered=cache)),
            cpu(
                f"{SECOND}, every import listed",
                lambda: list(installer.scan_tree(top, remembered=cache).imports),
            ),
        ]
        samples = measure.interleaved(methods, 9)
        bar = percent(samples[WALK]) * WALK_TIMES
        table("Nothing has changed since", samples, floor=WALK, bars={SECOND: bar})
        same(top, paths)


def percent(values: list[float]) -> float:
    """Return the median."""
    return measure.percentile(values, 0.5)


def stat_only(top: str) -> Iterator[os.stat_result]:
    """Stat every Python file: less than this nobody can do who wants to know what changed."""
    todo = [top]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                elif entry.name.endswith(".py"):
                    yield entry.stat()


def same(top: Path, paths: list[Path]) -> None:
    """Compare with the parser, file by file."""
    missed = extra = broken = 0
    for path in paths:
        rows, _ = read_file(str(path))
        try:
            want = {
                (need.module, need.line, need.names, need.required)
                for need in scan(decoded(path.read_bytes()))
            }
        except (SyntaxError, ValueError, RecursionError, LookupError):
            broken += 1
            continue
        got = {(module, line, names, required) for _, module, line, _, names, required in rows}
        missed += len(want - got)
        extra += len(got - want)
    compared = f"{len(paths) - broken:,} files; {broken} do not parse"
    print(f"\nagainst the parser: {missed} missed, {extra} extra, {compared}")
    assert len(list(walk(str(top)))) >= len(paths)


def against_deptry(options: argparse.Namespace) -> None:
    """Print both, as commands, in a new process each."""
    with own_folder() as folder:
        top = tree(folder, QUICK_FILES if options.quick else FILES)
        place = folder / "venv"
        subprocess.run(["uv", "venv", "-q", str(place)], check=True, env=searched())
        argv = ["uv", "pip", "install", "-q", "--python", str(place / "bin" / "python"), "deptry"]
        subprocess.run(argv, check=True, env=searched())
        ours = [shutil.which("autoexec", path=searched()["PATH"]) or "autoexec", "scan", ".", "--fresh"]
        commands = {"deptry": [str(place / "bin" / "deptry"), "."], "autoexec scan --fresh": ours}
        methods = [command(name, argv, top, folder) for name, argv in commands.items()]
        samples = measure.interleaved(methods, 2 if options.quick else 3, warm_ups=1)
        bar = percent(samples["deptry"]) / DEPTRY_TIMES
        table(
            "A tree, as a command", samples, floor="autoexec scan --fresh", unit="s", bars={ours_name(): bar}
        )


def ours_name() -> str:
    """Return our row."""
    return "autoexec scan --fresh"


def searched() -> dict[str, str]:
    """Return the environment with this interpreter's scripts on the path."""
    return {**os.environ, "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}


def command(name: str, argv: list[str], top: Path, folder: Path) -> Method:
    """Return a method that runs a command in the tree."""
    env = {**searched(), "AUTOEXEC_DATA_DIR": str(folder / "data")}

    def method(note: Note) -> None:
        started = time.monotonic()
        subprocess.run(argv, cwd=top, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        note(name, time.monotonic() - started)

    return method


def one_cell(options: argparse.Namespace) -> None:
    """Print what is asked before every cell."""
    rounds = 500 if options.quick else 3_000
    cells = {"no import word": "x = 1\nprint(x)\n" * 10, "all imports here": CELL}
    samples = {name: [] for name in cells}
    for source in cells.values():
        assert api.needs_of(source, PYTHON) == ()
    for _ in range(rounds):
        for name, source in cells.items():
            started = time.perf_counter()
            api.needs_of(source, PYTHON)
            samples[name].append(time.perf_counter() - started)
    table("One cell", samples, unit="µs", bars={"no import word": 1e-6, "all imports here": 60e-6})


def kind_of_project(options: argparse.Namespace) -> None:
    """Print what the kinds of a tree of 10,000 files cost, packages or plain folders."""
    with own_folder() as folder:
        packages = tree(folder / "a", QUICK_FILES if options.quick else FILES)
        plain = folder / "plain"
        for number in range(1_000):
            inside = plain / f"p{number % 10}" / f"q{number // 10 % 10}" / f"r{number // 100}"
            inside.mkdir(parents=True, exist_ok=True)
            for count in range(10):
                (inside / f"{count}.ts").touch()
            (inside / "package.json").write_text("{}")
        tops = {"packages": packages, "folders with manifests": plain, "one flat folder": folder / "flat"}
        (folder / "flat").mkdir()
        for number in range(FILES):
            (folder / "flat" / f"{number}.py").touch()
        samples: dict[str, list[float]] = {name: [] for name in tops}
        for _ in range(20):
            for name, top in tops.items():
                started = time.perf_counter()
                installer.kinds(top)
                samples[name].append(time.perf_counter() - started)
        table("The kinds of a tree of 10,000 files", samples, bars=dict.fromkeys(tops, 10e-3))


if __name__ == "__main__":
    measure.main(
        "What does it cost to know what is imported?",
        [one_cell, kind_of_project, whole_tree, against_deptry],
        limit=600,
    )
