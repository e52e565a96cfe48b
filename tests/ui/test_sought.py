"""The verb `scan`: what a tree imports, for people and for machines."""

from __future__ import annotations

import json

import pytest

from autoexec_magic import api
from autoexec_magic.errors import Cancelled, UsageError
from autoexec_magic.executor import Cancel
from autoexec_magic.ui import sought, verbs
from autoexec_magic.ui.records import json_lines


@pytest.fixture
def project(workdir):
    """Return a folder with Python, a notebook, Node, and a file that does not parse."""
    (workdir / "pyproject.toml").write_text("")
    (workdir / "web").mkdir()
    (workdir / "web" / "package.json").write_text("{}")
    (workdir / "web" / "a.js").write_text("import 'react'\nimport 'fs'\n")
    (workdir / "a.py").write_text(
        "import numpy\nimport os\ndef f():\n    import numpy.linalg\n    import pandas\n"
    )
    (workdir / "bad.py").write_text("if x: import a\n)\n")
    cell = {"cell_type": "code", "source": "import numpy"}
    (workdir / "n.ipynb").write_text(json.dumps({"cells": [cell]}))
    return workdir


def said(line, cwd):
    """Return what a line says."""
    return verbs.parse(line).run(api.Caller(cwd=cwd))


def test_people_see_a_table_of_modules(project):
    """With counts and the first place, the projects, what could not be read, and what to type next."""
    text = said("scan .", project).text
    lines = [line.split() for line in text.splitlines()]
    assert ["python", ".:", "pyproject.toml"] in lines
    assert ["node", "web:", "package.json"] in lines
    assert ["numpy", "3", "2", "yes", "a.py:1"] in lines
    assert ["pandas", "1", "1", "perhaps", "a.py:5"] in lines
    assert ["react", "1", "1", "yes", "web/a.js:1"] in lines
    assert "  bad.py:2: does not parse: unmatched ')'" in text
    assert "2 modules of the language's own" in text
    assert not any(line[:1] == ["os"] for line in lines)
    assert text.endswith("what one of them is: %autoexec resolve numpy")
    assert any(line.split()[:1] == ["os"] for line in said("scan . --all", project).text.splitlines())


def test_machines_see_an_object_a_line(project):
    """Projects, imports, what could not be read, and the result last."""
    records = [json.loads(line) for line in json_lines(said("scan . --json", project)).splitlines()]
    assert {record["kind"] for record in records} == {"Project", "Needed", "Unread", "Result"}
    assert records[0] == {
        "kind": "Project",
        "language": "python",
        "folder": ".",
        "manifests": ["pyproject.toml"],
        "workspace": "",
    }
    needed = [record for record in records if record["kind"] == "Needed"]
    assert needed[0] == {
        "kind": "Needed",
        "path": "a.py",
        "line": 1,
        "cell": 0,
        "module": "numpy",
        "names": [],
        "required": True,
        "language": "python",
    }
    assert [record["cell"] for record in needed if record["path"] == "n.ipynb"] == [1]
    result = records[-1]
    assert (result["kind"], result["verdict"], result["files"], result["faults"]) == (
        "Result",
        "passed",
        4,
        1,
    )
    assert (result["imports"], result["modules"], result["kinds"]) == (len(needed), 5, ["node", "python"])


def test_a_file_is_scanned_by_its_name(project):
    """From where the caller is."""
    assert "numpy" in said("scan n.ipynb", project).text
    assert [item.path for item in api.scan("n.ipynb", caller=api.Caller(cwd=project)).imports] == ["n.ipynb"]


def test_a_path_that_is_not_there_is_an_error(project):
    """It is named."""
    with pytest.raises(UsageError, match="there is nothing at "):
        said("scan nowhere", project)


def test_a_scan_that_was_stopped_says_so(project):
    """It does not pass half of a tree for the whole."""
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Cancelled):
        api.scan(".", caller=api.Caller(cwd=project, cancel=cancel))


def test_names_of_files_cannot_draw_on_the_terminal(workdir):
    """What somebody's file is called is data."""
    (workdir / "a\x1b[2J\n\u202eb.py").write_text("import numpy")
    text = said("scan .", workdir).text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "a\ufffd[2J\ufffd\ufffdb.py:1" in text


def test_a_long_table_is_cut(workdir):
    """And says how to see the rest."""
    count = sought.MOST_ROWS + 5
    (workdir / "a.py").write_text("".join(f"import m{number}\n" for number in range(count)))
    text = said("scan .", workdir).text
    assert "… and 5 more modules; --all shows them" in text
    assert "\nm9 " not in text
    assert "more modules" not in said("scan . --all", workdir).text


def test_an_empty_folder_says_that_there_is_nothing(workdir):
    """It is no error."""
    assert "no project that we know" in said("scan .", workdir).text


def test_what_changed_is_seen_and_the_rest_remembered(project):
    """`--fresh` reads everything."""
    assert "numpy" in said("scan a.py", project).text
    said("scan .", project)
    (project / "a.py").write_text("import scipy\n")
    assert "scipy" in said("scan .", project).text
    assert "scipy" in said("scan . --fresh", project).text
