"""What a verb says is a value: text for people, records for machines."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.ui.spoken import Spoken
from autoexec_magic.values import Result, Verdict


def test_without_text_or_records_there_is_only_the_result():
    """And nobody changes it on the way to who prints it."""
    spoken = Spoken(result=Result(verb="sh", verdict=Verdict.PASSED))
    assert (spoken.value, spoken.text, spoken.records) == (None, "", ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        spoken.text = "x"
