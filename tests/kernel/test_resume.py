"""A statement that failed for want of an extra runs again in the same cell run, if that is safe."""

from __future__ import annotations

import ast

import nbformat
import pytest
from harness import LOAD
from healing import Healing, served

from autoexec_magic.events import Answered, Asked, Installed
from autoexec_magic.values import Verdict

# What the real library does, with its own words: the extra is imported when a call needs it.
PANDAS = """
class Frame:
    def to_excel(self, path, mode="w"):
        _need("openpyxl")
        with open(path, mode) as file:
            file.write("x")
    @property
    def style(self):
        _need("tabulate")
        return "styled"
    def plot(self):
        raise ImportError("plots need something that nobody knows")
def _need(name):
    try:
        __import__(name)
    except ImportError as error:
        text = f"`Import {name}` failed.  Use pip, conda, or your preferred package management tool"
        raise ImportError(f"{text} to install the {name} package.") from error
def read_excel(path):
    _need("openpyxl")
    return Frame()
def read_spss(path):
    _need("pyreadstat")
def read_parquet(path):
    _need("openpyxl")
    _need("tabulate")
    return "both"
def read_html(path):
    __import__("lxml")
def read_xml(path):
    raise ImportError("lxml not found, please install or use the etree parser.")
"""


@pytest.fixture(scope="module")
def index():
    """Yield an index that has some extras."""
    with served.Index() as running:
        for name in ("openpyxl", "tabulate", "lxml"):
            running.add(name, served.wheel(name, "3.1", {f"{name}.py": "A = 1\n"}))
        running.add("driftlib", served.wheel("driftlib", "1.0", {"driftlib.py": "old = 'old'\n"}))
        yield running


@pytest.fixture
def kernel(index, tmp_path):
    """Yield a kernel in an environment with a library that lacks its extras, the extension loaded."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    with Healing(tmp_path, **environment) as started:
        started.write_library("pandas/__init__.py", PANDAS)
        started.execute(LOAD).must_pass()
        started.execute("import pandas as pd\ndf = pd.Frame()").must_pass()
        yield started


def installed(kernel):
    """Return what the newest cell's run installed."""
    events = kernel.events(kernel.last("cell"))
    return [event.distribution for event in events if isinstance(event, Installed)]


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("df = pd.read_excel('a.xlsx')\ntype(df).__name__", "'Frame'"),
        ("type(pd.read_excel('a.xlsx')).__name__", "'Frame'"),
        ("df.to_excel('b.xlsx')\nopen('b.xlsx').read()", "'x'"),
        (
            "import asyncio\nawait asyncio.sleep(0)\nd = pd.read_excel('a')\nawait asyncio.sleep(0, 'woke')",
            "'woke'",
        ),
        ("print('one'); d = pd.read_excel('a'); 6 * 7", "42"),
    ],
    ids=["assigned", "shown", "written", "with await", "one line"],
)
def test_the_statement_runs_again_and_the_cell_succeeds(kernel, code, result):
    """The front end sees no error, the result is the cell's, one line says what was installed and why."""
    number = kernel.execute("1").must_pass().all("execute_result")[0]["execution_count"]
    cell = kernel.execute(f"%%autoexec\n{code}").must_pass()
    assert cell.result == result
    assert "+ openpyxl 3.1 (sha256 " in cell.stdout
    assert "runs again: pandas lacked openpyxl" in cell.stdout
    assert cell.stdout.count("one") <= 1
    assert cell.stderr == ""
    assert installed(kernel) == ["openpyxl"]
    assert kernel.last("cell").verdict == Verdict.PASSED
    reply = cell.all("execute_reply")[0]
    assert (reply["status"], reply["execution_count"]) == ("ok", number + 1)
    shown = kernel.value(
        "ip = get_ipython(); (ip.last_execution_succeeded, ip.history_manager.input_hist_raw[-2])"
    )
    assert ast.literal_eval(shown) == (True, f"%%autoexec\n{code}")


