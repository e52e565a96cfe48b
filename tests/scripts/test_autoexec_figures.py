"""The backend saves what is shown, and is quiet where there is nowhere to save it."""

from __future__ import annotations

import os
import subprocess
import sys

from autoexec_magic.scripts.inside import FIGURES

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"


def plotted(tmp_path, source: str, folder: str) -> subprocess.CompletedProcess[str]:
    """Run a program that plots."""
    env = {**os.environ, "PYTHONPATH": str(FIGURES), "MPLBACKEND": "module://autoexec_figures"}
    env["AUTOEXEC_FIGURES"] = folder
    argv = [sys.executable, "-W", "error", "-c", source]
    return subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_each_open_figure_is_saved_and_closed(tmp_path):
    """In their order, by pyplot and by the figure's own method; a second `show` has nothing to show."""
    source = (
        f"{PLOT}plt.figure(7)\n{PLOT}plt.show()\nplt.show()\nprint(plt.get_fignums())\nplt.figure(3).show()"
    )
    done = plotted(tmp_path, source, str(tmp_path / "shown"))
    assert (done.stdout, done.stderr) == ("[]\n", "")
    names = sorted(path.name for path in (tmp_path / "shown").iterdir())
    assert [name.rpartition("-")[2] for name in names] == ["1.png", "7.png", "3.png"]


def test_where_it_cannot_be_saved_the_program_goes_on(tmp_path):
    """As where no window opens; and without a folder nothing is said."""
    (tmp_path / "file").touch()
    done = plotted(tmp_path, f"{PLOT}plt.show()\nprint('on')", str(tmp_path / "file" / "no"))
    assert (done.returncode, done.stdout) == (0, "on\n")
    assert "figure 1 cannot be shown" in done.stderr
    assert plotted(tmp_path, f"{PLOT}plt.show()", "").stderr == ""
