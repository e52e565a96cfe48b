"""What is called how on a cluster."""

from __future__ import annotations

import re

from autoexec_magic.deployer.kubernetes import names
from autoexec_magic.history import new_id, short_id
from autoexec_magic.releasefacts import Secret

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def test_a_release_is_named_by_the_part_of_its_id_that_people_see():
    found = new_id()
    assert names.tail_of(found) == short_id(found)


def test_the_longest_name_of_a_service_makes_names_that_a_cluster_takes():
    """A service has at most 40 characters, a label 63."""
    service = "w" * 40
    secrets = (Secret(name="KEY", reference="env:KEY", version="ab"),)
    for name in (names.object_of(service, new_id()), names.secret_of(service, secrets)):
        assert LABEL.fullmatch(name)


def test_other_versions_of_the_values_are_another_secret():
    one = (Secret(name="KEY", reference="env:KEY", version="ab"),)
    other = (Secret(name="KEY", reference="env:KEY", version="cd"),)
    elsewhere = (Secret(name="KEY", reference="file:key", version="ab"),)
    assert names.secret_of("web", one) != names.secret_of("web", other)
    assert names.secret_of("web", one) == names.secret_of("web", elsewhere)
    assert names.secret_of("web", ()) == ""
