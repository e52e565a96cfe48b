"""Exactly what was proved is added, and nothing else is left behind."""

from __future__ import annotations

import tomllib

import pytest

from autoexec_magic.errors import InstallError, NeedsPerson, PolicyRefused
from autoexec_magic.installer import rust
from autoexec_magic.installer.rust import cargo as cargo_module

pytestmark = [pytest.mark.limit(120), pytest.mark.usefixtures("cargo")]


def lock_of(project):
    """Return what the lock has: names with versions and checksums."""
    listed = tomllib.loads((project.folder / "Cargo.lock").read_text())["package"]
    return {(each["name"], each["version"]): each.get("checksum") for each in listed}


def test_a_known_crate_is_added_with_what_it_needs(project, crates):
    """Known, proved and aged: no question, the lock has the proved digests, and it compiles."""
    digest = crates.add("itoa", "1.0.1", manifest='[dependencies]\nneeded-one = "1"\n')
    crates.add("needed-one", "1.2.0")
    project.put("src/main.rs", "use itoa::one;\nfn main() { one(); }\n")
    failed = project.check()
    assert failed.returncode != 0
    resolutions, installed = rust.heal(failed.stderr, project.folder, project.context)
    assert [(each.module, each.cls, each.decision) for each in resolutions] == [
        ("itoa", "third-party", "install")
    ]
    assert {(each.distribution, each.version) for each in installed} == {
        ("itoa", "1.0.1"),
        ("needed-one", "1.2.0"),
    }
    assert project.questions == []
    assert lock_of(project)["itoa", "1.0.1"] == digest
    manifest = (project.folder / "Cargo.toml").read_text()
    assert 'itoa = "1.0.1"' in manifest
    assert "# kept" in manifest
    assert project.check().returncode == 0


def test_a_failed_addition_leaves_both_files_as_they_were(project, crates):
    """What a crate needs is not there: cargo's own reason, and not a byte is changed."""
    crates.add("itoa", "1.0.1", manifest='[dependencies]\nnot-there = "1"\n')
    before = project.files
    with pytest.raises(InstallError) as caught:
        project.heal("itoa")
    assert "not-there" in caught.value.why
    assert project.files == before


def test_a_dependency_that_runs_code_when_built_is_a_question(project, crates):
    """A build script two steps away: asked before anything is changed, and no is no."""
    crates.add("builds", "1.0.0", files={"build.rs": "fn main() {}\n"})
    crates.add("itoa", "1.0.1", manifest='[dependencies]\nbuilds = "1"\n')
    before = project.files
    project.answer = False
    with pytest.raises(PolicyRefused) as caught:
        project.heal("itoa")
    assert caught.value.why == "builds 1.0.0 runs code when it is built: a build script"
    assert project.files == before
    project.answer = True
    _, installed = project.heal("itoa")
    assert {each.distribution for each in installed} == {"itoa", "builds"}


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"files": {"build.rs": "fn main() {}\n"}}, "build.rs"),
        ({"manifest": "[lib]\nproc-macro = true\n", "files": {"src/lib.rs": ""}}, "a procedural macro"),
    ],
)
def test_a_crate_that_runs_code_when_built_is_a_question(project, crates, fields, what):
    """Known, proved and aged, and a question all the same."""
    crates.add("serde", "1.0.100", **fields)
    with pytest.raises(NeedsPerson):
        project.heal("serde")
    assert f"serde 1.0.100 runs code when it is built: {what}" in project.questions[0].evidence


def test_a_dependency_with_changed_files_refuses_the_whole(project, crates):
    """What comes along is not what was published: nothing is changed."""
    crates.add("changed", digests={"src/lib.rs": "0" * 64})
    crates.add("itoa", "1.0.1", manifest='[dependencies]\nchanged = "1"\n')
    before = project.files
    with pytest.raises(InstallError) as caught:
        project.heal("itoa")
    assert "SHA-256 differs" in caught.value.why
    assert project.files == before


def test_a_member_of_a_workspace_gets_its_own_dependency(project, crates):
    """The package whose file asks for it gets it; the lock is the root's."""
    crates.add("itoa", "1.0.1")
    project.put("Cargo.toml", '[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n')
    for name in ("a", "b"):
        project.put(
            f"{name}/Cargo.toml", f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'
        )
        project.put(f"{name}/src/lib.rs", "")
    (project.folder / "src" / "main.rs").unlink()
    project.put("a/src/lib.rs", "pub fn f() { itoa::one(); }\n")
    _, installed = rust.heal(project.check().stderr, project.folder, project.context)
    assert [each.distribution for each in installed] == ["itoa"]
    assert "itoa" in (project.folder / "a" / "Cargo.toml").read_text()
    assert "itoa" not in (project.folder / "b" / "Cargo.toml").read_text()
    assert ("itoa", "1.0.1") in lock_of(project)


def test_another_version_than_the_proved_one_is_not_taken(project, crates, monkeypatch):
    """A newer crate came between proof and install: nothing is changed, and the line pins the proved one."""
    crates.add("itoa", "1.0.0")
    before = project.files
    real = cargo_module.add

    def add(specs, tools, cancel=None):
        crates.add("itoa", "1.0.1")
        real(specs, tools, cancel)

    monkeypatch.setattr(cargo_module, "add", add)
    with pytest.raises(InstallError) as caught:
        project.heal("itoa")
    assert caught.value.why == "cargo would take 1.0.1"
    assert caught.value.fix == "cargo add itoa@=1.0.0"
    assert project.files == before


def test_a_project_cannot_choose_the_compiler_that_cargo_asks(project, crates, tmp_path):
    """A wrapper, a compiler or a toolchain of the project's own leaves no canary."""
    canary = project.folder / "canary"
    script = project.folder / "evil.sh"
    script.write_text(f'#!/bin/sh\ntouch {canary}\nexec rustc "$@"\n', "utf-8")
    script.chmod(0o755)
    project.put(
        ".cargo/config.toml",
        f'[build]\nrustc = "{script}"\nrustc-wrapper = "{script}"\nrustc-workspace-wrapper = "{script}"\n',
    )
    crates.add("itoa", "1.0.1")
    _, installed = project.heal("itoa")
    assert [each.distribution for each in installed] == ["itoa"]
    assert not canary.exists()
