"""What a project loosens is asked about where it would make a difference, and counts once accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic import config
from autoexec_magic.errors import NeedsPerson, UsageError
from autoexec_magic.executor import cage
from autoexec_magic.history import new_id
from autoexec_magic.orchestrator import Command, Surroundings, policy_of
from autoexec_magic.orchestrator.rules import limits_of, rules_for
from autoexec_magic.values import Question, Reply

OFFER = 'policy.allow = ["git push *"]'
WANTED = Command(line="git push origin main")


class Person:
    """Answers, and remembers what was asked."""

    def __init__(self, reply: Reply = Reply.YES) -> None:
        self.reply = reply
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> Reply:
        """Answer."""
        self.asked.append(question)
        return self.reply


@pytest.fixture
def project(workdir):
    """Return a project that loosens the policy."""
    (workdir / "autoexec.toml").write_text(OFFER)
    return workdir


def surroundings(project, ask) -> Surroundings:
    """Return what a run finds there."""
    loaded = config.load(project, {})
    return Surroundings(
        config=loaded.config,
        loaded=loaded,
        cwd=project,
        workspace=project,
        cache=project / "cache",
        ask=ask,
        run_id=new_id(),
    )


def test_a_person_is_asked_once_and_then_it_counts(project):
    """With the file and what it says; the next run is not asked."""
    person = Person()
    assert rules_for(WANTED, surroundings(project, person)).allow == ("git push *",)
    (question,) = person.asked
    assert question.evidence == (
        f'{project / "autoexec.toml"}: policy.allow = ["git push *"]',
        "with that this would run unasked: git push origin main",
    )
    assert question.needs_person
    assert rules_for(WANTED, surroundings(project, person)).allow == ("git push *",)
    assert len(person.asked) == 1


@pytest.mark.parametrize("line", ["ls", "cat .env", "frobnicate", "rm -rf ~/x"])
def test_nobody_is_asked_where_it_makes_no_difference(project, line):
    """What is allowed anyway, refused anyway, or asked about anyway."""
    person = Person()
    assert rules_for(Command(line=line), surroundings(project, person)).allow == ()
    assert person.asked == []


def test_a_no_leaves_the_policy_as_it_is(project):
    """The command is then asked about like any other."""
    assert rules_for(WANTED, surroundings(project, Person(Reply.NO))).allow == ()
    assert config.load(project, {}).open_offers


def test_where_nobody_is_the_command_that_accepts_is_named(project):
    """Exit code 3."""

    def nobody(question: Question) -> Reply:
        raise NeedsPerson(question.text, fix=question.fix)

    with pytest.raises(NeedsPerson) as caught:
        rules_for(WANTED, surroundings(project, nobody))
    assert caught.value.fix == "%autoexec policy accept"


def test_settings_become_a_policy(tmp_path):
    """Roots are relative to the workspace, or the home."""
    settings = config.Config(
        policy_programs=("terraform",),
        policy_roots=("../data", "/srv"),
        policy_allow=("a *",),
        policy_ask=("b",),
        policy_refuse=("c",),
    )
    policy = policy_of(settings, tmp_path)
    assert "terraform" in policy.programs
    assert "ls" in policy.programs
    assert [str(root) for root in policy.roots] == [f"{tmp_path}/../data", "/srv"]
    assert (policy.allow, policy.ask, policy.refuse) == (("a *",), ("b",), ("c",))


def test_a_pattern_that_is_none_is_said_before_anything_runs(tmp_path):
    """With how it is written."""
    with pytest.raises(UsageError, match="no pattern"):
        policy_of(config.Config(policy_refuse=("*",)), tmp_path)


def test_settings_become_limits():
    """Those that are not set are the level's own: none, and in a cage so many processes."""
    settings = config.Config(limits_memory_mb=2.0, limits_file_mb=0.5, limits_open_files=64)
    limits = limits_of(settings, is_caged=False)
    assert (limits.memory_bytes, limits.file_bytes, limits.open_files) == (2 * 2**20, 2**19, 64)
    assert (limits.processes, limits.cpu_seconds) == (None, None)
    assert limits_of(settings, is_caged=True).processes == cage.CAGED.processes
    assert limits_of(config.Config(), is_caged=True) is None


def test_a_yes_that_cannot_be_kept_counts_for_this_time(project, caplog):
    """On a full disk; it is asked again the next time."""
    here = surroundings(project, Person())
    (project / "blocked").write_text("a file, not a folder")
    here = replace(here, loaded=replace(here.loaded, data=project / "blocked"))
    assert rules_for(WANTED, here).allow == ("git push *",)
    assert "asked again" in caplog.text
