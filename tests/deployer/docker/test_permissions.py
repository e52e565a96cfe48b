"""What is asked of an engine is what the list says, and all that the list says is asked for."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import replace

import pytest
import webimages

from autoexec_magic.deployer import Shift, withdraw
from autoexec_magic.deployer.docker import permissions
from autoexec_magic.errors import RolledBack
from autoexec_magic.history import new_id

_NAMED = re.compile(
    r"^(/(?:containers|images|exec|services|tasks|secrets|nodes)/)(?!json$|create$).+?((?:/[a-z]+)?)$"
)
_VERSION = re.compile(r"^/v[0-9.]+(?=/)")


def call_of(method: str, url: str) -> str:
    """Return a call without the version of the API, and without what it is about."""
    path = _VERSION.sub("", urllib.parse.urlsplit(url).path)
    path = _NAMED.sub(r"\1*\2", path)
    return f"{method} {path}"


@pytest.fixture
def far(place, registry):
    """Return an image, by name and digest, that a registry has and the engine has not."""
    name, version = f"{registry}/web-far", "3"
    near, _ = webimages.made(place.engine, version, changes=("LABEL far=yes",), name="web-far")
    place.client.tag(near, name, version)
    said = [each for each in place.client.push(name, version, stream=True, decode=True) if "aux" in each]
    for each in (f"{name}:{version}", near):
        place.client.remove_image(each, force=True)
    return name, said[-1]["aux"]["Digest"]


@pytest.fixture
def calls(place, far, monkeypatch):
    """Return the calls that the target makes from now on."""
    return noted(place, monkeypatch)


@pytest.fixture
def swarm_calls(swarm_place, monkeypatch):
    """Return the calls that the target makes at a Swarm from now on."""
    return noted(swarm_place, monkeypatch)


def noted(place, monkeypatch):
    """Note each call but those of the test's own client."""
    import requests

    found, send = set(), requests.Session.send

    def sent(session, request, **words):
        if session is not place.client:
            found.add(call_of(request.method, request.url))
        return send(session, request, **words)

    monkeypatch.setattr(requests.Session, "send", sent)
    return found


@pytest.mark.limit(300)
def test_every_call_is_on_the_list_and_every_call_of_the_list_is_made(place, far, calls):
    """A first one, one that is pulled, a canary, a bad one, back, tidied, its logs, and the end of it all."""
    first = place.release("1", secret="s3cr3t")
    place.deploy(first)
    place.images["3"] = far
    place.deploy(place.release("3"), shift=Shift(steps=(50,), step_seconds=0.2, samples=1))
    with pytest.raises(RolledBack):
        place.deploy(place.release("1", fate="exits"))
    place.values.clear()
    gate = replace(first.spec.gate, path="", command=("python", "-c", ""))
    # its secret is only in the earlier container
    again = replace(first, release_id=new_id(), spec=replace(first.spec, gate=gate))
    place.deploy(again)
    place.client.pause(place.name(again))
    place.target().stage(again, place.events.append)
    assert list(place.target().logs(again, lines=1, follow=False))
    place.target().tidy(again, (), place.events.append)
    withdraw(place.target(), place.work())
    assert calls - set(permissions.CALLS) == set()
    assert set(permissions.CALLS) - calls == set()


@pytest.mark.limit(300)
def test_at_a_swarm_every_call_is_on_its_list(swarm_place, swarm_calls):
    """A first one, a canary, a bad one, back, its logs, and the end of it all."""
    place = swarm_place
    first = place.release("1", secret="s3cr3t")
    place.deploy(first)
    place.deploy(place.release("2"), shift=Shift(steps=(50,), step_seconds=0.2, samples=1))
    with pytest.raises(RolledBack):
        place.deploy(place.release("1", fate="exits"))
    place.deploy(first)
    assert list(place.target().logs(first, lines=1, follow=False))
    place.target().tidy(first, (), place.events.append)
    withdraw(place.target(), place.work())
    place.target().tidy(None, (), place.events.append)
    assert swarm_calls - {*permissions.CALLS, *permissions.SWARM_CALLS} == set()
    assert set(permissions.SWARM_CALLS) - swarm_calls == set()
