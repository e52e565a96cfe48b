"""Releases, changes and standings, as people and as machines read them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.deployer import Change, Live
from autoexec_magic.events import Released
from autoexec_magic.history import now_ms
from autoexec_magic.releasefacts import Deployed, Release, Spec
from autoexec_magic.releases import Listed, Standing
from autoexec_magic.ui import releaserows

SPEC = Spec(artifact="app", reference="dist/web", digest="sha256:" + "ab" * 32)
RELEASE = Release(service="web", target="local", release_id="01a2222a-b185-7626-a984-7f9df886b5d3", spec=SPEC)
GOOD = Deployed(release=RELEASE, code="deployed", is_good=True, run_id="r")
BAD = Deployed(release=RELEASE, code="rolled-back", why="HTTP 503\nfor ever")


def test_releases_are_listed_with_their_age_and_how_they_fared():
    """Each on one harmless line."""
    bad = replace(BAD, at=now_ms() + 3_600_000)  # a clock that goes ahead
    good = replace(GOOD, at=now_ms() - 150_000)
    lines = releaserows.listed_lines([Listed(deployed=bad), Listed(deployed=good, is_live=True)])
    assert lines[0].startswith("  f886b5d3       0 s  abababababab  rolled-back · HTTP 503")
    assert "\n" not in lines[0]
    assert lines[1] == "→ f886b5d3     2 min  abababababab  passed its gate · live"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7300, "2 h"), (200_000, "2 d")]
)
def test_an_age_is_in_words(seconds, words):
    """As coarse as it is old."""
    assert releaserows.age(now_ms() - seconds * 1000 - 5) == words


def test_changes_are_told_field_by_field():
    """What is not there is said so."""
    lines = releaserows.change_lines(
        [Change(name="port", now="", new="81"), Change(name="env.A", now="1", new="")]
    )
    assert lines == ["2 fields would change:", "  port   (none) → 81", "  env.A  1 → (none)"]
    assert releaserows.change_lines([]) == ["nothing would change"]


def test_a_standing_says_what_is_live_and_what_is_not_as_it_was_put_there():
    """Who it is, whether it is well, who changed it, and what was left half done."""
    live = Live(
        release_id=RELEASE.release_id, digest=SPEC.digest, shares=((RELEASE.release_id, 90), ("x", 10))
    )
    found = Standing(
        service="web",
        target="local",
        live=live,
        deployed=replace(GOOD, at=now_ms() - 150_000),
        unwell="HTTP 503",
        drift=("replicas is 3",),
    )
    text = "\n".join(releaserows.standing_lines(found))
    for words in (
        "release f886b5d3 is live, not well: HTTP 503",
        "traffic: f886b5d3 90 %",
        "replicas is 3",
        "2 min",
    ):
        assert words in text
    assert releaserows.standing_lines(Standing(service="web", target="local")) == [
        "web on local: nothing is live"
    ]


def test_a_record_has_all_of_the_contract():
    """Readers count on these names."""
    record = releaserows.release_record(Listed(deployed=GOOD, is_live=True))
    assert {"service", "target", "release_id", "digest", "verdict", "live", "started", "notebook"} <= set(
        record
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("deployed", "→ web is live on local at http://x · release f886b5d3"),
        ("withdrawn", "→ web is taken away from local"),
        ("rolled-back", "→ web on local: rolled-back at http://x"),
    ],
)
def test_an_end_is_one_line(code, words):
    """With where people reach it."""
    [line] = releaserows.released_lines(
        Released(deployed=Deployed(release=RELEASE, code=code), address="http://x")
    )
    assert line.startswith(words)
