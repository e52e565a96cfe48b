"""Which words come in at a command's input, where that can be said at all."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy.fed import inner, words_of

WORDS = {
    ("find", "src", "-name", "*.py"): ("src/{}",),
    ("find", "a", "b/"): ("a/{}", "b/{}"),
    ("find", "a", "-printf", "/etc/shadow"): None,
    ("find", "a", "-exec", "ls", ";"): None,
    ("find", "a", "-zap"): None,
    ("echo", "a", "b"): ("a", "b"),
    ("echo", "-n", "a"): ("a",),
    ("echo", "a\\x"): None,
    ("echo", "'a"): None,
    ("printf", "%s\\n", "a", "b"): ("a", "b"),
    ("printf", "%s%s\\n", "/etc/", "shadow"): None,
    ("seq", "3"): ("1",),
    ("ls",): ("{}",),
    ("ls", "src"): ("{}",),
    ("ls", "/etc"): None,
    ("ls", "../x"): None,
    ("git", "ls-files"): ("{}",),
    ("git", "diff", "--name-only"): ("{}",),
    ("git", "diff"): None,
    ("git", "log"): None,
    ("grep", "-rl", "x", "src"): ("{}",),
    ("grep", "-r", "x", "src"): None,
    ("rg", "--files"): ("{}",),
    ("cat", "list"): None,
    ("sed", "p", "list"): None,
}


@pytest.mark.parametrize(("source", "words"), WORDS.items(), ids=lambda value: repr(value)[:50])
def test_the_words_of_a_source(source, words):
    """What it says itself, `{}` for what it finds, None where nobody can say."""
    assert words_of([source]) == words


def test_filters_pass_on_what_comes_in():
    """Those that choose or order lines; one that changes them, or reads a file, makes words of its own."""
    find = ("find", ".")
    assert words_of([find, ("grep", "-v", "x"), ("sort",), ("head", "-n", "3")]) == ("./{}",)
    assert words_of([find, ("sed", "s,^,/etc/,")]) is None
    assert words_of([find, ("sort", "list")]) is None
    assert words_of([]) == ()


def test_the_inner_command_gets_them():
    """At its end, or where its place is; one command for each word then."""
    assert inner([("cat",)], ("a", "b"), ("xargs", "cat")) == [("cat", "a", "b")]
    assert inner([("cp", "{}", "x")], ("a", "b"), ("xargs",)) == [("cp", "a", "x"), ("cp", "b", "x")]


def test_names_that_could_be_taken_for_others_are_only_read():
    """A name may have spaces, or begin with a dash: exact ones come with `-0` and a folder before them."""
    assert inner([("rm",)], ("./{}",), ("xargs", "rm")) is None
    assert inner([("rm",)], ("./{}",), ("xargs", "-0", "rm")) == [("rm", "./{}")]
    assert inner([("rm",)], ("{}",), ("xargs", "-0", "rm")) is None
    assert inner([("wc", "-l")], ("{}",), ("xargs", "wc", "-l")) == [("wc", "-l", "{}")]
