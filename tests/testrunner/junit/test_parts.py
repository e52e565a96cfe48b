"""What is kept while the tags of a document come."""

from __future__ import annotations

from autoexec_magic.testrunner.junit.parts import Begun, Text, keep_inside, shared, with_one


def test_a_list_is_made_when_something_comes():
    """And is the same one from then on."""
    begun = Begun({})
    begun.stdout = with_one(begun.stdout, "a")
    assert with_one(begun.stdout, "b") is begun.stdout
    assert begun.stdout == ["a", "b"]
    assert Begun({}).stdout == ()


def test_what_is_inside_a_problem_has_its_place():
    """Its trace and both of its outputs, also in several parts."""
    text = Text("flakyFailure", {}, 1)
    for name in ("stackTrace", "system-out", "system-err", "stackTrace"):
        keep_inside(text, name, name[:3])
    assert (text.trace, text.stdout, text.stderr) == ("stasta", "sys", "sys")


def test_equal_texts_are_one():
    """A class of a thousand cases is kept once."""
    assert shared("".join(["a", "b"])) is shared("".join(["a", "b"]))
