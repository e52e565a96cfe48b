"""A name that an installed version has lost: the version that had it, asked for, in a real kernel."""

from __future__ import annotations

import pytest
from harness import LOAD
from healing import Healing, served

from autoexec_magic.events import Installed
from autoexec_magic.values import Verdict

NEW = {"networkx/__init__.py": "VERSION = '3.0'\n"}
OLD = {"networkx/__init__.py": "VERSION = '2.8'\ndef from_numpy_matrix(a): return ('matrix', a)\n"}
TAKEN = "from networkx import from_numpy_matrix"


@pytest.fixture(scope="module")
def index():
    """Yield an index that has a project before and after it lost a name that the table of drift knows."""
    with served.Index() as running:
        running.add("networkx", served.wheel("networkx", "3.0", NEW), served.wheel("networkx", "2.8", OLD))
        yield running


@pytest.fixture
def kernel(index, tmp_path):
    """Yield a kernel whose environment has the newer version."""
    environment = {"AUTOEXEC_INDEX_URL": index.url, "NO_PROXY": "*", "no_proxy": "*"}
    with Healing(tmp_path, **environment) as started:
        started.execute(LOAD).must_pass()
        started.execute("%autoexec install --yes networkx").must_pass()
        yield started


def answered(kernel, code, answer):
    """Run a marked cell, answer its one question, and return the cell."""
    cell = kernel.start(f"%%autoexec\n{code}", allow_stdin=True)
    cell.until(lambda: cell.questions or cell.is_over, "the question")
    if cell.questions:
        kernel.answer(answer)
    return cell.finish()


def versions(kernel):
    """Return the versions that are installed."""
    return sorted(path.name for path in kernel.packages.glob("networkx-*.dist-info"))


def installed(kernel):
    """Return what the newest cell's run installed."""
    events = kernel.events(kernel.last("cell"))
    return [(event.distribution, event.version) for event in events if isinstance(event, Installed)]


def test_yes_brings_the_version_and_the_statement_runs_again(kernel):
    """The question says what goes; the import then succeeds, and nothing has to be restarted."""
    cell = answered(kernel, f"{TAKEN}\nfrom_numpy_matrix(7)", "y").must_pass()
    assert cell.result == "('matrix', 7)"
    assert cell.questions == ["install networkx, which replaces networkx 3.0 ? [y]es / [N]o "]
    assert "adds networkx 2.8" in cell.stdout
    assert "runs again: networkx lacked networkx<3.0" in cell.stdout
    assert "restart" not in cell.stdout
    assert versions(kernel) == ["networkx-2.8.dist-info"]
    assert installed(kernel) == [("networkx", "2.8")]
    assert kernel.last("cell").verdict == Verdict.PASSED


def test_no_changes_nothing(kernel):
    """Python's own error, what took the name's place, and the newer version as it was."""
    before = {path: path.read_bytes() for path in kernel.packages.rglob("*") if path.is_file()}
    cell = answered(kernel, TAKEN, "n")
    assert cell.status == "error"
    assert "cannot import name 'from_numpy_matrix'" in cell.error
    assert versions(kernel) == ["networkx-3.0.dist-info"]
    after = {path: path.read_bytes() for path in before if path.exists()}
    assert after == before
    assert installed(kernel) == []
    assert kernel.value("__import__('networkx').VERSION") == "'3.0'"


def test_nobody_to_ask_changes_nothing(kernel):
    """The verdict is asked, with the command that says yes."""
    cell = kernel.execute(f"%%autoexec\n{TAKEN}")
    assert "cannot import name 'from_numpy_matrix'" in cell.error
    assert kernel.last("cell").verdict == Verdict.ASKED
    assert "networkx" in cell.why
    assert versions(kernel) == ["networkx-3.0.dist-info"]


@pytest.mark.parametrize(
    "code",
    ["import networkx as nx\nnx.from_numpy_matrix(7)", f"import networkx\n{TAKEN}"],
    ids=["attribute", "import"],
)
def test_what_is_loaded_already_needs_a_new_kernel(kernel, code):
    """The question says so before; the install is done, and the failure says to restart, once."""
    cell = answered(kernel, code, "y")
    assert "networkx 3.0 is imported in this kernel, which must be restarted then" in cell.stdout
    assert cell.status == "error"
    assert "fix: restart the kernel, and run the cell again" in cell.why
    assert "runs again" not in cell.stdout
    assert versions(kernel) == ["networkx-2.8.dist-info"]


def test_what_another_module_has_taken_needs_a_new_kernel(kernel):
    """Where a module that was loaded with it keeps the old one, running again would mix the two."""
    kernel.write_library("holder.py", "import networkx\nKEPT = networkx\n")
    kernel.write_library("taker.py", f"import holder\n{TAKEN}\n")
    cell = answered(kernel, "import taker", "y")
    assert "networkx 3.0 is imported in this kernel, which must be restarted then" in cell.stdout
    assert "fix: restart the kernel, and run the cell again" in cell.why
    assert "runs again" not in cell.stdout


def test_the_command_that_is_shown_installs_that_very_version(kernel):
    """Typed as it stands, it does what yes would have done."""
    cell = kernel.execute(f"%%autoexec\n{TAKEN}")
    line = next(line for line in cell.stderr.splitlines() if "%autoexec install" in line)
    command = line[line.index("%autoexec install") :].strip()
    kernel.execute(command).must_pass()
    assert versions(kernel) == ["networkx-2.8.dist-info"]
