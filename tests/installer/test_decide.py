"""From evidence to a decision: every rule with its limits, without an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.installer.classify import classify
from autoexec_magic.installer.decide import Ages, Origins, decide, named, settled, weigh
from autoexec_magic.installer.finder import Found
from autoexec_magic.installer.known import Entry, Known
from autoexec_magic.installer.scan import Needed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGES = Ages(project=90, release=3)
KNOWN = Known("yaml", "PyYAML", "6.0")
A_SECOND = 1 / 86_400


def before(days: float) -> str:
    """Return the time so many days before `NOW`."""
    return (NOW - timedelta(days=days)).isoformat()


def proof(**fields: object) -> Found:
    """Return what is found where everything is in order, but for `fields`."""
    sound = {
        "distribution": "PyYAML",
        "exists": True,
        "version": "6.0",
        "filename": "pyyaml-6.0-py3-none-any.whl",
        "sha256": "0" * 64,
        "index": "https://index.example/simple",
        "held": ("yaml",),
        "tops": ("_yaml", "yaml"),
        "released": before(30),
        "first_released": before(3000),
    }
    return Found(**{**sound, **fields})


NOTHING = Found(distribution="PyYAML")
SDIST = Found(
    distribution="PyYAML", exists=True, version="6.0", only_sdist=True, index="https://index.example"
)
UNTIMED = {"released": "", "first_released": ""}
TABLE = [
    # id; what is found; the decision for a known module, an unknown one, a named distribution; words of why
    ("sound", proof(), "install", "ask", "install", "holds yaml"),
    ("release-of-today", proof(released=before(0)), "ask", "ask", "ask", "released 0 days ago"),
    ("release-almost-3-days", proof(released=before(3 - A_SECOND)), "ask", "ask", "ask", "is fresh"),
    ("release-exactly-3-days", proof(released=before(3)), "install", "ask", "install", "released 2026-11-19"),
    (
        "project-of-10-days",
        proof(first_released=before(10)),
        "ask",
        "ask",
        "ask",
        "first released 10 days ago",
    ),
    ("project-almost-90-days", proof(first_released=before(90 - A_SECOND)), "ask", "ask", "ask", "is fresh"),
    ("project-exactly-90-days", proof(first_released=before(90)), "install", "ask", "install", "2026-08-24"),
    (
        "both-fresh",
        proof(released=before(1), first_released=before(1)),
        "ask",
        "ask",
        "ask",
        "the project PyYAML",
    ),
    ("no-times", proof(**UNTIMED), "ask", "ask", "install", "holds yaml"),
    ("no-times-but-known", proof(**UNTIMED, is_newest_known=True), "install", "ask", "install", "knows"),
    (
        "times-without-a-zone",
        proof(released="2026-11-21T12:00:00"),
        "ask",
        "ask",
        "ask",
        "released 1 days ago",
    ),
    (
        "time-with-a-zone",
        proof(released="2026-11-19T14:00:00+02:00"),
        "install",
        "ask",
        "install",
        "2026-11-19",
    ),
    ("not-there", NOTHING, "ask", "ask", "ask", "no distribution called PyYAML"),
    ("only-a-source-archive", SDIST, "ask", "ask", "ask", "only a source archive"),
    ("an-error", Found(distribution="PyYAML", error="it is down"), "ask", "ask", "ask", "it is down"),
    ("not-held", proof(held=()), "refuse", "refuse", "install", "yaml"),
    (
        "a-pth-file",
        proof(pth=("evil.pth",)),
        "refuse",
        "refuse",
        "refuse",
        "evil.pth, which runs at every start",
    ),
    ("a-fault", proof(faults=("it holds the same file name twice",)), "refuse", "refuse", "refuse", "twice"),
    ("fresh-and-not-held", proof(held=(), released=before(1)), "refuse", "refuse", "ask", "PyYAML 6.0"),
    ("empty-wheel", proof(held=(), tops=()), "refuse", "refuse", "install", ""),
]
ROWS = [pytest.param(*row[1:], id=row[0]) for row in TABLE]


@pytest.mark.parametrize(("found", "known", "unknown", "by_name", "word"), ROWS)
def test_a_module_in_the_table(found, known, unknown, by_name, word):
    """A known module is installed on proof and age, refused on a fault, and else asked about."""
    resolution = decide("yaml", KNOWN, found, AGES, NOW)
    assert (resolution.decision, resolution.cls) == (known, "third-party")
    assert word in "; ".join(resolution.evidence)
    assert resolution.distribution == resolution.chosen.distribution == "PyYAML"
    assert resolution.chosen.known
    assert resolution.proved == resolution.chosen.proved


@pytest.mark.parametrize(("found", "known", "unknown", "by_name", "word"), ROWS)
def test_a_module_of_the_same_name(found, known, unknown, by_name, word):
    """A distribution that is only called like the module is never installed unasked, however sound."""
    resolution = decide("yaml", None, found, AGES, NOW)
    assert resolution.decision == unknown
    assert resolution.distribution == "yaml"
    assert not resolution.chosen.known
    assert unknown == "refuse" or "the same name, which is no evidence" in "; ".join(resolution.evidence)


@pytest.mark.parametrize(("found", "known", "unknown", "by_name", "word"), ROWS)
def test_a_distribution_that_a_person_named(found, known, unknown, by_name, word):
    """Its name is the evidence for it; a fault is still refused and a fresh one asked about."""
    resolution = named(found, AGES, NOW)
    assert resolution.decision == by_name
    assert word in "; ".join(resolution.evidence)


def test_what_was_proved_is_what_would_be_installed():
    """The candidate carries version, hash and index of the very wheel that was looked into."""
    [candidate] = decide("yaml", KNOWN, proof(sha256="ab" * 32, version="5.4"), AGES, NOW).candidates
    assert (candidate.version, candidate.sha256, candidate.proved) == ("5.4", "ab" * 32, True)
    assert candidate.index == "https://index.example/simple"


@pytest.mark.parametrize(
    ("found", "want"),
    [
        pytest.param(proof(), True, id="held"),
        pytest.param(proof(held=()), False, id="not-held"),
        pytest.param(NOTHING, None, id="nothing-to-look-into"),
        pytest.param(SDIST, None, id="nothing-that-may-be-looked-into"),
    ],
)
def test_proved_is_true_false_or_unknown(found, want):
    """Nobody looked is not the same as looked and not found."""
    assert decide("yaml", KNOWN, found, AGES, NOW).proved is want


def test_an_unproved_wheel_says_what_it_holds():
    """The refusal names the wheel, the module it lacks and what is in it instead."""
    [line] = decide("yaml", None, proof(held=(), tops=("alpha", "beta")), AGES, NOW).evidence
    assert line == "unproved: the wheel of yaml 6.0 does not hold yaml (it holds alpha, beta)"


def test_every_fault_is_told():
    """A wheel with three faults is refused for all of them."""
    found = proof(held=(), pth=("a.pth",), faults=("it is odd",))
    evidence = decide("yaml", KNOWN, found, AGES, NOW).evidence
    assert len(evidence) == 3
    assert all(line.startswith("unproved: ") for line in evidence)


def test_without_asking_the_index_the_decision_is_what_would_follow():
    """Offline, nothing is proved: known modules would be installed, others asked about."""
    assert decide("yaml", KNOWN, None, AGES, NOW).decision == "install"
    assert decide("yaml", KNOWN, None, AGES, NOW).proved is None
    unknown = decide("my_module.deeper", None, None, AGES, NOW)
    assert (unknown.decision, unknown.distribution) == ("ask", "my-module")


def test_ages_are_the_person_s_to_set():
    """With limits of 0 days nothing is fresh; with long ones a month-old release is."""
    fresh = proof(released=before(0), first_released=before(0))
    assert decide("yaml", KNOWN, fresh, Ages(project=0, release=0), NOW).decision == "install"
    assert decide("yaml", KNOWN, proof(), Ages(project=90, release=31), NOW).decision == "ask"
    assert decide("yaml", KNOWN, proof(), Ages(project=3001, release=3), NOW).decision == "ask"


@pytest.mark.parametrize(
    ("found", "fix"),
    [
        pytest.param(proof(held=()), "%autoexec install DISTRIBUTION, if you know its name", id="refused"),
        pytest.param(NOTHING, "%autoexec install DISTRIBUTION, if you know its name", id="not-there"),
        pytest.param(proof(released=before(1)), "%autoexec install PyYAML", id="fresh"),
        pytest.param(SDIST, "%pip install PyYAML, if you trust it", id="source"),
    ],
)
def test_the_fix_is_the_next_thing_to_type(found, fix):
    """Each decision but an install says what a person can do, and a source archive why it is theirs to do."""
    assert decide("yaml", KNOWN, found, AGES, NOW).fix.startswith(fix)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(SDIST, id="source"),
        pytest.param(NOTHING, id="not-there"),
        pytest.param(Found(distribution="PyYAML", error="it is down"), id="down"),
    ],
)
def test_what_cannot_be_installed_by_name_is_not_advised_again(found):
    """After `install PyYAML` found nothing to install, the next thing to type is something else."""
    assert named(found, AGES, NOW).fix != "%autoexec install PyYAML"


def test_an_age_below_the_limit_does_not_read_as_the_limit():
    """A release of 2.9 days is not called 3 days old and fresh for being less than 3 days old."""
    [line, *_] = decide("yaml", KNOWN, proof(released=before(2.9)), AGES, NOW).evidence
    assert "released 3 days ago" not in line


FOUNDS = st.builds(
    Found,
    distribution=st.just("PyYAML"),
    exists=st.booleans(),
    version=st.sampled_from(["", "6.0"]),
    sha256=st.sampled_from(["", "0" * 64]),
    held=st.sampled_from([(), ("yaml",)]),
    tops=st.sampled_from([(), ("yaml",)]),
    pth=st.sampled_from([(), ("a.pth",)]),
    faults=st.sampled_from([(), ("it is odd",)]),
    released=st.sampled_from(["", before(0), before(3), before(400)]),
    first_released=st.sampled_from([before(0), before(90), before(400)]),
    is_newest_known=st.booleans(),
    only_sdist=st.booleans(),
    error=st.sampled_from(["", "", "it is down"]),
).filter(lambda found: found.sha256 or found.error or found.only_sdist or not found.exists)


@given(FOUNDS, st.sampled_from([None, KNOWN]))
@settings(max_examples=300, deadline=None)
def test_nothing_is_installed_without_the_whole_evidence(found, known):
    """An unasked install is always of a known module, proved, sound and not fresh."""
    resolution = decide("yaml", known, found, AGES, NOW)
    if resolution.decision == "install":
        assert known
        assert resolution.proved
        assert resolution.chosen.sha256
        assert (found.pth, found.faults, found.error) == ((), (), "")
        aged = found.released and found.released <= before(3) and found.first_released <= before(90)
        assert aged or found.is_newest_known
    if found.sha256 and (found.pth or found.faults or not found.held):
        assert resolution.decision == "refuse"
    assert resolution.evidence


@pytest.mark.parametrize(
    ("module", "cls", "evidence", "fix"),
    [
        ("json", "stdlib", "part of Python", ""),
        ("yaml", "installed", "it can be imported here", ""),
        ("google.colab", "platform", "it exists on Google Colab only", "leave that import out here"),
        ("cgi", "removed", "no longer part of Python; use email.message", "use email.message"),
        ("np", "alias", "that is a short name: `import numpy as np`", "import numpy as np"),
    ],
)
def test_what_is_settled_has_its_fix(module, cls, evidence, fix):
    """What nobody looks for is left alone, with its evidence and what to write instead."""
    resolution = settled(module, cls, evidence)
    assert (resolution.decision, resolution.cls, resolution.distribution) == ("nothing", cls, "")
    assert resolution.evidence == (evidence,)
    assert resolution.fix == fix
    assert resolution.chosen is None


def test_the_fix_of_a_local_module_is_a_line_of_python(tmp_path):
    """For the user's own file the fix makes it importable, whatever its folder is called."""
    folder = tmp_path / "my code: new"
    folder.mkdir()
    (folder / "a_module_of_mine.py").write_text("")
    cls, evidence = classify(Needed(1, "a_module_of_mine"), [folder])
    assert (
        settled("a_module_of_mine", cls, evidence).fix == f"import sys; sys.path.insert(0, {str(folder)!r})"
    )


