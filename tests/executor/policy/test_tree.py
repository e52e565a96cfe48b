"""What a line means is a value: it can be compared, printed, and not changed."""

from __future__ import annotations

import dataclasses

import pytest

from autoexec_magic.executor.policy import parse
from autoexec_magic.executor.policy.tree import Line


def test_a_line_is_a_value():
    """The same line is the same value, and another spelling of it, too."""
    assert parse("ls  'a' | wc") == parse('ls "a"|wc')
    assert parse("ls a") != parse("ls b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse("ls").steps = ()


def test_its_commands_come_in_order():
    """Of all steps and pipelines."""
    found = parse("a | b && c; d")
    assert isinstance(found, Line)
    assert [str(command) for command in found.commands] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("line", "literal"),
    [("a", "a"), ("'a b'", "a b"), ("$A", None), ("a*", None), ("'a*'", "a*"), ("~", None), ("'~'", "~")],
)
def test_a_literal_is_what_nothing_in_it_changes(line, literal):
    """A program's name is judged by it."""
    (command,) = parse(f"x {line}").commands
    assert command.words[1].literal == literal
