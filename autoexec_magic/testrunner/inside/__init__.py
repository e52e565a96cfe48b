"""What runs in the project's own Python, beside its own pytest; each file is read from here.

Nothing in it imports this package: that need not be there.
"""

from __future__ import annotations

from pathlib import Path

BEGIN = Path(__file__).parent / "begin.py"  #: the program that is pytest with the plugin
CUT_OFF = 89  #: its exit code where a test has closed the stream that the plugin writes to
IS_SPREAD = 88  #: its exit code where lines are to be covered, and tests to be spread over processes
NO_COVERAGE = 87  #: its exit code where there is no coverage.py, and that was asked for
NO_PYTEST = 86  #: its exit code where there is no pytest
PLUGIN = "autoexec_plugin"  #: for `pytest -p`
VARIABLE = "AUTOEXEC_RECORDS"  #: holds the number of the descriptor that the plugin writes to

__all__ = ["BEGIN", "CUT_OFF", "IS_SPREAD", "NO_COVERAGE", "NO_PYTEST", "PLUGIN", "VARIABLE"]
