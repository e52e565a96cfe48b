"""The card says what is known of each candidate, in words that nobody else can put there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from autoexec_magic.choosing import unanswered
from autoexec_magic.errors import NeedsPerson
from autoexec_magic.installer import card
from autoexec_magic.values import Candidate, Reply, Resolution

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FULL = Candidate(
    distribution="opencv-python",
    version="4.10.0",
    proved=True,
    sha256="0123456789abcdef" * 4,
    index="https://index.example/simple",
    why="in the index",
    summary="Wrapper package for OpenCV.",
    released="2026-11-21T10:00:00+00:00",
    first_released="2016-03-01T00:00:00+00:00",
    releases=59,
)
BARE = Candidate(distribution="opencv-python-headless", version="4.9.0", proved=True)
SDIST = Candidate(distribution="opencv-source", version="0.1")
ABSENT = Candidate(distribution="cv2")
WRONG = Candidate(distribution="cv-two", version="1.0", proved=False)
HOOKED = Candidate(
    distribution="cv-hook",
    version="1.0",
    proved=True,
    faults=("unproved: the wheel of cv-hook 1.0 has a.pth, which runs at every start of Python",),
)


def resolved(*candidates: Candidate, evidence: tuple[str, ...] = ("several hold cv2",)) -> Resolution:
    """Return a resolution of cv2 that is a question."""
    return Resolution(
        module="cv2",
        cls="third-party",
        decision="ask",
        distribution=candidates[0].distribution,
        proved=candidates[0].proved,
        candidates=candidates,
        evidence=evidence,
        fix="%autoexec install opencv-python",
    )


def test_each_candidate_is_told_with_all_that_is_known_of_it():
    """Its own sentence, its age, its releases, its proof, who else claims the name; and its command."""
    asked = card.question(resolved(FULL, BARE), NOW)
    assert asked.text == "install opencv-python 4.10.0 or opencv-python-headless 4.9.0 for cv2 ?"
    assert asked.evidence == ("several hold cv2",)
    assert asked.answers == ("opencv-python", "opencv-python-headless", "no")
    full, bare = asked.choices
    assert full.lines == (
        "says of itself: Wrapper package for OpenCV.",
        "released 2026-11-21 (1 day ago), first release 2016-03-01 (10 years ago),"
        " 59 releases for this Python",
        "in the index",
        "wheel 0123456789ab…, from https://index.example/simple",
        "cv2 is also claimed by opencv-python-headless",
    )
    assert (full.label, full.fix, full.proved) == (
        "opencv-python 4.10.0",
        "%autoexec install opencv-python --yes",
        True,
    )
    assert bare.lines == ("cv2 is also claimed by opencv-python",)


@pytest.mark.parametrize(
    ("candidate", "why_not", "proved"),
    [
        (SDIST, "there is no wheel for this Python to look into", None),
        (ABSENT, "nothing of that name was found for this Python", None),
        (WRONG, "its wheel does not hold the module", False),
        (HOOKED, "the wheel of cv-hook 1.0 has a.pth, which runs at every start of Python", False),
    ],
    ids=["source-only", "absent", "another-module", "hook"],
)
def test_what_is_not_proved_is_shown_and_cannot_be_chosen(candidate, why_not, proved):
    """With the reason; it is none of the answers and has no command."""
    resolution = resolved(FULL, candidate)
    asked = card.question(resolution, NOW)
    other = asked.choices[1]
    assert (other.why_not, other.proved, other.fix) == (why_not, proved, "")
    assert asked.answers == ("opencv-python", "no")
    assert asked.text == "install opencv-python 4.10.0 for cv2 ?"
    assert unanswered(asked).fix == "%autoexec install opencv-python --yes"
    assert card.can_be_chosen(resolution)
    assert not card.can_be_chosen(resolved(candidate))


def test_the_answer_means_the_candidate_on_the_card():
    """The second choice is the second candidate; a no is none; a yes does not say which."""
    resolution = resolved(FULL, BARE)
    asked = card.question(resolution, NOW)
    assert card.chosen(resolution, asked, asked.choices[1]) is BARE
    assert card.chosen(resolution, asked, Reply.NO) is None
    with pytest.raises(NeedsPerson, match="opencv-python-headless"):
        card.chosen(resolution, asked, True)
    single = resolved(FULL)
    assert card.chosen(single, card.question(single, NOW), True) is FULL


def test_the_evidence_is_not_said_twice():
    """Of a single candidate the evidence has told most already."""
    evidence = (
        "opencv-python is only the same name",
        "the wheel x.whl holds cv2",
        "released 2026-11-21, first release 2016-03-01",
    )
    asked = card.question(resolved(FULL, evidence=evidence), NOW, typed="opencv-python==4.10.0")
    assert asked.text == "install opencv-python 4.10.0 ?"
    assert asked.evidence == evidence[:2]
    assert asked.choices[0].lines == (
        "says of itself: Wrapper package for OpenCV.",
        "released 2026-11-21 (1 day ago), first release 2016-03-01 (10 years ago),"
        " 59 releases for this Python",
    )
    assert asked.choices[0].fix == "%autoexec install opencv-python==4.10.0 --yes"


@pytest.mark.parametrize("name", ["no", "Yes", "always", "y", "2", "none"])
def test_no_project_is_called_like_an_answer(name):
    """Somebody who types no, or 2, does not install the project of that name."""
    odd = Candidate(distribution=name, version="1.0", proved=True)
    assert card.question(resolved(FULL, odd), NOW).answers == ("opencv-python", f"{name}==1.0", "no")


def test_a_project_that_is_named_like_anothers_module_is_installed_by_its_version():
    """`install yaml` means PyYAML; the stranger of that name is meant only where its version is said."""
    odd = Candidate(distribution="yaml", version="0.1", proved=True)
    assert card.question(resolved(FULL, odd), NOW).choices[1].fix == "%autoexec install yaml==0.1 --yes"


def test_what_a_package_says_is_cut_and_made_harmless(monkeypatch):
    """No second line, no control character, no secret, and no more than a sentence."""
    monkeypatch.setenv("MY_TOKEN", "hunter2-hunter2")
    loud = replace(FULL, summary="\x1b[31mproved\x1b[0m\n  [1] take me\u202e hunter2-hunter2 " + "x" * 500)
    line = card.question(resolved(loud, BARE), NOW).choices[0].lines[0]
    assert line.startswith("says of itself: proved [1] take me *** xx")
    assert line.isprintable()
    assert len(line) < card.SUMMARY_CHARS + 20


def test_more_candidates_than_a_person_reads_are_counted():
    """The first nine by their rank; the rest is a line with the command that lists them."""
    many = [replace(BARE, distribution=f"cv-{number}") for number in range(20)]
    asked = card.question(resolved(*many), NOW)
    assert len(asked.choices) == card.MOST_CHOICES
    assert asked.text == "install one of 9 distributions for cv2 ?"
    assert asked.evidence[-1] == "11 more, ranked below: %autoexec resolve --online cv2"
    assert asked.choices[0].lines[-1] == "cv2 is also claimed by cv-1, cv-2, cv-3 and 16 more"


@pytest.mark.parametrize(
    ("released", "want"),
    [
        ("2026-11-22T11:00:00+00:00", "today"),
        ("2026-11-20T12:00:00+00:00", "2 days ago"),
        ("2026-10-20T12:00:00", "1 month ago"),
        ("2025-11-22T12:00:00+00:00", "1 year ago"),
        ("yesterday", "no time that can be read"),
    ],
)
def test_an_age_is_said_in_words(released, want):
    """Whatever the index takes for a time."""
    asked = card.question(resolved(replace(FULL, released=released), BARE), NOW)
    assert f"({want}), first release" in asked.choices[0].lines[1]


def test_a_first_release_is_said_to_be_one():
    """That is what a person should see first of a stranger's project."""
    new = replace(FULL, first_released=FULL.released, releases=1)
    line = card.question(resolved(new, BARE), NOW).choices[0].lines[1]
    assert line == "released 2026-11-21 (1 day ago), the first release, 1 release for this Python"
