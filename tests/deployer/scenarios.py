"""What happens to services, once for all targets: each scenario is a function of a bed.

A bed is a real platform with a service `web` on it (`tests/deployer/TARGET/conftest.py`).
`QUICK` ones run in `make test`, all of them in `make test-all`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar
from unittest import mock

import pytest
from deployer.traffic import asking, is_well, said

from autoexec_magic.deployer import Journal, Live, Shift, Splits, Target, Work, abort, deploy, resume
from autoexec_magic.deployer.spelled import spelled
from autoexec_magic.errors import (
    AutoexecError,
    DeployError,
    RollbackFailed,
    RolledBack,
    ServiceLocked,
)
from autoexec_magic.executor.stops import Stop
from autoexec_magic.history import new_id
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

GATE = Gate(
    path="/health", start_seconds=20, interval_seconds=0.1, answer_seconds=2, successes=3, bake_seconds=0.5
)
PATIENCE_SECONDS = 60.0
T = TypeVar("T")


class Bed(Protocol):
    """A platform to deploy to."""

    ledger: Ledger
    serves: bool  # whether requests go through what we put there

    def spec(self, version: str, behaviour: str = "well", **changes: Any) -> Spec:
        """Return what makes a version with a behaviour, its artifact there already."""

    def target(self, values: Mapping[str, str] | None = None) -> Target:
        """Return a new client of the platform."""

    def url(self) -> str:
        """Return where the service is reached."""

    def lose(self, release: Release) -> None:
        """Take a release away at the platform itself."""

    def script(self) -> tuple[str, dict[str, str]]:
        """Return Python that makes `target`, for a process of its own, and its variables."""


def eventually(is_so: Callable[[], object]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if is_so():
                return
        except (OSError, ValueError):
            pass
        assert time.monotonic() < until
        time.sleep(0.05)


def release(bed: Bed, version: str, behaviour: str = "well", **changes: Any) -> Release:
    """Return a release of `web`."""
    target = bed.target()
    spec = bed.spec(version, behaviour, **changes)
    return Release(service="web", target=target.kind, release_id=new_id(), spec=spec, started=1)


def work(bed: Bed, **changes: Any) -> Work:
    """Return what a deploy works with."""
    journal = Journal(ledger=bed.ledger, service="web", target=bed.target().kind, run_id=new_id())
    return Work(journal=journal, emit=lambda event: None, stop=Stop(), **changes)


def first(bed: Bed, **changes: Any) -> Release:
    """Deploy version 1, and return it."""
    made = release(bed, "1", **changes)
    deploy(bed.target(), made, work(bed))
    return made


def is_live(bed: Bed, wanted: Release) -> None:
    """Check by what the platform says, and by what the service answers."""
    live = bed.target().live()
    assert live is not None
    assert (live.release_id, live.digest) == (wanted.release_id, wanted.digest)
    assert {said(bed.url())["version"] for _ in range(5)} == {dict(wanted.spec.environment)["VERSION"]}


def fails(bed: Bed, wanted: Release, error: type[DeployError] = RolledBack) -> DeployError:
    """Deploy what does not become well beside traffic, and return the error: nobody noticed."""
    with asking(bed.url()) as seen, pytest.raises(error) as caught:
        deploy(bed.target(), wanted, work(bed))
    if bed.serves:
        assert seen.failures == []
        assert seen.count > 5
    return caught.value


@contextlib.contextmanager
def at(step: str, do: Callable[[], T]) -> Iterator[list[T]]:
    """Do something as soon as a step is on the ledger, and yield what it returns then."""
    real, made = Journal._append, []
    name, _, done = step.partition(":")

    def append(self: Journal, body: dict[str, Any]) -> Any:
        head = real(self, body)
        if not made and body.get("step") == name and str(body.get("done")) == done:
            made.append(do())
        return head

    with mock.patch.object(Journal, "_append", append):
        yield made
    assert made, f"it never came to {step}"


@contextlib.contextmanager
def trusting(bed: Bed, wanted: Release) -> Iterator[None]:
    """Take the read-back out of a target: it says that all is as it was told to be, and tidies nothing."""
    kind = type(bed.target())
    real = kind.live

    def live(self: Target) -> Live | None:
        found = real(self)
        mine = {"release_id": wanted.release_id, "digest": wanted.digest}
        return found and dataclasses.replace(found, release=wanted, changed="", shares=(), **mine)

    with (
        mock.patch.object(kind, "live", live),
        mock.patch.object(kind, "unwell", return_value=None),
        mock.patch.object(kind, "tidy"),
    ):
        yield


def first_release(bed: Bed) -> None:
    """It is live, by the platform's word, and answers."""
    made = first(bed)
    is_live(bed, made)


