"""A statement that failed for want of a version, or of an extra, and what is made of it."""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
from types import SimpleNamespace

import pytest

from autoexec_magic.errors import Cancelled, InstallError, NeedsPerson
from autoexec_magic.events import Installed
from autoexec_magic.installer.importing import Written
from autoexec_magic.orchestrator import PhaseReport
from autoexec_magic.ui.resuming import Resuming
from autoexec_magic.ui.statements import failed
from autoexec_magic.values import Reply, Resolution, Verdict

CELL = "<resumed cell>"


class Stub:
    """What installs, and a shell that runs statements as IPython does."""

    def __init__(self, path):
        self.path = path
        self.custom_exceptions = ()
        self.shown, self.said, self.pins, self.questions = [], [], [], []
        self.answer = Reply.YES
        self.error = None
        self.names = {"__name__": "__main__"}
        self.resuming = Resuming(self, self, Written({CELL}, ()), self.said.append)

    def showtraceback(self, exc=None, **options):
        self.shown.append(exc[1] if exc else sys.exc_info()[1])

    # -- the heals

    def drifted(self, module, name):
        return "driftlib==1.0" if module == "driftlib" and name == "old" else ""

    def install(self, requirement):
        self.pins.append(requirement)
        if self.error is None:
            (self.path / "driftlib.py").write_text("old = 'old'\n")
            importlib.invalidate_caches()
        brought = (Installed(distribution="driftlib", version="1.0", sha256="", index=""),)
        return PhaseReport(
            phase="install", verdict=Verdict.PASSED, seconds=0.0, installed=brought, error=self.error
        )

    def ask(self, question):
        self.questions.append(question)
        if self.answer is None:
            raise NeedsPerson(question.text, fix=question.fix)
        return self.answer

    def fault(self, module):
        return None

    def resolution(self, module):
        return None

    def moved(self, module, name=""):
        return Resolution(module=module, cls="drift", decision="nothing", fix=f"use {name}2")

    # -- the shell

    def run(self, source):
        """Run a cell of one statement; return the error that it ended with."""
        linecache.cache[CELL] = (len(source), None, source.splitlines(keepends=True), CELL)
        result = SimpleNamespace(error_in_exec=None)
        code = compile(source, CELL, "exec")

        async def run_code(code, result, *, async_=False):
            try:
                exec(code, self.names)
            except BaseException as error:
                result.error_in_exec = error
                self.showtraceback(running_compiled_code=True)
                return True
            return False

        with pytest.raises(StopIteration) as ended:
            self.resuming.run(run_code, code, result, async_=False).send(None)
        assert ended.value.value is (result.error_in_exec is not None)
        return result.error_in_exec


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Yield a stub with a library that has lost a name."""
    (tmp_path / "driftlib.py").write_text("new = 'new'\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Stub(tmp_path)
    sys.modules.pop("driftlib", None)
    linecache.cache.pop(CELL, None)


def test_a_version_that_had_the_name_is_installed_and_the_import_succeeds(stub):
    """What the failed statement itself had loaded is forgotten, so that the other version is loaded."""
    assert stub.run("from driftlib import old") is None
    assert stub.names["old"] == "old"
    assert stub.pins == ["driftlib==1.0"]
    assert stub.shown == []
    assert stub.said == ["↻ line 1 runs again: driftlib lacked driftlib==1.0"]


@pytest.mark.parametrize("source", ["from driftlib import old", "x = driftlib.old"])
def test_a_library_that_was_loaded_before_needs_a_new_kernel(stub, source):
    """The statement would fail again: its own error is shown, and the next thing to do."""
    stub.names["driftlib"] = importlib.import_module("driftlib")
    error = stub.run(source)
    assert stub.shown == [error]
    assert stub.pins == ["driftlib==1.0"]
    reason = stub.resuming.reason(error)
    assert "has another version loaded" in reason.what
    assert reason.fix == "restart the kernel, and run the cell again"


def test_a_name_that_no_version_had_is_shown_at_once(stub):
    """Nothing is asked or installed."""
    error = stub.run("from driftlib import never")
    assert stub.shown == [error]
    assert (stub.pins, stub.questions, stub.resuming.reason(error)) == ([], [], None)
    assert stub.resuming.resolution(error).fix == "use never2"
    assert stub.resuming.resolution(stub.run("1 / 0")) is None


@pytest.mark.parametrize("answer", [Reply.NO, None])
def test_what_may_have_had_an_effect_is_asked_about_first(stub, answer):
    """Without a yes nothing is installed, and the statement's own error is shown."""
    stub.answer = answer
    error = stub.run("for i in range(2):\n    from driftlib import old")
    assert stub.shown == [error]
    assert stub.pins == []
    assert "it is a loop" in stub.questions[0].evidence[1]
    assert stub.questions[0].needs_person
    reason = stub.resuming.reason(error)
    assert reason.verdict == ("failed" if answer is Reply.NO else "asked")
    assert reason.fix.endswith(", and run what is left of the cell again")


