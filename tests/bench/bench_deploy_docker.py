"""What does a good update cost over the engine's own convergence? Asked for: at most 1.5 s.

As containers: an update of a release that is well, from the call to its return,
with the old container stopped. The floor is `docker run` of the same image with a
published port, asked until it answers on /health, and then the bake time.

At a Swarm: the floor is an update of a service of the same image in place, one task,
start-first, until the Swarm says that it is completed; it watches as long as the bake
time is. Beside it docker's own command.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import engines
import measure
from bench_deploy import BAKE_SECONDS, BAR_SECONDS, is_well
from deployer import scenarios
from deployer.docker.conftest import Bed, SwarmBed
from docker.errors import APIError
from measure import Note, now_ns, own_folder, seconds_since, table

from autoexec_magic.deployer import deploy
from autoexec_magic.ledger import Ledger

NUMBERS = itertools.count(2)
SECOND = 10**9


@contextlib.contextmanager
def bedded(kind: type[Bed], engine: engines.Engine) -> Iterator[Bed]:
    """Yield a bed at an engine, with a first release live."""
    engine.load()
    os.environ |= {"DOCKER_HOST": engine.url, "DOCKER_CONFIG": str(engine.folder / "config")}
    with own_folder() as folder, contextlib.closing(engine.client()) as client:
        bed = kind(engine, folder, Ledger(path=folder / "ledger.db"), client, {})
        gate = dataclasses.replace(scenarios.GATE, bake_seconds=BAKE_SECONDS, interval_seconds=0.5)
        scenarios.first(bed, gate=gate)
        try:
            yield bed
        finally:
            bed.serving.end()


def updater(bed: Bed) -> Callable[[Note], None]:
    """Return what updates the service to another configuration of the same image."""
    gate = dataclasses.replace(scenarios.GATE, bake_seconds=BAKE_SECONDS, interval_seconds=0.5)

    def update(note: Note) -> None:
        variables = (("COLOR", str(next(NUMBERS))), ("VERSION", "1"))
        new = scenarios.release(bed, "1", gate=gate, environment=variables)
        start = now_ns()
        deploy(bed.target(), new, scenarios.work(bed))
        note("deploy", seconds_since(start))

    return update


def running(bed: Bed) -> Callable[[Note], None]:
    """Return what runs the image, and waits until it is well and stays so."""

    def run(note: Note) -> None:
        port = engines.free_port()
        words = ["docker", "run", "--detach", f"--publish=127.0.0.1:{port}:8000", "--env=PORT=8000"]
        start = now_ns()
        done = subprocess.run([*words, bed.made("1")], check=True, capture_output=True, text=True)
        while not is_well(port):
            time.sleep(0.01)
        time.sleep(BAKE_SECONDS)
        note("floor", seconds_since(start))
        bed.client.remove_container(done.stdout.strip(), force=True)

    return run


class Updated:
    """A service of the same image that is updated in place."""

    def __init__(self, bed: Bed) -> None:
        self.client, self.url = bed.client, bed.engine.url
        config = {
            "Order": "start-first",
            "Monitor": round(BAKE_SECONDS * SECOND),
            "FailureAction": "rollback",
        }
        port = {"TargetPort": 8000, "PublishMode": "host", "Protocol": "tcp"}
        self.words: dict[str, Any] = {
            "name": "floor",
            "mode": {"Replicated": {"Replicas": 1}},
            "update_config": {"Parallelism": 1, **config},
            "endpoint_spec": {"Ports": [port]},
        }
        self.image = bed.made("1")
        self.client.create_service(self.template(), **self.words)
        while not any(each["Status"]["State"] == "running" for each in self.client.tasks()):
            time.sleep(0.05)

    def template(self) -> dict[str, Any]:
        """Return another configuration of the image."""
        variables = ["PORT=8000", f"COLOR={next(NUMBERS)}"]
        return {"ContainerSpec": {"Image": self.image, "Env": variables}}

    def by_api(self, note: Note) -> None:
        """Update it, and wait for the Swarm's word."""
        start = now_ns()
        while not self.is_taken():
            pass
        while (self.client.inspect_service("floor").get("UpdateStatus") or {}).get("State") != "completed":
            time.sleep(0.02)
        note("floor", seconds_since(start))

    def is_taken(self) -> bool:
        """Whether the Swarm took the update, and did not write on the service itself meanwhile."""
        version = self.client.inspect_service("floor")["Version"]["Index"]
        try:
            self.client.update_service("floor", version, task_template=self.template(), **self.words)
        except APIError:
            return False
        return True

    def by_command(self, note: Note) -> None:
        """Update it as a person does."""
        words = ["docker", "service", "update", "--quiet", f"--env-add=COLOR={next(NUMBERS)}", "floor"]
        start = now_ns()
        subprocess.run(words, check=True, capture_output=True)
        note("command", seconds_since(start))


def compared(title: str, methods: list[Any], names: tuple[str, ...], options: argparse.Namespace) -> None:
    """Measure, print, and say what a deploy costs over the floor."""
    samples = measure.interleaved(methods, 2 if options.quick else 9, warm_ups=1)
    table(title, samples, names=names, unit="s", floor="floor")
    middle = {name: sorted(samples[name])[len(samples[name]) // 2] for name in names}
    over = middle["deploy"] - middle["floor"]
    print(f"  over the floor: {over:.2f} s; bar {BAR_SECONDS} s; load {os.getloadavg()[0]:.1f}")


def containers(options: argparse.Namespace) -> None:
    """Update containers again and again."""
    with engines.own_engine() as engine, bedded(Bed, engine) as bed:
        methods = [running(bed), updater(bed)]
        compared("a healthy update of containers", methods, ("floor", "deploy"), options)


def swarm(options: argparse.Namespace) -> None:
    """Update services of a Swarm again and again."""
    with engines.own_engine() as engine, engines.swarmed(engine), bedded(SwarmBed, engine) as bed:
        floor = Updated(bed)
        methods = [floor.by_api, updater(bed), floor.by_command]
        compared("a healthy update at a Swarm", methods, ("floor", "deploy", "command"), options)


if __name__ == "__main__":
    measure.main(__doc__, [containers, swarm])
