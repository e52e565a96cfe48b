"""What no app is made of is told with the cell, and with what to write instead."""

from __future__ import annotations

import pytest

from autoexec_magic import builder
from autoexec_magic.builder.app import notebook
from autoexec_magic.builder.app.project import project_of
from autoexec_magic.errors import BuildError

MAIN = "def main():\n    return 0"


@pytest.mark.parametrize(
    ("cell", "what", "fix"),
    [
        ("x = 1\nfrom .util import twice", "cell 2 line 2", "`from util import …`"),
        ("def f():\n    from . import util", "cell 2 line 2", "`from MODULE import …`"),
    ],
)
def test_a_relative_import_is_refused_with_the_other_way_to_write_it(project, note, cell, what, fix):
    """No lock helps: a notebook is in no package."""
    (note(MAIN).parent / "util.py").write_text("def twice(x):\n    return 2 * x\n")
    with pytest.raises(BuildError) as raised:
        project(MAIN, cell)
    assert what in raised.value.what
    assert "relative import" in raised.value.why
    assert fix in raised.value.fix


def test_a_relative_import_that_the_code_can_do_without_stays(project):
    """And so does one of a package beside the notebook."""
    found = project(MAIN, "try:\n    from .util import twice\nexcept ImportError:\n    twice = None")
    assert "from .util" in found.composed.text


def test_a_package_without_a_lock_is_refused(project):
    """With the cell that imports it."""
    with pytest.raises(BuildError, match="imports pear, and has no lock") as raised:
        project(MAIN, "import pear")
    assert "cell 2 line 1" in raised.value.why
    assert raised.value.fix == "%autoexec fix model.ipynb"


def test_a_lock_is_made_by_a_command_that_can_be_typed(note, monkeypatch):
    """From where the person is, also where the name has a blank in it."""
    path = note("import pear\n" + MAIN, name="a b.ipynb")
    monkeypatch.chdir(path.parents[1])
    with pytest.raises(BuildError) as raised:
        project_of(builder.source_of(path, path.parent), notebook.read(path), "", "1.0")
    assert raised.value.fix == "%autoexec fix 'work/a b.ipynb'"


def test_the_cell_that_holds_a_secret_is_named(project):
    """And the secret is not."""
    token = "ghp_" + "a1B2" * 9
    with pytest.raises(BuildError, match=r"cell 2 of model\.ipynb would put a secret") as raised:
        project(MAIN, f"token = '{token}'")
    assert token not in str(raised.value)
