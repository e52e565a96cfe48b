"""A target needs four facts; what only some of them know is seen by what they have, and by nothing else."""

from __future__ import annotations

import inspect
from typing import ClassVar

import pytest

from autoexec_magic.deployer.target import (
    Addressed,
    Aside,
    ChecksSplit,
    Live,
    Previews,
    Splits,
    Target,
    Tells,
    Tidies,
    Unanswered,
    Unwell,
)
from autoexec_magic.errors import DeployError

OPTIONAL = {
    Aside: "unwell_aside",
    Splits: "split",
    ChecksSplit: "check_split",
    Tidies: "tidy",
    Previews: "preview",
    Tells: "logs",
    Addressed: "address",
}


class Smallest:
    """A target that can do nothing but what each must."""

    kind: ClassVar = "local"

    def live(self):
        """Say that nothing is live."""

    def stage(self, release, emit):
        """Stage it."""
        return release

    def switch(self, release, emit, *, fence):
        """Switch to it."""

    def unwell(self, release):
        """Say that it is well."""


def one_that(name):
    """Return a target that can do one thing more."""
    return type("More", (Smallest,), {name: lambda self, *given, **named: None})()


@pytest.mark.parametrize("protocol", OPTIONAL)
def test_the_smallest_target_has_none_of_what_is_optional(protocol):
    """What it cannot do is refused by its name, and not tried."""
    assert not isinstance(Smallest(), protocol)


@pytest.mark.parametrize(("protocol", "name"), OPTIONAL.items())
def test_one_method_makes_one_thing_more(protocol, name):
    """No protocol hangs on another one's method."""
    target = one_that(name)
    assert [each for each in OPTIONAL if isinstance(target, each)] == [protocol]


def test_this_machine_can_do_all_and_has_nothing_to_preview_or_refuse():
    """What `local` is taken for follows from its methods alone."""
    from autoexec_magic.deployer.local import Local

    has = {each for each, name in OPTIONAL.items() if hasattr(Local, name)}
    assert has == {*OPTIONAL} - {Previews, ChecksSplit}


def test_every_switch_takes_a_fence_by_name():
    """A target that took none could not refuse whoever has lost its turn."""
    for method in (Target.switch, Splits.split):
        fence = inspect.signature(method).parameters["fence"]
        assert fence.kind is inspect.Parameter.KEYWORD_ONLY
        assert fence.default is inspect.Parameter.empty


def test_a_platform_that_is_silent_is_a_fault_of_a_deploy():
    """Whoever handles failed deploys sees it; whoever asks again can tell it."""
    assert issubclass(Unanswered, DeployError)


def test_what_was_not_said_is_nothing():
    """A look that says why it is not well is not final by itself; what is live has no owner by itself."""
    assert not Unwell(why="HTTP 503").is_final
    seen = Live(release_id="", digest="")
    assert (seen.release, seen.shares, seen.changed, dict(seen.fields)) == (None, (), "", {})
