"""Which release answers a request."""

from __future__ import annotations

import random

import pytest

from autoexec_magic.deployer.serving.routes import (
    Routes,
    Share,
    Turns,
    Upstream,
    candidates,
    chosen,
    routes_from_json,
)
from autoexec_magic.errors import UsageError

OLD = Share(release_id="old", percent=90, ports=(1, 2, 3))
NEW = Share(release_id="new", percent=10, ports=(4,))
BOTH = Routes(shares=(OLD, NEW), fallback=OLD)


def ports_of(share):
    """Each share has the ports that it says."""
    return share.ports


def test_each_release_gets_its_part():
    """Of 10,000 requests a tenth goes to the share of 10 %, give or take what chance does."""
    pick = random.Random(7).random
    names = [chosen(BOTH, pick()).release_id for _ in range(10_000)]
    assert 900 < names.count("new") < 1100
    assert len(set(names)) == 2


def test_a_release_with_nothing_gets_nothing():
    routes = Routes(shares=(Share(release_id="a", percent=0), Share(release_id="b", percent=100)))
    assert {chosen(routes, at / 1000).release_id for at in range(1000)} == {"b"}


@pytest.mark.parametrize("pick", [0.0, 0.5, 0.9999999999999999])
def test_a_pick_always_falls_somewhere(pick):
    """Also where the percents are thirds, whose sum is rounded."""
    routes = Routes(shares=tuple(Share(release_id=name, percent=100 / 3) for name in "abc"))
    assert chosen(routes, pick) is not None


def test_nobody_is_chosen_where_there_is_nobody():
    assert chosen(Routes(), 0.5) is None
    assert candidates(Routes(), 0.5, Turns(), ports_of) == ()


def test_ports_take_turns():
    turns = Turns()
    first = [candidates(Routes(shares=(OLD,)), 0.0, turns, ports_of)[0].port for _ in range(7)]
    assert first == [1, 2, 3, 1, 2, 3, 1]


def test_every_port_is_a_candidate_and_then_those_of_the_fallback():
    found = candidates(BOTH, 0.95, Turns(), ports_of)
    assert found == (Upstream("new", 4), Upstream("old", 1), Upstream("old", 2), Upstream("old", 3))


def test_a_fallback_that_was_chosen_is_not_asked_twice():
    assert [each.port for each in candidates(BOTH, 0.0, Turns(), ports_of)] == [1, 2, 3]


def test_a_fallback_answers_where_the_chosen_release_has_no_ports():
    routes = Routes(shares=(Share(release_id="gone"),), fallback=NEW)
    assert candidates(routes, 0.0, Turns(), ports_of) == (Upstream("new", 4),)


def test_a_release_that_is_taken_out_leaves_its_part_to_the_others():
    left = BOTH.without("old")
    assert left == Routes(shares=(NEW,))
    assert chosen(left, 0.99) == NEW
    assert left.releases() == {"new"}


@pytest.mark.parametrize("shares", [(OLD,), (OLD, NEW, NEW), (OLD, OLD)])
def test_shares_are_a_whole_and_name_a_release_once(shares):
    with pytest.raises(UsageError):
        Routes(shares=shares).check_whole()


def test_a_whole_is_a_whole_also_in_thirds():
    Routes(shares=tuple(Share(release_id=name, percent=33.333) for name in "abc")).check_whole()
    Routes().check_whole()


@pytest.mark.parametrize("wrong", [{"percent": -1}, {"percent": 101}, {"ports": (0,)}, {"ports": (65_536,)}])
def test_a_share_that_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError):
        Share(**{"release_id": "a", **wrong})


@pytest.mark.parametrize("routes", [BOTH, Routes()])
def test_routes_are_the_same_after_json(routes):
    assert routes_from_json(routes.to_json()) == routes
