"""`%autoexec why` explains the last failure of a notebook: out of order, edited, restarted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness import LOAD

from autoexec_magic.events import Diagnosed

if TYPE_CHECKING:
    from harness import Cell, Kernel

CELLS = ["import json as js", "xs = js.loads('[1, 2]')", "totl = sum(xs)", "print(totl)"]


class Document:
    """A notebook on disk, and the kernel that belongs to it."""

    def __init__(self, path: Path, sources: list[str]) -> None:
        self.path = path
        self.sources = {f"id-{number}": source for number, source in enumerate(sources, 1)}
        self.save()

    def save(self) -> None:
        """Write it, as a front end does."""
        cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "head", "source": "totl = 5"}]
        cells += [{"cell_type": "code", "id": key, "source": text} for key, text in self.sources.items()]
        self.path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    def run(self, kernel: Kernel, number: int) -> Cell:
        """Run a cell, as JupyterLab sends it."""
        return kernel.execute(self.sources[f"id-{number}"], cell_id=f"id-{number}")


@pytest.fixture
def started(new_kernel, tmp_path):
    """Return a function that starts a kernel for a document, with the extension loaded."""

    def start(sources: list[str]) -> tuple[Kernel, Document]:
        document = Document(tmp_path / "a.ipynb", sources)
        kernel = new_kernel(JPY_SESSION_NAME=str(document.path))
        kernel.execute(LOAD).must_pass()
        return kernel, document

    return start


def why(kernel: Kernel) -> dict[str, Any]:
    """Return the record of the diagnosis that `why --json` prints."""
    lines = kernel.execute("%autoexec why --json").must_pass().stdout.splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    assert (first["kind"], last["kind"], len(lines)) == ("Diagnosis", "Result", 2)
    return first


def test_a_plain_cell_that_failed_for_cells_that_have_not_run(started):
    """The cells to run are named in their order, and running them helps."""
    kernel, document = started(CELLS)
    assert document.run(kernel, 4).error.endswith("NameError: name 'totl' is not defined")
    assert kernel.execute("%autoexec why").must_pass().stdout.splitlines() == [
        "NameError: name 'totl' is not defined",
        "cell-not-run: totl is defined in the third code cell, which has not run",
        "  where: cell [2], line 1: print(totl)",
        "  because: the first code cell has not run: `import json as js`",
        "  because: the second code cell has not run: `xs = js.loads('[1, 2]')`",
        "  because: the third code cell has not run: `totl = sum(xs)`",
        "  fix: run code cells 1, 2 and 3 first, in this order",
    ]
    found = why(kernel)
    assert (found["confidence"], found["where"]) == ("certain", "In [2]:1")
    assert found["frame"] | {"file": ""} == {
        "file": "",
        "line": 1,
        "cell": "2",
        "cell_id": "id-4",
        "source": "print(totl)",
        "function": "",
    }
    assert found["action"] == {"kind": "run-cells", "values": ["id-1", "id-2", "id-3"]}
    for value in found["action"]["values"]:
        kernel.execute(document.sources[value], cell_id=value).must_pass()
    assert document.run(kernel, 4).must_pass().stdout == "3\n"


def test_the_last_failure_is_explained_after_other_cells_passed(started):
    """It is said which cell that was, and what has been made since need not run again."""
    kernel, document = started(CELLS)
    document.run(kernel, 4)
    for number in (1, 2, 3):
        document.run(kernel, number).must_pass()
    lines = kernel.execute("%autoexec why").must_pass().stdout.splitlines()
    assert lines[:2] == [
        "the last cell passed; cell [2] failed:",
        "NameError: name 'totl' is not defined",
    ]
    assert lines[-1] == "  fix: run this cell again"
    document.run(kernel, 4).must_pass()
    assert kernel.execute("%autoexec why").stdout.startswith(
        "the last cell passed; cell [2] failed, and passed as [7]:"
    )


def test_a_cell_that_depends_on_one_that_failed(started):
    """The failed one is named, with its line and its error."""
    kernel, document = started(["rows = {}\nrows['a']\ntotl = 1", "print(totl)"])
    document.run(kernel, 1)
    document.run(kernel, 2)
    found = why(kernel)
    assert (found["code"], found["confidence"]) == ("cell-failed", "certain")
    assert found["why"] == "cell [2] failed on line 2, before it defines totl on line 3"
    assert found["fix"] == "correct cell [2], which failed with KeyError: 'a', and run it"


def test_after_a_restart_nothing_has_run(started):
    """The names are gone, the document is not."""
    kernel, document = started(CELLS)
    for number in (1, 2, 3, 4):
        document.run(kernel, number).must_pass()
    kernel.restart()
    kernel.execute(LOAD).must_pass()
    document.run(kernel, 4)
    assert why(kernel)["action"]["values"] == ["id-1", "id-2", "id-3"]


def test_a_cell_that_was_edited_since_it_ran(started):
    """The same id, another source: what ran is not what stands there."""
    kernel, document = started(["total = 1", "print(totl)"])
    document.run(kernel, 1).must_pass()
    document.sources["id-1"] = "totl = 1"
    document.save()
    document.run(kernel, 2)
    found = why(kernel)
    assert (found["code"], found["confidence"]) == ("cell-edited", "certain")
    assert found["action"]["values"] == ["id-1"]


def test_what_is_not_saved_is_newer_than_the_file(started):
    """A cell that ran as something else after the file was saved was not edited since: the file is old."""
    kernel, document = started(["total = 1", "print(totl)"])
    document.sources["id-1"] = "total = 2"
    document.run(kernel, 1).must_pass()
    document.run(kernel, 2)
    assert why(kernel)["code"] == "name-not-defined"


def test_cells_in_another_order_than_the_documents(started):
    """The value is the one of a cell below."""
    kernel, document = started(["xs = [1]", "xs.append(2)", "xs = 3"])
    for number in (1, 3, 2):
        document.run(kernel, number)
    found = why(kernel)
    assert (found["code"], found["action"]["values"]) == ("out-of-order", ["id-1"])


def test_a_cell_that_cannot_run_twice(started):
    """It makes the name of itself."""
    kernel, document = started(["words = 'a b'", "words = words.split()"])
    for number in (1, 2, 2):
        document.run(kernel, number)
    assert why(kernel)["code"] == "run-twice"


def test_a_builtin_that_another_cell_hides(started):
    """The most puzzling message of all."""
    kernel, document = started(["list = [1]", "list('ab')"])
    document.run(kernel, 1)
    document.run(kernel, 2)
    found = why(kernel)
    assert (found["code"], found["confidence"]) == ("shadowed-builtin", "certain")


def test_a_magic_that_was_not_loaded(started):
    """IPython's own error, of its own real type."""
    kernel, document = started(["%load_ext autoreload", "%autoreload 2"])
    document.run(kernel, 2)
    found = why(kernel)
    assert (found["code"], found["action"]["values"]) == ("magic-not-loaded", ["id-1"])


