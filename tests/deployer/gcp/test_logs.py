"""What a revision wrote, from Cloud Logging: the last lines, in their order, masked."""

from __future__ import annotations

import pytest
from deployer.gcp.planes import target

from autoexec_magic.deployer.gcp.asking import Asking
from autoexec_magic.deployer.gcp.logs import evidence, followed, last_lines
from autoexec_magic.deployer.gcp.place import place_of

NAME = "projects/my-project/locations/europe-west1/services/web/revisions/web-1"


@pytest.fixture
def here(plane):
    cloud, options = plane
    made = target(options)
    cloud.words[NAME] = [(f"2026-01-01T00:00:0{number}Z", f"line {number}") for number in range(5)]
    yield cloud, made.asking
    made.close()


def test_the_last_lines_come_in_their_order(here):
    """As many as were asked for."""
    _, asking = here
    assert last_lines(asking, "web-1", lines=2) == ["line 3", "line 4"]
    assert last_lines(asking, "web-2", lines=2) == []


def test_a_secret_in_a_line_is_masked(here):
    """Whoever wrote it."""
    cloud, asking = here
    cloud.words[NAME] = [("2026-01-01T00:00:00Z", "https://me:correct-horse-5@host.example/")]
    assert "correct-horse-5" not in last_lines(asking, "web-1", lines=1)[0]


def test_those_that_come_are_told_once(here):
    """And none is left out."""
    cloud, asking = here
    lines = followed(asking, "web-1", lines=2)
    assert [next(lines), next(lines)] == ["line 3", "line 4"]
    cloud.words[NAME] = [*cloud.words[NAME], ("2026-01-01T00:00:09Z", "line 9")]
    assert next(lines) == "line 9"


def test_evidence_that_cannot_be_read_is_none():
    """It is beside the point, and is not waited for."""
    options = {"project": "my-project", "region": "europe-west1", "rest-endpoint": "127.0.0.1:1"}
    assert evidence(Asking(place=place_of("web", options, {})), "web-1", lines=2) == ()
