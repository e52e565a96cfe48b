"""Name, version and requirements as they stand, read without running a line of the project."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.builder.wheels import project
from autoexec_magic.errors import BuildError, UsageError


def read(tmp_path, **files):
    """Write files (`pyproject_toml` is `pyproject.toml`) and read the project."""
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (tmp_path / f"{stem}.{ending}").write_text(text, encoding="utf-8")
    return project.read(tmp_path)


def test_a_modern_project_is_read(tmp_path):
    """PEP 621 and 518, extras and groups with what they include."""
    text = (
        '[build-system]\nrequires = ["hatchling>=1"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "Pear.Tree"\nversion = "1.0-RC1"\nrequires-python = ">=3.9"\n'
        '[project.optional-dependencies]\ntest = ["x"]\n'
        '[dependency-groups]\ndev = ["a", {include-group = "test"}]\ntest = ["b", {include-group = "dev"}]\n'
        '[tool.pytest.ini_options]\ntestpaths = ["checks"]\n'
    )
    found = read(tmp_path, pyproject_toml=text)
    assert (found.name, found.version) == ("Pear.Tree", "1.0rc1")
    assert (found.requires, found.backend) == (("hatchling>=1",), "hatchling.build")
    assert (found.python, found.extras, found.testpaths) == (">=3.9", ("test",), ("checks",))
    assert found.groups == {"dev": ("a", "b"), "test": ("b", "a")}


@pytest.mark.parametrize(
    ("files", "want"),
    [
        ({"pyproject_toml": '[project]\nname = "p"\ndynamic = ["version"]\n'}, ("p", "dynamic")),
        ({"pyproject_toml": '[tool.poetry]\nname = "p"\nversion = "2"\n'}, ("p", "2")),
        ({"setup_cfg": "[metadata]\nname = p\nversion = 1.2\n"}, ("p", "1.2")),
        ({"setup_cfg": "[metadata]\nname = p\nversion = attr: p.__version__\n"}, ("p", "dynamic")),
        ({"setup_py": "from setuptools import setup\nsetup(name='p', version='3')\n"}, ("p", "3")),
        (
            {"setup_py": "import setuptools as s, os\ns.setup(name='p', version=os.getcwd())\n"},
            ("p", "dynamic"),
        ),
        ({"setup_py": "this is no Python"}, ("dynamic", "dynamic")),
    ],
)
def test_where_a_name_and_a_version_stand(tmp_path, files, want):
    """What only the backend knows is dynamic; the backend is PEP 517's default."""
    found = read(tmp_path, **files)
    assert (found.name, found.version) == want
    assert found.backend == "setuptools.build_meta:__legacy__"


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "-pear"\nversion = "1"',
        '[project]\nname = "pear"\nversion = "1.x"',
        '[project]\nname = "pear"\nversion = ""',
        '[project]\ndynamic = ["name"]',
        '[build-system]\nbuild-backend = "x"',
        '[build-system]\nrequires = "hatchling"',
        '[build-system]\nrequires = ["not a requirement!"]',
        "[project",
    ],
)
def test_what_cannot_be_is_refused(tmp_path, text):
    """With the reason and what to write."""
    with pytest.raises(UsageError) as refused:
        read(tmp_path, pyproject_toml=text)
    assert refused.value.why or "empty" in refused.value.what
    assert refused.value.fix


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("setup.py", "", True),
        ("setup.cfg", "", True),
        ("pyproject.toml", "[project]\n", True),
        ("pyproject.toml", "[build-system]\n", True),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("pyproject.toml", "[broken", False),
        ("main.py", "", False),
    ],
)
def test_what_is_a_project(tmp_path, name, text, want):
    """A pyproject.toml that only sets tools up is none."""
    (tmp_path / name).write_text(text)
    assert project.is_project(tmp_path) is want


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "setup.cfg"])
def test_a_pipe_is_no_file_of_a_project(tmp_path, name):
    """Nobody writes to it: it would be read for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / name).symlink_to("pipe")
    project.is_project(tmp_path)
    with pytest.raises(BuildError, match="a pipe"):
        project.read(tmp_path)


def test_groups_that_include_one_another_count_once(tmp_path):
    """Forty that include the next one twice would be a thousand billion requirements; a loop ends."""
    next_twice = "g{0} = [{{include-group = 'g{1}'}}, {{include-group = 'g{1}'}}, 'p{0}']"
    rows = [next_twice.format(n, n + 1) for n in range(40)]
    rows = ["[project]", "name = 'pear'", "version = '1'", "[dependency-groups]", *rows]
    (tmp_path / "pyproject.toml").write_text("\n".join([*rows, "g40 = ['last', {include-group = 'g0'}]"]))
    found = project.read(tmp_path).groups
    assert found["g0"] == ("last", *(f"p{n}" for n in reversed(range(40))))
    assert sorted(found["g7"]) == sorted(found["g0"])
