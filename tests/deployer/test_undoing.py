"""How faults and releases are told; the undo itself is in `test_deploying.py`."""

from __future__ import annotations

import os
import signal

import pytest

from autoexec_magic.deployer import Journal, Live, Shift, Work
from autoexec_magic.deployer.shift import Query
from autoexec_magic.deployer.undoing import named, not_live, words
from autoexec_magic.errors import Cancelled, DeployError, UsageError
from autoexec_magic.executor.interrupts import Cancel, noted
from autoexec_magic.executor.stops import Stop
from autoexec_magic.ledger import Ledger
from autoexec_magic.releasefacts import Release, Spec

WEB = Release(
    service="web",
    target="local",
    release_id="01a2222a-b185-7626-a984-7f9df886b5d3",
    spec=Spec(artifact="app", reference="web", digest="sha256:ab"),
)


@pytest.mark.parametrize(
    ("seen", "wanted", "why"),
    [
        pytest.param(None, None, "", id="nothing-as-it-should-be"),
        pytest.param(Live(release_id=WEB.release_id, digest="sha256:ab"), WEB, "", id="it-is"),
        pytest.param(None, WEB, "nothing is live", id="gone"),
        pytest.param(Live(release_id="", digest=""), WEB, "somebody else", id="somebody-else's"),
        pytest.param(Live(release_id="x" * 36, digest="sha256:ab"), WEB, "xxxxxxxx is live", id="another"),
        pytest.param(
            Live(release_id=WEB.release_id, digest="sha256:cd"), WEB, "sha256:cd", id="another-digest"
        ),
        pytest.param(
            Live(release_id=WEB.release_id, digest="sha256:ab"), None, "f886b5d3 is live", id="still-there"
        ),
    ],
)
def test_what_the_platform_says_is_held_against_what_should_be(seen, wanted, why):
    """By its id, and by its digest."""
    found = not_live(seen, wanted)
    assert bool(found) == bool(why)
    assert why in found


def test_faults_are_told_in_a_line():
    """Ours by their words, others by their kind."""
    assert words(DeployError("no", why="quota")) == "no: quota"
    assert words(Cancelled("stopped")) == "stopped"
    assert words(KeyboardInterrupt()) == "somebody stopped it"
    assert words(ValueError("x")) == "ValueError: x"
    assert (named(WEB), named(None)) == ("release f886b5d3", "nothing")


@pytest.mark.parametrize("token", ["two\nlines", "spä", "", "a\0b"])
def test_a_token_that_no_header_takes_is_refused_untold(tmp_path, token):
    """Whoever refuses it later would show it."""
    shift = Shift(steps=(10.0,), query=Query(url="http://p", expression="x", most=1, token="env:T"))
    journal = Journal(ledger=Ledger(path=tmp_path / "ledger.db"), service="web", target="local")
    asked = Work(journal=journal, emit=print, stop=Stop(), shift=shift, value_of=lambda reference: token)
    with pytest.raises(UsageError) as caught:
        asked.metric_of(WEB)
    assert caught.value.fix == "look at env:T"
    assert not token or token not in f"{caught.value.what}{caught.value.why}"


def test_what_is_told_is_told_whole(tmp_path):
    """A signal that comes meanwhile ends what tells it, and not the telling."""
    cancel, told = Cancel(), []

    def emit(event):
        os.kill(os.getpid(), signal.SIGINT)
        told.append(event)

    stop = Stop(cancel=cancel, what="the deploy")
    journal = Journal(ledger=Ledger(path=tmp_path / "ledger.db"), service="web", target="local")
    work = Work(journal=journal, emit=emit, stop=stop)
    with noted(cancel), pytest.raises(Cancelled), stop.at_once():
        work.tell("event")
    assert told == ["event"]
    cancel.close()
