"""A plan without an engine: inputs, a Dockerfile, labels, and nothing written or run."""

from __future__ import annotations

import subprocess

import pytest
from benches import bench

from autoexec_magic.builder import Wish, image, source_of
from autoexec_magic.builder.image import planning
from autoexec_magic.errors import BuildError, MissingTool


def committed(folder, *names):
    """Commit all there is, or files, in a repository of the folder's own."""
    own = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", *(names or (".",))), ("commit", "-qm", "one")):
        subprocess.run((*own, *words), cwd=folder, check=True, capture_output=True)


@pytest.fixture(autouse=True)
def _without_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def test_a_plan_needs_no_engine_and_a_build_does(web, tmp_path):
    """What the base's digest is cannot be known then, and that is said."""
    before = sorted(web.rglob("*"))
    plan = image.plan(source_of(web, tmp_path, Wish(push="localhost:5000/team")), bench(tmp_path))
    assert plan.data["image"].dockerfile.startswith("FROM python:3.1")
    assert plan.outputs == ("web:1.2", "localhost:5000/team/web:1.2")
    assert any("another image tomorrow" in each and "no Docker Engine" in each for each in plan.warnings)
    assert sorted(web.rglob("*")) == before
    with pytest.raises(MissingTool, match="no Docker Engine"):
        image.build(plan, bench(tmp_path))


def test_our_own_dockerfile_and_its_base_are_inputs(web, tmp_path):
    """Another base is another image, and another digest."""
    one = image.plan(source_of(web, tmp_path), bench(tmp_path))
    (web / "autoexec.toml").write_text("[build]\nbase = 'python:3.12-slim'\n")
    (web / ".dockerignore").write_text("autoexec.toml\n")
    two = image.plan(source_of(web, tmp_path), bench(tmp_path))
    assert {each.path for each in one.inputs} == {each.path for each in two.inputs}
    assert one.inputs_digest != two.inputs_digest
    assert two.labels["org.opencontainers.image.base.name"] == "python:3.12-slim"


def test_what_was_built_before_is_no_input(web, tmp_path):
    """The output folder is left out: else each build would be of the one before."""
    one = image.plan(source_of(web, tmp_path), bench(tmp_path))
    (web / "dist").mkdir()
    (web / "dist" / "web-1.2.cdx.json").write_text("{}")
    assert image.plan(source_of(web, tmp_path), bench(tmp_path)).inputs_digest == one.inputs_digest
    (web / "Dockerfile").write_text("FROM scratch\nCOPY dist/web.whl /x\n")
    (web / "dist" / "web.whl").write_text("")
    named = image.plan(source_of(web, tmp_path), bench(tmp_path))
    assert [each.path for each in named.inputs if "dist" in each.path] == ["dist/web.whl"]


def test_include_and_exclude_choose(web, tmp_path):
    """Of what no .dockerignore names."""
    (web / "notes.md").write_text("")
    with (web / "pyproject.toml").open("a") as stream:
        stream.write('include = ["*.py", "*.md"]\nexclude = ["notes.*"]\n')
    plan = image.plan(source_of(web, tmp_path), bench(tmp_path))
    assert [each.path for each in plan.inputs if not each.path.startswith("//")] == ["main.py"]


def test_nothing_to_send_is_said(web, tmp_path):
    """Not built as an empty image."""
    (web / ".dockerignore").write_text("*\n")
    with pytest.raises(BuildError, match="nothing would be in the image"):
        image.plan(source_of(web, tmp_path), bench(tmp_path))


def test_no_label_names_this_machine_or_a_person(web, tmp_path):
    """Nor what a file holds."""
    plan = image.plan(source_of(web, tmp_path), bench(tmp_path))
    said = repr(dict(plan.labels)) + plan.data["image"].dockerfile
    assert str(tmp_path) not in said
    assert "ThreadingHTTPServer" not in said


def test_what_was_built_before_makes_nothing_dirty(web, tmp_path):
    """Also where no .gitignore names it; but what the Dockerfile copies from there does."""
    committed(web)
    (web / "dist").mkdir()
    (web / "dist" / "web-1.2.cdx.json").write_text("{}")
    (web / "dist" / "web.whl").write_text("")
    assert image.plan(source_of(web, tmp_path), bench(tmp_path)).labels["autoexec.dirty"] == "false"
    (web / "Dockerfile").write_text("FROM scratch\nCOPY dist/web.whl /x\n")
    committed(web, "Dockerfile")
    assert image.plan(source_of(web, tmp_path), bench(tmp_path)).labels["autoexec.dirty"] == "true"
    (web / "dist" / "web.whl").unlink()
    assert image.plan(source_of(web, tmp_path), bench(tmp_path)).labels["autoexec.dirty"] == "false"


def test_git_is_asked_once_for_what_is_known(web, tmp_path, monkeypatch):
    """What its version is, is asked before the rest only where nothing says it."""
    committed(web)
    asked = []
    commit_of = planning.commit_of
    monkeypatch.setattr(planning, "commit_of", lambda *words: asked.append(words[2]) or commit_of(*words))
    image.plan(source_of(web, tmp_path), bench(tmp_path))
    assert [bool(inputs) for inputs in asked] == [True]
    text = (web / "pyproject.toml").read_text()
    (web / "pyproject.toml").write_text(text.replace('version = "1.2"', 'dynamic = ["version"]'))
    image.plan(source_of(web, tmp_path), bench(tmp_path))
    assert [bool(inputs) for inputs in asked] == [True, False, True]
