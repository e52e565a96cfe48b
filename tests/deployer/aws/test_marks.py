"""What a release leaves at AWS."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from deployer.aws.made import SECRET, release

from autoexec_magic.deployer.aws import marks
from autoexec_magic.deployer.aws.marks import Stamp, Turn
from autoexec_magic.deployer.spelled import spelled
from autoexec_magic.history import new_id


def test_a_stamp_fits_a_description_and_is_read_again():
    """With real ids and digests; AWS takes 256 characters."""
    stamp = Stamp(release_id=new_id(), digest="sha256:" + "a" * 64, code="b" * 64, config="c" * 16)
    assert marks.stamp_of(marks.written(stamp)) == stamp
    turn = Turn(fence=2**40, version="12345", weights=(("12344", 0.123456),))
    assert marks.turn_of(marks.written(turn)) == turn


@pytest.mark.parametrize("text", ["", "by hand", "[]", "7", '{"fence": "x"}', '{"fence": 1, "version": 2}'])
def test_what_somebody_else_wrote_is_none_of_ours(text):
    """However it looks."""
    assert marks.stamp_of(text) is None
    assert marks.turn_of(text) is None


@pytest.mark.parametrize("text", ["", "x", base64.b64encode(zlib.compress(b"[]")).decode(), "ä"])
def test_what_is_no_packed_release_is_none(text):
    """Nor does a small text that unpacks to a large one cost much."""
    assert marks.unpacked(text) is None
    whole = json.dumps(spelled(release())).encode()
    bomb = base64.b64encode(zlib.compress(b" " * 2**24 + whole)).decode()
    assert marks.unpacked(bomb) is None


def test_a_packed_release_has_all_but_values():
    """The references are in it."""
    made = release(secrets=(SECRET,), environment=(("A", "b"),))
    assert marks.unpacked(marks.packed(made)) == made


def test_what_differs_is_told():
    """Field by field; what is as it should be is told as people wrote it."""
    made = release(memory_bytes=2**29)
    expected = {"memory": "536870912", "env.A": "1"}
    seen = {"memory": "1073741824", "env.A": "1"}
    fields, changed = marks.told(made, expected, seen)
    assert fields["memory"] == "1073741824"
    assert changed == "memory is 1073741824, and was 536870912"
    assert marks.told(made, expected, expected)[1] == ""
    assert marks.told(None, {}, seen) == (seen, "")
