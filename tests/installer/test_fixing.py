"""A notebook or a project made importable, as a person would: fix it, look at the difference, run it."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import shutil
import signal
import sysconfig
import time
from pathlib import Path

import pytest
from index import wheel

CODE = ["import json\n", "import yaml, docx, np\n", "import helpers\n", "import frobnicate_magic"]
CURED = [
    "import sys\n",
    "sys.path.insert(0, 'lib')\n",
    "import yaml, docx, helpers\n",
    "print(yaml.FROM, docx.FROM)",
]
SOON_SECONDS = 20.0


def cell(source, **fields):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "execution_count": 3,
        "id": "c0ffee",
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": ["é \u2028\n"]}],
        "source": source,
        **fields,
    }


def written(path, *cells, **metadata):
    """Write a notebook as Jupyter does."""
    kernel = {"display_name": "P", "language": "python", "name": "python3"}
    content = {
        "cells": list(cells),
        "metadata": {"kernelspec": kernel, **metadata},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    return path


def lock_of(path):
    """Return the lock in a notebook's metadata."""
    return json.loads(path.read_text("utf-8"))["metadata"]["autoexec"]["lock"]


def fix(environment, *paths, answer=None, **options):
    """Fix paths in an environment."""
    return environment.drive("fix", paths=[str(path) for path in paths], options=options, answer=answer)


@pytest.fixture
def shelf(index):
    """Fill the index with what the notebooks here ask for; return its wheels."""
    files = [
        wheel("inner-dep", "2.0"),
        wheel("PyYAML", "1.0", {"yaml/__init__.py": "FROM = 'PyYAML'\n"}, requires=["inner-dep"]),
        wheel("python-docx", "1.1", {"docx/__init__.py": "FROM = 'python-docx'\n"}),
    ]
    for file in files:
        index.add(file.filename.split("-")[0].replace("_", "-"), file)
    return files


@pytest.fixture
def other(environment):
    """Return a second environment, empty as the first one still is."""
    folder = environment.folder.with_name("other")
    shutil.copytree(environment.folder, folder, symlinks=True)
    return dataclasses.replace(environment, folder=folder)


def test_a_notebook_is_made_importable_and_says_what_it_needs(environment, shelf):
    """Of five missing names two come from the index, three are said with their cure; only metadata change."""
    (environment.home / "lib").mkdir()
    (environment.home / "lib" / "helpers.py").write_text("X = 1\n")
    book = written(environment.home / "book.ipynb", cell(CODE))
    old = book.read_bytes()
    answer = fix(environment, "book.ipynb")
    assert environment.distributions == {"PyYAML": "1.0", "python-docx": "1.1", "inner-dep": "2.0"}
    classes = {item["module"]: item["cls"] for item in answer.resolutions}
    assert classes == {
        "yaml": "third-party",
        "docx": "third-party",
        "np": "alias",
        "helpers": "local",
        "frobnicate_magic": "invented",
    }
    assert answer.decisions["frobnicate_magic"] == "ask"
    assert answer.error["class"] == "PhaseError"
    assert "book.ipynb cannot import np, helpers, frobnicate_magic yet" in answer.error["text"]
    assert [argv for argv in answer.argvs if "--require-hashes" in argv][1:] == []
    new = book.read_bytes()
    start = old.index(b'  "kernelspec"')
    assert new.startswith(old[:start])
    assert new.endswith(old[start:])
    lock = lock_of(book)
    assert lock["direct"] == ["python-docx", "pyyaml"]
    assert {row["name"]: row["hashes"] for row in lock["packages"]} == {
        file.filename.split("-")[0].replace("_", "-"): [file.sha256] for file in shelf
    }
    assert '#     "pyyaml==1.0",\n' in lock["script"]


