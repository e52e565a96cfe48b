"""From evidence to a decision, without a registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from autoexec_magic.installer.decide import Ages
from autoexec_magic.installer.node.decide import Case, decide, settled
from autoexec_magic.installer.node.query import Found

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGES = Ages(project=90, release=3)
KNOWN = Case(module="koa", name="koa", reason="in the hand-kept table")


def ago(days):
    """Return the time so many days ago."""
    return (NOW - timedelta(days=days)).isoformat()


GOOD = Found(
    name="koa",
    exists=True,
    version="2.0.0",
    filename="koa-2.0.0.tgz",
    sha256="a" * 64,
    integrity="sha512-x",
    registry="https://r/",
    held=("",),
    released=ago(10),
    first_released=ago(1000),
)


@pytest.mark.parametrize(
    ("case", "changes", "decision", "said"),
    [
        (KNOWN, {}, "install", "in the hand-kept table"),
        (replace(KNOWN, reason=""), {}, "ask", "koa is only the same name"),
        (KNOWN, {"released": ago(2.96)}, "ask", "was published 2.9 days ago; less than 3 days is fresh"),
        (KNOWN, {"first_released": ago(89)}, "ask", "less than 90 days is fresh"),
        (KNOWN, {"released": ""}, "ask", "does not say when"),
        (KNOWN, {"deprecated": "gone"}, "ask", "is deprecated: gone"),
        (KNOWN, {"doubts": ("odd",)}, "ask", "odd"),
        (KNOWN, {"faults": ("has a link",)}, "refuse", "unproved: koa 2.0.0 has a link"),
        (KNOWN, {"held": ()}, "refuse", "no entry that can be imported"),
        (KNOWN, {"scripts": ("postinstall",)}, "install", "its install scripts (postinstall) do not run"),
        (KNOWN, {"error": "it answered 500", "is_down": True, "sha256": ""}, "ask", "it answered 500"),
        (replace(KNOWN, doubts=("who says so?",)), {}, "ask", "who says so?"),
        (replace(KNOWN, faults=("from git",)), {}, "refuse", "from git"),
        (
            replace(KNOWN, version="2.0.0", integrity="sha512-y"),
            {},
            "refuse",
            "the project's lock has another digest",
        ),
        (replace(KNOWN, version="1.0.0", integrity="sha512-y"), {}, "install", "hand-kept"),
        (replace(KNOWN, node="20.0.0"), {"node": ">=22"}, "ask", "asks for Node >=22"),
        (replace(KNOWN, node="20.0.0"), {"node": ">=18"}, "install", "hand-kept"),
    ],
)
def test_decide(case, changes, decision, said):
    """One row for each rule; what a person reads names it."""
    found = decide(case, replace(GOOD, **changes), AGES, NOW)
    assert found.decision == decision
    assert said in " ".join(found.evidence)


def test_what_is_not_there_is_invented():
    """And never installed under a name that is near."""
    found = decide(
        replace(KNOWN, module="expresss", name="expresss"), Found(name="x", registry="https://r/"), AGES, NOW
    )
    assert (found.cls, found.decision) == ("invented", "nothing")
    assert found.evidence[1] == "express is spelt nearly so, and is known"


def test_nobody_asked_leaves_the_proof_open():
    """`proved` is None, and the decision what would follow."""
    found = decide(KNOWN, None, AGES, NOW)
    assert (found.decision, found.proved) == ("install", None)


def test_what_needs_no_search_says_what_to_do():
    """Each class has its next step, and installs nothing."""
    assert settled("fs", "stdlib", "part of Node").decision == "nothing"
    assert settled("a/b", "drift", "x").fix == "npm view a versions, and install one that has it"
    assert settled("freelist", "removed", "no longer part of Node; use a list").fix == "use a list"
