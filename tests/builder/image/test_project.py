"""What can become an image, and what it is said to run."""

from __future__ import annotations

import contextlib
import json
import os

import benches
import pytest

from autoexec_magic.builder import Source, source_of
from autoexec_magic.builder.image import planning, project
from autoexec_magic.errors import BuildError, UsageError


def of(folder):
    """Return what is in a folder."""
    return project.project_of(source_of(folder, folder))


@pytest.mark.parametrize(
    ("files", "fits"),
    [
        ({}, False),
        ({"Dockerfile": "FROM a"}, True),
        ({"Containerfile": "FROM a"}, True),
        ({"autoexec-app.json": "{}"}, True),
        ({"pyproject.toml": "[tool.x]\n"}, False),
        ({"pyproject.toml": "[project]\nname='x'\n"}, False),
        ({"pyproject.toml": "[project]\nname='x'\n[project.scripts]\nx='x:main'\n"}, True),
        ({"pyproject.toml": "[project]\nname='x'\n", "main.py": ""}, True),
        ({"pyproject.toml": "[project]\nname='x'\n[tool.autoexec.build]\ncommand=['x']\n"}, True),
        ({"pyproject.toml": "not toml"}, False),
        ({"package.json": '{"main": "x.js"}'}, True),
        ({"package.json": '{"scripts": {"start": "x"}}'}, True),
        ({"package.json": '{"name": "lib"}'}, False),
        ({"package.json": "[]"}, False),
    ],
)
def test_what_fits(tmp_path, files, fits):
    """Nothing is run to know it."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert project.fits(tmp_path) is fits


def test_the_settings_win(tmp_path):
    """Over what the project says of itself."""
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname='x'\nversion='1'\n[tool.autoexec.build]\nname='y'\nversion='2'\nbase='b:1'\n"
        "command=['a', 'b']\nport=80\nhealth='/ok'\n"
    )
    found = of(tmp_path)
    assert (found.name, found.version, found.base) == ("y", "2", "b:1")
    assert (found.command, found.port, found.health) == (("a", "b"), 80, "/ok")


@pytest.mark.parametrize("health", ["health", "/x'); import os", "/a b", "/\n"])
def test_a_path_that_is_none_is_refused(tmp_path, health):
    """It stands in a command of the image."""
    (tmp_path / "Dockerfile").write_text("FROM a")
    (tmp_path / "autoexec.toml").write_text(f"[build]\nhealth = {json.dumps(health)}\n")
    with pytest.raises(UsageError):
        of(tmp_path)


def test_an_address_with_a_password_is_no_source(tmp_path):
    """A label is read by everybody."""
    (tmp_path / "package.json").write_text(
        json.dumps({"name": "x", "main": "a", "repository": {"url": "git+https://me:secret@h.example/x.git"}})
    )
    assert of(tmp_path).url == ""


@pytest.mark.parametrize("path", ["/home/me/a.ipynb", "~/a.ipynb", "../a.ipynb", "C:\\Users\\me\\a.ipynb"])
def test_a_notebook_outside_is_its_name_alone(tmp_path, path):
    """A label has no home's name."""
    about = {"module": "m", "shape": "main", "notebook": path}
    (tmp_path / "autoexec-app.json").write_text(json.dumps(about))
    assert of(tmp_path).notebook[0] == "a.ipynb"


@pytest.mark.parametrize(
    ("needs", "more", "is_warned"),
    [
        ("['Flask>=3', 'gunicorn']", "", True),
        ("['Flask>=3', 'gunicorn']", "[tool.autoexec.build]\nport=8000\n", False),
        ("['numpy', 'flaskish']", "", False),
    ],
)
def test_a_web_framework_without_a_port_is_warned_of(tmp_path, needs, more, is_warned):
    """Nothing asks such an image whether it is well."""
    (tmp_path / "main.py").write_text("import x\nx.serve()\n")
    (tmp_path / "pyproject.toml").write_text(f"[project]\nname='x'\ndependencies={needs}\n{more}")
    said = [each for each in of(tmp_path).warnings if "says where it listens" in each]
    assert bool(said) is is_warned
    assert all(each.startswith("flask is among") and "port = 8000" in each for each in said)


def test_what_has_to_be_compiled_is_refused(tmp_path):
    """Its folder alone cannot be imported from."""
    (tmp_path / "pyproject.toml").write_text(
        "[build-system]\nbuild-backend='maturin'\n[project]\nname='x'\n[project.scripts]\nx='x:main'\n"
    )
    with pytest.raises(BuildError, match="compiled"):
        of(tmp_path)


def test_a_notebook_is_first_an_app(tmp_path, monkeypatch):
    """With the command that makes one of it, from where the person is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my work").mkdir()
    (tmp_path / "my work" / "a.ipynb").write_text("{}")
    with pytest.raises(BuildError) as wrong:
        project.project_of(source_of(tmp_path / "my work" / "a.ipynb", tmp_path))
    assert "build app 'my work/a.ipynb', then" in wrong.value.fix


@pytest.mark.parametrize("key", ["requirements", "lock"])
@pytest.mark.parametrize("path", ["/etc/hostname", "../../etc/hostname", "~/.netrc", "a/../../b"])
def test_an_app_names_no_file_outside_of_its_folder(tmp_path, key, path):
    """Whatever it names would be sent."""
    (tmp_path / "autoexec-app.json").write_text(json.dumps({"module": "x", key: path}))
    with pytest.raises(BuildError, match="outside of its folder"):
        of(tmp_path)


def test_a_project_s_address_has_no_token(tmp_path):
    """Labels are shown to whoever has the image."""
    for url, want in (
        ("https://h.example/x?private_token=abc#frag", "https://h.example/x"),
        ("https://me:hunter2@h.example/x", ""),
        (f"https://h.example/ghp_{'a' * 36}/x", ""),
    ):
        (tmp_path / "package.json").write_text(json.dumps({"main": "x.js", "repository": url}))
        assert of(tmp_path).url == want


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "setup.py", ".python-version", "Dockerfile", ".dockerignore"]
)
@pytest.mark.parametrize("leads_to", ["pipe", "link", "/dev/zero"])
def test_what_is_no_file_keeps_nobody_waiting(tmp_path, name, leads_to):
    """A pipe that nobody writes to, a link to one, or what never ends: it is said."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname='x'\n[project.scripts]\nx='x:main'\n")
    place = folder / name
    place.unlink(missing_ok=True)
    if leads_to == "/dev/zero":
        place.symlink_to(leads_to)
    else:
        os.mkfifo(place if leads_to == "pipe" else tmp_path / "pipe")
        if leads_to == "link":
            place.symlink_to(tmp_path / "pipe")
    source = Source(path=folder, folder=folder, workspace=folder)
    with contextlib.suppress(BuildError):  # one without a Dockerfile has what it needs in the others
        planning.planned(source, benches.bench(tmp_path))
