"""A notebook becomes an app, the app an image, the image answers: on a real engine, in one cell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from engines import engine, session_engine  # noqa: F401 (fixtures)

from autoexec_magic import api, builder
from autoexec_magic.errors import UsageError
from autoexec_magic.events import Progress

WSGI = (
    "import json",
    "FACTOR = 2",
    "def app(environ, start_response):\n    start_response('200 OK', [])\n"
    "    return [json.dumps({'path': environ['PATH_INFO'], 'factor': FACTOR}).encode()]",
)
NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "02_first_app.ipynb"


def git(folder, *words):
    """Run git as nobody in particular."""
    who = {
        f"GIT_{role}_{what}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})


def labels(client, reference):
    """Return the labels of an image."""
    return client.inspect_image(reference)["Config"]["Labels"]


@pytest.mark.limit(300)
def test_an_image_of_a_notebook_answers_and_says_what_it_is_of(engine, note, monkeypatch, tmp_path):  # noqa: F811
    """Its labels name the notebook, its digest and its commit, and whether it was as committed."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    path = note(*WSGI)
    git(path.parent, "init", "-q")
    git(path.parent, "add", "-A")
    git(path.parent, "commit", "-qm", "one")
    heard = []
    wish = builder.Wish(smoke=True, ask="/x", tag="autoexec-test-app:1")
    caller = api.Caller(emit=heard.append, cwd=path.parent)
    report = api.build(path, kinds=("app", "image"), wish=wish, caller=caller)
    app, image = report.artifacts
    said = [each.text for each in heard if isinstance(each, Progress)]
    assert '/x answers: {"path": "/x", "factor": 2}' in said
    about = json.loads((Path(app.reference) / "autoexec-app.json").read_text())
    found = labels(engine.client(), image.reference)
    assert found["autoexec.notebook"] == "model.ipynb"
    assert found["autoexec.notebook-digest"] == about["notebook_digest"]
    assert found["autoexec.dirty"] == "false"
    note(*WSGI, "x = 1")
    image = api.build(
        path, kinds=("app", "image"), wish=builder.Wish(tag="autoexec-test-app:2"), caller=caller
    ).artifacts[1]
    changed = labels(engine.client(), image.reference)
    assert changed["autoexec.dirty"] == "true"
    assert changed["autoexec.notebook-digest"] != found["autoexec.notebook-digest"]
    assert changed["autoexec.commit"] == found["autoexec.commit"]


def test_an_image_alone_says_how(note, monkeypatch):
    """It is made of the app's folder."""
    path = note(*WSGI, name="a b.ipynb")
    monkeypatch.chdir(path.parents[1])
    with pytest.raises(UsageError) as raised:
        api.build(path, kinds=("image",), caller=api.Caller(cwd=path.parent))
    assert raised.value.fix == "%autoexec build app image 'work/a b.ipynb'"


@pytest.mark.limit(300)
def test_a_plan_of_both_is_what_is_built(engine, note, monkeypatch, tmp_path):  # noqa: F811
    """The image's comes from the app as it would be; nothing is written, and the digests are the same then."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    scratch = tmp_path / "t"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = note(*WSGI)
    git(path.parent, "init", "-q")
    git(path.parent, "add", "-A")
    git(path.parent, "commit", "-qm", "one")
    before = sorted(path.parent.iterdir())
    caller = api.Caller(cwd=path.parent)
    wish = builder.Wish(tag="autoexec-test-app:3")
    app, image = api.build(path, kinds=("app", "image"), wish=wish, dry_run=True, caller=caller).planned
    assert sorted(path.parent.iterdir()) == before
    # cages wait for the next run, and go with this process
    assert [each for each in scratch.iterdir() if not each.name.startswith("autoexec-cage-")] == []
    assert image.source.folder == path.parent / "dist" / "model"
    assert "COPY project/" in image.written["Dockerfile"]
    assert "FACTOR = 2" in app.written["model/__init__.py"]
    assert image.labels["autoexec.notebook"] == "model.ipynb"
    made = api.build(path, kinds=("image", "app"), wish=wish, caller=caller).artifacts
    assert [each.inputs_digest for each in made] == [app.inputs_digest, image.inputs_digest]
    assert labels(engine.client(), made[1].reference).items() >= dict(image.labels).items()


@pytest.mark.limit(300)
def test_the_first_app_notebook_runs_from_top_to_bottom(engine, tmp_path, monkeypatch):  # noqa: F811
    """In a real kernel: trained, tried, made an image, started, asked; and nothing is left running."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(NOTEBOOK, folder)
    found = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    client = NotebookClient(
        found, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    shown = json.dumps([cell.get("outputs") for cell in found.cells])
    assert '/rent?area=80 answers: {"area": 80.0, "rent": 961.09}' in shown.replace('\\"', '"')
    assert (folder / "dist" / "02-first-app" / "first_app" / "__init__.py").is_file()
    assert engine.client().containers(all=True) == []
