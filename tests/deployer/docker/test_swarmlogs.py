"""Logs of a service come as they are written, and end when nobody wants more of them."""

from __future__ import annotations

import threading

import pytest

from autoexec_magic import dockerengine, executor
from autoexec_magic.deployer.docker import swarmlogs, telling


@pytest.mark.limit(300)
def test_the_last_lines_are_read_and_what_follows_can_be_ended(swarm_place):
    """Also while somebody waits for more, which does not come."""
    place = swarm_place
    release = place.release("1", command=("sh", "-c", "echo 1; echo 2 >&2; echo 3; exec sleep 1000"))
    place.target().stage(release, place.events.append)
    name = place.name(release)

    def lines(number):
        return swarmlogs.read(place.client, name, lines=number).splitlines()

    assert executor.wait_for(lambda: len(lines(10)) == 3 or None, timeout=60)
    assert set(lines(10)) == {b"1", b"2", b"3"}
    assert len(lines(1)) == 1
    stream = swarmlogs.opened(place.client, name, lines=10, follow=True)
    seen = []
    reading = threading.Thread(target=lambda: seen.extend(telling._lines(stream)), daemon=True)
    reading.start()
    assert executor.wait_for(lambda: len(seen) == 3 or None, timeout=60)
    telling._close(stream)
    reading.join(60)
    assert not reading.is_alive()


def test_a_service_that_is_gone_has_none(swarm):
    """That is the engine's error."""
    with dockerengine.connected() as client, pytest.raises(dockerengine.failures()):
        swarmlogs.read(client, "no-such-service", lines=1)
