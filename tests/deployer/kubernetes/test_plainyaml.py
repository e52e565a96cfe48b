"""Reading YAML for plain values, with merges that do not grow."""

from __future__ import annotations

import pytest

from autoexec_magic.deployer.kubernetes.manifests import bodies_of
from autoexec_magic.errors import UsageError


def test_merges_that_double_at_each_level_do_not_grow():
    """A few hundred bytes of them would be more than any machine has."""
    begin = ["kind: A", "metadata: {name: a}", "a0: &a0 {x: 1, y: 2}"]
    lines = [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 35)]
    assert bodies_of("\n".join(begin + lines))[0]["a34"] == {"x": 1, "y": 2}
    lines = [f"a{n}: &a{n} {{<<: *a{n - 1}, <<: *a{n - 1}}}" for n in range(1, 35)]
    with pytest.raises(UsageError) as raised:
        bodies_of("\n".join(begin + lines))
    assert "the key << is there twice" in raised.value.why


def test_merges_of_much_are_counted():
    large = ", ".join(f"k{number}: 1" for number in range(500))
    text = f"kind: A\nmetadata: {{name: a}}\nx: &x {{{large}}}\ny: {{<<: [{', '.join(['*x'] * 3000)}]}}\n"
    with pytest.raises(UsageError, match="merges more than"):
        bodies_of(text)
    with pytest.raises(UsageError, match="has a key, which is no text"):
        bodies_of(f"kind: A\nmetadata: {{name: a}}\ny: {{? 0x{'f' * 9000} : 1}}\n")


def test_what_a_merge_brings_may_be_said_again_and_used_again():
    """The first of several says it, and a key's own value wins; only what is written twice is twice."""
    text = (
        "kind: A\nmetadata: {name: a}\na: &a {x: 1, y: 1}\nb: {<<: &b {<<: *a, x: 2}, z: 3}\nc: *b\n"
        "d: {y: 5, <<: [*b, *a]}\n"
    )
    found = bodies_of(text)[0]
    assert found["b"] == {"x": 2, "y": 1, "z": 3}
    assert found["c"] == {"x": 2, "y": 1}
    assert found["d"] == {"x": 2, "y": 5}
    many = "".join(f"  k{number}: 1\n" for number in range(1500))
    with pytest.raises(UsageError, match="the key k7 is there twice"):
        bodies_of(f"kind: A\nmetadata: {{name: a}}\nx:\n{many}  k7: 2\n")
