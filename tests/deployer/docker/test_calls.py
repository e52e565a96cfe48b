"""An engine that is busy or away for a moment is asked again, one that was never there is not."""

from __future__ import annotations

import threading

import pytest
from engines import own_engine

from autoexec_magic.deployer.docker.calls import Calls
from autoexec_magic.deployer.target import Unanswered
from autoexec_magic.errors import DeployError, MissingTool, UsageError


def failing(status: int, times: list[int]):
    """Return a question that an engine refuses with a status, once for each of `times`."""

    def ask(client):
        import requests
        from docker.errors import APIError

        if not times:
            return "answered"
        times.pop()
        response = requests.Response()
        response.status_code = status
        raise APIError("no", response=response, explanation="driver failed, for a reason")

    return ask


def test_an_answer_is_returned(engine):
    """Of the engine that DOCKER_HOST names."""
    assert Calls().asked("it does not answer", lambda client: client.ping()) is True


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_is_busy_is_asked_again(engine, status):
    """Until it has time."""
    assert Calls(limit_seconds=60).asked("it fails", failing(status, [1, 1])) == "answered"


def test_one_that_stays_busy_did_not_answer(engine):
    """With what it said, and in time."""
    with pytest.raises(Unanswered) as unanswered:
        Calls(limit_seconds=0.5).asked("web cannot be read", failing(503, [1] * 1000))
    assert unanswered.value.what == "web cannot be read: the Docker Engine does not answer"
    assert "for a reason" in unanswered.value.why


@pytest.mark.parametrize(("status", "changes"), [(404, False), (409, True), (500, True)])
def test_a_refusal_is_final(engine, status, changes):
    """Also an error of its own where something was to be changed."""
    times = [1, 1]
    with pytest.raises(DeployError) as refused:
        Calls(limit_seconds=60).asked("it cannot be started", failing(status, times), changes=changes)
    assert not isinstance(refused.value, Unanswered)
    assert len(times) == 1


def test_one_that_was_never_there_is_missing(tmp_path, monkeypatch):
    """At once."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(MissingTool):
        Calls(limit_seconds=10**6).asked("it fails", lambda client: client.ping())


def test_one_of_another_machine_is_refused(monkeypatch):
    """Its ports are not this machine's."""
    from autoexec_magic.deployer.docker import calls

    class Far:
        base_url = "http://10.1.2.3:2375"

    with pytest.raises(UsageError) as refused:
        calls._check_here(Far())
    assert "10.1.2.3" in refused.value.why


@pytest.mark.limit(300)
def test_one_that_starts_again_is_waited_for(place, monkeypatch):
    """Its containers come back at the ports that they had, so that nobody has to be told."""
    from webimages import made

    with own_engine() as other:
        monkeypatch.setenv("DOCKER_HOST", other.url)
        place.images = {"1": made(other, "1")}
        release = place.release("1")
        place.deploy(release)
        target = place.target()
        assert target.live().changed == ""
        other.kill()
        with pytest.raises(Unanswered):
            place_of(target, 0.5).live()
        starting = threading.Timer(1.0, other.start)
        starting.start()
        try:
            assert place_of(target, 120).live().release_id == release.release_id
        finally:
            starting.join()
        from autoexec_magic import executor

        assert executor.wait_for(lambda: target.unwell(release) is None or None, timeout=120)
        assert target.live().changed == ""
        assert place.answer()["version"] == "1"
        target.switch(None, place.events.append, fence=10**15)


def place_of(target, seconds):
    """Return the target with another patience."""
    target._calls.limit_seconds = seconds
    return target
