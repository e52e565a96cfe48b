"""What nobody uses goes, and what somebody uses, or may, stays."""

from __future__ import annotations

import pytest
from deployer.gcp.planes import deployed, quiet, release, target

from autoexec_magic.deployer.gcp.place import revision_of


@pytest.fixture
def four(plane):
    cloud, options = plane
    made = target(options)
    releases = [release() for _ in range(4)]
    for number, each in enumerate(releases):
        deployed(made, each, fence=number + 1)
    yield cloud, made, releases
    cloud.settle()
    made.close()


def names(cloud):
    return {one.rpartition("/")[2] for one in cloud.revisions}


def test_old_tags_go_and_old_revisions_too(four):
    """The live one and those that are kept stay."""
    cloud, made, releases = four
    made.tidy(releases[3], [releases[2]], quiet)
    assert names(cloud) == {revision_of(releases[3]), revision_of(releases[2])}
    [service] = cloud.services.values()
    assert [each.revision for each in service.traffic] == [revision_of(releases[3])]
    assert made.live().changed == ""


def test_what_has_traffic_is_left_as_it_is(four):
    """Somebody else is at it: nothing is touched."""
    cloud, made, releases = four
    made.tidy(releases[0], [], quiet)
    assert len(cloud.revisions) == 4


def test_a_revision_that_is_none_of_ours_stays(four):
    """Whoever made it has a use for it."""
    cloud, made, releases = four

    def copy(service):
        service.template.revision = "web-by-hand"

    cloud.edit(copy)
    made.tidy(releases[3], [], quiet)
    assert "web-by-hand" in names(cloud)


def test_it_is_the_same_when_it_is_done_twice(four):
    """The second time nothing is written."""
    cloud, made, releases = four
    made.tidy(releases[3], releases[:3], quiet)
    generation = next(iter(cloud.services.values())).generation
    made.tidy(releases[3], releases[:3], quiet)
    assert next(iter(cloud.services.values())).generation == generation


def test_a_first_release_that_was_given_up_leaves_nothing(plane):
    """Its service was made for it alone."""
    cloud, options = plane
    made = target(options)
    made.stage(release(), quiet)
    assert made.live() is None
    made.tidy(None, [], quiet)
    cloud.settle()
    assert cloud.services == {}
    made.close()
