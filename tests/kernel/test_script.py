"""Scripts from a notebook: variables go in and come back, figures are shown, and the kernel lives."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from skips import requires

if TYPE_CHECKING:
    from harness import Cell, Kernel


def pictures(cell: Cell) -> list[str]:
    """Return the MIME types of what a cell shows as a picture."""
    shown = [item["data"] for item in cell.all("display_data")]
    return [kind for data in shown for kind in data if kind.startswith("image/")]


def test_variables_go_in_and_come_back(kernel: Kernel):
    """The notebook's own, by name, of any plain type; its others stay as they are."""
    kernel.execute("params = {1: (2, {3})}; z = 'before'").must_pass()
    cell = kernel.execute(
        "%%autoexec script --in params,z --out result --out more\nresult = params[1]\nmore = z; z = 1"
    )
    cell.must_pass()
    assert kernel.value("(result, more, z)") == "((2, {3}), 'before', 'before')"


def test_an_array_and_a_frame_go_in_and_come_back(kernel: Kernel):
    """As files of NumPy's and Arrow's."""
    kernel.execute(
        "import numpy as np, pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', None]}); x = np.eye(2)"
    )
    cell = kernel.execute("%%autoexec script --in df,x --out df2,x2\ndf2 = df.assign(c=df.a * 2)\nx2 = x + 1")
    cell.must_pass()
    assert kernel.value("df2.equals(df.assign(c=df.a * 2)) and (x2 == np.eye(2) + 1).all()").startswith(
        "np.True"
    )


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--in parms", "fix: --in params"),
        ("--in odd", "odd cannot be handed over to the script"),
        ("--out nothing", "nothing was not handed back"),
        ("--lang rust --in params", "--in is not for rust"),
    ],
)
def test_a_variable_that_cannot_go_is_named(kernel: Kernel, line, what):
    """In our own lines, with what to do."""
    kernel.execute("params = 1; odd = lambda: 1").must_pass()
    cell = kernel.execute(f"%%autoexec script {line}\nx = 1")
    assert what in cell.error
    assert "Traceback" not in cell.error


def test_node_and_bash_take_the_notebooks_variables(kernel: Kernel):
    """What each of them has for such."""
    requires(shutil.which("node"), "node is not installed", "apt-get install nodejs")
    kernel.execute("prices = [1, 2.5]; name = 'a b'").must_pass()
    kernel.execute(
        "%%autoexec script --in prices --out total\n%%javascript\nlet total = prices.reduce((a, b) => a + b)"
    )
    kernel.execute("%%autoexec script --lang bash --in name --out words\nwords=($name)").must_pass()
    assert kernel.value("(total, words)") == "(3.5, ['a', 'b'])"


def test_a_figure_is_shown_in_the_cell(kernel: Kernel):
    """Once; a page that could run as the notebook is only named."""
    cell = kernel.execute(
        "%%autoexec script\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
        "plt.savefig('a.png')\nplt.show()\n"
        "open('page.html', 'w').write('<script>alert(1)</script>')\nopen('a.svg', 'w').write('<svg/>')\n"
    ).must_pass()
    assert pictures(cell) == ["image/png"]
    assert "text/html" not in str(cell.all("display_data"))
    assert "→ figure 1 · image/png" in cell.stdout
    assert "→ page.html · text/html · 25 B" in cell.stdout
    assert {"Displayed", "Wrote"} <= set(kernel.kinds(kernel.last("script")))


def test_a_figure_of_a_failed_script_is_shown_too(kernel: Kernel):
    """It may say why."""
    cell = kernel.execute(
        "%%autoexec script\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n1 / 0"
    )
    assert pictures(cell) == ["image/png"]
    assert "division-by-zero at script.py:5" in cell.error


def test_lines_are_the_cells(kernel: Kernel):
    """In Python's own traceback, in its words about syntax, in bash's; with values and without."""
    kernel.execute("x = 1").must_pass()
    for options in ("", "--in x --out y"):
        cell = kernel.execute(f"%%autoexec script {options}\ny = 1\n\n1 / 0")
        assert 'script.py", line 4, in <module>' in cell.stderr
    cell = kernel.execute("%%autoexec script\ny = 1\nx = (")
    assert '  File "script.py", line 3\n    x = (\n        ^\n' in cell.stderr
    cell = kernel.execute("%%autoexec script --lang bash\ntrue\nnosuchprogram")
    assert "script.sh: line 3: nosuchprogram" in cell.stderr


def test_files_are_scripts_where_there_is_no_cell(kernel: Kernel):
    """What stands behind `--` is theirs."""
    kernel.write("one.py", "import sys; print('one', sys.argv[1:])")
    kernel.write("two.sh", 'echo two "$1"')
    cell = kernel.execute("%autoexec script one.py two.sh -- --lang 'a b'").must_pass()
    assert "one ['--lang', 'a b']\ntwo --lang\n" in cell.stdout
    cell = kernel.execute("%autoexec script --file one.py x y").must_pass()
    assert "one ['x', 'y']" in cell.stdout


OURS = "import os, shutil\nfigures = os.environ['AUTOEXEC_FIGURES']\nvalues = figures + '/../values'\n"
HOSTILE = {
    "removes its own folder": OURS + "shutil.rmtree(os.path.dirname(__file__), ignore_errors=True)",
    "closes all it has open": OURS + "os.closerange(0, 256)",
    "segfault": "import ctypes\nctypes.string_at(0)",
    "os._exit": OURS + "os._exit(9)",
    "kills its group": OURS + "os.kill(0, 9)",
    "a link for a figure": OURS + "os.symlink('/etc/passwd', figures + '/1-figure-1.png')",
    "a pipe for a figure": OURS + "os.mkfifo(figures + '/1-figure-1.png')",
    "a link for the figures": OURS + "os.rmdir(figures)\nos.symlink('/', figures)",
    "a link for the values": OURS + "shutil.rmtree(values)\nos.symlink('/etc', values)",
    "nested without end": OURS
    + "os.mkdir(values + '/y')\nopen(values + '/y/value.json', 'w').write('[' * 10**6)\nos._exit(0)",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_kernel_lives_whatever_a_script_does(kernel: Kernel, name):
    """And the next script runs."""
    kernel.execute("x = 1; y = 'before'").must_pass()
    cell = kernel.execute(f"%%autoexec script --in x --out y\n{HOSTILE[name]}")
    assert "root:" not in cell.text() + cell.error
    assert pictures(cell) == []
    assert kernel.value("y") == "'before'"
    assert "alive" in kernel.execute("%%autoexec script\nprint('alive')").must_pass().stdout


def test_a_script_runs_again_only_after_a_yes(kernel: Kernel):
    """It has written; nobody is there to say that it may write twice."""
    cell = kernel.execute(
        "%%autoexec script\nopen('once', 'a').write('x')\n__import__('no_such_module_here')"
    )
    assert "module-invented at script.py:3" in cell.error
    assert (kernel.cwd / "once").read_text() == "x"
