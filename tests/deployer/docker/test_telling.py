"""Logs are whole lines, of all containers, as they come."""

from __future__ import annotations

from autoexec_magic import executor
from autoexec_magic.deployer.docker import containers, telling


def test_lines_are_whole_however_they_come():
    """Also the last one, and one that does not end."""
    assert list(telling._lines(iter([b"on", b"e\ntw", b"o\n\xc3", b"\xbc\nrest"]))) == [
        "one",
        "two",
        "ü",
        "rest",
    ]
    long = list(telling._lines(iter([b"x" * 70_000, b"y\n"])))
    assert "".join(long) == "x" * 70_000 + "y"


def pieces(*each):
    """Return a stream of an engine's."""
    return (one for one in each)


def test_lines_of_several_come_together():
    """Each with whose it is."""
    found = sorted(telling._Together([pieces(b"a\nb\n"), pieces(b"c\n")]).lines())
    assert found == [(0, "a"), (0, "b"), (1, "c")]


def told(place, *, lines, follow, secrets=()):
    """Return what all containers of the service tell."""
    names = [each.name for each in containers.all_of(place.client, "web")]
    streams = [place.client.logs(each, stream=True, follow=follow, tail=lines) for each in names]
    return telling.told(names, streams, follow=follow, secrets=secrets)


def test_a_container_is_followed_to_its_end(place):
    """What it writes later is told, masked; and whoever stops reading ends it."""
    release = place.release("1", says="s3cr3t-says")
    place.target().stage(release, place.events.append)
    following = told(place, lines=5, follow=True, secrets=["s3cr3t-says"])
    first = next(following)
    assert first.startswith("up 1")
    assert "s3cr3t" not in first
    place.client.restart(place.name(release), timeout=5)
    following.close()

    def lines():
        return [line[:4] for line in told(place, lines=5, follow=False)]

    assert executor.wait_for(lambda: lines() == ["up 1", "up 1"] or None, timeout=60)


def test_the_last_lines_are_as_many_as_asked_for(place):
    """And none of one that wrote nothing."""
    release = place.release("1", command=("sh", "-c", "echo 1; echo 2; echo 3; exec sleep 1000"))
    place.target().stage(release, place.events.append)
    following = told(place, lines=2, follow=True)
    assert [next(following), next(following)][-1] == "3"
    following.close()
    assert list(told(place, lines=2, follow=False)) == ["2", "3"]
    assert list(telling.told([], [], follow=False, secrets=[])) == []
