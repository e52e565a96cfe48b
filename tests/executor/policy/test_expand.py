"""What words stand for; the table of what a shell makes of them is in test_words.py."""

from __future__ import annotations

from autoexec_magic.executor.policy import argv_of, value
from autoexec_magic.executor.policy.words import word


def test_a_word_can_stand_for_none_or_for_many(tmp_path):
    """In the order in which they stand."""
    (tmp_path / "b").touch()
    (tmp_path / "a").touch()
    words = [word("x"), word("$NONE"), word("*"), word("$TWO")]
    assert argv_of(words, {"TWO": "y z"}, tmp_path) == ("x", "a", "b", "y", "z")


def test_what_a_variable_is_set_to_is_not_split(tmp_path):
    """Nor are files looked for: `A=*` is a star."""
    (tmp_path / "a").touch()
    assert value(word("*$TWO"), {"TWO": "y z"}) == "*y z"
    assert value(word("~/x"), {"HOME": "/h"}) == "/h/x"


def test_a_pattern_finds_what_bash_finds(tmp_path):
    """Below the home folder, too, and a `^` negates as a `!` does."""
    (tmp_path / ".pypirc").touch()
    for text in ("~/.pypir[c]", "~/.py[^x]irc", "~/.py*"):
        assert argv_of([word(text)], {"HOME": str(tmp_path)}, tmp_path) == (str(tmp_path / ".pypirc"),), text
    assert argv_of([word("~/x*")], {"HOME": "/nowhere"}, tmp_path) == ("/nowhere/x*",)
