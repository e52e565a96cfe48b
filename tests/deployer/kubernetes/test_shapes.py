"""Where lists of tables have to be, and what is said where they are not."""

from __future__ import annotations

import contextlib
import copy

import pytest
from deployer.kubernetes import own
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.deployer.kubernetes import filled, objects
from autoexec_magic.deployer.kubernetes.manifest import manifest_of
from autoexec_magic.deployer.kubernetes.manifests import bodies_of, spelled
from autoexec_magic.deployer.kubernetes.restricted import broken
from autoexec_magic.deployer.kubernetes.settings import Options
from autoexec_magic.deployer.kubernetes.shapes import containers_of, shown, table_of, tables_in
from autoexec_magic.errors import UsageError
from autoexec_magic.releasefacts import Release, Spec

RELEASE = Release(
    service="web",
    target="kubernetes",
    release_id="0193a1b2-c3d4-7000-8000-0123456789ab",
    spec=Spec(artifact="image", reference="web@sha256:ab", digest="sha256:ab"),
)
POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
PLACES = [
    *((0, *CONTAINER, key) for key in ("name", "image", "env", "envFrom", "ports", "volumeMounts")),
    *((0, *CONTAINER, key) for key in ("command", "args", "lifecycle", "readinessProbe", "resources")),
    *((0, *CONTAINER, "env", 0), (0, *CONTAINER, "ports", 0), (0, *CONTAINER)),
    *((0, *POD, key) for key in ("containers", "initContainers", "volumes", "imagePullSecrets")),
    *((0, *POD), (0, "spec", "template"), (0, "spec", "template", "metadata"), (0, "spec")),
    *((0, "spec", "replicas"), (0, "spec", "selector"), (0, "metadata"), (0, "kind"), (0, "apiVersion")),
    *((0, "metadata", key) for key in ("name", "namespace", "labels", "annotations")),
    *((1, "spec"), (1, "spec", "ports"), (1, "spec", "ports", 0), (1, "metadata"), (1, "metadata", "name")),
    *((2, "data"), (2, "metadata"), (3, "spec"), (3, "spec", "scaleTargetRef")),
]
WORDS = st.sampled_from(["name", "value", "env", "ports", "a", "A", "", "containers", "kind", "web"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=6,
)


def with_it(place, value):
    env = [{"name": "COLOR", "value": "red"}]
    bodies = [own.deployment(container={"env": env}), own.front("web"), own.config(), own.scaler()]
    bodies = copy.deepcopy(bodies)
    holder = bodies
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return bodies


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_whatever_stands_there_it_is_taken_or_refused_by_name(place, value):
    """Nothing else is raised, neither while it is read nor while a release is put into it."""
    with contextlib.suppress(UsageError):
        found = manifest_of(spelled(with_it(place, value)), "web")
        body = filled.deployment(found, "web", RELEASE, Options(), sleeps=False)
        broken(body)
        options = filled.options_for(found, Options(), RELEASE.spec)
        filled.front(found, objects.service_object("web", RELEASE, options, fence=1))
        filled.own_of(found, "web", RELEASE)


@pytest.mark.parametrize(
    ("place", "value", "want"),
    [
        ((*POD, "initContainers"), "a", "initContainers of Deployment shop"),
        ((*POD, "containers"), {"a": 1}, "containers of"),
        ((*POD, "volumes"), [1], "volumes of"),
        ((*CONTAINER, "env"), {"A": "b"}, r"containers\[0\].env of"),
        ((*CONTAINER, "env"), [None], r"containers\[0\].env of"),
        ((*CONTAINER, "env"), [{"name": []}], r"a name in containers\[0\].env of"),
        ((*CONTAINER, "ports"), {"a": 1}, r"containers\[0\].ports of"),
        ((*CONTAINER, "args"), "serve", r"containers\[0\].args of"),
        ((*POD, "initContainers"), [{"name": "i", "env": 1}], r"initContainers\[0\].env of"),
    ],
)
def test_what_is_no_list_of_tables_is_told_with_its_place(place, value, want):
    with pytest.raises(UsageError, match=f"^usage: {want}"):
        manifest_of(spelled(with_it((0, *place), value)), "web")


def test_what_is_empty_is_as_if_it_was_not_there():
    """As the API has it, and as templates leave it."""
    body = own.deployment(container={"env": None, "args": None})
    body["spec"]["template"]["spec"] |= {"initContainers": None, "volumes": []}
    found = manifest_of(own.text(body), "web")
    pod = filled.deployment(found, "web", RELEASE, Options(), sleeps=False)["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "web@sha256:ab"


def test_the_settings_text_is_checked_as_a_file_is():
    for text in ("[{}]", "[1]", '[{"kind": "Deployment"}]'):
        with pytest.raises(UsageError, match="no object of Kubernetes"):
            bodies_of(text)


def test_what_lies_in_tables():
    body = own.deployment()
    assert [each["name"] for each in containers_of(body)] == ["app"]
    assert tables_in([{"a": 1}, 2]) == [{"a": 1}]
    assert tables_in({"a": 1}) == []
    assert table_of({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    assert table_of({"a": 1}, "a", "b") == {}
    assert shown(body) == "Deployment shop"
