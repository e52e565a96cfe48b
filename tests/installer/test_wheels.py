"""Wheels are kept by their hash, within a size."""

from __future__ import annotations

import hashlib
import os

import pytest

from autoexec_magic.installer.wheels import Wheels

NAME = "frob-1.0-py3-none-any.whl"


def take(wheels, content, **how):
    """Keep a wheel; return its hash."""
    return wheels.take([content], NAME, **{"expected": "", "most_bytes": 1000, **how})[1]


def test_a_wheel_is_found_by_its_hash(tmp_path):
    """And by no other word; the folder is nobody else's."""
    wheels = Wheels(tmp_path / "wheels")
    digest = take(wheels, b"one")
    assert digest == hashlib.sha256(b"one").hexdigest()
    assert wheels.path(digest).name == NAME
    assert wheels.checked(digest).read_bytes() == b"one"
    assert wheels.path("../..") is wheels.path("0" * 64) is None
    assert (tmp_path / "wheels").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("how", [{"expected": "0" * 64}, {"most_bytes": 2}])
def test_what_is_not_as_it_should_be_is_not_kept(tmp_path, how):
    """Other bytes, or more of them than agreed, leave nothing."""
    wheels = Wheels(tmp_path)
    with pytest.raises(ValueError, match="frob"):
        take(wheels, b"one", **how)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_leads_away_is_refused(tmp_path):
    """An index cannot say where a file lands."""
    with pytest.raises(ValueError, match="no wheel's name"):
        Wheels(tmp_path / "wheels").take([b""], "../evil.whl", expected="", most_bytes=9)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_changed_are_not_believed(tmp_path):
    """What is read again has to have the hash under which it lies."""
    wheels = Wheels(tmp_path)
    digest = take(wheels, b"one")
    wheels.path(digest).write_bytes(b"two")
    assert wheels.checked(digest) is None


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    """Of three that are too many, the one that was just used stays."""
    wheels = Wheels(tmp_path)
    digests = [take(wheels, bytes([number]) * 100) for number in range(3)]
    for age, digest in enumerate(digests):
        os.utime(tmp_path / digest, (1000 + age, 1000 + age))
    wheels.touch(digests[0])
    wheels.prune(150)
    assert [wheels.path(digest) is not None for digest in digests] == [True, False, False]
