"""Who counts as live is read from the routes, and requests that fail count against a release."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.docker.front import Front, main_share
from autoexec_magic.deployer.serving.client import Serving
from autoexec_magic.deployer.serving.instance import InstanceState, State
from autoexec_magic.deployer.serving.routes import Routes, Share
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError, UsageError


def share(name, percent=100.0):
    """Return a share of a release that publishes a port."""
    return Share(release_id=name, percent=percent, ports=(20_000,))


@pytest.mark.parametrize(
    ("shares", "fallback", "live"),
    [
        ([], None, None),
        ([], "a", None),
        ([("a", 100)], None, "a"),
        ([("a", 100)], "b", "a"),
        ([("a", 90), ("b", 10)], "a", "a"),
        ([("a", 10), ("b", 90)], "a", "a"),
        ([("a", 10), ("b", 90)], None, "b"),
        ([("a", 100), ("b", 0)], "b", "a"),
    ],
)
def test_one_release_counts_as_live(shares, fallback, live):
    """While a new one has a part, it is who answers where that fails."""
    routes = Routes(
        shares=tuple(share(*each) for each in shares), fallback=share(fallback) if fallback else None
    )
    found = main_share(routes)
    assert (found.release_id if found else None) == live


def state(requests, errors):
    """Return what a proxy says of a release."""
    seen = InstanceState(release_id="a", requests=requests, errors=errors)
    return State(pid=1, host="127.0.0.1", port=80, fence=0, routes=Routes(), instances=(seen,))


def test_requests_that_fail_count_from_one_look_to_the_next(tmp_path):
    """What was before does not, nor a few of many."""
    front = Front(serving=Serving(tmp_path / "s"))
    assert front.unwell("a", state(100, 50)) is None
    assert front.unwell("a", state(200, 55)) is None
    assert front.unwell("a", state(300, 61)).why == "6 of 100 requests to it failed"
    assert front.unwell("a", state(300, 61)) is None
    assert front.unwell("a", state(301, 62)).why == "1 of 1 requests to it failed"
    assert front.unwell("a", state(5, 5)) is None
    assert front.unwell("b", state(5, 5)) is None


def test_a_proxy_that_is_not_there_routes_nothing(tmp_path):
    """Nobody can say what it would have done; and there is nothing to end."""
    front = Front(serving=Serving(tmp_path / "s"))
    assert front.state() is None
    assert front.meant() == Routes()
    front.end(1)
    front.note("a")
    front.end_routes_of("a")
    with pytest.raises(Unanswered):
        front.route(share("a"), fallback=None, fence=1)
    assert not (tmp_path / "s").exists()


def test_what_it_refuses_is_a_deploys_error(tmp_path):
    """A lower fence, a port that is another's."""
    front = Front(serving=Serving(tmp_path / "s"))
    port = front.ensure(0)
    try:
        front.route(share("a"), fallback=None, fence=5)
        assert front.meant().shares == (share("a"),)
        with pytest.raises(DeployError) as refused:
            front.route(share("b"), fallback=None, fence=4)
        assert not isinstance(refused.value, Unanswered)
        with pytest.raises(UsageError):
            front.ensure(port - 1)
        with pytest.raises(DeployError):
            front.end(4)
        assert front.state().routes.shares == (share("a"),)
        front.end(6)
        assert front.state() is None
        assert front.meant().shares == ()
    finally:
        front.serving.end()
