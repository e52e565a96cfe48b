"""What a way asks for, by containers; the scenarios are in test_bluegreen.py."""

from __future__ import annotations

from dataclasses import replace

from autoexec_magic.deployer.docker.sidebyside import SideBySide, stop_seconds


def test_the_time_to_end_is_the_releases_own(place):
    """Or the usual one."""
    release = place.release()
    assert stop_seconds(None) == stop_seconds(release) == 10
    assert stop_seconds(replace(release, spec=replace(release.spec, options=(("stop-seconds", "3"),)))) == 3


def test_there_is_a_container_for_each_replica(place):
    """And one that is not started, where there are none."""
    way = SideBySide()
    assert [way.wanted(place.release(replicas=number)) for number in (0, 1, 3)] == [1, 1, 3]


def test_ending_what_is_gone_is_nothing(place):
    """Nor is it to end another's container, which has its name by now."""
    way, release = SideBySide(), place.release(options=(("stop-seconds", "1"),))
    place.target().stage(release, place.events.append)
    (unit,) = way.units(place.client, "web")
    way.end(place.client, unit, is_kept=True)
    assert list(place.containers().values()) == ["exited"]
    other = replace(unit, labels={})
    way.end(place.client, other, is_kept=False)
    assert list(place.containers().values()) == ["exited"]
    way.end(place.client, unit, is_kept=False)
    way.end(place.client, unit, is_kept=False)
    assert place.containers() == {}
    assert list(way.swept(place.client, "web", "")) == []
