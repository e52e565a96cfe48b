"""What happens to services of platforms that are reached over a network: more rows of the table."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import Protocol

import pytest
from deployer.line import Cut, Line
from deployer.scenarios import Bed, at, fails, first, is_live, release, work
from deployer.traffic import asking

from autoexec_magic.deployer import deploy
from autoexec_magic.errors import DeployError, DeployUnknown, RollbackFailed, RollbackUnverified


class FarBed(Bed, Protocol):
    """A platform that is reached over a network, or over a socket."""

    def api(self) -> tuple[str, int] | str:
        """Return where its API is: host and port, or a socket's path."""

    def by(self, port: int) -> contextlib.AbstractContextManager[None]:
        """Have each `target` reach it by this port of 127.0.0.1."""


class GuardedBed(Bed, Protocol):
    """A platform that wants to know who asks."""

    def without_credentials(self) -> contextlib.AbstractContextManager[object]:
        """Have the platform refuse whoever asks, as where a login is over."""


def artifact_missing(bed: Bed) -> None:
    """What is to be deployed is nowhere: nothing is changed, and nobody noticed."""
    old = first(bed)
    wanted = release(bed, "2")
    gone = dataclasses.replace(
        wanted.spec, reference=f"{wanted.spec.reference}-gone", digest=f"sha256:{'0' * 64}"
    )
    error = fails(bed, dataclasses.replace(wanted, spec=gone), DeployError)
    assert error.fix
    is_live(bed, old)


def network_cut(bed: FarBed) -> None:
    """Its API is away for three seconds, at three steps: that is waited for, and nobody notices."""
    first(bed)
    cuts: list[tuple[str, Cut]] = [
        ("stage:False", "broken"),
        ("switch:False", "silent"),
        ("gate:False", "broken"),
    ]
    with Line(bed.api()) as line, bed.by(line.port):
        for version, (step, way) in enumerate(cuts, 2):
            new, felt = release(bed, str(version)), line.felt
            cut = functools.partial(line.cut, way, 3)
            with asking(bed.url()) as seen, at(step, cut) as mending:
                deploy(bed.target(), new, work(bed))
            mending[0].join()
            assert line.felt > felt, step
            is_live(bed, new)
            assert seen.failures == [], step


def credentials_lost(bed: GuardedBed) -> None:
    """The login is over as the switch begins: nobody can look or undo, and nothing else is claimed."""
    first(bed)
    with asking(bed.url()) as seen, contextlib.ExitStack() as lost:
        refuse = functools.partial(lost.enter_context, bed.without_credentials())
        unknown = pytest.raises((DeployUnknown, RollbackUnverified, RollbackFailed))
        with at("switch:False", refuse), unknown as caught:
            deploy(bed.target(), release(bed, "2"), work(bed, ask_again_seconds=0))
        assert caught.value.fix.startswith("%autoexec")
        lost.close()
        new = release(bed, "3")
        deploy(bed.target(), new, work(bed))
    is_live(bed, new)
    assert seen.failures == []


#: for targets whose artifact and whose API are elsewhere; the others want to know who asks
FAR = (artifact_missing, network_cut)
GUARDED = (*FAR, credentials_lost)
