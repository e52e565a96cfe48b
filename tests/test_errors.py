"""Errors say what failed, what was seen and what to type; each class has its code and its verdict."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from autoexec_magic import errors
from autoexec_magic.values import Verdict

# class: (code, verdict, exit code)
TABLE = {
    errors.AutoexecError: ("error", "failed", 1),
    errors.UsageError: ("usage", "invalid", 2),
    errors.NeedsPerson: ("asked", "asked", 3),
    errors.MissingTool: ("missing-tool", "missing", 6),
    errors.PolicyRefused: ("policy-refused", "refused", 4),
    errors.CageError: ("cage-error", "refused", 4),
    errors.LedgerError: ("ledger-error", "failed", 1),
    errors.RunTimeout: ("timeout", "timed-out", 5),
    errors.MemoryLimit: ("memory-limit", "timed-out", 5),
    errors.CpuLimit: ("cpu-limit", "timed-out", 5),
    errors.OutputLimit: ("output-limit", "timed-out", 5),
    errors.ProcessLimit: ("process-limit", "timed-out", 5),
    errors.FileSizeLimit: ("file-size-limit", "timed-out", 5),
    errors.OpenFilesLimit: ("open-files-limit", "timed-out", 5),
    errors.KilledBySignal: ("killed-by-signal", "failed", 1),
    errors.SweepFailed: ("sweep-failed", "failed", 1),
    errors.PhaseError: ("phase-failed", "failed", 1),
    errors.InstallError: ("install-failed", "failed", 1),
    errors.ScriptError: ("script-failed", "failed", 1),
    errors.CasesFailed: ("cases-failed", "failed", 1),
    errors.BuildError: ("build-failed", "failed", 1),
    errors.DeployError: ("deploy-failed", "failed", 1),
    errors.ServiceLocked: ("locked", "failed", 1),
    errors.RolledBack: ("rolled-back", "failed", 1),
    errors.RollbackFailed: ("rollback-failed", "failed", 1),
    errors.RollbackUnverified: ("rollback-unverified", "failed", 1),
    errors.DeployUnknown: ("unknown", "failed", 1),
    errors.Cancelled: ("cancelled", "cancelled", 130),
}
CLASSES = pytest.mark.parametrize("cls", TABLE, ids=lambda cls: cls.__name__)


def below(cls: type) -> list[type]:
    """Return `cls` and all classes below it."""
    return [cls, *(deeper for sub in cls.__subclasses__() for deeper in below(sub))]


def test_every_class_is_in_the_table():
    """A new class is a new promise: its code, verdict and exit code are written down."""
    here = [cls for cls in below(errors.AutoexecError) if cls.__module__ == errors.__name__]
    assert {*here, errors.Cancelled} == set(TABLE)


@CLASSES
def test_a_class_has_its_code_and_verdict(cls):
    """The code is public and the verdict gives the exit code; neither is ever reworded."""
    assert (cls.code, cls.verdict, Verdict(cls.verdict).exit_code) == TABLE[cls]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cls.code)


def test_codes_are_unique():
    """A code names one class."""
    codes = [cls.code for cls in TABLE]
    assert len(set(codes)) == len(codes)


@CLASSES
@pytest.mark.parametrize(
    ("why", "fix", "lines"),
    [
        pytest.param("", "", ["{code}: no file a.py"], id="what"),
        pytest.param("looked in b", "", ["{code}: no file a.py", "  because: looked in b"], id="why"),
        pytest.param("", "cd c", ["{code}: no file a.py", "  fix: cd c"], id="fix"),
        pytest.param(
            "looked in b",
            "cd c",
            ["{code}: no file a.py", "  because: looked in b", "  fix: cd c"],
            id="all-three",
        ),
    ],
)
def test_an_error_says_what_why_and_fix(cls, why, fix, lines):
    """Two of the three lines are left out where there is nothing to say."""
    error = cls("no file a.py", why=why, fix=fix)
    expected = [line.format(code=cls.code) for line in lines]
    assert str(error).split("\n") == expected
    assert error._render_traceback_() == expected
    assert (error.what, error.why, error.fix, error.report) == ("no file a.py", why, fix, None)


def test_the_text_is_built_late():
    """Whoever learns more changes an attribute, and the message follows."""
    error = errors.MissingTool("there is no bash")
    error.fix = "apt-get install bash"
    assert str(error) == "missing-tool: there is no bash\n  fix: apt-get install bash"


def test_why_and_fix_are_given_by_name():
    """By position, nobody could tell what was seen from what to do."""
    with pytest.raises(TypeError):
        errors.UsageError("what", "why")


@pytest.mark.parametrize(
    ("cls", "bases"),
    [
        pytest.param(errors.InstallError, errors.PhaseError, id="install"),
        pytest.param(errors.ScriptError, errors.PhaseError, id="script"),
        pytest.param(errors.CasesFailed, errors.PhaseError, id="cases"),
        pytest.param(errors.BuildError, errors.PhaseError, id="build"),
        pytest.param(errors.SweepFailed, errors.PhaseError, id="sweep"),
        pytest.param(errors.KilledBySignal, errors.ScriptError, id="signal"),
        pytest.param(errors.MemoryLimit, errors.RunTimeout, id="limit"),
        pytest.param(errors.PhaseError, errors.AutoexecError, id="phase"),
        pytest.param(errors.AutoexecError, Exception, id="all"),
        pytest.param(errors.Cancelled, BaseException, id="cancelled"),
    ],
)
def test_who_catches_what(cls, bases):
    """One `except` takes all that a phase raises, one all that we raise."""
    assert issubclass(cls, bases)


def test_user_code_does_not_swallow_a_stop():
    """`except Exception` in a loop of somebody's cell must not keep it running."""
    assert not issubclass(errors.Cancelled, Exception)
    assert not issubclass(errors.Cancelled, errors.AutoexecError)


@CLASSES
def test_an_error_survives_a_pickle(cls):
    """What is raised in another process is told here as it was there."""
    error = pickle.loads(pickle.dumps(cls("what", why="why", fix="fix")))
    assert type(error) is cls
    assert str(error) == f"{cls.code}: what\n  because: why\n  fix: fix"


def test_the_module_imports_nothing_of_ours():
    """Every module may import it, so it imports none."""
    tree = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {node.module for node in found} == {"__future__", "typing"}


def test_evidence_is_a_line_each_between_why_and_fix():
    """The most telling first, as the diagnosis has it."""
    error = errors.ScriptError("the script ended", why="no-key at a.py:2", fix="look")
    error.evidence = ("the keys are apple, pear", "plum is none")
    assert str(error).splitlines()[1:] == [
        "  because: no-key at a.py:2",
        "  because: the keys are apple, pear",
        "  because: plum is none",
        "  fix: look",
    ]


def test_what_was_explained_already_is_not_shown_again():
    """A front end that shows the diagnosis as a card needs to say what failed only; the text keeps all."""
    error = errors.ScriptError("the script ended", why="no-key at a.py:2", fix="look")
    assert error._render_traceback_() == str(error).splitlines()
    error.is_explained = True
    assert error._render_traceback_() == ["script-failed: the script ended"]
    assert "fix: look" in str(error)
