"""Where a package goes to: one address, agreed on, with one login."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoexec_magic.builder.artifacts import Source, Wish
from autoexec_magic.builder.npm.manifest import Manifest
from autoexec_magic.builder.npm.npmrc import Npmrc
from autoexec_magic.builder.npm.registry import door_to, is_persons, registry_for
from autoexec_magic.errors import UsageError


def source(publish: str, setting: str = "") -> Source:
    """Return a source with a wish and a setting."""
    settings = {"npm-registry": setting} if setting else {}
    here = Path("/p")
    return Source(path=here, folder=here, workspace=here, settings=settings, wish=Wish(publish=publish))


def of(name: str = "pear", **config: str) -> Manifest:
    """Return a manifest with a `publishConfig`."""
    return Manifest(name=name, version="1.0.0", data={"publishConfig": config})


def test_what_names_a_registry():
    """The wish itself, a known name, the setting, the package; no wish is none."""
    assert registry_for(source("", "https://h/"), of()) == ""
    assert registry_for(source("https://h/npm"), of()) == "https://h/npm/"
    assert registry_for(source("npm"), of()) == "https://registry.npmjs.org/"
    assert registry_for(source("repository", "https://h/"), of()) == "https://h/"
    assert registry_for(source("repository"), of(registry="https://h")) == "https://h/"
    assert registry_for(source("http://127.0.0.1:4873"), of()) == "http://127.0.0.1:4873/"
    assert [is_persons(each) for each in ("npm", "https://h/", "repository")] == [True, True, False]


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("pypi", "no registry"),
        ("http://h/", "nothing is published"),
        ("http://127.0.0.1.evil/", "nothing is published"),
        ("ftp://h/", "nothing is published"),
        ("file:///etc", "nothing is published"),
        ("https:///x", "nothing is published"),
        ("https://ann:pw-of-ann@h/", "holds a login"),
    ],
)
def test_what_a_token_is_not_sent_to(url, match):
    """Without TLS only to this machine; a login in an address would stand in logs."""
    with pytest.raises(UsageError, match=match) as caught:
        registry_for(source(url), of())
    assert "pw-of-ann" not in str(caught.value)


def test_a_package_for_another_registry_is_refused():
    """A scope's registry comes first, as for npm."""
    with pytest.raises(UsageError, match="pear is not for"):
        registry_for(source("https://h/"), of(registry="https://other/"))
    scoped = of("@org/x", registry="https://h/", **{"@org:registry": "https://other/"})
    with pytest.raises(UsageError, match="is not for"):
        registry_for(source("https://h/"), scoped)


def test_a_login_is_named_and_not_written():
    """The file says which variable; a token of the environment comes before a file's."""
    person = Npmrc(file=Path("/none"), values={"//h/:_authToken": "of-the-file", "//other/:_authToken": "x"})
    door = door_to("https://h/", "@org/x", person, {})
    assert door.lines == (
        "registry=https://h/",
        "@org:registry=https://h/",
        "//h/:_authToken=${NODE_AUTH_TOKEN}",
    )
    assert door.variables == {"NODE_AUTH_TOKEN": "of-the-file"}
    assert "of-the-file" not in repr(door)
    door = door_to("https://h/", "x", person, {"NPM_TOKEN": "of-the-environment"})
    assert door.lines[-1] == "//h/:_authToken=${NPM_TOKEN}"
    assert door.passed == ("NPM_TOKEN",)
    assert not door_to("https://nowhere/", "x", person, {}).has_login
    basic = Npmrc(file=Path("/none"), values={"//h/:username": "ann", "//h/:_password": "cHc="})
    assert len(door_to("https://h/", "x", basic, {}).variables) == 2