def test_a_module_that_was_edited_since_it_was_imported(started):
    """Its file has what the loaded one lacks."""
    kernel, document = started(["import mine", "mine.load()"])
    (kernel.cwd / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    path = kernel.write("mine.py", "x = 1\n")
    document.run(kernel, 1).must_pass()
    path.write_text("x = 1\ndef load(): return x\n")
    document.run(kernel, 2)
    found = why(kernel)
    assert (found["code"], found["confidence"]) == ("module-edited", "certain")


def test_errors_in_timed_and_captured_cells(started):
    """Magics run the cell's body on their own; a cell whose body failed failed, though `%%capture` passed."""
    kernel, document = started(
        ["totl = 1", "%%time\nprint(totl)", "%%capture\n1 / 0\nlate = 1", "print(late)"]
    )
    document.run(kernel, 2)
    assert why(kernel)["code"] == "cell-not-run"
    assert document.run(kernel, 3).status == "ok"
    document.run(kernel, 4)
    found = why(kernel)
    assert (found["code"], found["fix"][:16]) == ("cell-failed", "correct cell [4]")


def test_a_marked_cell_knows_the_same(started):
    """Its diagnosis is on record."""
    kernel, document = started(["totl = 1", "%%autoexec\nprint(totl)"])
    cell = document.run(kernel, 2)
    assert "cell-not-run" in cell.text()
    [diagnosed] = [event for event in kernel.events() if isinstance(event, Diagnosed)]
    assert (diagnosed.diagnosis.code, diagnosed.diagnosis.confidence) == ("cell-not-run", "certain")
    assert diagnosed.diagnosis.action.values == ("id-1",)


def test_every_cell_after_on_knows_the_same(started):
    """`%autoexec on` makes no difference to what is known."""
    kernel, document = started(["totl = 1", "print(totl)"])
    kernel.execute("%autoexec on --only heal").must_pass()
    assert "cell-not-run" in document.run(kernel, 2).text()


def test_where_nothing_failed_it_says_so(started):
    """It passes, and its verdict says that there was nothing to do."""
    kernel, _ = started(CELLS)
    cell = kernel.execute("%autoexec why").must_pass()
    assert cell.stdout == "nothing failed here: there is nothing to explain\n"
    [line] = kernel.execute("%autoexec why --json").must_pass().stdout.splitlines()
    assert (json.loads(line)["verdict"], json.loads(line)["code"]) == ("skipped", 0)


def test_a_run_that_failed_in_its_cell_is_explained_by_its_own_diagnosis(started):
    """A script's error is in the script."""
    kernel, _ = started(CELLS)
    kernel.execute("%%autoexec script\nprint({}['a'])")
    found = why(kernel)
    assert found["code"] == "key-not-found"
    kernel.execute("{}['b']")
    assert why(kernel)["why"] == "the key 'b' is not there"


def test_a_run_that_failed_without_its_cell_is_explained(started):
    """What a cell swallowed is newer than the last cell that failed."""
    kernel, _ = started(CELLS)
    kernel.execute("1 / 0")
    kernel.execute(
        "try:\n    get_ipython().run_line_magic('autoexec', 'sh false')\nexcept Exception: pass"
    ).must_pass()
    found = why(kernel)
    assert found["code"] == "nonzero-exit"
    assert kernel.execute("%autoexec why").stdout.startswith("sh false · run ")


def test_a_failure_before_the_extension_was_loaded(new_kernel, tmp_path):
    """One loads it because something failed."""
    document = Document(tmp_path / "a.ipynb", ["1 / 0\ntotl = 1", "print(totl)"])
    kernel = new_kernel(JPY_SESSION_NAME=str(document.path))
    document.run(kernel, 1)
    document.run(kernel, 2)
    kernel.execute(LOAD).must_pass()
    found = why(kernel)
    assert (found["code"], found["where"]) == ("cell-failed", "In [2]:1")


def test_secrets_in_sources_are_masked(new_kernel, tmp_path):
    """A line of code that is shown may hold what redaction hides."""
    secret = "hunter2hunter2hunter2"
    document = Document(tmp_path / "a.ipynb", [f"token = '{secret}'", f"print(token, '{secret}')"])
    kernel = new_kernel(JPY_SESSION_NAME=str(document.path), SERVICE_TOKEN=secret)
    kernel.execute(LOAD).must_pass()
    document.run(kernel, 2)
    for line in ("%autoexec why", "%autoexec why --json"):
        shown = kernel.execute(line).must_pass().stdout
        assert "token" in shown
        assert secret not in shown


BROKEN = [
    "1 / 0",
    "print(nothing)",
    "x = (",
    "def f():\n    raise ValueError('a\\nb')\nf()",
    "raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])",
    "%nosuchmagic",
    "%%time\n1 / 0",
    "import nowhere_at_all",
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "await 5",
    "raise SystemExit(3)",
]


def test_plain_cells_show_what_they_show_without_the_extension(new_kernel):
    """Byte for byte, each message of each failing cell."""
    with_it, without = new_kernel(), new_kernel()
    with_it.execute(LOAD).must_pass()
    without.execute("1")
    for code in BROKEN:
        shown, plain = with_it.execute(code, cell_id="a"), without.execute(code, cell_id="a")
        kinds = ("error", "stream", "execute_reply", "display_data", "execute_result")
        for kind in kinds:
            theirs = [_bare(content, without) for content in plain.all(kind)]
            assert [_bare(content, with_it) for content in shown.all(kind)] == theirs, code
        assert shown.errors or shown.text(), code


def _bare(content: dict[str, Any], kernel: Kernel) -> str:
    """Return a message without what differs between any two kernels: the process, and measured times."""
    pid = kernel._manager.provisioner.pid
    content = {key: value for key, value in content.items() if key not in ("engine_info", "payload")}
    text = json.dumps(content).replace(f"ipykernel_{pid}", "ipykernel")
    return "" if "Wall time" in text or "CPU times" in text else text


def test_the_hook_is_gone_with_the_extension(new_kernel):
    """`%unload_ext` leaves nothing behind."""
    kernel = new_kernel()
    before = kernel.value("sum(map(len, get_ipython().events.callbacks.values()))")
    kernel.execute(LOAD).must_pass()
    kernel.execute("1 / 0")
    kernel.execute("%unload_ext autoexec_magic").must_pass()
    assert kernel.value("sum(map(len, get_ipython().events.callbacks.values()))") == before


def test_why_fix_runs_the_cells_that_are_missing_and_then_the_one_that_failed(started):
    """The cells that have not run, in the document's order, as a person would run them."""
    kernel, document = started(CELLS)
    failed = document.run(kernel, 4)
    assert "NameError" in failed.error
    cell = kernel.execute("%autoexec why --fix")
    assert cell.status == "ok", cell.error
    assert "… fixing it when this cell is over" in cell.stdout
    assert cell.stdout.splitlines()[-1].startswith("✓ passed")
    assert "\n3\n" in f"\n{cell.stdout}"
    assert kernel.value("totl") == "3"


def test_a_marked_cell_is_fixed_from_the_saved_notebook(started):
    """`%%autoexec --fix` knows the cells that have not run, too, by their ids."""
    kernel, document = started([*CELLS[:3], "%%autoexec --fix\nprint(totl + 1)"])
    cell = document.run(kernel, 4)
    assert cell.status == "ok", cell.error
    assert "\n4\n" in f"\n{cell.stdout}"


def test_a_run_is_not_fixed_afterwards(started):
    """It is said how, and nothing runs."""
    kernel, _ = started(CELLS)
    caught = "try:\n    get_ipython().run_line_magic('autoexec', 'sh false')\nexcept Exception: pass"
    kernel.execute(caught).must_pass()
    said = kernel.execute("%autoexec why --fix").must_pass().stdout
    assert "nonzero-exit" in said
    assert "%%autoexec script --fix" in said
