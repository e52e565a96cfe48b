"""How an app is called."""

from __future__ import annotations

import pytest

from autoexec_magic.builder.app import named
from autoexec_magic.errors import UsageError


@pytest.mark.parametrize(
    ("file", "name", "module"),
    [
        ("model.ipynb", "model", "model"),
        ("01_My Model (2).ipynb", "01-my-model-2", "my_model_2"),
        ("Größe.ipynb", "groe", "groe"),
        ("моя.ipynb", "app", "app"),
        ("json.ipynb", "json", "json_app"),
        ("class.ipynb", "class", "class_app"),
        ("2024.ipynb", "2024", "app"),
    ],
)
def test_a_notebooks_name_becomes_a_packages(project, file, name, module):
    """One that hides no module of the library."""
    found = project("def main():\n    pass", name=file)
    assert (found.name, found.module) == (name, module)


def test_a_package_hides_nothing_that_it_imports(project, note):
    """Neither a file beside it, nor what is in its lock."""
    text = "import tools\ndef main():\n    pass"
    (note(text).parent / "tools.py").touch()
    assert project(text, name="tools.ipynb").module == "tools_app"
    lock = "scikit-learn==1 --hash=sha256:00\n"
    assert project("def main():\n    pass", name="scikit_learn.ipynb", lock=lock).module == "scikit_learn_app"


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "a..b", "-x", "a b", ""])
def test_a_name_that_cannot_be_one_is_refused(project, note, name):
    """It becomes a folder."""
    (note("x = 1").parent / "autoexec.toml").write_text(f'[build]\nname = "{name}"\n')
    if not name:
        assert project("def main():\n    pass").name == "model"
        return
    with pytest.raises(UsageError, match="name of an app"):
        project("def main():\n    pass")


def test_a_port_and_a_version_that_cannot_be_one_are_refused(project, note):
    """Before anything is written."""
    (note("x = 1").parent / "autoexec.toml").write_text("[build]\nport = 70000\n")
    with pytest.raises(UsageError, match="port"):
        project("def main():\n    pass")
    with pytest.raises(UsageError, match="version"):
        named.check_version("1 0; rm")
    assert named.check_version("1.0+g1") == "1.0+g1"
