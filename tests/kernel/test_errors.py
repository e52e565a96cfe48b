"""What goes wrong with a line of ours is said in our own lines: what, because, fix. No stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from harness import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Cell, Kernel

LINE = re.compile(r"[a-z][a-z-]*: .+|  because: .+|  fix: .+")
STACK = re.compile(r"Traceback|File .*\.py|line \d+|autoexec_magic/|^---", re.MULTILINE)


def assert_ours(cell: Cell, code: str) -> None:
    """Fail unless the cell ended with one error that is our lines and nothing else."""
    assert cell.status == "error"
    assert len(cell.errors) == 1, cell.text()
    lines = cell.error.splitlines()
    assert lines[0].startswith(f"{code}: ")
    assert all(LINE.fullmatch(line) for line in lines), cell.error
    assert not STACK.search(cell.error)
    assert not STACK.search(cell.text())
    assert cell.stderr == ""
    reply = cell.all("execute_reply")[0]
    assert [COLOURS.sub("", line) for line in reply["traceback"]] == lines
    assert reply["ename"] in (
        "UsageError",
        "MissingTool",
        "PolicyRefused",
        "PhaseError",
        "ScriptError",
        "CageError",
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        pytest.param("%autoexec frobnicate", "usage", "there is no verb 'frobnicate'", id="unknown verb"),
        pytest.param("%autoexec scrip", "usage", "fix: %autoexec script", id="the nearest verb"),
        pytest.param("%autoexec --timeout 5", "usage", "there is no verb '--timeout'", id="no verb"),
        pytest.param("%autoexec sh", "usage", "there is no command", id="no command"),
        pytest.param("%autoexec sh --bogus echo", "usage", "sh knows no '--bogus'", id="unknown option"),
        pytest.param("%autoexec sh --tim 5 echo", "usage", "sh knows no '--tim'", id="no abbreviations"),
        pytest.param("%autoexec sh --timeout soon echo", "usage", "'soon' is not a number", id="wrong value"),
        pytest.param("%autoexec sh --timeout 0 echo", "usage", "greater than 0", id="no time at all"),
        pytest.param(
            "%autoexec sh --cage tall echo", "usage", "there is no cage level 'tall'", id="no such cage"
        ),
        pytest.param(
            "%autoexec sh no-such-program", "missing-tool", "'no-such-program' on PATH", id="no program"
        ),
        pytest.param("%autoexec sh ./not-here", "missing-tool", "no program ./not-here", id="no file"),
        pytest.param("%autoexec sh sudo ls", "policy-refused", "cannot gain privileges", id="refused"),
        pytest.param("%autoexec sh echo 'open", "policy-refused", "does not close", id="open quote"),
        pytest.param("%autoexec sh false", "phase-failed", "false ended with exit code 1", id="failed"),
        pytest.param("%autoexec script", "usage", "there is no script", id="no script"),
        pytest.param(
            "%autoexec script --file nowhere.py", "usage", "cannot read nowhere.py", id="no script file"
        ),
        pytest.param(
            "%autoexec resolve 3d", "usage", "'3d' is not the name of a module", id="no module's name"
        ),
        pytest.param("%autoexec install", "usage", "nothing is named", id="nothing to install"),
        pytest.param("%autoexec runs show zzz", "usage", "there is no run 'zzz'", id="no run"),
        pytest.param("%autoexec cancel", "usage", "which run?", id="nothing to cancel"),
        pytest.param(
            "%%autoexec frobnicate\n1", "usage", "there is no verb 'frobnicate'", id="unknown cell verb"
        ),
        pytest.param("%%autoexec runs\n1", "usage", "runs takes no cell", id="a cell for a line"),
        pytest.param("%%autoexec --bogus\n1", "usage", "--bogus", id="unknown option of a cell"),
        pytest.param("%%autoexec --timeout\n1", "usage", "--timeout", id="no value"),
        pytest.param("%%autoexec --timeout -3\n1", "usage", "'-3' is not a number", id="negative value"),
        pytest.param(
            "%%autoexec --timeout '3\n1", "usage", "No closing quotation", id="open quote of a cell"
        ),
        pytest.param(
            "%%autoexec script --bogus\n1", "usage", "script knows no '--bogus'", id="option of a script"
        ),
        pytest.param("%%autoexec script --lang perl\n1", "usage", "no language 'perl'", id="no language"),
        pytest.param("%%autoexec script\n  \n", "usage", "script", id="blank script"),
        pytest.param("%%autoexec script", "usage", "there is no script", id="empty script"),
        pytest.param("%%autoexec script\n", "usage", "there is no script", id="empty script, one line"),
        pytest.param("%%autoexec sh", "usage", "there is no command", id="empty sh cell"),
        pytest.param(
            "get_ipython().run_cell_magic('autoexec', '', '1')", "usage", "a cell of its own", id="called"
        ),
    ],
)
def test_an_error_is_our_own_lines(kernel: Kernel, line, code, said):
    """A short word, what went wrong, because, fix; neither a stack nor a file of ours."""
    cell = kernel.execute(line)
    assert_ours(cell, code)
    assert said in cell.error


def test_a_command_in_a_cell_magic_may_stand_on_the_line(kernel: Kernel):
    """`%%autoexec sh echo hello` without a body is the command on its line."""
    cell = kernel.execute("%%autoexec sh echo hello").must_pass()
    assert cell.stdout.startswith("hello\n")


def test_a_tab_separates_words_as_a_space_does(kernel: Kernel):
    """After the verb, too."""
    assert kernel.execute("%autoexec sh\techo hello").must_pass().stdout.startswith("hello\n")


@pytest.mark.parametrize(
    "line",
    [
        "%autoexec",
        "%autoexec --help",
        "%autoexec help",
        "%autoexec sh --help",
        "%%autoexec --help\n1",
        "%%autoexec --help",
    ],
)
def test_help_is_no_error(kernel: Kernel, line):
    """Whoever asks for help gets it, also where an error told them to ask."""
    assert "autoexec" in kernel.execute(line).must_pass().stdout


@pytest.mark.parametrize(
    "line", ["%%autoexec --bogus\n1", "%%autoexec frobnicate\n1", "%%autoexec --timeout\n1"]
)
def test_the_fix_of_a_wrong_mark_can_be_typed(kernel: Kernel, line):
    """What stands after `fix:` is a line that works."""
    fix = kernel.execute(line).error.splitlines()[-1].removeprefix("  fix: ")
    assert fix.startswith(("%autoexec", "%%autoexec"))
    kernel.execute(f"{fix}\n1" if fix.startswith("%%") else fix).must_pass()


def test_a_wrong_mark_runs_nothing_of_the_cell(kernel: Kernel):
    """A cell with an option that does not exist is not run without it."""
    kernel.execute("%%autoexec --bogus\nran = 'yes'")
    assert kernel.value("'ran' in globals()") == "False"


def test_a_failed_script_shows_its_own_traceback_only(kernel: Kernel):
    """What Python said is on stderr, as the program wrote it; ours is the diagnosis. Lines are the cell's."""
    cell = kernel.execute("%%autoexec script\ntotal = 1\nprint(totl)")
    assert "NameError: name 'totl' is not defined" in cell.stderr
    assert cell.error.startswith("script-failed: the script ended with exit code 1\n")
    assert "name-not-defined at script.py:3" in cell.error
    assert 'script.py", line 3, in <module>' in cell.stderr
    assert "autoexec_magic" not in cell.stderr + cell.error