def good_update(bed: Bed) -> None:
    """No request fails, and the last ones are the new version's."""
    first(bed)
    new = release(bed, "2")
    with asking(bed.url()) as seen:
        deploy(bed.target(), new, work(bed))
        time.sleep(0.5)
    is_live(bed, new)
    assert seen.failures == []
    assert set(seen.versions) == {"1", "2"}


def starts_and_exits(bed: Bed) -> None:
    """Its last words are in the error; the old one never left."""
    old = first(bed)
    error = fails(bed, release(bed, "2", "exits"))
    assert any("no database" in line for line in error.evidence)
    is_live(bed, old)


def never_healthy(bed: Bed) -> None:
    """It is given up after its time."""
    old = first(bed)
    gate = dataclasses.replace(GATE, start_seconds=3)
    error = fails(bed, release(bed, "2", "never", gate=gate))
    assert "HTTP 503" in error.why
    is_live(bed, old)


def fails_in_bake_time(bed: Bed) -> None:
    """It was well and did not stay so: taken back, and nobody saw it."""
    old = first(bed)
    gate = dataclasses.replace(GATE, bake_seconds=30, failures=2)
    error = fails(bed, release(bed, "2", "fails:4", gate=gate))
    assert "did not stay so" in error.why
    is_live(bed, old)


def dies_in_bake_time(bed: Bed) -> None:
    """The same for a process that ends."""
    old = first(bed)
    gate = dataclasses.replace(GATE, bake_seconds=30, failures=2)
    fails(bed, release(bed, "2", "dies:4", gate=gate))
    is_live(bed, old)


def slow_within_grace(bed: Bed) -> None:
    """It is waited for."""
    first(bed)
    new = release(bed, "2", "late:3")
    with asking(bed.url()) as seen:
        deploy(bed.target(), new, work(bed))
    is_live(bed, new)
    assert seen.failures == []


def slow_beyond_grace(bed: Bed) -> None:
    """It is not."""
    old = first(bed)
    gate = dataclasses.replace(GATE, start_seconds=2)
    fails(bed, release(bed, "2", "late:60", gate=gate))
    is_live(bed, old)


def flapping(bed: Bed) -> None:
    """Well every other time is not well."""
    old = first(bed)
    gate = dataclasses.replace(GATE, start_seconds=4)
    fails(bed, release(bed, "2", "flaps", gate=gate))
    is_live(bed, old)


def wrong_port(bed: Bed) -> None:
    """It listens where nobody asks."""
    old = first(bed)
    gate = dataclasses.replace(GATE, start_seconds=3)
    fails(bed, release(bed, "2", "deaf", gate=gate))
    is_live(bed, old)


def canary(bed: Bed) -> None:
    """A part of the traffic, then all of it; a platform that has no parts refuses with nothing changed."""
    old = first(bed)
    new = release(bed, "2")
    shift = Shift(steps=(50,), step_seconds=3, samples=3)
    with asking(bed.url()) as seen:
        if not isinstance(bed.target(), Splits):
            with pytest.raises(DeployError, match="canary"):
                deploy(bed.target(), new, work(bed, shift=shift))
            is_live(bed, old)
        else:
            deploy(bed.target(), new, work(bed, shift=shift))
            is_live(bed, new)
            assert set(seen.versions) == {"1", "2"}
    assert seen.failures == []


