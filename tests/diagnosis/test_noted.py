"""A diagnosis of a notebook's cause fits on lines."""

from __future__ import annotations

from autoexec_magic.diagnosis.noted import noted


def test_evidence_is_short_told_once_and_bounded():
    """More would hide the first."""
    found = noted("cell-failed", "why", "fix", evidence=["a\nb", "a\nb", *map(str, range(20))])
    assert (found.evidence[0], len(found.evidence), found.evidence[-1]) == ("a b", 8, "… and 14 more")


def test_it_is_likely_unless_it_is_sure():
    """The better word is asked for."""
    assert noted("a", "b", "c").confidence == "likely"
    assert noted("a", "b", "c", sure=True).confidence == "certain"
