"""What does a row on the ledger cost, and what does it add to an install?

A row is on the disk when `append` returns: a plain file's `write` and `fsync`
in the same folder is the floor. An install writes two of them, and reads the
RECORD of what it installed; a cached install by `uv --offline` stands beside
it. To verify is for who wants to know; the quick look is for `doctor`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import measure
from measure import Method, Note, own_folder, table

from autoexec_magic.chain import Row
from autoexec_magic.events import Installed
from autoexec_magic.installer import uv_path
from autoexec_magic.installer.record import recording
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox
from autoexec_magic.ledger import Ledger, ledger_in

ROWS = 10_000
BODY = {
    "added": [
        {
            "name": f"distribution-{number}",
            "version": "1.2.3",
            "sha256": "ab" * 32,
            "index": "https://index.example/simple",
            "evidence": ["in the hand-kept table", "the project is 12 years old", "released 300 days ago"],
        }
        for number in range(5)
    ],
    "environment": {"prefix": sys.prefix},
}


def rows(options: argparse.Namespace) -> None:
    """Append to a new ledger and to one with many rows, beside a plain file."""
    with own_folder() as folder:
        small, large = ledger_in(folder / "small"), filled(folder / "large", ROWS)
        descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

        def plain(note: Note) -> None:
            started = time.perf_counter()
            os.write(descriptor, b"x" * 1500)
            os.fsync(descriptor)
            note("write and fsync of a plain file", time.perf_counter() - started)

        methods: list[Method] = [
            plain,
            appending(small, "a row, few before it"),
            appending(large, f"a row, {ROWS:,} before it"),
        ]
        samples = measure.interleaved(methods, 20 if options.quick else 200)
        os.close(descriptor)
        table("One row, on the disk", samples, floor="write and fsync of a plain file")


def appending(ledger: Ledger, name: str) -> Method:
    """Return a method that appends a row."""

    def method(note: Note) -> None:
        started = time.perf_counter()
        ledger.append("install", BODY, "0199c5a2-7c1d-7e3a-9b4f-2d6c8e0f1a35")
        note(name, time.perf_counter() - started)

    return method


def installs(options: argparse.Namespace) -> None:
    """What recording adds, beside a bare cached install by uv of the same distribution."""
    program = uv_path()
    if program is None:
        raise FileNotFoundError("uv")
    with own_folder() as folder:
        os.environ["AUTOEXEC_DATA_DIR"] = str(folder / "data")
        venv, wheel = folder / "venv", folder / "small_one-1.0-py3-none-any.whl"
        make_wheel(wheel)
        subprocess.run([program, "venv", "--quiet", "--python", sys.executable, venv], check=True)
        argv = [program, "pip", "install", "--quiet", "--offline", "--no-index", "--no-deps", "--reinstall"]
        argv += ["--find-links", folder, "--python", venv / "bin" / "python", "small-one==1.0"]
        item = Installed(
            distribution="packaging", version="1.0", sha256="ab" * 32, index="https://host/simple"
        )
        tools = Toolbox(sources=Sources(indexes=()), emit=lambda event: None, ask=lambda question: True)

        def bare(note: Note) -> None:
            started = time.perf_counter()
            subprocess.run(argv, check=True)
            note("uv --offline, cached", time.perf_counter() - started)

        def recorded(note: Note) -> None:
            started = time.perf_counter()
            with recording([item], [], tools) as begin:
                begin()
                subprocess.run(argv, check=True)
            note("the same, on the ledger", time.perf_counter() - started)

        def alone(note: Note) -> None:
            started = time.perf_counter()
            with recording([item], [], tools) as begin:
                begin()
            note("what recording adds", time.perf_counter() - started)

        samples = measure.interleaved([bare, recorded, alone], 8 if options.quick else 60)
        table("A cached install", samples, floor="uv --offline, cached", bars={"what recording adds": 0.010})


def make_wheel(path: Path) -> None:
    """Write the smallest wheel there is."""
    import zipfile

    info = "small_one-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("small_one.py", "x = 1\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: small-one\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


def checks(options: argparse.Namespace) -> None:
    """Verify all, take the quick look, and read the newest rows."""
    with own_folder() as folder:
        ledger = filled(folder / "large", ROWS)
        named = {
            f"verify {ROWS:,} rows": ledger.verify,
            "the quick look": lambda: ledger.verify(newest_rows=20),
            "the newest 20 rows": lambda: ledger.rows(limit=20),
        }

        def calling(name: str) -> Method:
            def method(note: Note) -> None:
                started = time.perf_counter()
                named[name]()
                note(name, time.perf_counter() - started)

            return method

        table(
            "To read it", measure.interleaved([calling(name) for name in named], 3 if options.quick else 10)
        )


def filled(data: Path, count: int) -> Ledger:
    """Return a ledger with many rows, made in one transaction."""
    from autoexec_magic.ledger import _newest, _row  # one fsync for all of them
    from autoexec_magic.ledgerfile import insert

    ledger = ledger_in(data)
    ledger.append("install", BODY)
    with contextlib.closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        last: Row | None = _newest(connection)
        for _ in range(count):
            last = _row(last, "install", BODY, "")
            insert(connection, last)
        connection.execute("COMMIT")
    assert ledger.verify(newest_rows=20).fits
    return ledger


if __name__ == "__main__":
    measure.main(
        "What does a row on the ledger cost, and what does it add to an install?", [rows, installs, checks]
    )
