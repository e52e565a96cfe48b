"""What differs is shown, whatever it is; what does not is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.deployer.difference import changes_of, digest_of, fields_of
from autoexec_magic.releasefacts import Gate, Secret, Spec

SPEC = Spec(
    artifact="image",
    reference="web:1",
    digest="sha256:ab",
    command=("serve",),
    port=80,
    environment=(("A", "1"),),
    secrets=(Secret(name="S", reference="env:S", version="0123456789abcdef"),),
    memory_bytes=1,
    cpus=1.5,
    gate=Gate(path="/health", command=("check",)),
    options=(("drain", "3"),),
)
tables = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=6)
names = st.text("ABC_", min_size=1, max_size=3)
variables = st.dictionaries(names, st.text(max_size=3).filter(lambda value: value != "''"), max_size=4)


@given(tables, tables)
def test_the_changes_lead_from_one_to_the_other(now, new):
    """Who carries them out has the new one; none is left out, none is there twice, in order."""
    changes = changes_of(now, new)
    told = [each.name for each in changes]
    assert told == sorted(set(told))
    assert all(each.now != each.new for each in changes)
    after = {**now, **{each.name: each.new for each in changes}}
    assert {name: value for name, value in after.items() if value} == {
        name: value for name, value in new.items() if value
    }
    assert all((each.now, each.new) == (now.get(each.name, ""), new.get(each.name, "")) for each in changes)


@given(tables)
def test_nothing_differs_from_itself(table):
    """Also where something is there and empty."""
    assert changes_of(table, table) == ()


@given(variables, variables)
def test_two_environments_are_told_apart(one, other):
    """A variable that is there and empty is another environment than one without it."""
    first, second = (replace(SPEC, environment=tuple(sorted(each.items()))) for each in (one, other))
    is_same = one == other
    assert (changes_of(fields_of(first), fields_of(second)) == ()) is is_same
    assert (digest_of(first) == digest_of(second)) is is_same


@pytest.mark.parametrize(
    "other",
    [
        {"artifact": "app"},
        {"digest": "sha256:cd"},
        {"command": ("serve", "")},
        {"command": ()},
        {"port": 0},
        {"environment": ()},
        {"environment": (("A", "1"), ("B", ""))},
        {"secrets": ()},
        {"secrets": (Secret(name="S", reference="env:S", version="f" * 16),)},
        {"secrets": (Secret(name="S", reference="file:s", version="0123456789abcdef"),)},
        {"replicas": 0},
        {"memory_bytes": 0},
        {"cpus": 0.0},
        {"gate": Gate(path="/other", command=("check",))},
        {"gate": Gate(path="/health")},
        {"options": (("drain", "4"),)},
        {"options": (("drain", ""),)},
        {"options": ()},
    ],
    ids=lambda other: "-".join(f"{name}" for name in other),
)
def test_each_part_that_changes_what_runs_is_told(other):
    """A change that the difference does not show is one that nobody said yes to."""
    changed = replace(SPEC, **other)
    assert len(changes_of(fields_of(SPEC), fields_of(changed))) == 1
    assert digest_of(SPEC) != digest_of(changed)


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_two_commands_are_told_apart(one, other):
    """Words with spaces and quotes are shown so that no two commands look alike."""
    first, second = (fields_of(replace(SPEC, command=tuple(each))) for each in (one, other))
    assert (first.get("command") == second.get("command")) is (one == other)


def test_the_order_of_variables_is_no_change():
    """Nobody runs with it."""
    one = replace(SPEC, environment=(("A", "1"), ("B", "2")))
    other = replace(SPEC, environment=(("B", "2"), ("A", "1")))
    assert digest_of(one) == digest_of(other)


def test_a_digest_is_of_the_usual_form():
    """`sha256:` and 64 digits."""
    kind, _, digits = digest_of(SPEC).partition(":")
    assert (kind, len(digits), set(digits) <= set("0123456789abcdef")) == ("sha256", 64, True)


def test_what_is_not_there_has_no_field():
    """The smallest release tells three things."""
    assert fields_of(Spec(artifact="app", reference="x", digest="d")) == {
        "artifact": "app",
        "digest": "d",
        "replicas": "1",
    }
