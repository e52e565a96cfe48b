"""Where a project may have its artifacts put: in its workspace, and where nothing runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import benches
import pytest

from autoexec_magic import api, builder
from autoexec_magic.builder import outputs
from autoexec_magic.errors import BuildError

NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "source": "def main():\\n    return 0", "metadata": {}, "id": "a",'
    ' "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
)


@pytest.fixture
def project(tmp_path):
    """Return a project with a notebook in a workspace."""
    folder = tmp_path / "workspace/project"
    folder.mkdir(parents=True)
    (folder.parent / "pyproject.toml").touch()
    (folder / "usercustomize.ipynb").write_text(NOTEBOOK)
    return folder


def put_into(project: Path, out: str) -> None:
    """Let a project say where files are put."""
    (project / "autoexec.toml").write_text(f"[build]\nout = '{out}'\ntests = false\n")


@pytest.mark.parametrize("out", ["dist", "a/b", ".", "../shared", "{}/made"])
def test_a_folder_in_the_workspace_is_fine(project, out):
    """Also beside the project, and by an absolute path."""
    put_into(project, out.format(project))
    source = builder.source_of(project, project.parent)
    assert outputs.place_of(source) == (project / out.format(project)).resolve()


@pytest.mark.parametrize(
    "out",
    [
        *("../../outside", "{}/outside", "/", "~/x/../../../../../outside", "a/../../../outside"),
        *(
            ".git/hooks",
            ".venv/lib",
            ".local/share/jupyter/kernels",
            "../.github/workflows",
            "node_modules/.bin",
        ),
        *("Lib/site-packages", "own/lib", "x/__pycache__", ".ipython/profile_default/startup"),
    ],
)
def test_no_project_puts_files_where_they_would_be_run(tmp_path, project, monkeypatch, tmp_path_factory, out):
    """Neither outside, nor in a repository, an environment or a folder of settings; nothing is made there."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    (project / "own").mkdir()
    (project / "own/pyvenv.cfg").touch()
    put_into(project, out.format(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    for kind in ("app", "wheel", "npm", "image"):
        with pytest.raises(BuildError, match="cannot be where files are put") as refused:
            api.build(project, kinds=(kind,), caller=api.Caller(cwd=project))
        assert "dist" in refused.value.fix
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_for_a_folder_is_looked_through(tmp_path, project):
    """Of `dist` nobody would expect it."""
    (tmp_path / "outside").mkdir()
    (project / "dist").symlink_to(tmp_path / "outside")
    with pytest.raises(BuildError) as refused:
        builder.source_of(project, project.parent)
    assert "link" in refused.value.why
    (project / "dist").unlink()
    (project / "real").mkdir()
    (project / "dist").symlink_to("real")
    assert outputs.place_of(builder.source_of(project, project.parent)) == project / "real"


def test_a_link_that_comes_between_is_not_written_through(tmp_path, project):
    """Between a plan and its end there is time for one."""
    bench = benches.bench(tmp_path)
    source = builder.source_of(project, project.parent)
    app = builder.builder_of("app")
    plan = app.plan(source, bench)
    (tmp_path / "outside").mkdir()
    (project / "dist").symlink_to(tmp_path / "outside")
    with pytest.raises(BuildError, match="cannot be where files are put"):
        app.build(plan, bench)
    assert list((tmp_path / "outside").iterdir()) == []
    (project / "dist").unlink()
    app.build(plan, bench)
    assert (project / "dist/usercustomize/autoexec-app.json").is_file()
    shutil.rmtree(project / "dist")


def test_a_file_is_whole_or_not_there(tmp_path):
    """A link at its name is replaced and not followed; what fails leaves what was there, and nothing else."""
    target, victim = tmp_path / "dist" / "pear.tgz", tmp_path / "victim"
    victim.write_text("precious")
    target.parent.mkdir()
    target.symlink_to(victim)
    with outputs.whole(target) as part:
        part.write_text("whole")
    assert (target.is_symlink(), target.read_text(), victim.read_text()) == (False, "whole", "precious")
    assert target.stat().st_mode & 0o777 == 0o644

    def stopped():
        with outputs.whole(target) as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [each.name for each in target.parent.iterdir()] == ["pear.tgz"]
    assert target.read_text() == "whole"
