"""What a marked cell shows when it failed: the error, and below it why; each thing once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from harness import LOAD
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Cell, Kernel

FOLDED = "%%autoexec\nimport json\njson.loads('{')"
HTML, TEXT = "text/html", "text/plain"


@pytest.fixture(scope="module")
def in_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cell]:
    """Return a function that runs a cell as a notebook in a page does."""
    import harness

    folder = tmp_path_factory.mktemp("page")
    notebook = str(folder / "cwd" / "work.ipynb")
    with harness.Kernel(folder, JPY_SESSION_NAME=notebook) as kernel:
        kernel.execute(LOAD).must_pass()
        yield lambda code, **more: kernel.start(code, allow_stdin=True, **more).finish()


def test_in_a_page_the_card_is_below_the_traceback(in_page: Callable[..., Cell]):
    """HTML for the page, the same in lines beside it, nothing on stderr; the error comes first."""
    cell = in_page("%%autoexec\ntotal = 1\nprint(totl)")
    shown, *offered = cell.all("display_data")
    assert set(shown["data"]) == {HTML, TEXT}
    assert "<code>name-not-defined</code>" in shown["data"][HTML]
    assert shown["data"][TEXT].startswith("autoexec: name-not-defined at In [")
    assert cell.stderr == ""
    assert all("application/vnd.jupyter.widget-view+json" in item["data"] for item in offered)  # its button
    kinds = [message.kind for message in cell.messages]
    assert kinds.index("error") < kinds.index("display_data")
    assert cell.status == "error"


@pytest.mark.parametrize(("code", "line"), [("%%autoexec\nx = 1\nprint('never'))", 3), ("x = 1\ny = )", 2)])
def test_a_cell_that_python_cannot_read_has_its_place(in_page: Callable[..., Cell], code: str, line: int):
    """The cell, by its number, and the line that Python names; marked, and with every cell looked after."""
    is_marked = code.startswith("%%")
    in_page("pass" if is_marked else "%autoexec on").must_pass()
    shown = in_page(code, cell_id="the-cell").all("display_data")
    in_page("pass" if is_marked else "%autoexec off").must_pass()
    assert f"]:{line}" in shown[0]["data"][TEXT].splitlines()[0]
    assert f'href="#cell-id=the-cell" data-autoexec-line="{line}"' in shown[0]["data"][HTML]


def test_the_whole_traceback_is_in_the_card_where_something_was_left_out(in_page: Callable[..., Cell]):
    """And nowhere else, nor where nothing was."""
    data = in_page(FOLDED).all("display_data")[0]["data"]
    assert "<details>" in data[HTML]
    assert "decoder.py" in data[HTML]
    assert "decoder.py" not in data[TEXT]
    assert "\x1b" not in data[HTML]
    data = in_page("%%autoexec\n1 / 0").all("display_data")[0]["data"]
    assert "<details>" not in data[HTML]


def test_a_why_that_is_the_errors_own_words_is_not_said_again(in_page: Callable[..., Cell]):
    """The message stands in the traceback's last line; the card adds code, place and fix."""
    cell = in_page("%%autoexec\nraise ValueError('of these words one is enough')")
    (shown,) = cell.all("display_data")
    assert "of these words one is enough" in cell.error.splitlines()[-1]
    assert "one is enough" not in shown["data"][HTML] + shown["data"][TEXT]


def test_a_hostile_message_is_text(in_page: Callable[..., Cell]):
    """Neither markup nor a terminal's commands, in the card and in the whole traceback."""
    hostile = "<script>alert(1)</script>\\x1b]52;c;YQ==\\x07\\u202e</pre></details>"
    source = f"import json\njson.JSONDecoder(object_hook=lambda d: 1 / 0 or '{hostile}').decode('{{}}')"
    cell = in_page(f"%%autoexec\n{source}")
    data = cell.all("display_data")[0]["data"]
    assert "<script" not in data[HTML]
    assert "&lt;script&gt;" in data[HTML]
    for text in data.values():
        assert not {"\x1b", "\x07", "\u202e"}.intersection(text)