def test_a_fixed_notebook_runs_here_and_elsewhere(environment, other, shelf, index, monkeypatch, tmp_path):
    """It runs by nbclient; another environment gets the same versions and bytes, and it runs there."""
    (environment.home / "lib").mkdir()
    (environment.home / "lib" / "helpers.py").write_text("X = 1\n")
    book = written(environment.home / "book.ipynb", cell(CURED))
    first = fix(environment, "book.ipynb")
    assert first.error is None
    again = book.read_bytes()
    index.requests.clear()
    assert fix(environment, "book.ipynb").error is None
    assert book.read_bytes() == again
    assert index.requests == []
    second = fix(other, "book.ipynb", sync=True)
    assert second.error is None
    assert other.distributions == environment.distributions
    digests = [
        {item["distribution"].lower(): item["sha256"] for item in each.installed} for each in (first, second)
    ]
    assert digests[0] == digests[1]
    assert book.read_bytes() == again
    for place in (environment, other):
        assert run(place, book, tmp_path, monkeypatch) == "PyYAML python-docx\n"


def run(environment, book, tmp_path, monkeypatch):
    """Run a notebook by nbclient with an environment's Python; return what its last cell printed."""
    import nbclient
    import nbformat

    (environment.site / "zz_kernel.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    name = environment.folder.name
    spec = tmp_path / "share" / "kernels" / name
    spec.mkdir(parents=True)
    argv = [str(environment.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    notebook = nbformat.read(book, as_version=4)
    where = {"metadata": {"path": str(book.parent)}}
    nbclient.NotebookClient(notebook, kernel_name=name, timeout=60, resources=where).execute()
    return notebook.cells[-1].outputs[-1]["text"]


def test_a_tampered_lock_is_refused(environment, other, shelf):
    """One digit of a digest, and nothing is installed."""
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    fix(environment, book)
    digest = shelf[1].sha256
    wrong = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    book.write_bytes(book.read_bytes().replace(digest.encode(), wrong.encode()))
    before = other.files
    answer = fix(other, book, sync=True)
    assert answer.error["class"] == "InstallError"
    assert "is not what the lock of book.ipynb names" in answer.error["text"]
    assert other.files == before


def test_a_check_changes_nothing_and_asks_nobody(environment, shelf, index):
    """What is missing is an error; the index is not asked, the file and the environment stay."""
    book = written(environment.home / "book.ipynb", cell(["import yaml\n", "import json"]))
    before, there = book.read_bytes(), environment.files
    answer = fix(environment, book, check=True)
    assert answer.error["text"].startswith("phase-failed: missing: yaml")
    assert answer.error["fix"] == "%autoexec fix book.ipynb"
    assert answer.decisions == {"yaml": "install"}
    assert (book.read_bytes(), environment.files, index.requests) == (before, there, [])
    fix(environment, book)
    assert fix(environment, book, check=True).error is None


def test_a_notebook_that_needs_nothing_is_left(environment, index):
    """What the standard library does needs no lock."""
    book = written(environment.home / "book.ipynb", cell(["import json"]))
    before = book.read_bytes()
    assert fix(environment, book).error is None
    assert book.read_bytes() == before


def test_what_cannot_be_written_is_said_before_anything_is_installed(environment, shelf, index):
    """A read-only notebook, one of format 3, one whose keys come twice: nothing is looked for."""
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    book.chmod(0o444)
    old = environment.home / "old.ipynb"
    old.write_text('{"nbformat": 3, "worksheets": [], "metadata": {}}')
    twice = environment.home / "twice.ipynb"
    twice.write_text('{"nbformat": 4, "cells": [], "metadata": {}, "metadata": {}}')
    julia = written(environment.home / "julia.ipynb", kernelspec={"language": "julia"})
    for path, said in ((book, "read-only"), (old, "format is 3"), (twice, "comes twice"), (julia, "julia")):
        answer = fix(environment, path)
        assert said in answer.error["text"]
    assert index.requests == []
    assert environment.distributions == {}


def test_a_notebook_that_was_saved_meanwhile_is_not_written(environment, shelf, index):
    """Whoever saves it in JupyterLab while names are looked for keeps what they saved."""
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    child = environment.start({"verb": "fix", "paths": ["book.ipynb"], "answer": None})
    wait_for(lambda: index.asked)
    theirs = written(book, cell(["import yaml # mine"])).read_bytes()
    answer = environment.finish(child)
    assert "book.ipynb was changed meanwhile" in answer.error["text"]
    assert book.read_bytes() == theirs
    assert [each.name for each in environment.home.iterdir() if each.name.endswith(".tmp")] == []


def started_by(child):
    """Return what a process has started and still runs."""
    return "".join(path.read_text() for path in Path(f"/proc/{child.pid}/task").glob("*/children"))


def wait_for(condition):
    """Wait until something holds."""
    end = time.monotonic() + SOON_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("when", ["page", "file", "install"])
def test_an_interrupt_leaves_notebook_and_environment(environment, index, when):
    """Ctrl-C while names are looked for, proved, or installed."""
    file = wheel("PyYAML", "1.0", {"yaml/__init__.py": ""})
    index.add("PyYAML", file, hang=when)
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    before, there = book.read_bytes(), environment.files
    with (environment.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for which uv waits
        child = environment.start({"verb": "fix", "paths": ["book.ipynb"], "answer": None})
        if when == "page":
            wait_for(lambda: index.asked)
        elif when == "file":
            wait_for(lambda: index.downloads(file))
        else:
            wait_for(lambda: started_by(child))
        child.send_signal(signal.SIGINT)
        answer = environment.finish(child)
    assert answer.error["class"] == "Cancelled"
    assert (book.read_bytes(), environment.files) == (before, there)


def test_a_question_nobody_answers_leaves_the_notebook(environment, index):
    """What is fresh and needed: exit 3 with the command, and no half of it."""
    index.add("PyYAML", wheel("PyYAML", "1.0", {"yaml/__init__.py": ""}, days=1))
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    before = book.read_bytes()
    answer = fix(environment, book)
    assert answer.error["class"] == "NeedsPerson"
    assert answer.error["fix"] == "%autoexec fix --yes book.ipynb"
    assert answer.decisions == {"yaml": "ask"}
    assert book.read_bytes() == before
    assert fix(environment, book, yes=True).error is None
    assert lock_of(book)["direct"] == ["pyyaml"]


def test_several_notebooks_are_one_install(environment, shelf):
    """One plan and one install for all that is named; each gets its own lock."""
    one = written(environment.home / "one.ipynb", cell(["import yaml"]))
    two = written(environment.home / "two.ipynb", cell(["import docx"]))
    answer = fix(environment, one, two)
    assert answer.error is None
    assert sum("--require-hashes" in argv for argv in answer.argvs) == 1
    assert [lock_of(each)["direct"] for each in (one, two)] == [["pyyaml"], ["python-docx"]]


def test_a_cell_for_juv_is_written_when_asked(environment, shelf):
    """The block stands in a first cell, and what was there stays behind it."""
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    assert fix(environment, book, cell=True).error is None
    cells = json.loads(book.read_text("utf-8"))["cells"]
    assert "".join(cells[0]["source"]).startswith("# /// script\n")
    assert cells[1:] == [cell(["import yaml"])]
    digest = hashlib.sha256(book.read_bytes()).digest()
    assert fix(environment, book, cell=True).error is None
    assert hashlib.sha256(book.read_bytes()).digest() == digest


def test_a_project_gets_it_where_its_tools_look(environment, shelf):
    """A requirements file: lines at its end for what code imports, not for what only tests import."""
    project = environment.home / "tests" / "project"  # where it stands itself says nothing
    (project / "tests").mkdir(parents=True)
    (project / "requirements.txt").write_text("# mine\nrequests  # not here\n")
    (project / "app.py").write_text("import yaml\n")
    (project / "tests" / "test_app.py").write_text("import docx\n")
    answer = fix(environment, project)
    assert answer.error is None
    assert environment.distributions == {"PyYAML": "1.0", "python-docx": "1.1", "inner-dep": "2.0"}
    text = "# mine\nrequests  # not here\npyyaml==1.0\n"
    assert (project / "requirements.txt").read_text() == text
    assert fix(environment, project).error is None
    assert (project / "requirements.txt").read_text() == text


def test_a_project_of_uv_is_edited_by_uv(environment, shelf):
    """Its pyproject.toml gets a lower bound, and no environment of its own is made."""
    project = environment.home / "project"
    project.mkdir()
    before = '[project]\nname = "mine"  # mine\nversion = "1"\ndependencies = [\n    "six",\n]\n'
    (project / "pyproject.toml").write_text(before)
    (project / "app.ipynb").write_bytes(
        written(environment.home / "app.ipynb", cell(["import yaml"])).read_bytes()
    )
    assert fix(environment, project).error is None
    after = (project / "pyproject.toml").read_text()
    assert after.replace('    "pyyaml>=1.0",\n', "") == before
    assert after != before
    assert sorted(each.name for each in project.iterdir()) == ["app.ipynb", "pyproject.toml"]


def test_a_check_finds_what_is_installed_and_declared_nowhere(environment, shelf):
    """It works here and would not elsewhere; the command can be typed from where one is."""
    project = environment.home / "my project"
    project.mkdir()
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = []\n'
    (project / "pyproject.toml").write_text(text)
    (project / "app.py").write_text("import yaml\n")
    assert fix(environment, project).error is None
    assert fix(environment, project, check=True).error is None
    (project / "pyproject.toml").write_text(text)
    answer = fix(environment, project, check=True)
    assert answer.error["text"].startswith("phase-failed: pyproject.toml does not name pyyaml")
    assert answer.error["fix"].startswith("%autoexec fix ")
    assert answer.error["fix"].endswith("my project'")
    assert (project / "pyproject.toml").read_text() == text


def test_requirements_with_hashes_get_the_bytes_that_were_installed(environment, shelf):
    """And a line for what those need, without which pip would refuse the file."""
    project = environment.home / "project"
    project.mkdir()
    (project / "requirements.txt").write_text(f"six==1.0 --hash=sha256:{'0' * 64}\n")
    (project / "app.py").write_text("import yaml\n")
    assert fix(environment, project).error is None
    text = (project / "requirements.txt").read_text()
    assert f"pyyaml==1.0 \\\n    --hash=sha256:{shelf[1].sha256}\n" in text
    assert f"inner-dep==2.0 \\\n    --hash=sha256:{shelf[0].sha256}\n" in text


def test_a_script_of_its_own_says_what_it_needs(environment, shelf):
    """Outside any project the block is the place; what stands below it stays."""
    script = environment.home / "a.py"
    script.write_bytes(b"#!/usr/bin/env python\nimport yaml\n")
    assert fix(environment, script).error is None
    text = script.read_text()
    assert "index" not in text
    assert text.startswith("#!/usr/bin/env python\n# /// script\n")
    assert text.endswith("# ///\nimport yaml\n")
    assert '"pyyaml==1.0"' in text


def test_an_index_that_is_gone_is_said_and_nothing_is_written(environment, index):
    """The command says what to check."""
    book = written(environment.home / "book.ipynb", cell(["import yaml"]))
    before = book.read_bytes()
    index.add("PyYAML", wheel("PyYAML"), status=500)
    answer = fix(environment, book)
    assert answer.error["class"] == "InstallError"
    assert "%autoexec config" in answer.error["fix"]
    assert book.read_bytes() == before


def test_a_lock_that_cannot_be_made_says_what_was_installed(environment, index):
    """The index that goes away after the install leaves the notebook; what is installed stays and is told."""
    inner = wheel("inner-dep", "2.0")
    index.add("PyYAML", wheel("PyYAML", "1.0", {"yaml/__init__.py": ""}))
    index.add("inner-dep", inner)
    environment.unpack(inner)
    one = written(environment.home / "one.ipynb", cell(["import yaml"]))
    two = written(environment.home / "two.ipynb", cell(["import inner_dep"]))
    index.add("inner-dep", inner, status=500)
    before = two.read_bytes()
    answer = fix(environment, one, two)
    assert answer.error["class"] == "InstallError"
    assert "cannot lock" in answer.error["text"]
    assert [item["distribution"] for item in answer.installed] == ["PyYAML"]
    assert two.read_bytes() == before
    assert lock_of(one)["direct"] == ["pyyaml"]
