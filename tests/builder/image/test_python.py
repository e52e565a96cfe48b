"""What of a Python project is run, by what its files say."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.image import python
from autoexec_magic.errors import BuildError


def entry(tmp_path, about="", **files):
    """Return what is run of a project."""
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    import tomllib

    return python.entry_of(tmp_path, tomllib.loads(f"[project]\nname='x-y'\n{about}"))


@pytest.mark.parametrize(
    ("about", "files", "shape", "what"),
    [
        ("[project.scripts]\nrun='x.y:main'", {}, "function", "x.y:main"),
        ("[project.scripts]\na='x:a'\nx-y='x:b'", {}, "function", "x:b"),
        ("[project.scripts]\na='x:a'\nb='x:b'", {"main": ""}, "file", "main.py"),
        ("", {"main": "from fastapi import FastAPI\napp = FastAPI()"}, "asgi", "main:app"),
        ("", {"app": "import flask\napp: object = flask.Flask(__name__)"}, "wsgi", "app:app"),
        (
            "",
            {"app": "def create_app():\n    a=Flask(__name__)\n    return a\napp = create_app()"},
            "wsgi",
            "app:app",
        ),
        ("", {"app": "def make() -> 'FastAPI':\n    return other()\napp = make()"}, "asgi", "app:app"),
        (
            "",
            {"app": "def make():\n    return inner()\ndef inner():\n    return Flask()\napp = make()"},
            "wsgi",
            "app:app",
        ),
        ("", {"app": "def make():\n    Flask()\n    return 1\napp = make()"}, "file", "app.py"),
        ("", {"app": "def make():\n    return make()\napp = make()"}, "file", "app.py"),
        (
            "",
            {
                "app": "from factory import make as m\napp = m()",
                "factory": "def make():\n    return FastAPI()",
            },
            "asgi",
            "app:app",
        ),
        (
            "",
            {"app": "import mine\napp = mine.make()", "mine": "def make():\n    return FastAPI()"},
            "asgi",
            "app:app",
        ),
        ("", {"app": "from ..x import make\napp = make()"}, "file", "app.py"),
        ("", {"main": "def f():\n    app = FastAPI()"}, "file", "main.py"),
        ("", {"app": "app = ("}, "file", "app.py"),
    ],
)
def test_what_is_run(tmp_path, about, files, shape, what):
    """A script, a web app, a file; its code is read and not run."""
    found = entry(tmp_path, about, **files)
    assert (found.shape, found.what) == (shape, what)


def test_a_package_with_a_main_is_run(tmp_path):
    """In src or not."""
    (tmp_path / "src" / "x_y").mkdir(parents=True)
    (tmp_path / "src" / "x_y" / "__main__.py").write_text("")
    assert entry(tmp_path).command((), 0) == ("python", "-m", "x_y")


@pytest.mark.parametrize("needs", ["celery[standard]", "fastapi", "fastapi[x]", "x[fastapi,standard]"])
def test_an_extra_of_another_package_is_no_server(needs):
    """`[standard]` means something else everywhere."""
    with pytest.raises(BuildError, match="nothing that serves it"):
        python.served("asgi", "main:app", ["starlette", needs], 8000)


def test_a_web_app_needs_a_server_among_its_packages():
    """Which is not guessed."""
    asgi = python.Entry(shape="asgi", what="main:app")
    assert asgi.command(["fastapi[standard]"], 8000)[:4] == ("python", "-m", "uvicorn", "main:app")
    assert "hypercorn" in asgi.command(["Hypercorn>=1"], 8000)
    with pytest.raises(BuildError) as missing:
        asgi.command(["fastapi"], 8000)
    assert missing.value.fix.startswith("uv add uvicorn")


@pytest.mark.parametrize(
    ("requires", "running", "version"),
    [
        ("", "3.12", "3.12"),
        (">=3.11", "3.11", "3.11"),
        ("<3.12", "3.13", "3.11"),
        (">=3.13", "3.11", "3.13"),
        (">=3.11.4", "3.11", "3.11"),
    ],
)
def test_the_python_it_is_for(tmp_path, requires, running, version):
    """The running one if it takes it."""
    assert python.version_of(tmp_path, requires, running) == version


def test_a_pinned_python_wins(tmp_path):
    """It stands in .python-version."""
    (tmp_path / ".python-version").write_text("3.12.4\n")
    assert python.version_of(tmp_path, ">=3.11", "3.11") == "3.12"


def test_no_python_fits_is_said(tmp_path):
    """And what is no range at all."""
    for requires in ("<3", "nonsense"):
        with pytest.raises(BuildError):
            python.version_of(tmp_path, requires, "3.11")


def test_a_project_is_known_by_its_metadata():
    """Its name, its version, and its entry points, which are plugins for somebody."""
    about = {"project": {"scripts": {"x": "x:main"}, "entry-points": {"p": {"q": "x:q"}}}}
    made = python.metadata_of("X.Y", "1", about)
    assert made["x_y-1.dist-info/entry_points.txt"] == b"[console_scripts]\nx = x:main\n\n[p]\nq = x:q\n"