def test_a_property_is_run_again(kernel):
    """`df.style` is no call, and fails the same way."""
    assert kernel.execute("%%autoexec\ndf.style").must_pass().result == "'styled'"
    assert installed(kernel) == ["tabulate"]


def test_two_extras_are_had_one_after_the_other(kernel):
    """Each is named when the one before it is there."""
    assert kernel.execute("%%autoexec\npd.read_parquet('x')").must_pass().result == "'both'"
    assert installed(kernel) == ["openpyxl", "tabulate"]


def test_on_does_so_for_every_cell(kernel):
    """Without a mark; a plain cell fails as ever."""
    assert "`Import openpyxl` failed" in kernel.execute("pd.read_excel('a')").error
    kernel.execute("%autoexec on").must_pass()
    kernel.execute("d = pd.read_excel('a')").must_pass()


BEFORE = "open('log', 'a').write('x')"
APPENDS = {
    "function": f"def work():\n    {BEFORE}\n    return pd.read_excel('a')\nwork()",
    "loop": f"for i in range(1):\n    {BEFORE}\n    pd.read_excel('a')",
    "one expression": f"{BEFORE}, pd.read_excel('a')",
    "with": "with open('log', 'a') as f:\n    f.write('x'); f.flush()\n    pd.read_excel('a')",
    "comprehension": f"[({BEFORE}, pd.read_excel('a')) for i in range(1)]",
    "added": f"n = 0\nn += {BEFORE} and pd.read_excel('a')",
    "mode": f"{BEFORE}\ndf.to_excel('log', mode='a')",
    "property": f"class Q:\n    @property\n    def p(self):\n        {BEFORE}\nq = Q()\npd.read_excel(q.p)",
    "operator": f"class Q:\n    def __add__(self, o):\n        {BEFORE}\nq = Q()\npd.read_excel(q + 1)",
    "format": f"class Q:\n    __format__ = lambda q, o: str({BEFORE})\nq = Q()\npd.read_excel(f'{{q}}')",
    "truth": f"class Q:\n    __bool__ = lambda q: bool({BEFORE})\nq = Q()\nq and pd.read_excel(1)",
    "shadowed": f"def str(a):\n    {BEFORE}\npd.read_excel(str(1))",
    "once": f"def g():\n    {BEFORE}\n    yield 1\nonce = g()\npd.read_excel(list(once))",
}


@pytest.mark.parametrize("how", APPENDS)
def test_what_may_have_had_an_effect_is_not_run_twice(kernel, how):
    """Where nobody can answer: nothing is installed, verdict asked, the reason and the command to type."""
    cell = kernel.execute(f"%%autoexec --yes\n{APPENDS[how]}")
    assert (kernel.cwd / "log").read_text() == "x"
    assert "ImportError: `Import openpyxl` failed" in cell.error
    assert "may have done something already" in cell.stderr
    assert "fix: %autoexec install openpyxl, and run what is left of the cell again" in cell.stderr
    assert kernel.last("cell").verdict == Verdict.ASKED
    assert installed(kernel) == []


@pytest.mark.parametrize(
    "code",
    [f"{BEFORE}\npd.read_excel('a')", f"{BEFORE}; pd.read_excel('a')"],
    ids=["statements", "one line"],
)
def test_a_statement_before_it_runs_once(kernel, code):
    """Only the statement that failed runs again."""
    kernel.execute(f"%%autoexec\n{code}").must_pass()
    assert (kernel.cwd / "log").read_text() == "x"


@pytest.mark.parametrize(("answer", "text"), [("y", "xx"), ("n", "x")])
def test_a_person_may_say_that_it_is_fine(kernel, answer, text):
    """The question says why; yes runs the statement again, no leaves its failure."""
    cell = kernel.start(f"%%autoexec\n{APPENDS['function']}", allow_stdin=True)
    cell.until(lambda: cell.questions, "the question")
    kernel.answer(answer)
    cell.finish()
    assert cell.questions == ["install openpyxl and run line 5 again ? [y]es / [N]o "]
    assert "because: line 5 may have done something already: work() may have done something" in cell.stdout
    assert (kernel.cwd / "log").read_text() == text
    assert (cell.status == "ok") is (answer == "y")
    events = kernel.events(kernel.last("cell"))
    assert [type(event) for event in events if isinstance(event, Asked | Answered)] == [Asked, Answered]


