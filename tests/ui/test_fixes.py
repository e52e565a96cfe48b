"""`fix` as it is typed: what people and machines read of it, and what Jupyter thinks of the notebook then."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from autoexec_magic import api
from autoexec_magic.errors import PhaseError, UsageError
from autoexec_magic.ui import fixes, verbs

COMMAND = [sys.executable, "-m", "autoexec_magic"]


def _index():
    path = Path(__file__).parents[1] / "installer" / "index.py"
    spec = importlib.util.spec_from_file_location("fix_index", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Return a notebook that imports what is installed here, with an index that has its release."""
    shelf = _index()
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    version = importlib.metadata.version("packaging")
    with shelf.Index() as index:
        index.add("packaging", shelf.wheel("packaging", version))
        monkeypatch.setenv("AUTOEXEC_INDEX_URL", index.url)
        cell = nbformat.v4.new_code_cell("import packaging.version, json")
        notebook = nbformat.v4.new_notebook(cells=[cell])
        path = tmp_path / "book.ipynb"
        path.write_text(nbformat.writes(notebook))
        yield path


def fix(*words, cwd):
    """Run `autoexec fix WORDS`."""
    return subprocess.run(
        [*COMMAND, "fix", *words],
        cwd=cwd,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_people_read_what_was_found_and_written(book):
    """Counts of what is there, what was written where, and that an open notebook is to be read again."""
    done = fix("book.ipynb", cwd=book.parent)
    assert done.returncode == 0, done.stderr
    assert "2 modules: 1 part of Python, 1 here, 0 missing" in done.stdout
    assert "wrote book.ipynb: 1 distribution locked; where it is open: File → Reload" in done.stdout
    again = fix("book.ipynb", cwd=book.parent)
    assert "wrote" not in again.stdout


def test_machines_read_resolutions_and_a_result(book):
    """One JSON object a line, the result last, with what was written and what is missing."""
    content = nbformat.read(book, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell("import np, frobnicate_magic"))
    nbformat.write(content, book)
    done = fix("--check", "--json", "book.ipynb", cwd=book.parent)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(record["kind"], record.get("class")) for record in records] == [
        ("Resolution", "invented"),
        ("Resolution", "alias"),
        ("Result", None),
    ]
    assert records[-1]["missing"] == ["frobnicate_magic", "np"]
    assert (records[-1]["written"], records[-1]["code"], records[-1]["verdict"]) == ([], 1, "failed")
    assert records[-1]["error"] == "phase-failed"


def test_what_is_missing_is_shown_by_class_with_its_cure(book):
    """And the exit code says that something is missing."""
    (book.parent / "lib").mkdir()
    (book.parent / "lib" / "mine.py").touch()
    book.write_text(
        book.read_text().replace("import packaging.version, json", "import np, mine, google.colab")
    )
    done = fix("--check", "book.ipynb", cwd=book.parent)
    assert done.returncode == 1
    places = [done.stdout.index(text) for text in ("── platform", "── alias", "── local")]
    assert places == sorted(places)
    assert "import numpy as np" in done.stdout
    assert "sys.path.insert" in done.stdout


def test_a_lock_is_printed_for_uv_and_for_pip(book):
    """Exactly the text, to be piped on."""
    assert fix("--export", "script", "book.ipynb", cwd=book.parent).returncode == 2
    fix("book.ipynb", cwd=book.parent)
    version = importlib.metadata.version("packaging")
    script = fix("--export", "script", "book.ipynb", cwd=book.parent).stdout
    assert script.startswith("# /// script\n")
    assert f'"packaging=={version}"' in script
    lines = fix("--export", "requirements", "book.ipynb", cwd=book.parent).stdout
    assert lines.startswith(f"packaging=={version} \\\n    --hash=sha256:")
    with pytest.raises(UsageError, match="one notebook"):
        verbs.parse("fix --export script").run(api.Caller(cwd=book.parent))


@pytest.fixture
def notary(tmp_path, monkeypatch):
    """Return Jupyter's notary, with a folder of its own."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    (tmp_path / "jupyter").mkdir()
    made = NotebookNotary()
    yield made
    made.store.close()


def test_what_was_trusted_stays_trusted(book, notary):
    """Its outputs are shown as before: nobody has to type `jupyter trust`."""
    notary.sign(nbformat.read(book, as_version=4))
    before = book.read_bytes()
    verbs.parse(["fix", str(book)]).run(api.Caller(cwd=book.parent))
    assert book.read_bytes() != before
    assert notary.check_signature(nbformat.read(book, as_version=4))


def test_what_was_not_trusted_stays_so(book, notary):
    """A stranger's notebook is not trusted because it was fixed."""
    notary.sign(nbformat.v4.new_notebook())  # another one was
    verbs.parse(["fix", str(book)]).run(api.Caller(cwd=book.parent))
    assert not notary.check_signature(nbformat.read(book, as_version=4))
    assert fixes.is_trusted(book) is False
    assert fixes.is_trusted(book.with_name("none.ipynb")) is False


def test_this_notebook_is_the_usual_path(book):
    """Without a path it is the notebook that calls, where that is a file; else the workspace."""
    report = api.fix(caller=api.Caller(cwd=book.parent, notebook=str(book)))
    assert report.phases[0].fixed.written == (book,)
    (book.parent / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    (book.parent / "deep").mkdir()
    report = api.fix(caller=api.Caller(cwd=book.parent / "deep", notebook="kernel-1"))
    assert report.phases[0].fixed.written == (book.parent / "pyproject.toml",)


def test_options_that_contradict_are_refused(book):
    """A check does nothing else; and from Python what is missing is raised."""
    with pytest.raises(UsageError, match="--check does nothing else"):
        api.fix(book, check=True, sync=True)
    book.write_text(book.read_text().replace("json", "frobnicate_magic"))
    with pytest.raises(PhaseError) as raised:
        api.fix(book, check=True)
    assert raised.value.report.phases[0].fixed.left == ("frobnicate_magic",)
