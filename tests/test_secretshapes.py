"""One table of tokens for what is masked and for what is not packed."""

from __future__ import annotations

import pytest

from autoexec_magic import redact
from autoexec_magic.builder import secretfiles
from autoexec_magic.secretshapes import SHAPES

MIXED = "a1B2c3D4e5F6g7H8" * 8


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.prefix)
def test_what_is_refused_in_a_file_is_masked_in_a_text(shape):
    """It is one table: what a build does not pack, no log shows."""
    rests = (MIXED[:64], "A2B3C4D5E6F7G2H3", MIXED[:36], MIXED[:35], "123456789012-" + MIXED[:24])
    rests += ("proj-" + MIXED[:48], "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH")
    tokens = [shape.prefix + rest for rest in rests]
    found = [each for each in tokens if secretfiles.secret_in("x", each.encode())]
    assert found
    for token in found:
        assert redact.mask(f"is {token} it") == "is *** it"
