"""What does a deploy cost over a cluster's own rollout? Asked for: at most 1.5 s, for a healthy good update.

On the cluster that AUTOEXEC_TEST_KUBECONFIG names: an update of a release that
is well, from the call to its return, with its staging, its gate, its rows on
the ledger, and the old pods let go. Beside it the floor: another Deployment
with the very same pods, `kubectl set image` and `kubectl rollout status`, and
then the bake time. The difference of the medians is what the bar is about.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import measure
from deployer import scenarios
from deployer.kubernetes.conftest import Bed
from kubes import own_namespace
from measure import now_ns, own_folder, seconds_since, table

from autoexec_magic.deployer import deploy
from autoexec_magic.deployer.kubernetes import objects, options_of
from autoexec_magic.ledger import Ledger

BAR_SECONDS = 1.5
BAKE_SECONDS = 1.0
ROUNDS = 9


def kubectl(bed: Bed, *words: str) -> None:
    """Run kubectl in the bed's namespace."""
    program = shutil.which("kubectl")
    assert program, "kubectl is not installed"
    argv = [program, "--kubeconfig", str(bed.kube.kubeconfig), "-n", bed.kube.namespace, *words]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=120)


def plain(bed: Bed) -> None:
    """Make a Deployment of the same pods that nobody deploys but kubectl."""
    made = dataclasses.replace(scenarios.release(bed, "1"), service="plain")
    body = objects.deployment("plain", made, options_of(bed.options), sleeps=False)
    body["metadata"]["name"] = "plain"
    bed.kube.admin.apply("deployments", body)
    kubectl(bed, "rollout", "status", "deployment/plain")


def updating(options: argparse.Namespace) -> None:
    """Update a service again and again, with this and with kubectl."""
    if not os.environ.get("AUTOEXEC_TEST_KUBECONFIG"):
        print("  not measured: AUTOEXEC_TEST_KUBECONFIG names no cluster")
        return
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(own_folder())
        bed = Bed(kube=stack.enter_context(own_namespace()), ledger=Ledger(path=folder / "ledger.db"))
        gate = dataclasses.replace(scenarios.GATE, bake_seconds=BAKE_SECONDS, interval_seconds=0.5)
        scenarios.first(bed, gate=gate)
        plain(bed)
        images = [name for name, _ in bed.kube.images]
        turns = {"floor": 0, "deploy": 0}

        def floor(note: measure.Note) -> None:
            turns["floor"] += 1
            start = now_ns()
            kubectl(bed, "set", "image", "deployment/plain", f"plain={images[turns['floor'] % 2]}")
            kubectl(bed, "rollout", "status", "deployment/plain")
            time.sleep(BAKE_SECONDS)
            note("floor", seconds_since(start))

        def update(note: measure.Note) -> None:
            turns["deploy"] += 1
            new = scenarios.release(bed, "2" if turns["deploy"] % 2 else "1", gate=gate)
            start = now_ns()
            deploy(bed.target(), new, scenarios.work(bed))
            note("deploy", seconds_since(start))

        samples = measure.interleaved([floor, update], 2 if options.quick else ROUNDS, warm_ups=1)
    names = ("floor", "deploy")
    table("a healthy update on a cluster", samples, names=names, unit="s", floor="floor")
    middle = {name: sorted(samples[name])[len(samples[name]) // 2] for name in names}
    over = middle["deploy"] - middle["floor"]
    print(f"  over the floor: {over:.2f} s; bar {BAR_SECONDS} s; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    measure.main(__doc__, [updating])
