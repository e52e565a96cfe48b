"""Versions of crates."""

from __future__ import annotations

from autoexec_magic.installer.rust.versions import newest


def test_a_release_comes_before_any_candidate():
    """And numbers compare as numbers."""
    assert newest(["1.9.0", "1.10.0", "2.0.0-rc.1"]) == "1.10.0"
    assert newest(["2.0.0-rc.2", "2.0.0-rc.10"]) == "2.0.0-rc.10"
    assert newest(["later", "0.0.1+build"]) == "0.0.1+build"
    assert newest([]) == ""
