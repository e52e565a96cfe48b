"""A secret is a file that the image's user alone can read, and stands nowhere else."""

from __future__ import annotations

import pytest
import webimages

from autoexec_magic.deployer.docker import secretfiles
from autoexec_magic.errors import DeployError


@pytest.mark.parametrize(
    ("user", "ids"),
    [("", (0, 0)), ("1000", (1000, 0)), ("1000:7", (1000, 7)), ("root", (0, 0)), ("root:9", (0, 9))],
)
def test_its_owner_is_the_images_user(place, user, ids):
    """By number, or by a name that the image knows."""
    container = place.client.create_container(place.images["1"][0])["Id"]
    try:
        assert secretfiles.owner_of(place.client, container, user) == ids
    finally:
        place.client.remove_container(container)


def test_a_user_that_the_image_does_not_know_gets_nothing(place):
    """It is said with what helps."""
    container = place.client.create_container(place.images["1"][0])["Id"]
    try:
        with pytest.raises(DeployError) as failed:
            secretfiles.write(place.client, container, {"TOKEN": "s3cr3t"}, "nobody-knows")
        assert "USER with a number" in failed.value.fix
    finally:
        place.client.remove_container(container)


def test_a_user_without_power_can_read_it(place):
    """All of it, byte for byte; and it can be read back from a container that is stopped."""
    place.images["u"] = webimages.made(place.engine, "u", changes=("USER 1000:1000",))
    value = "two lines\nand ünïcode $(x) '\""
    release = place.release("u", secret=value)
    place.deploy(release)
    told = place.answer()
    assert told["user"] == 1000
    assert told["secrets"] == {"TOKEN": value}
    name = place.name(release)
    place.client.stop(name, timeout=1)
    assert secretfiles.read(place.client, name, "TOKEN") == value
    assert secretfiles.read(place.client, name, "OTHER") is None
    _, about = place.client.get_archive(name, "/run/secrets/TOKEN")
    assert about["mode"] & 0o777 == 0o400
