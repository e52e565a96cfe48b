"""How a line is built: pipelines, lists, files; what needs a shell; what is refused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexec_magic.errors import AutoexecError, PolicyRefused, UsageError
from autoexec_magic.executor.policy import parse
from autoexec_magic.executor.policy.parse import MOST_CHARS
from autoexec_magic.executor.policy.tree import Line, Shell

PROBING = settings(max_examples=400, deadline=None, database=None)
# Each as it is printed: what is printed is what was understood.
LINES = {
    "ls": "ls",
    "ls;ls -l ; pwd": "ls; ls -l; pwd",
    "a&&b||c;d": "a && b || c; d",
    "a\nb\n\nc": "a; b; c",
    "a|b |c": "a | b | c",
    "! a | b": "! a | b",
    "a>out": "a > out",
    "a >> out 2>err <in": "a >> out 2> err < in",
    "a > out 2>&1": "a > out 2>&1",
    "a 2>&1 | b": "a 2>&1 | b",
    "a | b > out 2>&1": "a | b > out 2>&1",
    "a && b < in > out": "a && b < in > out",
    "a; b || c >> out": "a; b || c >> out",
    "a &> all": "a > all 2>&1",
    "a &>> all": "a >> all 2>&1",
    "a >| out": "a > out",
    "a >&2": "1>&2",
    "2>err a": "a 2> err",
    "X=1 Y='a b' a": "X=1 Y='a b' a",
    "X=1": "X=1",
    "X=1; a $X": "X=1; a ${X}",
    "export X=1 Y=2 && a": "export X=1 Y=2 && a",
    "a # b": "a",
    "a \\\n  -b": "a -b",
    'git log --format="%h $X"': "git log --format='%h '\"${X}\"",
}


@pytest.mark.parametrize(("line", "printed"), LINES.items(), ids=range(len(LINES)))
def test_a_line_is_taken_apart(line, printed):
    """And put together again, the same however often."""
    found = parse(line)
    assert isinstance(found, Line)
    assert str(found).endswith(printed)
    assert parse(str(found)) == found


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("echo $(date)", "a command substitution"),
        ("diff <(a) <(b)", "a process substitution"),
        ("cat <<E\nx\nE", "a here-document"),
        ("cat <<< x", "a here-string"),
        ("for i in a; do b; done", "a loop"),
        ("while a; do b; done", "a loop"),
        ("if a; then b; fi", "a condition"),
        ("case a in b) c;; esac", "a condition"),
        ("[[ -f a ]] && b", "a condition"),
        ("[[ -f a ]]", "a condition"),
        ("f() { a; }", "a function"),
        ("(a; b) | c", "a subshell"),
        ("{ a; }", "a group"),
        ("a &", "a background job"),
        ("a & b", "a background job"),
        ("a |& b", "a pipe of another kind"),
        ("eval a", "`eval`, which is the shell's own"),
        ("source a", "`source`, which is the shell's own"),
        (". a", "`.`, which is the shell's own"),
        ("exec a", "`exec`, which is the shell's own"),
        ("declare -x A=b", "a declaration"),
        ("export A", "a declaration"),
        ("A=(1 2)", "an assignment of another kind"),
        ("A+=1", "an assignment of another kind"),
        ("a 3>b", "a redirection of another kind"),
        ("a >&-", "a redirection of another kind"),
        ("a <&3", "a redirection of another kind"),
        ("A={b,c}", "a brace expansion"),
        ("# nothing", "nothing but a comment"),
    ],
)
def test_what_needs_a_shell_says_why(line, why):
    """It is asked about as a whole, and nothing of it is run by us."""
    found = parse(line)
    assert isinstance(found, Shell)
    assert (found.why, found.text) == (why, line.strip())


@pytest.mark.parametrize("line", ["echo 'a", 'echo "a', "a |", "| a", "a &&", "a; )", "if a", "a > ", "${"])
def test_what_is_no_line_is_refused(line):
    """Not guessed, not passed on."""
    with pytest.raises(PolicyRefused):
        parse(line)


@pytest.mark.parametrize("code", [*range(0x09), 0x0B, 0x0C, 0x0D, *range(0x0E, 0x20), 0x7F, 0x85, 0x9B])
@pytest.mark.parametrize("line", ["ls {}x", "ls '{}'", "l{}s"])
def test_a_control_character_is_refused(line, code):
    """A carriage return hides what comes before it; a NUL ends a word for some and not for others."""
    with pytest.raises(PolicyRefused, match="refused") as error:
        parse(line.replace("{}", chr(code)))
    assert "control character" in error.value.why
    assert chr(code) not in str(error.value)


@pytest.mark.parametrize("code", [0x200B, 0x200D, 0x202E, 0x2066, 0x2069, 0xFEFF, 0x00AD, 0xE0041, 0x2028])
def test_a_character_that_is_not_seen_is_refused(code):
    """What a person reads is what runs."""
    with pytest.raises(PolicyRefused) as error:
        parse(f"ls 'a{chr(code)}b'")
    assert "not seen" in error.value.why
    assert chr(code) not in str(error.value)


@pytest.mark.parametrize("line", ["", " ", "\t", "\n"])
def test_nothing_is_no_command(line):
    """With how it is written."""
    with pytest.raises(UsageError):
        parse(line)


@pytest.mark.parametrize(
    "line",
    [
        *("echo " + "x" * MOST_CHARS, "a;" * 20_000 + "a", "$(" * 5000, "(" * 30_000, "a && " * 5000 + "a"),
        *("'" * 60_001, "echo " + "x " * 30_000, "a|" * 10_000 + "a", "\\" * 60_000, "x" * 1_000_000),
        ("a" * 99 + ";") * 10_000,
    ],
    ids=range(11),
)
def test_what_is_too_much_is_refused_soon(line):
    """Or judged: in seconds on the slowest machine, where anything that is not linear takes minutes."""
    started = time.process_time()
    with contextlib.suppress(AutoexecError):
        parse(line)
    assert time.process_time() - started < 10


@PROBING
@given(st.text(st.sampled_from("ab1 \n\t'\"\\$*?[]{}(),~=#!;|&<>-/.`EOF"), max_size=30))
def test_whatever_is_typed_has_an_answer(line):
    """A line, a shell's, or an error of ours; and what is printed of a line is that line."""
    try:
        found = parse(line)
    except AutoexecError:
        return
    if isinstance(found, Line):
        assert parse(str(found)) == found


