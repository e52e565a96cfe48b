"""How cargo is started, and how its words are read."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.errors import InstallError, MissingTool, RunTimeout
from autoexec_magic.installer.rust import cargo
from autoexec_magic.installer.rust.cargo import Resolved, Toolbox
from autoexec_magic.installer.rust.project import read_project
from autoexec_magic.installer.rust.source import source


@pytest.fixture
def fake(project, tmp_path, monkeypatch):
    """Return a function that puts a program in cargo's place and returns a toolbox for it."""

    def put(body, **fields):
        program = tmp_path / "bin" / "cargo"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "$PWD/argv"\nenv > "$PWD/env"\n{body}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        # The cage lets programs of the system run; this one stands in a test's folder.
        monkeypatch.setattr(cargo, "LEVEL", "open")
        found = read_project(project.folder)
        return Toolbox(
            project=found,
            manifest=project.folder / "Cargo.toml",
            source=source(project.folder),
            emit=project.emit.append,
            ask=project.ask,
            **fields,
        )

    return put


def test_it_is_offline_and_has_the_proved_source(fake, crates, monkeypatch):
    """No network, the one directory, and no secret of this process."""
    monkeypatch.setenv("CLOUD_SECRET", "hidden-1")
    tools = fake("true")
    cargo.add(["itoa@1.0.0"], tools)
    argv = (tools.manifest.parent / "argv").read_text().splitlines()
    assert argv[:2] == ["add", "--offline"]
    assert f'source.autoexec.directory="{crates.folder}"' in argv
    env = (tools.manifest.parent / "env").read_text()
    assert "hidden-1" not in env
    assert "RUSTC_WRAPPER=\n" in env


def test_what_it_resolves_to(fake):
    """Packages of a source, and what of them runs; the project's own are none."""
    packages = [
        {"name": "mine", "version": "0.1.0", "source": None, "targets": []},
        {
            "name": "a",
            "version": "1.0.0",
            "source": "r",
            "targets": [{"kind": ["lib"]}, {"kind": ["custom-build"]}],
        },
    ]
    tools = fake(f"echo '{json.dumps({'packages': packages})}'")
    assert cargo.resolved(tools) == [Resolved(name="a", version="1.0.0", runs=("a build script",))]


@pytest.mark.parametrize("body", ["echo nothing", "echo '{}'", "echo '{\"packages\": [3]}'"])
def test_words_that_cannot_be_read_are_an_error(fake, body):
    """A clear sentence, and no stack."""
    with pytest.raises(InstallError, match="did not say"):
        cargo.resolved(fake(body))


def test_cargo_has_a_time_limit(fake):
    """Nobody waits for ever."""
    with pytest.raises(RunTimeout):
        cargo.resolved(fake("sleep 60", timeout=0.5))


def test_a_failure_says_cargo_s_own_reason(fake):
    """In one line, without what a terminal would obey."""
    with pytest.raises(InstallError) as caught:
        cargo.resolved(fake("printf 'error: \\033]0;x\\007no\\nmore\\n' >&2; exit 101"))
    assert caught.value.why == "error: no more"


def test_without_cargo_it_says_what_brings_it(fake, monkeypatch):
    """A missing tool."""
    tools = fake("true")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingTool):
        cargo.resolved(tools)
