"""What CI services say at the end of a step."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import diagnose_log


@pytest.mark.parametrize(
    "line",
    [
        "##[error]Process completed with exit code 1.",
        "ERROR: Job failed: exit code 1",
    ],
)
def test_a_step_s_end_is_told_only_where_nothing_else_is(line):
    """It is an echo, and unknown."""
    (seen,) = diagnose_log(f"step\n{line}\n")
    assert (seen.code, seen.confidence) == ("nonzero-exit", "unknown")
    codes = [each.code for each in diagnose_log(f"curl: (6) Could not resolve host: a\n{line}\n")]
    assert codes == ["host-not-found"]


def test_an_exit_code_above_128_names_the_signal():
    """It is all that is left of a process that the kernel killed; another failure says more."""
    (seen,) = diagnose_log("step\nError: Process completed with exit code 137.\n")
    assert (seen.code, seen.confidence) == ("killed", "likely")