def canary_unwell(bed: Bed) -> None:
    """It was well until it had a part of the traffic: that is taken back within its step."""
    if not isinstance(bed.target(), Splits):
        return
    old = first(bed)
    shift = Shift(steps=(10,), step_seconds=120, samples=3)
    began = time.monotonic()
    with pytest.raises(RolledBack):
        deploy(bed.target(), release(bed, "2", "fails:6"), work(bed, shift=shift))
    assert time.monotonic() - began < 120
    is_live(bed, old)
    assert (bed.target().live().shares or ((old.release_id, 100.0),)) == ((old.release_id, 100.0),)


def undo_fails(bed: Bed) -> None:
    """What was before gets unwell meanwhile: that is said with the command that helps, or it has healed."""
    old = first(bed, gate=dataclasses.replace(GATE, start_seconds=5))
    url = bed.url()
    said(f"{url}/sour")
    gate = dataclasses.replace(GATE, bake_seconds=30, failures=2)
    with pytest.raises(DeployError) as caught:
        deploy(bed.target(), release(bed, "2", "fails:4", gate=gate), work(bed))
    assert bed.target().live().release_id == old.release_id
    if isinstance(caught.value, RolledBack):
        assert is_well(f"{url}/health")  # the platform made it anew
        return
    assert isinstance(caught.value, RollbackFailed)
    assert "%autoexec rollback web" in caught.value.fix
    assert not is_well(f"{url}/health")


def first_undone_to_nothing(bed: Bed) -> None:
    """There was nothing, and there is nothing."""
    gate = dataclasses.replace(GATE, start_seconds=2)
    with pytest.raises(RolledBack, match="nothing is live"):
        deploy(bed.target(), release(bed, "1", "never", gate=gate), work(bed))
    assert bed.target().live() is None


def configuration_only(bed: Bed) -> None:
    """The same artifact with another variable is another release, and rolled back with its old one."""
    old = first(bed)
    new = release(bed, "1", environment=(("COLOR", "red"), ("VERSION", "1")))
    deploy(bed.target(), new, work(bed))
    assert said(bed.url())["color"] == "red"
    deploy(bed.target(), old, work(bed), why="rollback")
    assert said(bed.url())["color"] == ""
    is_live(bed, old)


def secret_changed(bed: Bed) -> None:
    """A rollback brings the earlier value back, which nobody has any more but the platform."""
    one, two = ((Secret(name="SECRET", reference="env:S", version=str(number)),) for number in (1, 2))
    old = release(bed, "1", secrets=one)
    deploy(bed.target({"SECRET": "value-one"}), old, work(bed))
    before = said(bed.url())["secret"]
    deploy(bed.target({"SECRET": "value-two"}), release(bed, "1", secrets=two), work(bed))
    assert said(bed.url())["secret"] != before
    deploy(bed.target(), old, work(bed), why="rollback")
    assert said(bed.url())["secret"] == before
    assert b"value-one" not in bed.ledger.path.read_bytes()


def two_releases_back(bed: Bed) -> None:
    """By its name, not by its order; and no request fails."""
    old = first(bed)
    for version in ("2", "3"):
        deploy(bed.target(), release(bed, version), work(bed))
    with asking(bed.url()) as seen:
        deploy(bed.target(), old, work(bed), why="rollback")
    is_live(bed, old)
    assert seen.failures == []


def previous_deleted(bed: Bed) -> None:
    """The release to go back to is gone at the platform: it is made again, or what is live stays."""
    old = first(bed)
    new = release(bed, "2")
    deploy(bed.target(), new, work(bed))
    bed.lose(old)
    told = ""
    with asking(bed.url()) as seen:
        try:
            deploy(bed.target(), old, work(bed), why="rollback")
        except DeployError as error:
            told = error.fix
    is_live(bed, new if told else old)
    assert seen.failures == []


def scaled_to_none(bed: Bed) -> None:
    """No replica is a release like others, and undone like others; who counts for itself says so first."""
    old = first(bed)
    none = release(bed, "1", replicas=0)
    refused = ""
    try:
        deploy(bed.target(), none, work(bed))
    except AutoexecError as error:
        refused = str(error)
    assert not refused or "replicas" in refused
    if not refused:
        live = bed.target().live()
        assert live is not None
        assert live.release_id == none.release_id
        deploy(bed.target(), old, work(bed), why="rollback")
    is_live(bed, old)


