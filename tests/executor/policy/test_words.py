"""A word stands for exactly what a shell would make of it, or for nothing."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skips import requires

from autoexec_magic.errors import AutoexecError, PolicyRefused
from autoexec_magic.executor.policy import argv_of, one, parse, value
from autoexec_magic.executor.policy.tree import Line, Shell, Text, Variable, Word
from autoexec_magic.executor.policy.words import Disagreement, NeedsShell, word

SECONDS = 20.0
PROBING = settings(max_examples=300, deadline=None, database=None)
VARIABLES = {"HOME": "/home/ada", "A": "one two", "EMPTY": "", "STAR": "*.txt", "B": " x ", "N": "5"}


def words(line: str, cwd: Path) -> tuple[str, ...]:
    """Return what the words of a line of one command stand for."""
    found = parse(line)
    assert isinstance(found, Line), found
    (command,) = found.commands
    return argv_of(command.words, VARIABLES, cwd)


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("ls", ["ls"]),
        ("  ls   -l\t-a  ", ["ls", "-l", "-a"]),
        ("git commit -m 'first cell'", ["git", "commit", "-m", "first cell"]),
        ("echo 'a'\"b\"c", ["echo", "abc"]),
        ("echo ''", ["echo", ""]),
        ('echo "" x', ["echo", "", "x"]),
        ("echo a\\ b", ["echo", "a b"]),
        ('echo "\\\\" "a\\"b" "a\\nb"', ["echo", "\\", 'a"b', "a\\nb"]),
        ("echo a#b a!b a~b {} a=b", ["echo", "a#b", "a!b", "a~b", "{}", "a=b"]),
        ("echo Grüße 🙂", ["echo", "Grüße", "🙂"]),
        ("echo $A", ["echo", "one", "two"]),
        ('echo "$A"', ["echo", "one two"]),
        ("echo x$A.y", ["echo", "xone", "two.y"]),
        ("echo $A-$N", ["echo", "one", "two-5"]),
        ("echo x$B.y", ["echo", "x", "x", ".y"]),
        ("echo $EMPTY x", ["echo", "x"]),
        ('echo "$EMPTY" x', ["echo", "", "x"]),
        ("echo $EMPTY'' x", ["echo", "", "x"]),
        ("echo $UNKNOWN/x", ["echo", "/x"]),
        ("echo ${N}px $N-px", ["echo", "5px", "5-px"]),
        ("echo '$A' \\$A \"\\$A\"", ["echo", "$A", "$A", "$A"]),
        ("echo $ a$ \"5$\"", ["echo", "$", "a$", "5$"]),
        ("echo ~ ~/x '~' \\~ a~", ["echo", "/home/ada", "/home/ada/x", "~", "~", "a~"]),
        ("echo a\\\nb", ["echo", "ab"]),
    ],
)  # fmt: skip
def test_a_word_is_what_a_shell_makes_of_it(tmp_path, line, want):
    """Quotes, backslashes, variables, the home folder."""
    assert list(words(line, tmp_path)) == want


@pytest.fixture
def files(tmp_path):
    """Return a folder with files that patterns find."""
    for name in ("a.txt", "b.txt", ".hidden.txt", "-rf", "a b", "x[1].py", "sub/c.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("ls *.txt", ["a.txt", "b.txt"]),
        ("ls '*.txt' \\*.txt \"*.txt\"", ["*.txt", "*.txt", "*.txt"]),
        ("ls ?.txt [ab].txt [!a].txt", ["a.txt", "b.txt", "a.txt", "b.txt", "b.txt"]),
        ("ls *.none", ["*.none"]),
        ("ls .*.txt", [".hidden.txt"]),
        ("ls sub/*", ["sub/c.txt"]),
        ("ls $STAR", ["a.txt", "b.txt"]),
        ('ls "$STAR"', ["*.txt"]),
        ("ls a*'b'", ["a b"]),
        ("ls x'['*", ["x[1].py"]),
        ("rm *f", ["./-rf"]),
    ],
)
def test_a_pattern_is_the_files_that_it_finds(files, line, want):
    """Sorted; itself where there is none; and the name of a file is never an option."""
    assert list(words(line, files)[1:]) == want


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$(date)", "a command substitution"), ("`date`", "a command substitution"),
        ('"$(date)"', "a command substitution"), ('"`date`"', "a command substitution"),
        ("$((1+1))", "a command substitution"), ("${x:-y}", "an expansion that computes"),
        ("${!x}", "an expansion that computes"), ("${x@P}", "an expansion that computes"),
        ("$1", "a value that only a shell has"), ("$?", "a value that only a shell has"),
        ("$@", "a value that only a shell has"), ("$$", "a value that only a shell has"),
        ("$'\\x41'", "a string with escapes"), ('$"a"', "a string with escapes"),
        ("{a,b}", "a brace expansion"), ("x{1..3}y", "a brace expansion"),
        ("~root/x", "somebody's home folder"), ("P=~/x", "a home folder in the middle of a word"),
    ],
)  # fmt: skip
def test_what_only_a_shell_expands_is_named(text, why):
    """It is neither passed on as it stands nor guessed."""
    with pytest.raises(NeedsShell) as error:
        word(text)
    assert str(error.value) == why


@pytest.mark.parametrize("text", ["a b", "a;b", "a|b", "'a", '"a', "a'", "a\\", "a>b", "a(b", "${a"])
def test_what_does_not_end_where_it_was_said_to_is_no_word(text):
    """Two readers disagree: a third, the shell, may read something else again."""
    with pytest.raises(Disagreement):
        word(text)


def test_one_word_where_one_can_be(tmp_path):
    """A file to write to is one file, or nothing is written."""
    assert one(word("$N"), VARIABLES, tmp_path) == "5"
    for several in ("$A", "$EMPTY"):
        with pytest.raises(PolicyRefused):
            one(word(several), VARIABLES, tmp_path)
    assert value(word("$A"), VARIABLES) == "one two"


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    """A limit that is reached refuses."""
    monkeypatch.setattr("autoexec_magic.executor.policy.expand.MOST_WORDS", 3)
    for name in "abcd":
        (tmp_path / name).touch()
    with pytest.raises(PolicyRefused):
        words("ls *", tmp_path)


TEXT = st.text(st.sampled_from("ab \t'\"\\$*?[]{},~=#!;|&<>()-/.N"), max_size=14)


@PROBING
@given(TEXT)
@example("a'*'b*")
@example('"a\'$N"\\ b')
@example('""$EMPTY')
def test_bash_makes_the_same_words_of_it(text):
    """Of whatever we take for one command without a shell; nothing else comes out than an error of ours."""
    bash = shutil.which("bash")
    requires(bash, "bash is not installed", "apt-get install bash")
    line = f"printf '%s\\0' {text}"
    try:
        found = parse(line)
    except AutoexecError:
        return
    if isinstance(found, Shell) or len(found.commands) != 1 or found.commands[0].redirects:
        return
    empty = Path("/nosuch-folder-of-the-tests")
    ours = argv_of(found.commands[0].words, VARIABLES, empty)[2:]
    given = " ".join(f"{name}={shlex.quote(item)}" for name, item in VARIABLES.items())
    # In a folder where no pattern finds anything.
    done = subprocess.run([bash, "--norc", "-c", f"cd /proc/self/task || exit; {given}; set +H; {line}"],
                          capture_output=True, text=True, timeout=SECONDS)  # fmt: skip
    if "*" in text or "?" in text or "[" in text:
        return  # there are files wherever one is: patterns are looked at above
    assert done.stdout.split("\0")[:-1] == (list(ours) or [""]), (line, done.stderr)


@PROBING
@given(TEXT)
def test_a_word_is_printed_as_it_is_read(text):
    """parse → print → parse is the same."""
    try:
        found = word(text)
    except (NeedsShell, Disagreement):
        return
    assert word(str(found)) == found


def test_neighbours_of_a_kind_are_one_part():
    """So that the same word is always the same value."""
    assert word("a'b'\"c\"d") == Word((Text("a"), Text("bc", is_quoted=True), Text("d")))
    assert word('"$A"') == Word((Variable("A", is_quoted=True),))
