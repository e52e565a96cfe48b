"""What every member of an archive must be, whatever the archive is."""

from __future__ import annotations

import io

import pytest

from autoexec_magic.builder.wheels import members
from autoexec_magic.errors import BuildError


def test_a_plain_path_is_a_path():
    """Letters of any script; of a folder the end is taken off."""
    assert members.check_path("a", "pear/ñandú/") == "pear/ñandú"


@pytest.mark.parametrize(
    "name", ["", "/a", "c:/a", "a/../b", "a//b", "./a", "a\\b", "a\x1b[1m", "a\udcff", "a" * 256, "é" * 128]
)
def test_what_is_no_path_below_is_refused(name):
    """And its name is shown as a literal, so that nothing in it acts on a terminal."""
    with pytest.raises(BuildError) as refused:
        members.check_path("pear.whl", name)
    assert "\x1b" not in str(refused.value)


def test_a_secret_is_refused_by_its_name():
    """As everywhere else."""
    with pytest.raises(BuildError, match="secret"):
        members.refuse_secret("pear.whl", "pear/.env", io.BytesIO())
