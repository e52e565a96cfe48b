"""A script that lacks a module is healed while it runs, and runs again only where that does nothing twice."""

from __future__ import annotations

import pytest

from autoexec_magic.api import nobody
from autoexec_magic.config import Config
from autoexec_magic.errors import InstallError
from autoexec_magic.orchestrator import Plan, Script, Surroundings, healing, run_phase
from autoexec_magic.values import Reply, Verdict

LAZY = "import importlib, sys\nprint('starts')\n{effect}\nimportlib.import_module('lacking')\nprint('ends')\n"


@pytest.fixture
def here(tmp_path) -> Surroundings:
    """Return a project."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").touch()
    return Surroundings(config=Config(), cwd=root, workspace=root, cache=tmp_path / "cache", ask=nobody)


@pytest.fixture
def heals(here, monkeypatch) -> list[str]:
    """Let the installer bring what is asked for, and return what was asked for."""
    asked: list[str] = []

    def bring(self: object, module: str) -> bool:
        asked.append(module)
        (here.cwd / f"{module}.py").write_text("")
        return True

    monkeypatch.setattr(healing.Healing, "heals", bring)
    return asked


def carry_out(source: str, emit: object, here: Surroundings, *, heal: bool = True, level: str = "workspace"):
    """Run a script."""
    step = Script(source=source, heal=heal)
    return run_phase(step, Plan(verb="script", title="", phases=(step,), level=level), emit, here)


def test_a_script_that_did_nothing_yet_runs_again(emit, here, heals):
    """What it lacked is there, and nobody was asked."""
    report = carry_out(LAZY.format(effect=""), emit, here)
    assert report.verdict == Verdict.PASSED
    assert heals == ["lacking"]
    assert emit.text("stdout") == "starts\nstarts\nends\n"
    assert [event.text for event in emit if type(event).__name__ == "Progress"] == [
        "the script runs again: it lacked lacking"
    ]


@pytest.mark.parametrize("level", ["workspace", "open"])
def test_one_that_may_have_done_something_asks(emit, here, heals, level):
    """It wrote a file, or nobody could see what it did: a person says whether it may do that twice."""
    asked = []

    def ask(question: object) -> Reply:
        asked.append(question)
        return Reply.YES

    from dataclasses import replace

    effect = "open('made.txt', 'a').write('x')" if level == "workspace" else ""
    report = carry_out(LAZY.format(effect=effect), emit, replace(here, ask=ask), level=level)
    assert report.verdict == Verdict.PASSED
    assert len(asked) == 1
    assert asked[0].needs_person
    assert ("made.txt" in " ".join(asked[0].evidence)) == (level == "workspace")


@pytest.mark.parametrize("answer", ["no", "nobody"])
def test_without_a_yes_it_stays_failed(emit, here, heals, answer):
    """Nothing is installed, and what to type is said."""
    from dataclasses import replace

    ask = nobody if answer == "nobody" else lambda question: Reply.NO
    report = carry_out(LAZY.format(effect="open('made.txt', 'a').write('x')"), emit, replace(here, ask=ask))
    assert report.verdict == Verdict.FAILED
    assert heals == []
    assert report.diagnosis.code == "module-invented"
    assert (here.cwd / "made.txt").read_text() == "x"


def test_what_cannot_be_installed_is_tried_once(emit, here, monkeypatch):
    """The script stays failed, with the installer's own fix."""

    def fail(self: object, module: str) -> bool:
        raise InstallError(f"{module} is nobody's", fix="do this")

    monkeypatch.setattr(healing.Healing, "heals", fail)
    report = carry_out(LAZY.format(effect=""), emit, here)
    assert report.verdict == Verdict.FAILED
    assert report.error.fix == "do this"
    assert emit.text("stdout") == "starts\n"


def test_it_does_not_go_on_for_ever(emit, here, monkeypatch):
    """A heal that heals nothing ends after a few rounds."""
    monkeypatch.setattr(healing.Healing, "heals", lambda self, module: True)
    report = carry_out(LAZY.format(effect=""), emit, here)
    assert report.verdict == Verdict.FAILED
    assert emit.text("stdout").count("starts") <= 4


def test_without_leave_nothing_is_installed(emit, here, heals):
    """`--no-install` holds while it runs, too."""
    assert carry_out(LAZY.format(effect=""), emit, here, heal=False).verdict == Verdict.FAILED
    assert heals == []


@pytest.mark.parametrize(
    "source",
    [
        "raise ModuleNotFoundError(\"No module named 'x; rm -rf /'\")",
        "print(\"No module named 'lacking'\")\n1/0",
    ],
)
def test_what_a_script_only_says_installs_nothing(emit, here, heals, source):
    """A name that is none, and words that are no failure."""
    assert carry_out(source, emit, here).verdict == Verdict.FAILED
    assert heals == []


def test_places_are_a_persons(emit, here):
    """The file that the process knew is gone; the cell's own lines are what is told."""
    step = Script(source="def f():\n    return 1 / 0\n\nf()\n", first_line=2)
    report = run_phase(step, Plan(verb="script", title="", phases=(step,)), emit, here)
    found = report.diagnosis
    assert found.where == "script.py:3"
    assert (found.frame.file, found.frame.line, found.frame.source) == ("script.py", 3, "return 1 / 0")
    assert "/autoexec-cage-" not in str(report.error)
