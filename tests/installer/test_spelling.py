"""Names that are spelt nearly alike."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.spelling import alike


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("expresss", "express"),
        ("expres", "express"),
        ("exprses", "express"),
        ("exprezs", "express"),
        ("ex-press", "express"),
        ("express", ""),
        ("koa", ""),
        ("expressions", ""),
        ("ws1", ""),
    ],
)
def test_one_letter_or_another_punctuation_is_near(name, want):
    """Left out, added, changed, swapped or punctuated; a short name is near to too much to be told."""
    assert alike(name, ["express", "ws"]) == want
