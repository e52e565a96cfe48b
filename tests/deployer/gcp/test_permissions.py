"""The permissions that are documented: none is missing, and none lets anybody read a value."""

from __future__ import annotations

import re

from autoexec_magic.deployer.gcp import permissions


def test_every_call_has_its_permissions():
    """That these are the calls that are made, `test_cloudrun` shows."""
    for call, needed in {**permissions.RUN, **permissions.REST}.items():
        assert needed, call
    assert all(re.fullmatch(r"[a-z]+(\.[A-Za-z]+)+", each) for each in permissions.all_of())


def test_no_secret_is_ever_read_back():
    """We put values there; the service's own account reads them."""
    assert "secretmanager.versions.access" not in permissions.all_of()


def test_nobody_is_asked_to_be_the_owner():
    """The roles are the narrow ones, each with where it is given."""
    assert not {"roles/owner", "roles/editor"} & {*permissions.ROLES, *permissions.RUNTIME_ROLES}
    assert all(permissions.ROLES.values())
