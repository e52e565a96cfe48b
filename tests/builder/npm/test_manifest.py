"""A package.json is read by npm's rules, and what is wrong with it is named."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.builder.npm import manifest
from autoexec_magic.errors import BuildError, UsageError


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("pear", "", id="plain"),
        pytest.param("@ann/pear", "", id="scoped"),
        pytest.param("JSONStream", "", id="an-old-one-with-capitals"),
        pytest.param("@ann/_pear", "", id="scoped-underscore"),
        pytest.param("p" * 214, "", id="longest"),
        pytest.param("p" * 215, "214 is the most", id="too-long"),
        pytest.param("@ann", "a scope is followed", id="scope-alone"),
        pytest.param("@ann/", "a scope is followed", id="scope-without-name"),
        pytest.param("@/pear", "a scope is followed", id="no-scope"),
        pytest.param(".pear", "begins with a dot", id="dot"),
        pytest.param("_pear", "begins with a dot", id="underscore"),
        pytest.param("..", "begins with a dot", id="parent"),
        pytest.param("@../pear", "begins with a dot", id="scope-is-a-parent"),
        pytest.param("a/b", "signs", id="slash"),
        pytest.param("@a/b/c", "signs", id="two-slashes"),
        pytest.param("a b", "signs", id="blank"),
        pytest.param("pear\n", "signs", id="line-end"),
        pytest.param("birne-süß", "signs", id="not-ascii"),
        pytest.param("node_modules", "nothing may be called so", id="node_modules"),
        pytest.param("Favicon.ico", "nothing may be called so", id="favicon"),
    ],
)
def test_names(name, why):
    """As the registry takes them."""
    found = manifest.wrong_name(name)
    assert (why in found) if why else not found


@pytest.mark.parametrize(
    ("version", "is_one"),
    [
        ("1.0.0", True),
        ("0.0.0-0", True),
        ("1.0.0-rc.1+build.5", True),
        ("1.0.0-0a", True),
        ("1.0", False),
        ("1.0.0.0", False),
        ("v1.0.0", False),
        ("=1.0.0", False),
        (" 1.0.0", False),
        ("1.0.0\n", False),
        ("01.0.0", False),
        ("1.0.0-01", False),
        ("1.0.0-", False),
        ("1.0.0+", False),
        ("latest", False),
        ("9007199254740991.0.0", True),
        ("9007199254740992.0.0", False),
        (f"1.0.0-{'a' * 251}", False),
        ("١.0.0", False),
    ],
)
def test_versions(version, is_one):
    """Semantic Versioning 2.0.0, with npm's limits."""
    assert (not manifest.wrong_version(version)) is is_one


@pytest.mark.parametrize(
    ("content", "match"),
    [
        pytest.param(b'{"name": "x",\n  oops}', "is no JSON", id="broken"),
        pytest.param(b"", "is no JSON", id="empty"),
        pytest.param(b"\xff\xfe{}", "is no JSON", id="not-utf-8"),
        pytest.param(b"[" * 100_000, "is no JSON", id="deep"),
        pytest.param(b"[]", "is no table", id="list"),
        pytest.param(b"{}", "has no name and no version", id="nothing"),
        pytest.param(b'{"name": "x", "version": 1}', "has no version", id="number"),
        pytest.param(b'{"name": "../x", "version": "1.0.0"}', "is no name", id="name"),
        pytest.param(b'{"name": "x", "version": "1"}', "is no version", id="version"),
    ],
)
def test_what_is_no_package_is_refused(tmp_path, content, match):
    """With what to do about it."""
    file = tmp_path / "package.json"
    file.write_bytes(content)
    kind = BuildError if match.endswith(("JSON", "table")) else UsageError  # as for a wheel: mend the line
    with pytest.raises(kind, match=match) as caught:
        manifest.read(file)
    assert caught.value.fix


def test_where_it_is_broken_is_said(tmp_path):
    """The line, for an editor to go to."""
    (tmp_path / "package.json").write_text('{\n "name": "x",\n oops}')
    with pytest.raises(BuildError) as caught:
        manifest.read(tmp_path / "package.json")
    assert "package.json:3" in caught.value.fix
    with pytest.raises((BuildError, UsageError), match=r"cannot be read|is no npm package"):
        manifest.read(tmp_path / "none.json")


@pytest.mark.parametrize("wanted", ["file:../a", "link:../a", "workspace:*", "../a", "./a", "~/a"])
def test_what_nobody_else_can_install_is_refused(tmp_path, wanted):
    """npm publishes such a need as it stands there; one for development is nobody else's."""
    data = {"name": "x", "version": "1.0.0", "dependencies": {"a": wanted}}
    file = tmp_path / "package.json"
    file.write_text(json.dumps(data))
    with pytest.raises(BuildError, match="nobody else could install it"):
        manifest.read(file)
    file.write_text(json.dumps(data | {"private": True}))
    manifest.read(file)
    file.write_text(json.dumps({"name": "x", "version": "1.0.0", "devDependencies": {"a": wanted}}))
    assert manifest.read(file).needs_packages()


def test_what_a_new_package_cannot_be_called():
    """Such a name is built, with a warning."""
    assert manifest.wrong_for_new("JSONStream") == "it has capitals"
    assert "module of Node" in manifest.wrong_for_new("http")
    assert manifest.wrong_for_new("pear") == ""


def test_what_a_manifest_says():
    """Of values that are no text nothing is taken."""
    data = {
        "scripts": {"build": "x", "odd": 1},
        "publishConfig": {"registry": "https://h/", "tag": 3},
        "bin": [],
    }
    found = manifest.Manifest(name="x", version="1.0.0-rc.1+b-c", data=data)
    assert found.scripts == {"build": "x"}
    assert found.setting("registry") == "https://h/"
    assert found.setting("tag") == ""
    assert found.is_prerelease
    assert not manifest.Manifest(name="x", version="1.0.0+b-c", data={}).is_prerelease
    assert not found.needs_packages()