class TestNowhere:
    """The working directory was removed under the kernel."""

    @pytest.fixture(autouse=True)
    def nowhere(self, kernel: Kernel) -> Iterator[None]:
        """Stand in a directory that is gone, for the time of the test."""
        kernel.execute("import os\nos.mkdir('gone')\nos.chdir('gone')\nos.rmdir('../gone')").must_pass()
        yield
        kernel.execute(f"os.chdir({str(kernel.cwd)!r})").must_pass()

    @pytest.mark.parametrize("line", ["%autoexec sh echo hello", "%%autoexec script\n1", "%autoexec test"])
    def test_a_verb_says_that_the_directory_is_gone(self, kernel: Kernel, line):
        """It is our error, which says where to go."""
        cell = kernel.execute(line)
        assert_ours(cell, "usage")
        assert "directory is gone" in cell.error
        assert "%cd" in cell.error

    @pytest.mark.parametrize("line", ["%autoexec config", "%autoexec resolve json", "%autoexec doctor"])
    def test_no_verb_shows_a_stack(self, kernel: Kernel, line):
        """One that can do without a directory may answer; one that cannot says so in our lines."""
        cell = kernel.execute(line)
        if cell.status != "ok":
            assert_ours(cell, "usage")

    def test_a_verb_that_needs_no_directory_works(self, kernel: Kernel):
        """The list of runs is read all the same."""
        kernel.execute("%autoexec runs").must_pass()

    @pytest.mark.parametrize(
        "body", ["print('ran')\n6 * 7", "import os\nprint('ran')\n6 * 7", "%cd /\nprint('ran')\n6 * 7"]
    )
    def test_a_marked_cell_runs(self, kernel: Kernel, body):
        """Code that needs no directory runs, without a word about ours, and is on record."""
        cell = kernel.execute(f"%%autoexec\n{body}").must_pass()
        assert cell.stdout.endswith("ran\n")
        assert "Error in callback" not in cell.text()
        assert cell.result == "42"
        assert kernel.recorded("stdout").endswith("ran\n")


class TestWrongSettings:
    """The workspace has a settings file that cannot be."""

    @pytest.fixture(autouse=True)
    def wrong(self, kernel: Kernel) -> Iterator[None]:
        """Write a file with a key that does not exist, for the time of the test."""
        path = kernel.write("autoexec.toml", "timeot = 4\n")
        yield
        path.unlink()

    @pytest.mark.parametrize("line", ["%autoexec sh echo hello", "%%autoexec script\n1", "%autoexec config"])
    def test_a_verb_says_which_setting_is_wrong(self, kernel: Kernel, line):
        """The file, the key and the nearest one are named."""
        cell = kernel.execute(line)
        assert_ours(cell, "usage")
        assert f"unknown setting 'timeot' in {kernel.cwd / 'autoexec.toml'}" in cell.error
        assert "did you mean timeout?" in cell.error

    def test_a_marked_cell_says_which_setting_is_wrong_and_does_not_run(self, kernel: Kernel):
        """It ends with the error, as a verb does: a limit that was misspelt is not left out unseen."""
        cell = kernel.execute("%%autoexec\nran_anyway = 'yes'\nprint('ran')")
        assert "Error in callback" not in cell.text()
        assert_ours(cell, "usage")
        assert "did you mean timeout?" in cell.error
        assert kernel.value("'ran_anyway' in globals()") == "False"
