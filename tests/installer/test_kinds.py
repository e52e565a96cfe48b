"""What kinds of project a folder holds, and where."""

from __future__ import annotations

import json
import os

import pytest

from autoexec_magic.installer import kinds as offered
from autoexec_magic.installer.kinds import MOST_FOLDERS, Kind, kinds


def write(folder, files):
    """Write files by their paths; None makes a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def said(folder):
    """Return each project as kind, folder and workspace."""
    return [(kind.kind, kind.folder, kind.workspace) for kind in kinds(folder)]


@pytest.mark.parametrize(
    "name",
    [
        "pyproject.toml",
        "requirements.txt",
        "requirements-dev.txt",
        "setup.py",
        "environment.yml",
        "environment.yaml",
        "Pipfile",
    ],
)
def test_each_manifest_of_python_is_one(tmp_path, name):
    """By its name alone."""
    write(tmp_path, {name: ""})
    assert offered(tmp_path) == (Kind(kind="python", folder=".", manifests=(name,)),)


def test_settings_of_a_tool_make_no_project(tmp_path):
    """`setup.cfg` counts where it describes a package."""
    write(tmp_path, {"setup.cfg": "[flake8]\n"})
    assert kinds(tmp_path) == ()
    write(tmp_path, {"setup.cfg": "[metadata]\nname = a\n"})
    assert said(tmp_path) == [("python", ".", "")]


def test_a_mixture_answers_with_all_of_them(tmp_path):
    """And where each is."""
    write(
        tmp_path, {"pyproject.toml": "", "web/package.json": "{}", "core/Cargo.toml": "", "web/src/a.ts": ""}
    )
    assert said(tmp_path) == [("python", ".", ""), ("rust", "core", ""), ("node", "web", "")]


def test_the_members_of_workspaces_are_told(tmp_path):
    """npm's, Cargo's and uv's, with what they leave out."""
    write(
        tmp_path,
        {
            "package.json": json.dumps({"workspaces": ["packages/*"]}),
            "packages/a/package.json": "{}",
            "other/package.json": "{}",
            "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\nexclude = ["crates/old"]\n',
            "crates/new/Cargo.toml": "",
            "crates/old/Cargo.toml": "",
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["libs/**"]\n',
            "libs/x/y/pyproject.toml": "",
        },
    )
    found = {(kind, folder): workspace for kind, folder, workspace in said(tmp_path)}
    assert found["node", "packages/a"] == "."
    assert found["node", "other"] == ""
    assert (found["rust", "crates/new"], found["rust", "crates/old"]) == (".", "")
    assert found["python", "libs/x/y"] == "."


def test_source_files_alone_make_a_project_without_a_manifest(tmp_path):
    """A folder of notebooks is a Python project, too."""
    write(tmp_path, {"a.ipynb": "{}", "web/b.mjs": ""})
    assert said(tmp_path) == [("node", ".", ""), ("python", ".", "")]
    assert all(kind.manifests == () for kind in kinds(tmp_path))


def test_other_peoples_code_is_no_project_of_ours(tmp_path):
    """Nor an environment, nor what is inside a package."""
    write(
        tmp_path,
        {
            "node_modules/a/package.json": "{}",
            ".venv/pyvenv.cfg": "",
            "env/pyvenv.cfg": "",
            "env/lib/package.json": "{}",
            "pkg/__init__.py": "",
            "pkg/data/Cargo.toml": "",
        },
    )
    assert said(tmp_path) == []


def test_damaged_manifests_are_projects_all_the_same(tmp_path):
    """Their workspaces are not known, that is all."""
    write(
        tmp_path, {"package.json": '{"workspaces"', "Cargo.toml": "[workspace", "pyproject.toml": "workspace"}
    )
    assert [kind for kind, _, _ in said(tmp_path)] == ["python", "node", "rust"]
    write(tmp_path, {"package.json": '{"workspaces": {"packages": [1, "a"]}}', "a/package.json": "[]"})
    assert ("node", "a", ".") in said(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    """A manifest that is none does not hang."""
    os.mkfifo(tmp_path / "package.json")
    assert said(tmp_path) == [("node", ".", "")]


def test_links_do_not_lead_round_in_circles(tmp_path):
    """A link to a folder is not followed."""
    write(tmp_path, {"pyproject.toml": ""})
    (tmp_path / "again").symlink_to(tmp_path)
    assert said(tmp_path) == [("python", ".", "")]


def test_the_look_is_bounded(tmp_path, monkeypatch):
    """However many folders there are, so many are listed."""
    for number in range(MOST_FOLDERS + 50):
        (tmp_path / f"d{number:04}").mkdir()
    listed = []
    real = os.scandir

    def counted(path):
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", counted)
    kinds(tmp_path)
    assert len(listed) == MOST_FOLDERS


def test_a_file_answers_for_its_folder(tmp_path):
    """And a folder that is not there for nothing."""
    write(tmp_path, {"pyproject.toml": "", "a.py": ""})
    assert said(tmp_path / "a.py") == [("python", ".", "")]
    assert said(tmp_path / "no" / "where") == []
