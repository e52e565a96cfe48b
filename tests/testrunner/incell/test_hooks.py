"""How pytest finds a cell, and nothing else."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError


def test_files_of_the_folder_are_not_collected(run, tmp_path):
    """Only the cell."""
    (tmp_path / "test_there.py").write_text("def test_there(): assert 0")
    assert run("def test_a(): pass").verdicts == {"test_a": "passed"}


def test_the_hooks_of_a_conftest_hold(run, tmp_path):
    """And those of the folder above, up to the root."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items): items.reverse()\n"
        "def pytest_runtest_setup(item): item.obj.__dict__['seen'] = True\n"
    )
    heard = run("def test_a(): assert test_a.seen\ndef test_b(): assert test_b.seen")
    assert heard.started == ["cell::test_b", "cell::test_a"]
    assert set(heard.verdicts.values()) == {"passed"}


def test_spreading_over_processes_is_refused(run):
    """They would not see the kernel's objects."""
    pytest.importorskip("xdist")
    with pytest.raises(UsageError, match="-n: the tests of a cell"):
        run("def test_a(): pass", "-n", "2")


@pytest.mark.parametrize(
    ("ends", "code"), [("return", 0), ("sys.exit(3)", 3), ("assert 0", 1), ("exit()", 0)]
)
def test_a_child_that_goes_on_as_pytest_ends(run, ends, code):
    """With the code that its test says; nothing is told twice."""
    heard = run(
        "import os, sys\ndef test_a():\n    child = os.fork()\n    if not child:\n"
        f"        {ends}\n    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == {code}\n"
        "def test_b(): pass"
    )
    assert heard.verdicts == {"test_a": "passed", "test_b": "passed"}
