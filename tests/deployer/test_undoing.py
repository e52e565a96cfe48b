"""How faults and releases are told; the undo itself is in `test_deploying.py`."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer import Live
from autoexec_magic.deployer.undoing import named, not_live, words
from autoexec_magic.errors import Cancelled, DeployError
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