def test_a_megabyte_makes_no_megabyte_of_ours(in_page: Callable[..., Cell]):
    """The error keeps its text, as ever; the card does not repeat it."""
    cell = in_page(
        "%%autoexec\nimport json\njson.JSONDecoder(object_hook=lambda d: {}['x' * 1_000_000]).decode('{}')"
    )
    assert len(cell.all("error")[0]["evalue"]) > 1_000_000
    assert len(json.dumps(cell.all("display_data")[0]["data"])) < 250_000


def test_an_error_of_ours_is_its_own_card(in_page: Callable[..., Cell]):
    """What a limit says is said once."""
    cell = in_page("%%autoexec --timeout 0.2\nimport time\ntime.sleep(60)")
    assert cell.all("display_data") == []
    assert "fix: raise --timeout SECONDS" in cell.error
    assert cell.stderr == ""


def test_a_failed_script_has_its_card_in_the_tail(in_page: Callable[..., Cell]):
    """The error below says what failed and no more; its value keeps all of it."""
    cell = in_page("%%autoexec script\nprices = {'apple': 1}\nprint(prices['plum'])")
    data = cell.all("update_display_data")[-1]["data"]
    assert "<code>key-not-found</code>" in data[HTML]
    assert data[TEXT].count("key-not-found at script.py:3") == 1
    assert cell.error == "script-failed: the script ended with exit code 1"
    assert "because: key-not-found" in cell.all("error")[0]["evalue"]
    assert cell.status == "error"


def test_a_failed_line_has_its_card_in_the_tail(in_page: Callable[..., Cell]):
    """So has `sh`; a run that passed has none."""
    cell = in_page("%autoexec sh ls /no/such/folder")
    data = cell.all("update_display_data")[-1]["data"]
    assert "jp-Autoexec-card" in data[HTML]
    assert len(cell.error.splitlines()) == 1
    data = in_page("%autoexec sh echo hello").must_pass().all("update_display_data")[-1]["data"]
    assert "jp-Autoexec-card" not in data[HTML]


def test_without_a_page_it_is_lines_on_stderr(kernel: Kernel):
    """For nbclient, papermill and CI: a card would be in no message of theirs."""
    cell = kernel.execute(FOLDED)
    assert cell.all("display_data") == []
    first, *others = cell.stderr.splitlines()
    assert first.startswith("autoexec: invalid-json at In [")
    assert all(line.startswith(("  because: ", "  fix: ")) for line in others)


def test_a_failed_script_without_a_page_says_it_once(kernel: Kernel):
    """What its process wrote, how it ended, what failed, because, fix."""
    cell = kernel.execute("%%autoexec script\nprices = {'apple': 1}\nprint(prices['plum'])")
    said = cell.text() + cell.error
    assert said.count("key-not-found at script.py:3") == 1
    assert said.count("  fix: ") == 1


@pytest.mark.parametrize(
    "source", [FOLDED, "%%autoexec script\n{}['plum']", "%%autoexec\nraise ExceptionGroup('g', [OSError(1)])"]
)
def test_nbclient_stops_there_and_its_error_says_why(tmp_path, monkeypatch, source):
    """The cell after it does not run; the message that CI prints has the error and the diagnosis."""
    monkeypatch.setenv("AUTOEXEC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "work").mkdir()
    cells = [nbformat.v4.new_code_cell(text) for text in (LOAD, source, "print('never')")]
    book = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(CellExecutionError) as caught:
        NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path / "work")}}).execute()
    assert book.cells[2].execution_count is None
    assert "fix: " in str(caught.value)
    assert caught.value.ename in ("JSONDecodeError", "ScriptError", "ExceptionGroup")
    outputs = book.cells[1].outputs
    assert [item.output_type for item in outputs].count("error") == 1