def put_back_by_somebody(bed: Bed) -> None:
    """Somebody else switches back as the gate begins: what is read back tells, and nothing else."""
    old = first(bed)

    def put_back() -> None:
        bed.target().switch(old, lambda event: None, fence=int(time.time() * 1000) + 1)

    with at("gate:False", put_back), pytest.raises(DeployError):
        deploy(bed.target(), release(bed, "2"), work(bed))
    is_live(bed, old)
    new = release(bed, "2")
    with contextlib.ExitStack() as blind:

        def put_back_unseen() -> None:
            put_back()
            blind.enter_context(trusting(bed, new))

        with at("gate:False", put_back_unseen):
            deploy(bed.target(), new, work(bed))  # it says "deployed", and it is not
    live = bed.target().live()
    assert live is not None
    assert live.release_id == old.release_id


def second_meanwhile(bed: Bed) -> None:
    """One at a time: the other one is told who is at it."""
    first(bed)
    held = work(bed)
    with (
        held.journal.attempt(release(bed, "2"), "deploy"),
        pytest.raises(ServiceLocked, match="somebody else"),
    ):
        deploy(bed.target(), release(bed, "3"), work(bed))


_CHILD = """
import json, os, sys
{made}
from pathlib import Path
from autoexec_magic.deployer import Journal, Work, deploy
from autoexec_magic.deployer.spelled import release_of
from autoexec_magic.executor.stops import Stop
from autoexec_magic.ledger import Ledger
step = {step!r}
journal = Journal(ledger=Ledger(path=Path({ledger!r})), service="web", target=target.kind)
wanted = release_of(json.loads({wanted!r}))
real = type(journal)._append
def append(self, body):
    head = real(self, body)
    if body.get("step") == step.split(":")[0] and str(body.get("done")) == step.split(":")[1]:
        print("reached", flush=True)
        os.kill(os.getpid(), 9)
    return head
type(journal)._append = append
deploy(target, wanted, Work(journal=journal, emit=lambda event: None, stop=Stop()))
"""
STEPS = ("stage:False", "stage:True", "switch:False", "switch:True", "gate:False", "gate:True")


def killed(bed: Bed, step: str, ending: Callable[..., object]) -> None:
    """The client is killed at a step; what it began is finished or taken back, and no request fails."""
    old = first(bed)
    new = release(bed, "2")
    made, variables = bed.script()
    text = _CHILD.format(made=made, step=step, ledger=str(bed.ledger.path), wanted=json.dumps(spelled(new)))
    with asking(bed.url()) as seen:
        child = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert (child.returncode, child.stdout) == (-signal.SIGKILL, "reached\n"), child.stderr
        left = work(bed).journal.left()
        assert left is not None
        assert left.release.release_id == new.release_id
        ending(bed.target(), work(bed))
    is_live(bed, new if ending is resume else old)
    assert seen.failures == []
    assert work(bed).journal.open() == []


def killed_and_resumed(bed: Bed) -> None:
    """Right after the switch was intended."""
    killed(bed, "switch:False", resume)


def killed_and_aborted(bed: Bed) -> None:
    """Right after the switch was made."""
    killed(bed, "switch:True", abort)


#: these run in `make test`, for every target
QUICK = (first_release, good_update, starts_and_exits, fails_in_bake_time, killed_and_aborted)
SLOW = (
    *(never_healthy, dies_in_bake_time, slow_within_grace, slow_beyond_grace, flapping, wrong_port),
    *(first_undone_to_nothing, configuration_only, secret_changed, two_releases_back),
    *(previous_deleted, second_meanwhile, killed_and_resumed),
    *(canary, canary_unwell, undo_fails, scaled_to_none, put_back_by_somebody),
)


def each(*more: Callable[[Any], None]) -> pytest.MarkDecorator:
    """Return the table of scenarios as parameters, the slow ones marked."""
    rows = [pytest.param(one, id=one.__name__) for one in QUICK]
    rows += [pytest.param(one, id=one.__name__, marks=pytest.mark.slow) for one in (*SLOW, *more)]
    return pytest.mark.parametrize("scenario", rows)


def file_of(name: str) -> Path:
    """Return a file beside this one."""
    return Path(__file__).with_name(name)
