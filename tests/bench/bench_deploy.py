"""What does a deploy cost over what it waits for anyway? Asked for: at most 1.5 s, for a healthy good update.

On this machine (`local`): an update of a release that is well, from the call to
its return, with its staging, its gate, its rows on the ledger, and the old
process drained. Beside it the floor: the same program started with
`subprocess`, asked until it answers on /health, and then the bake time. The
difference of the medians is what the bar is about.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import measure
from deployer import scenarios
from deployer.local.conftest import Bed
from measure import now_ns, own_folder, seconds_since, table

from autoexec_magic.deployer import deploy
from autoexec_magic.ledger import Ledger

BAR_SECONDS = 1.5
BAKE_SECONDS = 1.0


def floor(note: measure.Note) -> None:
    """Start the program, wait until it is well, and for the bake time."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = now_ns()
    words = [sys.executable, str(scenarios.file_of("served.py"))]
    child = subprocess.Popen(
        words, env={**os.environ, "PORT": str(port)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not is_well(port):
        time.sleep(0.01)
    time.sleep(BAKE_SECONDS)
    note("floor", seconds_since(start))
    child.kill()
    child.wait()


def is_well(port: int) -> bool:
    """Whether it answers."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(line):
        try:
            line.request("GET", "/health")
            return line.getresponse().status == 200
        except OSError:
            return False


def updating(options: argparse.Namespace) -> None:
    """Update a service again and again."""
    with own_folder() as folder:
        bed = Bed(folder=folder, ledger=Ledger(path=folder / "ledger.db"))
        gate = dataclasses.replace(scenarios.GATE, bake_seconds=BAKE_SECONDS, interval_seconds=0.5)
        scenarios.first(bed, gate=gate)
        versions = iter(range(2, 10_000))

        def update(note: measure.Note) -> None:
            new = scenarios.release(bed, str(next(versions)), gate=gate)
            start = now_ns()
            deploy(bed.target(), new, scenarios.work(bed))
            note("deploy", seconds_since(start))

        try:
            samples = measure.interleaved([floor, update], 2 if options.quick else 9, warm_ups=1)
        finally:
            bed.target().serving.end()
    names = ("floor", "deploy")
    table("a healthy update on this machine", samples, names=names, unit="s", floor="floor")
    middle = {name: sorted(samples[name])[len(samples[name]) // 2] for name in names}
    over = middle["deploy"] - middle["floor"]
    print(f"  over the floor: {over:.2f} s; bar {BAR_SECONDS} s; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    measure.main(__doc__, [updating])