DEADLY = """
import random, sys
from autoexec_magic.errors import AutoexecError
from autoexec_magic.executor.policy import parse
signs = [chr(code) for code in range(32, 127)] + ["{", "{"] * 10
far = random.Random(int(sys.argv[1]))
ranges = [(0xA0, 0xD7FF), (0xE000, 0x10FFFF)]
for _ in range(20_000):
    line = "".join(
        far.choice(signs) if far.random() < 0.6 else chr(far.randrange(*far.choice(ranges)))
        for _ in range(far.randrange(1, 12))
    )
    try:
        parse(line)
    except AutoexecError:
        pass
print("lives")
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_character_kills_the_process(seed):
    """A scanner in C looks characters up in a table that ends before most of them."""
    done = subprocess.run([sys.executable, "-c", DEADLY, str(seed)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "lives\n"), done.stderr


@pytest.mark.parametrize(
    "line", ["echo grüße", "ls 中文/*.csv", "cat é.txt | wc -l", "A=ü; echo $A é", "echo {ä,ö}"]
)
def test_letters_of_any_script_are_words(line):
    """They are read as they stand, in names, values and files."""
    found = parse(line)
    assert isinstance(found, Line)
    assert parse(str(found)) == found
    said = " ".join(str(word) for command in found.commands for word in command.words)
    assert {one for one in line if one > "~"} <= set(said + str(found))
