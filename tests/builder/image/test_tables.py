"""What files say is taken for what it is, and a wrong kind for nothing."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import tables
from autoexec_magic.errors import BuildError


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    """It is no fault."""
    assert tables.read_toml(tmp_path / "no" / "x.toml") == {}
    assert tables.read_json(tmp_path / "x.json") == {}


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_none_is_named(tmp_path, content):
    """Whatever is wrong with it."""
    (tmp_path / "package.json").write_bytes(content)
    with pytest.raises(BuildError, match=r"package\.json cannot be read"):
        tables.read_json(tmp_path / "package.json")


def test_a_value_of_another_kind_is_none():
    """A text is no list, true is no number, and a list is no table."""
    said = {"a": ["x", 1], "b": True, "c": "t", "d": {"e": {"f": 1}}}
    assert tables.words(said, "a") == ("x", "1")
    assert tables.words(said, "c") == ()
    assert tables.whole(said, "b") == 0
    assert tables.text(said, "a") == ""
    assert tables.below(said, "d", "e") == {"f": 1}
    assert tables.below(said, "a", "e") == {}
