"""Braces stand for the words that bash makes of them, and for nothing else."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skips import requires

from autoexec_magic.executor.policy import argv_of
from autoexec_magic.executor.policy.braces import TooMany, expanded
from autoexec_magic.executor.policy.tree import Text, Variable
from autoexec_magic.executor.policy.words import Disagreement, NeedsShell, words

SECONDS = 20.0
VARIABLES = {"HOME": "/home/ada", "A": "one two", "E": ""}
TEXTS = [
    "{a,b}",
    "a{b,c}d",
    "a{b,c}{d,e}",
    "{a,{b,c}}d",
    "{a,b,}x",
    "x{,y}",
    "{a}",
    "{}",
    "{a,b",
    "a,b}",
    "{a{b,c}",
    "{a,b}}",
    "{{a,b}",
    "{1..5}",
    "{5..1}",
    "{01..10}",
    "{1..10..3}",
    "{10..1..-4}",
    "{-2..2}",
    "{-02..3}",
    "{a..e}",
    "{e..a..2}",
    "{1..a}",
    "{a..1}",
    "{1..}",
    "{1..2..x}",
    "{1..3}{a,b}",
    "{1..3..0}",
    "'{a,b}'",
    '"{a,b}"',
    "\\{a,b}",
    "{a\\,b,c}",
    "{'a,b',c}",
    '{"a b",c}',
    '{"",x}',
    "{'',x}y",
    "{$A,b}",
    '{"$A",b}',
    "{$E,b}",
    "{~,b}/x",
    "a{,}b",
    "{,}",
    "{,a}",
    "src/{a,b}/{x,y}.py",
    "a{1..2}b{c,d}",
    "{a,b}{c",
    "{x,{1..3},y}",
    "{..}",
    "{a...c}",
    "{${A},y}",
]


def ours(text: str) -> list[str] | None:
    """Return what a text stands for, None where it needs a shell or cannot be read."""
    try:
        found = words(text)
    except (NeedsShell, Disagreement):
        return None
    return list(argv_of(found, VARIABLES, Path("/nosuch-folder-of-the-tests")))


def bash(text: str) -> list[str]:
    """Return what bash makes of it."""
    program = shutil.which("bash")
    requires(program, "bash is not installed", "apt-get install bash")
    given = " ".join(f"{name}={shlex.quote(item)}" for name, item in VARIABLES.items())
    line = (
        f"cd /proc/self/task || exit; {given}; set +H; set -- {text}; for x; do printf '%s\\0' \"$x\"; done"
    )
    done = subprocess.run([program, "--norc", "-c", line], capture_output=True, text=True, timeout=SECONDS)
    return done.stdout.split("\0")[:-1]


@pytest.mark.parametrize("text", TEXTS)
def test_bash_makes_the_same_of_it(text):
    """Alternatives, ranges, what stays as it is; quotes and variables in between."""
    assert ours(text) == bash(text)


PIECES = [*"{{{}}},,,ab1.-", "..", "\\,", "'a,'", '"b"', "$A", "$", "''"]


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
def test_bash_makes_the_same_of_anything(text):
    """Or we leave it to bash, and ask."""
    found = ours(text)
    assert found is None or found == bash(text)


def test_too_many_words_are_not_made():
    """A limit, before they are in memory."""
    with pytest.raises(TooMany):
        expanded([Text("{1..100000000}")])
    with pytest.raises(TooMany):
        expanded([Text("{1..200}{1..200}")])
    with pytest.raises(NeedsShell, match="very many"):
        words("{1..99}{1..99}{1..99}")


@pytest.mark.parametrize(
    "text", ["{a},}", "{,$A}x", "{$,x}A", "{{}},}", "${A}{x,y}", "{..{,}}", "$A$", "{,$}$A", "{,$}'x'"]
)
def test_what_can_be_read_in_two_ways_is_left_to_bash(text):
    """There a text runs into another, or an end is looked for by rules of its own."""
    assert ours(text) is None


def test_a_variable_stays_one():
    """It is expanded later, and its value has no braces of ours."""
    assert expanded([Text("{a,"), Variable("X"), Text("}")]) == [[Text("a")], [Variable("X")]]
