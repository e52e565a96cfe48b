"""What npm would get by git, from an address or from outside is refused, wherever it is written."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from skips import requires

from autoexec_magic.builder.npm import manifest as manifests
from autoexec_magic.builder.npm import origins
from autoexec_magic.errors import BuildError

GIT = (
    "git+https://h.example/x.git",
    "git+ssh://git@h.example/x.git",
    "git://h.example/x.git",
    "git@github.com:user/repo.git",
    "ssh://git@h.example/x",
    "user/repo",
    "user/repo#main",
    "github:user/repo",
    "GitLab:user/repo",
    "gist:11081aaa281",
    "https://github.com/user/repo",
    "https://me@github.com/user/repo.git#semver:1",
    "https://gitlab.com/user/repo/tree/main",
    "someone@h.example:x.git",
)


@pytest.mark.parametrize("wanted", GIT)
def test_what_npm_would_start_git_for(wanted):
    """By any of its spellings; a login in it is not shown."""
    for kind in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        with pytest.raises(BuildError) as caught:
            origins.refuse({kind: {"x": wanted}}, {}, "")
        assert "git" in caught.value.why
    assert "me@" not in caught.value.what


@pytest.mark.parametrize(
    "wanted", ["1", "^1.2 || >=3", "latest", "npm:pear@1", "*", "", "1.x - 2", "workspace:*"]
)
def test_what_a_registry_has(wanted):
    """Or what npm itself refuses."""
    origins.refuse({"dependencies": {"x": wanted}}, {}, "")


@pytest.mark.parametrize(
    "lock",
    [
        {"packages": {"node_modules/a": {"dependencies": {"x": "user/repo"}}}},
        {"packages": {"node_modules/a/node_modules/x": {"resolved": "git+ssh://git@h.example/x.git#1"}}},
        {"packages": {"packages/in": {"devDependencies": {"x": "git://h.example/x"}}}},
        {"packages": {"node_modules/x": {"link": True, "resolved": "../outside"}}},
        {"packages": {"../outside": {"version": "1.0.0"}}},
        {"packages": {"node_modules/a": {"dependencies": {"x": "file:../../../x"}}}},
        {"packages": {"packages/in": {"dependencies": {"x": "file:../../../x"}}}},
        {"dependencies": {"a": {"dependencies": {"x": {"version": "git+https://h.example/x.git#1"}}}}},
        {"dependencies": {"x": {"version": "1.0.0", "from": "x@github:user/repo"}}},
    ],
)
def test_a_lock_is_looked_through_too(lock):
    """What is needed by what is needed, in both forms of a lock."""
    with pytest.raises(BuildError, match=r"lock\.json needs"):
        origins.refuse({}, lock, "package-lock.json")


def test_overrides_are_needs():
    """npm takes from there what others need, at any depth."""
    with pytest.raises(BuildError, match="needs x"):
        origins.refuse({"overrides": {"a": {"b": {"x": "user/repo"}}}}, {}, "")
    origins.refuse({"overrides": {"a": {".": "1", "b": "$c"}}}, {}, "")


@pytest.mark.parametrize(
    ("manifest", "lock", "fix"),
    [
        (
            {"devDependencies": {"chart.js": "user/repo"}},
            {},
            "npm pkg set 'devDependencies[chart.js]=VERSION'",
        ),
        ({"overrides": {"a": {"b.js": "user/repo"}}}, {}, "npm pkg set 'overrides[a][b.js]=VERSION'"),
        (
            {"peerDependencies": {"x'; y": "user/repo"}},
            {},
            """npm pkg set 'peerDependencies[x'"'"'; y]=VERSION'""",
        ),
        (
            {},
            {"node_modules/a": {"dependencies": {"chart.js": "user/repo"}}},
            "npm ls --package-lock-only chart.js,",
        ),
        (
            {},
            {"node_modules/@s/x": {"resolved": "git+ssh://git@h.example/x.git#1"}},
            "npm ls --package-lock-only @s/x,",
        ),
    ],
)
def test_a_fix_can_be_typed(manifest, lock, fix):
    """In the table that the need stands in, also where its name has a dot; a lock is not set by hand."""
    with pytest.raises(BuildError) as caught:
        origins.refuse(manifest, {"packages": lock}, "package-lock.json")
    assert caught.value.fix.startswith(fix)


def test_npm_itself_takes_the_command(tmp_path):
    """Each name is one, with its dots."""
    requires(shutil.which("npm"), "npm is not installed", "install Node.js with npm")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    for keys in (("devDependencies", "chart.js"), ("overrides", "@a/b.c", "d.js")):
        subprocess.run(manifests.set_command(*keys), shell=True, cwd=tmp_path, check=True)
    made = json.loads((tmp_path / "package.json").read_text())
    assert made["devDependencies"] == {"chart.js": "VERSION"}
    assert made["overrides"] == {"@a/b.c": {"d.js": "VERSION"}}


def test_an_address_is_taken_once_a_lock_has_its_digest():
    """By TLS: some packages are published in no other way."""
    wanted = {"devDependencies": {"x": "https://cdn.example/x.tgz"}}
    pinned = {"resolved": "https://cdn.example/x.tgz", "integrity": "sha512-x"}
    with pytest.raises(BuildError, match="needs x"):
        origins.refuse(wanted, {}, "")
    with pytest.raises(BuildError, match="needs x"):
        origins.refuse(wanted, {"packages": {"node_modules/x": {}}}, "package-lock.json")
    lock = {"packages": {"": wanted, "node_modules/x": pinned}}
    origins.refuse(wanted, lock, "package-lock.json")
    with pytest.raises(BuildError, match="needs x"):
        origins.refuse({"dependencies": {"x": "http://cdn.example/x.tgz"}}, lock, "package-lock.json")


def test_a_folder_in_the_project_is_a_part_of_it():
    """Members of a workspace need each other so; what lies outside is not copied."""
    lock = {
        "packages": {
            "": {"devDependencies": {"a": "file:packages/a"}},
            "node_modules/a": {"link": True, "resolved": "packages/a"},
            "packages/a": {"dependencies": {"b": "file:../b"}},
        }
    }
    origins.refuse({"devDependencies": {"a": "file:packages/a"}}, lock, "package-lock.json")
    for wanted in ("file:../x", "../x", "~/x", "/x", "file:///x", "file:packages/../../x"):
        with pytest.raises(BuildError, match="needs x"):
            origins.refuse({"devDependencies": {"x": wanted}}, {}, "")


def test_a_package_is_refused_while_it_is_planned(package):
    """Before anything is asked or started; by the lock that npm would read."""
    lock = {"packages": {"": {}, "node_modules/x": {"resolved": "git+https://h.example/x.git#1"}}}
    package.manifest(devDependencies={"x": "1"}).put("package-lock.json", json.dumps(lock))
    with pytest.raises(BuildError, match=r"package-lock\.json needs x"):
        package.plan()
    assert package.events == []
