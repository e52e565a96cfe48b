"""Which file is the best one, from values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autoexec_magic.installer.choice import Chosen, File, aware, choose, fresh_limit
from autoexec_magic.installer.query import Query

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def file(version, days=None, **how):
    """Return a wheel of that version."""
    uploaded = NOW - timedelta(days=days) if days is not None else None
    name = f"frob-{version}-py3-none-any.whl"
    return File(filename=name, url=f"https://x/{name}", version=version, uploaded=uploaded, **how)


def chosen(*files, specifier="", known="", asked=None):
    """Return what is chosen of files, best first."""
    return choose(
        Query(distribution="frob", specifier=specifier, newest_known=known),
        files,
        index="x",
        times={each.filename: each.uploaded for each in files if each.uploaded},
        ask_times=lambda: asked or {},
        limit=fresh_limit(NOW.isoformat(), 3.0),
    )


@pytest.mark.parametrize(
    ("files", "how", "version"),
    [
        ([file("2.0", 10), file("1.0", 20)], {}, "2.0"),
        ([file("2.0", 1), file("1.0", 20)], {}, "1.0"),
        ([file("2.0", 1)], {}, "2.0"),
        ([file("2.0rc1", 10), file("1.0", 20)], {}, "1.0"),
        ([file("2.0", 10, is_yanked=True), file("1.0", 20)], {}, "1.0"),
        ([file("2.0", 10, is_yanked=True), file("1.0", 20)], {"specifier": "==2.0"}, "2.0"),
        ([file("2.0"), file("1.0")], {"known": "1.5"}, "1.0"),
    ],
    ids=["newest", "fresh", "only-fresh", "unfinished", "withdrawn", "withdrawn-but-named", "no-times"],
)
def test_the_best_wheel(files, how, version):
    """The newest that is neither fresh, nor unfinished, nor withdrawn, unless it is named."""
    found = chosen(*files, **how)
    assert isinstance(found, Chosen)
    assert found.file.version == version


def test_what_cannot_be_chosen_is_said():
    """Only an archive of sources, or another version than is wanted."""
    assert chosen(file("1.0", is_wheel=False)).only_sdist
    assert "no version 3.0; newest is 1.0" in chosen(file("1.0", 9), specifier="==3.0").error
    assert not chosen().exists


def test_times_are_asked_for_elsewhere_only_where_the_page_has_none():
    """Asked for, they make a release old enough."""
    old = {file("1.0").filename: NOW - timedelta(days=50)}
    assert chosen(file("2.0"), file("1.0"), asked=old).file.version == "1.0"
    assert aware(datetime(2026, 1, 1)) == NOW
