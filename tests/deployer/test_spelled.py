"""A release comes back from JSON as it was, and what is none is refused in one way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoexec_magic.deployer.difference import fields_of
from autoexec_magic.deployer.spelled import release_of, spelled
from autoexec_magic.releasefacts import Gate, Release, Secret, Spec

RELEASE = Release(
    service="web",
    target="local",
    release_id="1",
    spec=Spec(
        artifact="image",
        reference="web:1",
        digest="sha256:ab",
        command=("serve", "--port", "80"),
        environment=(("A", "1"),),
        secrets=(Secret(name="S", reference="env:S", version="0" * 16),),
        gate=Gate(path="/health", command=("true",)),
        options=(("drain", "3"),),
    ),
)
NOT_A_NUMBER = float("nan")

texts = st.text(max_size=8)
words = st.lists(texts, max_size=3).map(tuple)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
whole, real = st.integers(), st.floats(allow_nan=False, allow_infinity=False)
gates = st.builds(Gate, path=texts, command=words, start_seconds=real, successes=whole, failures=whole)
secrets = st.lists(st.builds(Secret, name=texts, reference=texts, version=texts), max_size=2).map(tuple)
specs = st.builds(
    Spec,
    artifact=texts,
    reference=texts,
    digest=texts,
    inputs_digest=texts,
    command=words,
    port=whole,
    environment=pairs,
    secrets=secrets,
    replicas=whole,
    memory_bytes=whole,
    cpus=real | whole,
    gate=gates,
    options=pairs,
)
releases = st.builds(
    Release,
    service=texts,
    target=st.sampled_from(["local", "docker", "kubernetes", "aws", "gcp"]),
    release_id=texts,
    spec=specs,
    place=texts,
    started=whole,
    notebook=texts,
)
anything = st.recursive(
    st.none() | st.booleans() | whole | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def paths_in(value, at=()):
    """Return where each part of a JSON value stands."""
    found = [at]
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        found += paths_in(value[key], (*at, key))
    return found


def put(value, at, new):
    """Return a JSON value with another part at one place."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


def in_json(release):
    """Return a release as it is once it was written and read."""
    return json.loads(json.dumps(spelled(release)))


@given(releases)
def test_any_release_comes_back_from_json_as_it_was(release):
    """An undo restores all that it was made of: nothing may get lost on the way."""
    assert release_of(in_json(release)) == release


@given(anything)
@example({"spec": {"gate": {}}})
@example({"spec": []})
@example([])
def test_garbage_is_a_value_error(body):
    """Whatever JSON can be; no other error gets out, and nothing half of a release."""
    with pytest.raises(ValueError, match="not a release"):
        release_of(body)


@given(st.sampled_from(paths_in(in_json(RELEASE))), anything)
@example(("spec", "port"), "80")
@example(("spec", "port"), True)
@example(("spec", "replicas"), None)
@example(("spec", "replicas"), 1.5)
@example(("spec", "command"), "serve")
@example(("spec", "environment"), ["ab"])
@example(("spec", "environment"), [["A", "1", "2"]])
@example(("spec", "environment"), {"AB": 1})
@example(("spec", "gate", "start_seconds"), NOT_A_NUMBER)
@example(("spec", "gate", "start_seconds"), 10**400)
@example(("spec", "cpus"), "1")
@example(("spec", "secrets", 0), ["S"])
@example(("spec", "digest"), 5)
def test_a_release_with_one_part_that_is_wrong_is_none_or_whole(at, new):
    """What comes back can be written again, and shown: a fault comes to light here and not in an undo."""
    try:
        found = release_of(put(in_json(RELEASE), at, new))
    except ValueError:
        return
    assert release_of(in_json(found)) == found
    assert {type(each) for each in (found.spec.port, found.spec.replicas, found.started)} == {int}
    assert all(isinstance(value, str) for value in fields_of(found.spec).values())


@pytest.mark.parametrize("at", [(), ("spec",), ("spec", "gate"), ("spec", "secrets", 0)])
def test_what_a_newer_version_added_is_left_out(at):
    """An older version reads what a newer one wrote, as far as it knows it."""
    body = in_json(RELEASE)
    part = body
    for key in at:
        part = part[key]
    part["invented-later"] = {"deep": [1]}
    assert release_of(body) == RELEASE


def test_what_an_older_version_did_not_have_is_as_it_is_by_itself():
    """A field that came later has a default."""
    body = in_json(RELEASE)
    del body["notebook"], body["place"], body["spec"]["options"], body["spec"]["gate"]["bake_seconds"]
    found = release_of(body)
    assert found == replace(RELEASE, spec=replace(RELEASE.spec, options=()))


@pytest.mark.parametrize("name", ["service", "release_id", "spec", "target"])
def test_without_what_each_release_has_it_is_none(name):
    """A row that was cut is no release."""
    body = in_json(RELEASE)
    del body[name]
    with pytest.raises(ValueError, match="not a release"):
        release_of(body)
