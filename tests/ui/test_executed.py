"""The log of the cells that ran in a shell: a real one, in this process."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from autoexec_magic.errors import UsageError
from autoexec_magic.ui import executed
from autoexec_magic.ui.executed import Executed


@pytest.fixture
def shell(capsys):
    """Return a shell of its own."""
    shell = InteractiveShell()
    yield shell
    shell.history_manager.end_session()


@pytest.fixture
def log(shell):
    """Return the log of `shell`."""
    log = Executed(shell)
    log.load()
    yield log
    log.unload()


def run(shell, code, **options):
    """Run a cell as a front end does."""
    return shell.run_cell(code, store_history=True, **options)


def test_each_cell_is_noted_with_how_it_ended(shell, log):
    """Its number, its id, what was typed, the last line of its error and where that was."""
    run(shell, "x = 1", cell_id="a")
    run(shell, "y = 1\nx['k']", cell_id="b")
    run(shell, "z = (")
    assert [(each.number, each.cell_id, each.source, each.ran) for each in log.runs] == [
        (1, "a", "x = 1", "passed"),
        (2, "b", "y = 1\nx['k']", "failed"),
        (3, "", "z = (", "failed"),
    ]
    _, second, third = log.runs
    assert (second.error, second.line) == ("TypeError: 'int' object is not subscriptable", 2)
    assert (third.error.partition(":")[0], third.line) == ("SyntaxError", 0)
    assert log.failed.run is third
    assert "y" in log.failed.names


def test_the_place_of_an_error_in_a_function_is_where_the_cell_called_it(shell, log):
    """The line of the cell itself."""
    run(shell, "def f():\n    1 / 0\n\nf()")
    assert log.runs[-1].line == 4
    run(shell, "x = 1\nf()")
    assert log.runs[-1].line == 2


def test_what_a_front_end_runs_for_itself_is_no_cell(shell, log):
    """Silent code, and code without a number."""
    shell.run_cell("x = 1", store_history=False)
    shell.run_cell("1 / 0", store_history=False)
    shell.run_cell("x = 1", silent=True)
    assert (list(log.runs), log.failed) == ([], None)
    run(shell, "y = 1")
    assert log.runs[-1].ran == "passed"


def test_what_ran_before_is_taken_from_the_history(shell):
    """Also the error that Python kept, where it is that of a cell; the cell that loads is not among them."""
    run(shell, "x = 1")
    run(shell, "x = 2\nx['k']")
    log = Executed(shell)
    shell.user_ns["load"] = log.load
    run(shell, "load()")
    assert [(each.number, each.source) for each in log.runs][:2] == [(1, "x = 1"), (2, "x = 2\nx['k']")]
    assert (log.runs[1].ran, log.runs[1].line) == ("failed", 2)
    assert log.failed.run.number == 2
    assert executed.of(shell) is log
    log.unload()
    assert executed.of(shell) is None
    assert list(log.runs) == []


def test_an_error_without_words(shell, log):
    """Its type is the line; what raises when it is asked is not asked twice."""
    assert executed.last_line_of(KeyboardInterrupt()) == "KeyboardInterrupt"
    run(shell, "class E(ValueError):\n    def __str__(self): raise RuntimeError\n")
    assert executed.last_line_of(shell.user_ns["E"]()) == "E"
    assert executed.last_line_of(UsageError("no", why="x", fix="y")) == "usage: no"
    assert len(executed.last_line_of(ValueError("x" * 10_000))) == 300
    assert executed.last_line_of(ValueError("a\n\x1b[31mb")) == "ValueError: a b"


def test_the_log_does_not_grow_for_ever(shell, log):
    """The oldest runs are forgotten."""
    assert log.runs.maxlen == 5_000


def test_a_result_that_is_none_is_no_run(shell, log):
    """IPython's callbacks get none where `run_cell` itself raised."""
    shell.events.trigger("post_run_cell", None)
    assert list(log.runs) == []


def test_a_shell_without_a_log_has_none():
    """The extension is not loaded."""
    assert executed.of(object()) is None
