"""Which web app a project has, by its code (test_python.py: what is run of it)."""

from __future__ import annotations

import os

import pytest

from autoexec_magic.builder.image import webapps

FACTORY = "def create_app():\n    made = Flask(__name__)\n    return made\n"


@pytest.mark.parametrize(
    "line", ["from . import create_app", "from x_y import create_app", "from .x import create_app"]
)
@pytest.mark.parametrize("root", ["src", "."])
def test_a_factory_of_the_package_s_own_is_read(tmp_path, line, root):
    """From a module beside it, or from the package itself."""
    package = tmp_path / root / "x_y"
    package.mkdir(parents=True)
    for name in ("__init__.py", "x.py"):
        (package / name).write_text(FACTORY)
    (package / "wsgi.py").write_text(f"{line}\napp = create_app()\n")
    assert list(webapps.found_in(tmp_path, "x_y")) == [("wsgi", "x_y.wsgi:app")]


def test_a_factory_outside_of_the_project_is_not_read(tmp_path):
    """Nor waited for, where it is a pipe."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "factory.py").write_text(FACTORY)
    for line in ("from ..factory import create_app", "from ...factory import create_app"):
        (project / "app.py").write_text(f"{line}\napp = create_app()\n")
        assert list(webapps.found_in(project, "x")) == []
    os.mkfifo(project / "factory.py")
    (project / "app.py").write_text("from factory import create_app\napp = create_app()\n")
    assert list(webapps.found_in(project, "x")) == []


def test_factories_that_call_each_other_come_to_an_end(tmp_path):
    """In two modules, for ever."""
    (tmp_path / "app.py").write_text("from other import f\ndef g():\n    return f()\napp = g()\n")
    (tmp_path / "other.py").write_text("from app import g\ndef f():\n    return g()\n")
    assert list(webapps.found_in(tmp_path, "x")) == []


def test_what_listens_is_known_by_its_distribution():
    """The first of those that a project names."""
    assert webapps.framework_among(["numpy", "gunicorn", "flask"]) == "gunicorn"
    assert webapps.framework_among(["numpy", "flask-admin-x"]) == ""
