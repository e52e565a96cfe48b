"""What the other layers use of the test runner, and nothing of it costs a start."""

from __future__ import annotations

import subprocess
import sys

from autoexec_magic import testrunner
from autoexec_magic.testrunner import inside


def test_all_that_is_named_is_there():
    """Once each."""
    assert len(set(testrunner.__all__)) == len(testrunner.__all__)
    for name in testrunner.__all__:
        assert hasattr(testrunner, name)


def test_what_runs_inside_is_there():
    """Beside the program stands the plugin that it loads."""
    assert inside.BEGIN.is_file()
    assert (inside.BEGIN.parent / "own" / f"{inside.PLUGIN}.py").is_file()


def test_the_runner_imports_no_pytest_by_itself():
    """Nor junitparser: the one is the project's, the other only who asks for its objects needs."""
    code = (
        "import sys, autoexec_magic.testrunner\n"
        "print([name for name in ('pytest', '_pytest', 'junitparser', 'lxml', 'numpy', 'IPython')"
        " if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
