"""An image of an app says its notebook's commit and digest only where the notebook makes that very app."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import benches
import pytest

from autoexec_magic import builder

from ..repositories import git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
MAIN = "def main():\n    return 0"
DIRTY, DIGEST = "autoexec.dirty", "autoexec.notebook-digest"


@pytest.fixture
def app(note, built):
    """Return the folder of an app whose notebook is committed."""
    folder = note(MAIN).parent
    (folder / ".gitignore").write_text("dist/\n")
    (folder / "pyproject.toml").write_text("[tool.autoexec.build]\nversion = '1.0'\ntests = false\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    return Path(built(MAIN).reference)


def planned(app, tmp_path):
    """Return the plan of its image."""
    source = builder.source_of(app, app.parents[1])
    return builder.builder_of("image").plan(source, benches.bench(tmp_path))


def test_an_app_as_it_was_made_is_of_its_notebook(app, tmp_path):
    """It lies in no commit, and is as clean as what it was made from."""
    labels = planned(app, tmp_path).labels
    assert labels[DIRTY] == "false"
    assert labels[DIGEST] == json.loads((app / "autoexec-app.json").read_text())["notebook_digest"]


@pytest.mark.parametrize("what", ["module", "more", "mode", "digests", "notebook"])
def test_an_app_that_was_changed_is_not_of_its_notebook(app, note, tmp_path, what):
    """By hand, also in what it says of itself; or because the notebook is another one now."""
    about = app / "autoexec-app.json"
    if what == "module":
        (app / "model/__init__.py").write_text("def main():\n    return 1\n")
    elif what == "more":
        (app / "model/more.py").touch()
    elif what == "mode":
        about.chmod(0o755)
    elif what == "digests":
        about.write_text(
            json.dumps(json.loads(about.read_text()) | {"notebook_digest": f"sha256:{'0' * 64}"})
        )
    else:
        note("def main():\n    return 2")
    plan = planned(app, tmp_path)
    assert plan.labels[DIRTY] == "true"
    assert DIGEST not in plan.labels
    assert any("not what its notebook makes" in each for each in plan.warnings)


def test_an_app_without_its_notebook_claims_nothing(app, tmp_path):
    """Nobody can say what it was made from."""
    (app.parents[1] / "model.ipynb").unlink()
    plan = planned(app, tmp_path)
    assert DIGEST not in plan.labels
    assert plan.labels.get(DIRTY, "true") == "true"
