"""Tests of a cell, run in this process, beside the pytest that runs this."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from autoexec_magic.errors import Cancelled, MissingTool, UsageError
from autoexec_magic.testrunner import incell


def test_a_cell_runs_against_names_and_keeps_its_own(run):
    """Globals are the names given; what is bound in the cell, or by a test, is not bound there."""
    names = {"rate": 3, "rows": []}
    heard = run(
        "base = rate\ndef test_a():\n    global rate\n    rate = 9\n    rows.append(base)\n"
        "def test_b(): assert rate == 9",
        names=names,
    )
    assert heard.verdicts == {"test_a": "passed", "test_b": "passed"}
    assert names == {"rate": 3, "rows": [3]}
    assert (heard.ids, heard.started) == (["cell::test_a", "cell::test_b"],) * 2
    assert (heard.told.exit, heard.told.faults, heard.told.collected) == (0, (), 2)


def test_names_that_a_function_of_the_kernel_binds_are_bound_as_before(run):
    """Its globals are the kernel's own; the run leaves them as they were."""
    names = {"count": 0}
    exec("def bump():\n    global count, fresh\n    count += 1\n    fresh = 1", names)
    assert run("def test_a():\n    bump()\n    bump()", names=names).verdicts == {"test_a": "passed"}
    assert names["count"] == 0
    assert "fresh" not in names


def test_a_failure_has_its_line_and_both_values(run):
    """The line is the cell's, counted from where people see it begin."""
    heard = run("def test_a():\n    x = {'a': 1}\n    assert x == {'a': 2}", first_line=5)
    spot = heard.spot
    assert (spot.phase, spot.file, spot.line) == ("call", "cell", 7)
    assert (spot.source, spot.op, spot.left, spot.right) == (
        "assert x == {'a': 2}",
        "==",
        "{'a': 1}",
        "{'a': 2}",
    )
    assert heard.cases[0].said.file == "cell"
    assert heard.cases[0].said.line == 5


def test_a_file_of_the_same_name_is_another(run, tmp_path):
    """The title stands for the cell, also where there is a file of that name."""
    (tmp_path / "cell").write_text("not this")
    heard = run("def test_a(): assert [1] == [2]")
    assert (heard.spot.file, heard.spot.source) == ("cell", "def test_a(): assert [1] == [2]")
    assert list(heard.verdicts) == ["test_a"]


def test_in_a_folder_below_the_root_the_ids_are_the_same(run, tmp_path, monkeypatch):
    """The ini above counts, and its rootdir does not show; signs that pytest splits at do no harm."""
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_functions = check_*\n")
    below = tmp_path / "a[b]::c"
    below.mkdir()
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef top(): return 1\n")
    monkeypatch.chdir(below)
    heard = run("def check_a(top): assert top == 2\ndef test_b(): pass")
    assert heard.started == ["cell::check_a"]
    assert (heard.spot.file, heard.spot.line) == ("cell", 1)
    assert heard.cases[0].said.file == "cell"


def test_what_the_kernel_has_by_the_name_of_a_test_is_not_run(run):
    """Tests, fixed names and marks of the kernel are its own; its fixtures can be used."""
    names = {"pytest": pytest}
    exec(
        "def test_old(): assert 0\nclass TestOld:\n    def test_in(self): assert 0\n"
        "def setup_module(): raise ValueError\npytestmark = pytest.mark.skip\npytest_plugins = ['nope']\n"
        "@pytest.fixture\ndef five(): return 5",
        names,
    )
    heard = run("class TestNew(TestOld):\n    def test_in(self, five): assert five == 5", names=names)
    assert heard.verdicts == {"TestNew::test_in": "passed"}


def test_test_functions_that_a_cell_imports_are_its_own(run, tmp_path, monkeypatch):
    """Whoever writes `from checks import test_a` wants it run, also when the kernel has it already."""
    (tmp_path / "its_checks.py").write_text("def test_there(): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import its_checks

    names = {"test_there": its_checks.test_there}
    assert run("from its_checks import test_there", names=names).verdicts == {"test_there": "passed"}


def test_an_interrupt_is_raised_with_what_was_told(run):
    """Teardown is done first."""
    done = []
    with pytest.raises(Cancelled) as stopped:
        run(
            "import pytest\n@pytest.fixture\ndef held():\n    yield\n    done.append(1)\n"
            "def test_a(): pass\ndef test_b(held): raise KeyboardInterrupt\ndef test_c(): pass",
            names={"done": done},
        )
    assert done == [1]
    verdicts = {case.name: case.verdict for case in stopped.value.report.cases}
    assert verdicts == {"test_a": "passed", "test_b": "not-run", "test_c": "not-run"}


def test_pytest_exit_is_no_success(run):
    """Also with 0 as its code."""
    heard = run("import pytest\ndef test_a(): pytest.exit('enough', returncode=0)\ndef test_b(): pass")
    assert heard.told.faults == ("pytest.exit ended the run: enough",)
    assert heard.told.missing == 1


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--no-such",), "unrecognized arguments: --no-such"),
        (("elsewhere/",), "elsewhere/: with a cell, only its own tests are run (cell::test_…)"),
        (("cell::test_z",), "cell::test_z: there is no such test in the cell"),
    ],
)
def test_what_pytest_does_not_understand_is_an_error(run, words, what):
    """In pytest's words."""
    with pytest.raises(UsageError) as refused:
        run("def test_a(): pass", *words)
    assert refused.value.what == what
    assert refused.value.fix


