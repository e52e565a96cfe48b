"""A gate that is a command: its exit code, its limit, its program."""

from __future__ import annotations

import sys

import pytest

from autoexec_magic.deployer import gatecommand


def asked(tmp_path, *argv, seconds=30.0, folders=(), **variables):
    return gatecommand.asked(argv, cwd=tmp_path, variables=variables, seconds=seconds, folders=folders)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        pytest.param("", "", id="well"),
        pytest.param("raise SystemExit('no database')", "ended with 1: no database", id="unwell"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "ended with -9", id="killed"),
    ],
)
def test_its_exit_code_says_it(tmp_path, code, why):
    """With its last words."""
    found = asked(tmp_path, sys.executable, "-c", code)
    assert found.endswith(why)
    assert bool(found) == bool(why)


def test_it_takes_no_longer_than_it_may(tmp_path):
    """And is ended."""
    assert "did not end within 0.3 s" in asked(
        tmp_path, sys.executable, "-c", "import time; time.sleep(60)", seconds=0.3
    )


def test_it_gets_the_port(tmp_path):
    """As a variable."""
    code = "import os; raise SystemExit(os.environ['PORT'] != '81')"
    assert asked(tmp_path, sys.executable, "-c", code, PORT="81") == ""


def test_its_program_is_the_environments_first(tmp_path):
    """Else one of PATH; none is told."""
    (tmp_path / "well").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "well").chmod(0o755)
    assert asked(tmp_path, "well", folders=[tmp_path]) == ""
    assert asked(tmp_path, "./well") == ""  # where the release is, and not where the kernel is
    assert asked(tmp_path, "no-such-program-1") == "no-such-program-1 is not installed"
