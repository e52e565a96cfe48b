"""What a run heals is tried once, and what came of it is known."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from autoexec_magic import config
from autoexec_magic.errors import InstallError, NeedsPerson
from autoexec_magic.events import Answered, Asked, Resolved
from autoexec_magic.installer import Needed
from autoexec_magic.orchestrator import Healing, Plan, Surroundings
from autoexec_magic.orchestrator.plan import PhaseReport
from autoexec_magic.values import Question, Reply, Resolution, Verdict


def nobody(question):
    """Answer as where no person is."""
    raise NeedsPerson(question.text, fix=question.fix)


@pytest.fixture
def here(tmp_path):
    """Return surroundings whose index refuses every connection."""
    loaded = config.load(tmp_path)
    settings = replace(loaded.config, index_url="http://127.0.0.1:9/simple/")
    return Surroundings(
        config=settings, cwd=tmp_path, workspace=tmp_path, cache=tmp_path / "cache", ask=nobody, run_id="r"
    )


@pytest.fixture
def healing(here, emit):
    """Return the heals of a run."""
    return Healing(Plan(verb="cell", title="t", phases=()), emit, here, person=nobody)


def test_what_is_here_needs_nothing(healing, emit):
    """The phase is on record, and nothing was installed."""
    report = healing.heal([Needed(1, "json")])
    assert (report.error, report.installed) == (None, ())
    assert emit.kinds() == ["PhaseStarted", "PhaseFinished"]


def test_the_same_module_is_tried_once(healing, emit):
    """However it is imported the second time; another part of a namespace is another module."""
    first = healing.heal([Needed(1, "slugify", ("slugify",))])
    assert first.error is None
    assert isinstance(healing.fault("slugify"), InstallError)
    assert healing.heal([Needed(9, "slugify", ("slugify",))]) is None
    assert healing.heal([Needed(9, "slugify")]) is None
    assert emit.kinds().count("PhaseStarted") == 1
    assert healing.heal([Needed(1, "google.cloud", ("storage",))]) is not None
    assert healing.heal([Needed(1, "google.cloud", ("bigquery",))]) is not None
    assert healing.heal([Needed(1, "google.cloud", ("bigquery", "storage"))]) is None


def test_what_kept_it_from_being_done_is_known(healing):
    """The index that does not answer is the reason, for the module and for no other."""
    healing.heal([Needed(1, "slugify")])
    assert "cannot look for python-slugify" in healing.fault("slugify").what
    assert healing.fault("serial") is None
    assert "could not be reached" in healing.fault("slugify").why
    assert healing.resolution("slugify") is None


def test_a_process_asks_for_a_module_by_its_name(healing):
    """The healer of a script or a test: it raises what kept it, and the second time what was tried."""
    for _ in range(2):
        with pytest.raises(InstallError, match="cannot look for python-slugify"):
            healing.heals("slugify")
    assert healing.heals("json") is False


def test_a_person_is_asked_on_the_record(here, emit):
    """What no option may answer goes to the person, whatever `--yes` says."""
    asked = []

    def person(question):
        asked.append(question.text)
        return Reply.ALWAYS

    agrees = replace(here, ask=lambda question: Reply.YES)
    healing = Healing(Plan(verb="cell", title="t", phases=()), emit, agrees, person=person)
    assert healing.ask(Question(text="again ?", needs_person=True)) is Reply.YES
    assert asked == ["again ?"]
    assert [type(event) for event in emit] == [Asked, Answered]


def test_where_nobody_is_it_says_so(healing):
    """The question is on record all the same."""
    with pytest.raises(NeedsPerson):
        healing.ask(Question(text="again ?"))


def test_distributions_are_those_of_the_table(healing):
    """For the command to type; the index is not asked."""
    assert healing.distributions(["cv2", "openpyxl", "cv2"]) == "opencv-python openpyxl"


def test_a_version_that_had_it_comes_from_a_table(here, emit):
    """By default the installer's own; it is asked with names and never given a text."""
    plan = Plan(verb="cell", title="t", phases=())
    healing = Healing(plan, emit, here, person=nobody, drifted=lambda module, name: f"{module}=={name}")
    assert healing.drifted("a", "b") == "a==b"
    assert Healing(plan, emit, here, person=nobody).drifted("json", "nothing_of_it") == ""
    assert Healing(plan, emit, here, person=nobody).drifted("flask", "Markup") == "Flask<3.0"
    assert healing.moved("json", "nothing_of_it") is None
    assert healing.moved("json.nothing_of_it") is None
    assert healing.moved("IPython.parallel").fix == "use import ipyparallel"
    assert not [event for event in emit if isinstance(event, Resolved)]


def test_a_version_is_tried_once(healing):
    """The same pin again is not worth it."""
    assert healing.install("python-slugify==1.0").error is not None
    assert healing.install("python-slugify==1.0") is None
    assert "slugify" not in sys.modules


def test_a_short_name_is_known_for_the_import_it_stands_for(healing):
    """`np` that nobody imported is no name to correct; one that means nothing to anybody is not told of."""
    assert healing.alias("np").fix == "import numpy as np"
    assert healing.alias("totl") is None
    assert healing.alias("") is None


def test_the_command_of_a_question_that_nobody_answered_is_kept(healing, monkeypatch):
    """It is the one that says yes, not the one that asks again."""
    found = Resolution(
        module="a", cls="third-party", decision="ask", distribution="a", fix="%autoexec install a"
    )
    error = NeedsPerson("install a 1.0", fix="%autoexec install a --yes")
    report = PhaseReport(phase="install", verdict=Verdict.ASKED, seconds=0, resolutions=(found,), error=error)
    monkeypatch.setattr(healing, "_tried", {("a", ()): report})
    assert healing.resolution("a").fix == "%autoexec install a --yes"