def test_without_pytest_or_with_an_old_one_it_says_so(run, monkeypatch):
    """And what to type."""
    from importlib.metadata import PackageNotFoundError

    def missing(name):
        raise PackageNotFoundError

    monkeypatch.setattr(incell, "version", missing)
    with pytest.raises(MissingTool) as refused:
        run("")
    assert refused.value.fix == "%autoexec install pytest"
    monkeypatch.setattr(incell, "version", lambda name: "8.1.2")
    with pytest.raises(MissingTool, match=r"pytest 8\.1\.2 cannot run") as refused:
        run("")
    assert "pytest>=8.2" in refused.value.fix


def test_a_folder_that_is_gone_is_said(run, tmp_path, monkeypatch):
    """Before pytest stumbles over it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="directory is gone"):
        run("def test_a(): pass")
    monkeypatch.chdir(tmp_path)


def test_help_runs_nothing(run):
    """And is pytest's own."""
    heard = run("def test_a(): pass", "--help")
    assert (heard.told.exit, heard.told.cases, heard.told.faults) == (0, (), ())
    assert any("-k EXPRESSION" in text for voice, text in heard.text if voice == "pytest")


def test_what_is_remembered_is_in_its_folder(run, tmp_path):
    """`--lf` needs one run before; nothing is written where the tests are."""
    memory = tmp_path.with_name("memory")
    run("def test_a(): assert 0\ndef test_b(): pass", memory=memory)
    assert run("def test_a(): pass\ndef test_b(): pass", "--lf", memory=memory).started == ["cell::test_a"]
    assert [*tmp_path.iterdir()] == []


def test_another_thread_may_run_them(run):
    """Signals are then the main thread's, and left alone."""
    heard = []
    thread = threading.Thread(target=lambda: heard.append(run("def test_a(): pass")))
    thread.start()
    thread.join(60)
    assert heard[0].verdicts == {"test_a": "passed"}


def test_pickle_and_dataclasses_find_the_module(run):
    """It is in `sys.modules` while the tests run, and not afterwards."""
    heard = run(
        "from __future__ import annotations\nimport dataclasses, pickle, typing\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n    unit: Unit\n"
        "def test_a():\n    p = Point(1, Unit())\n    assert pickle.loads(pickle.dumps(Point)) is Point\n"
        "    assert typing.get_type_hints(Point)['unit'] is Unit",
        names={"Unit": type("Unit", (), {})},
    )
    assert heard.verdicts == {"test_a": "passed"}
    assert "__autoexec_cell__" not in sys.modules


def test_unittest_and_subtests(run):
    """Cases and subtests are told as pytest tells them."""
    heard = run(
        "import unittest\nclass Sums(unittest.TestCase):\n"
        "    def test_one(self): self.assertEqual(1, 2)\n    def test_two(self): pass\n"
    )
    assert heard.verdicts == {"Sums::test_one": "failed", "Sums::test_two": "passed"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_no_descriptor_is_left_open(run):
    """A kernel lives long, and its cells are run often."""
    run("def test_a(): pass")
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        run("import sys\ndef test_a(): sys.stdout.close()\ndef test_b(): assert 0")
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_no_cut_leaves_a_part_of_a_secret(run, monkeypatch):
    """What is kept of an output, of a message and of a value; and what a doctest compared."""
    secret = "Zq7Xw9Vk3Jp5Bn2Hd8Fs4Gt6Mc1Ly0"
    monkeypatch.setenv("API_TOKEN", secret)
    heard = run(
        "import os\nS = os.environ['API_TOKEN']\n"
        "def test_prints():\n    print('A' * 500 + S + 'B' * 4070)\n    assert 0\n"
        "def test_raises():\n    raise ValueError('A' * 1985 + S)\n"
        "def test_compares():\n    assert 'A' * 1985 + S == 'A'\n"
        "def documented():\n    '''\n    >>> print('A' * 1985 + S)\n    1\n    '''\n",
        doctests=(),
    )
    assert len(heard.cases) == 4
    told = repr(heard.cases) + repr(heard.told)
    assert not [secret[at : at + 4] for at in range(len(secret) - 3) if secret[at : at + 4] in told]