def test_the_same_extra_twice_ends_the_run(kernel):
    """It was installed, and the library does not see it: what was tried, and no third time."""
    cell = kernel.execute("%%autoexec\npd.read_xml('a')")
    assert "ImportError: lxml not found" in cell.error
    assert cell.stdout.count("runs again") == 1
    assert "lxml is still missing: tried in this run: installed lxml 3.1" in cell.stderr
    assert "fix: restart the kernel" in cell.stderr


def test_an_extra_that_the_index_lacks_is_explained(kernel):
    """The library's own traceback, and below it what the installer knows; nothing ran again."""
    cell = kernel.execute("%%autoexec\npd.read_spss('a')")
    assert "`Import pyreadstat` failed" in cell.error
    assert "no distribution called pyreadstat" in cell.stderr
    assert "runs again" not in cell.stdout
    assert kernel.last("cell").verdict == Verdict.ASKED


def test_the_users_own_words_install_nothing(kernel, index):
    """The sentence of a library in the user's own error means nothing; nor does one that no row has."""
    asked = list(index.asked)
    sentence = "Missing optional dependency 'openpyxl'.  Use pip or conda to install openpyxl."
    for code in (f"raise ImportError({sentence!r})", "df.plot()"):
        assert kernel.execute(f"%%autoexec\n{code}").status == "error"
    assert list(index.asked) == asked


def test_a_failure_that_nothing_heals_looks_as_ever(kernel):
    """Traceback, `%debug`'s last error and the user's own exception handlers are IPython's."""
    plain = kernel.execute("def f():\n    return 1 / 0\nf()").error
    marked = kernel.execute("%%autoexec\ndef f():\n    return 1 / 0\nf()").error
    assert marked.splitlines()[-1] == plain.splitlines()[-1]
    assert kernel.value("__import__('sys').last_value.__class__.__name__") == "'ZeroDivisionError'"
    handler = "def mine(shell, kind, value, trace, tb_offset=None):\n    print('mine', kind.__name__)\n"
    kernel.execute(f"{handler}get_ipython().set_custom_exc((ImportError,), mine)").must_pass()
    assert "mine ImportError" in kernel.execute("%%autoexec\npd.read_excel('a')").stdout


def test_what_is_shown_by_a_cell_inside_stays_there(kernel):
    """A cell run by this one shows its own failure and ends nothing."""
    cell = kernel.execute('%%autoexec\nr = get_ipython().run_cell("pd.read_excel(1)")\nr.success')
    assert cell.result == "False"
    assert "`Import openpyxl` failed" in cell.stdout + cell.stderr + "".join(cell.errors)


def test_the_time_limit_ends_the_second_time(kernel):
    """It is the cell's, over both runs of the statement and what lies between."""
    kernel.write_library("pandas/slow.py", "")
    code = "import time\npd.Frame.__init__ = lambda self: time.sleep(60)\npd.read_excel('a')"
    cell = kernel.execute(f"%%autoexec --timeout 4\n{code}")
    assert cell.error.startswith("timeout:")
    assert kernel.last("cell").verdict == Verdict.TIMED_OUT


def test_nbclient_sees_a_notebook_that_ran(kernel, monkeypatch):
    """Run All: one successful cell each, no error output, the later cells run."""
    cells = [
        LOAD,
        "import pandas as pd",
        "%%autoexec\nd = pd.read_excel('a')\nprint('read')",
        "type(d).__name__",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    kernel.run_notebook(notebook, monkeypatch)
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert notebook.cells[3].outputs[0].data["text/plain"] == "'Frame'"
    assert "read\n" in "".join(output.text for output in notebook.cells[2].outputs)
