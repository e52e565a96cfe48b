"""A notebook that is run itself, with parameters, in a real kernel; its outputs are kept."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from autoexec_magic.builder.app import placed
from autoexec_magic.errors import BuildError

LOCK = "".join(f"{name}==1 --hash=sha256:{'0' * 64}\n" for name in ("nbclient", "ipykernel"))
CELLS = (
    "#md# Report",
    ("n = 2\nname: str = 'a'", "parameters"),
    "%load_ext autoexec_magic\n!pip install x\nimport asyncio\ntotal = n * 10",
    "await asyncio.sleep(0)\nprint(name)\ntotal",
    ("assert total == 20", "test"),
    "if n < 0:\n    raise ValueError(n)",
)


@pytest.fixture
def report(project, tmp_path):
    """Write the app of the cells above, and return how to run it."""
    with placed.written(project(*CELLS, lock=LOCK), tmp_path / "out" / "model") as made:
        placed.put(made, tmp_path / "out" / "model")

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "model", *words],
            cwd=tmp_path / "out" / "model",
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    run.folder = tmp_path / "out" / "model"
    return run


def outputs(file):
    """Return the text that each cell of code shows."""
    cells = [cell for cell in json.loads(file.read_text())["cells"] if cell["cell_type"] == "code"]
    return [
        "".join(
            "".join(out.get("text", out.get("data", {}).get("text/plain", ""))) for out in cell["outputs"]
        )
        for cell in cells
    ]


@pytest.mark.limit(150)
def test_it_runs_with_its_parameters_and_keeps_what_it_shows(report):
    """In a real kernel, without what is IPython's own and without tests."""
    ended = report("--param", "n=3", "--param", "name=b c", "--output", "done.ipynb")
    assert ended.returncode == 0, ended.stderr
    assert outputs(report.folder / "done.ipynb") == ["", "", "", "b c\n30", ""]
    failed = report("--param", "n=-1")
    assert failed.returncode == 1
    assert "model.ipynb cell 6 failed: ValueError: -1" in failed.stderr
    assert outputs(report.folder / "model-output.ipynb")[3] == "a\n-10"


@pytest.mark.limit(150)
def test_a_parameter_that_there_is_not_is_refused(report):
    """With those that there are; and they are in the help."""
    ended = report("--param", "m=3")
    assert ended.returncode == 2
    assert "the notebook has n, name" in ended.stderr
    assert "'n': '2'" in report("--help").stdout
    assert not list(report.folder.glob("*-output.ipynb"))


def test_what_is_run_is_the_cells_that_are_kept(project):
    """With the text between them, without outputs."""
    found = project(*CELLS, lock=LOCK)
    cells = json.loads(found.made["model/notebook.ipynb"])["cells"]
    assert [cell["metadata"]["autoexec_cell"] for cell in cells] == [1, 2, 3, 4, 6]
    assert cells[2]["source"] == "\n\nimport asyncio\ntotal = n * 10"
    assert found.shape.kind == "notebook"


def test_what_runs_it_has_to_be_locked(project):
    """With what to add, and what else there is."""
    with pytest.raises(BuildError) as raised:
        project("x = 1\nprint(x)")
    assert "nbclient and ipykernel are missing" in raised.value.what
    assert "import nbclient, ipykernel" in raised.value.fix
    with pytest.raises(BuildError) as raised:
        project("def main(path):\n    pass", lock=LOCK.splitlines(keepends=True)[0])
    assert "ipykernel is missing" in raised.value.what
    assert "arguments that nobody gives" in raised.value.why


def test_hidden_state_is_found_in_it_too(project):
    """It would fail as late."""
    with pytest.raises(BuildError, match="uses totl"):
        project("print(totl)", lock=LOCK)


def test_ids_and_names_of_anybody_do_no_harm(project, note):
    """A name with a quote is no code; an id that is none is made anew."""
    path = note("x = 1", name='a"b{x}.ipynb')
    text = path.read_text().replace("id-1", "not an id!")
    path.write_text(text)
    from autoexec_magic import builder
    from autoexec_magic.builder.app import notebook
    from autoexec_magic.builder.app.project import project_of

    found = project_of(builder.source_of(path, path.parent), notebook.read(path), LOCK, "")
    compile(found.made["a_b_x/__main__.py"], "main", "exec")
    compile(found.made["a_b_x/__init__.py"], "init", "exec")
    assert json.loads(found.made["a_b_x/notebook.ipynb"])["cells"][0]["id"] == "cell-1"