def test_what_kept_it_from_being_installed_is_the_reason(stub):
    """The statement's own error is shown; a person who stopped the install ends the cell."""
    stub.error = InstallError("no room", fix="make some")
    error = stub.run("from driftlib import old")
    assert stub.shown == [error]
    assert stub.resuming.reason(error).what == "no room"
    sys.modules.pop("driftlib")
    stub.error = Cancelled("stopped")
    assert stub.run("from driftlib import old") is stub.error
    assert stub.shown[-1] is stub.error


def test_the_users_own_handler_has_the_last_word(stub):
    """`set_custom_exc` is theirs: what it takes is not held back."""
    stub.custom_exceptions = (ImportError,)
    error = stub.run("from driftlib import old")
    assert stub.shown == [error]
    assert stub.pins == []


def test_what_replaced_the_traceback_meanwhile_stays(stub):
    """A statement that takes the extension out leaves nothing of it."""
    stub.names["stub"] = stub
    stub.names["mine"] = theirs = lambda *args, **options: None
    stub.run("stub.showtraceback = mine")
    assert stub.showtraceback is theirs


@pytest.mark.parametrize(
    ("source", "kind", "line", "own"),
    [
        ("x = 1\ny = int('a')", ast.Assign, 2, ""),
        ("x = 1; int('a'); z = 2", ast.Expr, 1, ""),
        ("def f():\n    int('a')\nf()", ast.Expr, 3, "f"),
        ("for i in [1]:\n    int('a')", ast.For, 2, ""),
        ("class A:\n    x = int('a')", ast.ClassDef, 1, "A"),
    ],
)
def test_the_statement_that_failed_is_known(source, kind, line, own):
    """Also one of several on a line; and whether the user's own code ran below it."""
    linecache.cache[CELL] = (len(source), None, source.splitlines(keepends=True), CELL)
    code = compile(source, CELL, "exec")
    with pytest.raises(ValueError, match="invalid literal") as raised:
        exec(code, {})
    found = failed(code, raised.value, Written({CELL}, ()).holds)
    assert isinstance(found.statement, kind)
    assert (found.line, found.own) == (line, own)
    linecache.cache.pop(CELL)
    assert failed(code, raised.value, Written({CELL}, ()).holds).statement is None


def test_what_shows_a_result_is_no_call():
    """It stands at the same place as the call that made the result, which has long returned."""
    code = compile("list('a')", CELL, "single")
    before, sys.displayhook = sys.displayhook, lambda value: 1 / 0
    try:
        with pytest.raises(ZeroDivisionError) as raised:
            exec(code, {})
    finally:
        sys.displayhook = before
    assert failed(code, raised.value, lambda frame: False).place is None


def test_what_else_was_replaced_and_is_loaded_needs_a_new_kernel(stub, monkeypatch):
    """The library itself is loaded anew, and what it was installed with is not."""
    brought = Installed(distribution="numlib", version="1.0", sha256="", index="", changed=("numlib",))
    report = PhaseReport(phase="install", verdict=Verdict.PASSED, seconds=0.0, installed=(brought,))
    monkeypatch.setattr(stub, "install", lambda requirement: report)
    error = stub.run("from driftlib import old")
    reason = stub.resuming.reason(error)
    assert (reason.why, reason.fix) == (
        "imported before: numlib",
        "restart the kernel, and run the cell again",
    )
    assert stub.said == []


def test_what_was_forgotten_is_back_where_nothing_was_installed(stub):
    """A no leaves the module that the statement had loaded."""
    stub.error = InstallError("not installed")
    stub.run("from driftlib import old")
    assert sys.modules["driftlib"].new == "new"
