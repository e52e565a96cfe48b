"""What a run finds around it can be changed only by making another."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.config import Config
from autoexec_magic.orchestrator import Surroundings


def test_a_run_is_asked_at_the_prompt_and_not_cancelled_unless_somebody_says_so(tmp_path):
    """The defaults of plain Python."""
    here = Surroundings(
        config=Config(), cwd=tmp_path, workspace=tmp_path, cache=tmp_path, ask=lambda question: True
    )
    assert (here.place(), here.is_cancelled(), here.loaded, here.run_id) == ("prompt", False, None, "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        here.run_id = "x"
