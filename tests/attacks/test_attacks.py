"""Every line that does harm is run for real; no canary is touched.

With the policy on, as `sh` runs it, with nobody to ask; and in the cage alone,
with bash and nobody judging, as root and as an ordinary user. The lines of
`let_through.txt` still get through the policy: each stands there until it does
not, and no other may.
"""

from __future__ import annotations

from pathlib import Path

import corpus
import pytest
import runs
from runs import NOBODY, Mode
from skips import requires

LET_THROUGH = Path(__file__).with_name("let_through.txt")
CAGES = [
    Mode(name="workspace, with mounts, root"),
    Mode(name="workspace, root", mounts=False),
    Mode(name="workspace, user", uid=NOBODY),
    Mode(name="sealed, root", level="sealed"),
    Mode(name="sealed, user", level="sealed", uid=NOBODY),
]
POLICY = Mode(name="policy on, no cage", way="policy", uid=NOBODY)
NOTHING = Mode(name="neither policy nor cage", way="free", uid=NOBODY)
QUICK = ("workspace, with mounts, root", "workspace, user", "sealed, user")
# Lines that one wall keeps out, and no other.
BEHIND = {
    "landlock": (
        *(
            "abbr-sort-outp",
            "abbr-sort-compress-prog",
            "at-curl-config",
            "proc-kernel-json",
            "sec-python-glob",
        ),
        *("kill-9", "kill-python-pidfd", "kill-all-9", "per-bashrc", "per-ipython-startup"),
    ),
    "seccomp": ("udp-python", "udp-bash-dev", "kill-prlimit-cpu", "suid-chmod-numeric", "suid-tar-p"),
    "supervisor": ("abbr-touch-dat", "at-chmod-reference", "rm-cmake-E"),
}
BY_NAME = {"ids": lambda mode: mode.name.replace(", ", "-").replace(" ", "-")}
MINUTES = 60.0


@pytest.fixture(autouse=True)
def protected():
    """Run no line where it could do harm."""
    requires(not runs.obstacle(), runs.obstacle(), "run as root on Linux, with util-linux")


def held(mode: Mode, attacks, say) -> None:
    """Run the lines and fail with all that touched something."""
    found = runs.attack(mode, attacks)
    say(runs.summary(mode, found))
    assert len(found) == sum(attack.is_run for attack in attacks)
    refused = {result.why for result in found.values() if result.ended == "refused"}
    assert not refused, refused
    assert [str(result) for result in found.values() if result.touches] == []
    assert [result.id for result in found.values() if result.strays] == []


@pytest.mark.parametrize("mode", [mode for mode in CAGES if mode.name in QUICK], **BY_NAME)
@pytest.mark.limit(5 * MINUTES)
def test_some_of_every_family_touch_nothing_in_the_cage(mode, say):
    """Two of each; the slow test runs all."""
    held(mode, corpus.sample(corpus.attacks()), say)


@pytest.mark.slow
@pytest.mark.parametrize("mode", CAGES, **BY_NAME)
@pytest.mark.limit(15 * MINUTES)
def test_no_attack_touches_anything_in_the_cage(mode, say):
    """The cage alone: nobody judged the line before."""
    held(mode, corpus.attacks(), say)


def listed() -> set[str]:
    """Return the lines of which it is known that the policy lets them through."""
    lines = LET_THROUGH.read_text(encoding="utf-8").splitlines()
    return {line.split("#")[0].strip() for line in lines} - {""}


def judged(attacks, say) -> tuple[set[str], set[str]]:
    """Run the lines with the policy on; return which touched something, and all that were run."""
    found = runs.attack(POLICY, attacks)
    said = {name: str(result) for name, result in found.items() if result.touches}
    began = sum(result.began and result.ended != "refused" for result in found.values())
    say(f"{runs.summary(POLICY, found)}, {began} ran")
    unknown = [said[name] for name in sorted(said.keys() - listed())]
    assert unknown == []
    return set(said), set(found)


@pytest.mark.limit(5 * MINUTES)
def test_some_of_every_family_touch_nothing_under_the_policy(say):
    """Two of each, but for those that are known to get through."""
    judged(corpus.sample(corpus.attacks()), say)


@pytest.mark.slow
@pytest.mark.limit(15 * MINUTES)
def test_no_attack_touches_anything_under_the_policy(say):
    """And of those that are known to get through, each still does: who stops one takes it off the list."""
    touched, all_run = judged(corpus.attacks(), say)
    assert listed() - touched == set()
    assert listed() <= all_run


@pytest.mark.limit(5 * MINUTES)
def test_without_policy_and_cage_they_do_harm(say):
    """Else a line that touches nothing in the cage would prove nothing: most of a sample touch something."""
    chosen = [attack for attack in corpus.sample(corpus.attacks(), each=3) if attack.goal != "dos"]
    found = runs.attack(NOTHING, chosen)
    say(runs.summary(NOTHING, found))
    assert sum(bool(result.touches) for result in found.values()) / len(found) >= 0.9


@pytest.mark.parametrize("door", BEHIND)
@pytest.mark.limit(5 * MINUTES)
def test_a_wall_that_is_missing_is_noticed(door, say):
    """Each wall keeps out what no other does, and the canaries tell of it."""
    mode = Mode(name=f"workspace without {door}, user", uid=NOBODY, options={"door": door})
    found = runs.attack(mode, [attack for attack in corpus.attacks() if attack.id in BEHIND[door]])
    say(runs.summary(mode, found))
    assert set(found) == set(BEHIND[door])
    assert [result.id for result in found.values() if not result.touches] == []
