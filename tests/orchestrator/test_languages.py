"""A folder's Node and Rust projects are found, and what they lack is said or added by npm and cargo."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pytest
from skips import requires

from autoexec_magic import api
from autoexec_magic.config import Config
from autoexec_magic.errors import PhaseError
from autoexec_magic.installer import Context
from autoexec_magic.orchestrator import languages

MANIFEST = '[package]\nname = "mine"\nversion = "0.1.0"\nedition = "2021"\n# kept\n'


@pytest.fixture
def crates(tmp_path, monkeypatch):
    """Let cargo find one crate, and no other, in a directory in the place of crates.io."""
    requires(shutil.which("cargo"), "cargo is not installed", "https://rustup.rs")
    place = tmp_path / "crates" / "itoa-1.0.0"
    files = {
        "Cargo.toml": '[package]\nname = "itoa"\nversion = "1.0.0"\nedition = "2021"\n',
        "src/lib.rs": "pub fn one() -> u8 { 1 }\n",
    }
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    content = {"package": hashlib.sha256(b"itoa").hexdigest(), "files": sums}
    (place / ".cargo-checksum.json").write_text(json.dumps(content))
    home = tmp_path / "cargo"
    home.mkdir()
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "here"\n\n[source.here]\ndirectory = "{place.parent}"\n'
    )
    monkeypatch.setenv("CARGO_HOME", str(home))
    monkeypatch.delenv("CARGO_NET_OFFLINE", raising=False)


@pytest.fixture
def folder(tmp_path):
    """Return a monorepo: Python above, Node and Rust below, and what was installed there."""
    root = tmp_path / "mono"
    for name, text in {
        "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n",
        "app.py": "import json\n",
        "web/package.json": '{"name": "web"}',
        "web/index.js": "const x = require('frobnicate-nothing')\n",
        "web/node_modules/a/package.json": "{}",
        "web/deep/package.json": "{}",
        "core/Cargo.toml": MANIFEST,
        "core/src/main.rs": "use itoa::one;\nfn main() { one(); }\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_projects_are_found_once(folder):
    """The highest of each kind; not what is installed below one, nor its own parts."""
    found = [(language.manifest, root.name) for language, root in languages.projects(folder)]
    assert found == [("package.json", "web"), ("Cargo.toml", "core")]


def test_a_check_says_what_they_lack(folder, crates):
    """With the error that something is missing; nothing is written."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(PhaseError) as raised:
        api.fix(folder, check=True, caller=api.Caller(cwd=folder))
    assert raised.value.report.phases[0].fixed.left == ("frobnicate-nothing", "itoa")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_crate_is_added_by_cargo(folder, crates, tmp_path, emit):
    """Its manifest names it, what stood there stays, and the real compiler takes it."""
    [(rust, root)] = [pair for pair in languages.projects(folder) if pair[0].manifest == "Cargo.toml"]
    context = Context(
        config=Config(), folders=(root,), cache=tmp_path / "cache", emit=emit, ask=lambda question: True
    )
    done = languages.heal(rust, root, context, check=False)
    assert (done.error, done.left) == (None, ())
    assert [item.distribution for item in done.installed] == ["itoa"]
    text = (root / "Cargo.toml").read_text()
    assert "# kept" in text
    assert "itoa" in text
    built = subprocess.run(
        ["cargo", "check", "--offline"], cwd=root, capture_output=True, timeout=100, check=False
    )
    assert built.returncode == 0, built.stderr


def test_fix_writes_what_cargo_was_asked_to_add(folder, crates):
    """The verb itself: a yes to what is proved, the manifest named, and a second time nothing to do."""
    caller = api.Caller(cwd=folder)
    report = api.fix(folder / "core", yes=True, caller=caller)
    assert report.phases[0].fixed.written == (folder / "core" / "Cargo.toml",)
    assert report.phases[0].fixed.notes == ("wrote Cargo.toml: itoa",)
    before = (folder / "core" / "Cargo.toml").read_bytes()
    assert api.fix(folder / "core", caller=caller).phases[0].fixed.written == ()
    assert (folder / "core" / "Cargo.toml").read_bytes() == before
