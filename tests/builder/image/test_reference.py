"""Names of images, before an engine or a registry sees them."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import reference
from autoexec_magic.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "path", "tag"),
    [
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim"),
        ("team/web", "docker.io", "team/web", ""),
        ("localhost:5000/team/web:1", "localhost:5000", "team/web", "1"),
        ("localhost/web", "localhost", "web", ""),
        ("ghcr.io/a/b__c:v1.2-x", "ghcr.io", "a/b__c", "v1.2-x"),
        ("[::1]:5000/x:1", "[::1]:5000", "x", "1"),
    ],
)
def test_a_name_has_a_registry_a_path_and_a_tag(text, host, path, tag):
    """As docker reads it."""
    found = reference.parse(text)
    assert (found.host, found.path, found.tag) == (host, path, tag)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Web",
        "a//b",
        "a__-b",
        "web:",
        "web:-x",
        "web:" + "x" * 129,
        "a b",
        "web@sha256:1",
        "x" * 256,
        "-web",
        "é",
    ],
)
def test_what_is_no_name_is_said_with_one_that_is(text):
    """Before anything is built."""
    with pytest.raises(UsageError) as refused:
        reference.parse(text)
    assert refused.value.fix


@pytest.mark.parametrize("text", ["My Project", "@team/web", "Ünï", "", "a/../b", "x_y", "--"])
def test_every_project_has_a_name_that_an_engine_takes(text):
    """Whatever it is called."""
    reference.parse(f"{reference.name_of(text)}:{reference.tag_of('1.0+local')}")


@pytest.mark.parametrize(
    ("registry", "host", "path"),
    [
        ("http://registry.example/team", "registry.example", "team/web"),
        ("https://registry.example/team/web/", "registry.example", "team/web"),
        ("http://localhost/team", "localhost", "team/web"),
        ("http://box:5000", "box:5000", "web"),
        ("team", "docker.io", "team/web"),
    ],
)
def test_an_address_begins_with_a_host(registry, host, path):
    """And a name alone is a team's at the public registry, as docker has it."""
    found = reference.at_registry(registry, "web")
    assert (found.host, found.path) == (host, path)


@pytest.mark.parametrize("registry", ["http://x/y", "https://x", "ftp://registry.example", "http:///x"])
def test_an_address_without_a_host_is_not_sent_to_the_public_registry(registry):
    """`http://x/y` is nobody's at docker.io."""
    with pytest.raises(UsageError, match="the registry cannot be") as refused:
        reference.at_registry(registry, "web")
    assert refused.value.fix.startswith("--push ")


def test_a_login_in_an_address_is_not_repeated():
    """An error is written down."""
    with pytest.raises(UsageError) as refused:
        reference.at_registry("https://me:hunter2@registry.example/x", "web")
    assert "hunter2" not in f"{refused.value} {refused.value.why} {refused.value.fix}"
