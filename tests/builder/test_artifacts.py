"""A plan as a value: one digest of all inputs, that knows names and modes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autoexec_magic.builder.artifacts import BuildPlan, Input, Source

SOURCE = Source(path=Path("/p"), folder=Path("/p"), workspace=Path("/p"), settings={"out": "made", "port": 3})
PLAN = BuildPlan(
    kind="wheel",
    name="pear",
    version="1",
    source=SOURCE,
    inputs=(Input(path="a", digest="11", bytes=3), Input(path="b", digest="22", bytes=4)),
)


def test_the_order_of_inputs_does_not_count():
    """They are a set."""
    assert replace(PLAN, inputs=PLAN.inputs[::-1]).inputs_digest == PLAN.inputs_digest
    assert PLAN.input_bytes == 7


def test_names_modes_and_bytes_count():
    """Each is another build."""
    first, second = PLAN.inputs
    others = [
        (replace(first, path="c"), second),
        (replace(first, digest="33"), second),
        (replace(first, is_executable=True), second),
        (first,),
    ]
    digests = {replace(PLAN, inputs=inputs).inputs_digest for inputs in others}
    assert len(digests | {PLAN.inputs_digest}) == 5
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)


def test_a_setting_of_another_kind_is_no_text():
    """The default stands in."""
    assert SOURCE.out == Path("/p/made")
    assert SOURCE.setting("port", "x") == "x"