def test_the_candidate_has_what_a_person_is_shown():
    """What it says of itself, its ages, how many releases; and what rules it out."""
    facts = {
        "summary": "YAML for people.",
        "released": before(30),
        "first_released": before(3000),
        "releases": 9,
    }
    candidates = [
        decide("yaml", KNOWN, proof(**facts), AGES, NOW).candidates[0],
        named(proof(**facts), AGES, NOW).candidates[0],
    ]
    for candidate in candidates:
        assert {name: getattr(candidate, name) for name in facts} == facts
        assert candidate.faults == ()
    hooked = proof(pth=("a.pth",))
    for resolution in (decide("yaml", KNOWN, hooked, AGES, NOW), named(hooked, AGES, NOW)):
        assert resolution.candidates[0].faults == resolution.evidence


def test_each_of_several_candidates_has_what_rules_it_out():
    """Also the ones that the decision is not about: a person may choose any that is sound, and no other."""
    names = ("yaml-a", "yaml-b")
    entries = tuple(Entry(module="yaml", distribution=name, source="own") for name in names)
    answers = {
        "yaml-a": proof(distribution="yaml-a"),
        "yaml-b": proof(distribution="yaml-b", pth=("b.pth",), summary="B", releases=2),
    }
    _, second = weigh("yaml", Origins(entries=entries), answers, AGES, NOW).candidates
    assert (second.distribution, second.summary, second.releases) == ("yaml-b", "B", 2)
    assert "b.pth, which runs at every start" in second.faults[0]


def test_a_name_spelt_nearly_like_a_known_one_is_a_question_and_says_which():
    """Never the known one instead; the first thing told is what may be meant, and what to type for it."""
    for module, meant in (("numppy", "numpy"), ("reqeusts", "requests")):
        entry = Entry(module=module, distribution=module, source="name", is_rival=True)
        answers = {module: Found(distribution=module)}
        found = weigh(module, Origins(entries=(entry,)), answers, AGES, NOW)
        assert (found.cls, found.decision, found.distribution) == ("invented", "ask", module)
        assert found.evidence[0] == f"perhaps {meant} is meant"
        assert found.fix.startswith(f"import {meant}, if that is meant; else %autoexec install ")
    far = Entry(module="zzxyyq", distribution="zzxyyq", source="name", is_rival=True)
    found = weigh("zzxyyq", Origins(entries=(far,)), None, AGES, NOW)
    assert (found.cls, found.fix) == ("invented", "%autoexec install DISTRIBUTION, if you know its name")
