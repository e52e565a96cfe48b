"""What is needed is worked out without a resolver where that is plain, and only there."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.closure import NotPlainError, closure, needed
from autoexec_magic.installer.wheel import Inside
from autoexec_magic.values import Candidate, Resolution

TOP = Candidate(distribution="Top", version="1.0", sha256="top")


def plan(needs, here=None, asked=()):
    """Return the versions of a plan; `asked` are those that are a question."""

    def look(queries):
        return {query: resolved(query.distribution) for query in queries}

    def resolved(name):
        candidate = Candidate(distribution=name, version="1.0", sha256=name)
        decision = "ask" if name in asked else "install"
        return Resolution(
            module=name, cls="third-party", decision=decision, distribution=name, candidates=(candidate,)
        )

    def proof(digest):
        lines = needs.get(digest, ())
        return Inside(names=(), requires=None if lines is None else tuple(lines))

    chosen = closure([TOP], here or {}, proof, look)
    return {
        name: (each if isinstance(each, Candidate) else each.chosen).version for name, each in chosen.items()
    }


def test_what_is_needed_comes_too_and_what_is_here_does_not():
    """Down to the last one; a circle ends."""
    needs = {"top": ["a>=1", "b"], "a": ["c", "top"], "c": ["a"]}
    assert plan(needs, {"b": "2.0"}) == {"top": "1.0", "a": "1.0", "c": "1.0"}


def test_what_does_not_count_here_is_not_needed():
    """Extras that nobody asked for, other systems."""
    lines = ['x; extra == "test"', 'y; sys_platform == "win32"', "z"]
    assert plan({"top": lines}) == {"top": "1.0", "z": "1.0"}
    assert [each.name for each in needed([*lines, "v[w]", "not a line !", 'q; os_name ~= "x"'])] == ["z"]


@pytest.mark.parametrize(
    ("needs", "how"),
    [
        ({"top": ["a[x]"]}, {}),
        ({"top": ["a @ https://x/a.whl"]}, {}),
        ({"top": ["no line !"]}, {}),
        ({"top": ['a; platform_system ~= "Linux"']}, {}),
        ({"top": None}, {}),
        ({"top": ["a"], "a": None}, {}),
        ({"top": ["a<1"]}, {"here": {"a": "1.0"}}),
        ({"top": ["a"]}, {"here": {"a": ""}}),
        ({"top": ["a", "b"], "b": ["a<1"]}, {}),
        ({"top": ["a"]}, {"asked": ["a"]}),
        ({}, {"here": {"top": "0.9"}}),
        ({}, {"here": {"top": "1.0"}}),
    ],
    ids=[
        "extra", "address", "unreadable", "odd-marker", "unknown", "unknown-below", "here-and-too-new",
        "here-in-no-version",        "two-want-different-ones", "a-question", "replaced", "here-and-broken",
    ],
)  # fmt: skip
def test_all_else_is_for_a_resolver(needs, how):
    """Nothing is guessed."""
    with pytest.raises(NotPlainError):
        plan(needs, **how)
