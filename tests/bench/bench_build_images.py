"""What does a changed line of code cost in an image? Asked for: at most 3 s more than the engine's own build.

An engine of the benchmark's own builds a small web app whose packages are a
layer of their own. Each round changes a line of the code; the floor is the
engine's own build of the same context by plain docker-py, with the same
Dockerfile and without labels. Beside it: a build in which nothing changed, a
plan alone, and both for a context of two thousand files.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests' own engine and bench

import benches
import engines
import measure
from measure import Note, own_folder, table

from autoexec_magic.builder import Wish, image, source_of

ROUNDS, QUICK_ROUNDS = 15, 4
BAR_SECONDS = 3.0
NUMBERS = itertools.count()


@contextmanager
def project(folder: Path, files: int) -> Iterator[Path]:
    """Yield a web app with so many files more."""
    made = folder / f"web{files}"
    (made / "data").mkdir(parents=True)
    (made / "pyproject.toml").write_text(
        f'[project]\nname = "web{files}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        '[tool.autoexec.build]\nport = 8000\nhealth = "/health"\ncommand = ["python", "main.py"]\n'
    )
    (made / "main.py").write_text("print('hello')\n")
    for number in range(files):
        (made / "data" / f"{number}.txt").write_text(f"{number}\n" * 200)
    yield made


def changed(folder: Path) -> None:
    """Change one line of the code."""
    (folder / "main.py").write_text(f"print('hello')\nNUMBER = {next(NUMBERS)}\n")


def compare(options: argparse.Namespace, files: int) -> None:
    """Measure one project, interleaved with the floor."""
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with own_folder() as folder, engines.own_engine() as engine, project(folder, files) as made:
        engine.load()
        patch = engines.pytest.MonkeyPatch()
        patch.setenv("DOCKER_HOST", engine.url)
        patch.setenv("DOCKER_CONFIG", str(folder / "config"))
        client = engine.client()
        bench = benches.bench(folder)
        text = image.plan(source_of(made, folder), bench).data["image"].dockerfile

        def ours(note: Note, name: str, *, is_changed: bool) -> None:
            if is_changed:
                changed(made)
            start = time.perf_counter()
            plan = image.plan(source_of(made, folder, Wish(tag="ours:1")), bench)
            note("autoexec: the plan alone", time.perf_counter() - start)
            image.build(plan, bench)
            note(name, time.perf_counter() - start)

        def floor(note: Note) -> None:
            changed(made)
            start = time.perf_counter()
            for said in client.build(
                fileobj=context(made, str(text)),
                custom_context=True,
                dockerfile="made/Dockerfile",
                tag="floor:1",
                rm=True,
                decode=True,
            ):
                assert "error" not in said, said
            note("docker-py, a line changed", time.perf_counter() - start)

        samples = measure.interleaved(
            [
                floor,
                lambda note: ours(note, "autoexec: a line changed", is_changed=True),
                lambda note: ours(note, "autoexec: nothing changed", is_changed=False),
            ],
            rounds,
        )
        client.close()
        patch.undo()
    under = "docker-py, a line changed"
    table(f"A project of {files + 2} files", samples, unit="s", floor=under)
    more = statistics.median(samples["autoexec: a line changed"]) - statistics.median(samples[under])
    print(f"  {more:.2f} s over the engine's own (asked for: {BAR_SECONDS:g} s)")


def context(folder: Path, dockerfile: str) -> io.BytesIO:
    """Return a context with the same files, as a plain tar."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.add(folder, "project")
        item = tarfile.TarInfo("made/Dockerfile")
        item.size = len(dockerfile.encode())
        tar.addfile(item, io.BytesIO(dockerfile.encode()))
    raw.seek(0)
    return raw


def small(options: argparse.Namespace) -> None:
    """Two files."""
    compare(options, 0)


def large(options: argparse.Namespace) -> None:
    """Two thousand files."""
    compare(options, 2000)


if __name__ == "__main__":
    measure.main(__doc__.partition("\n")[0], [small, large], limit=300)
