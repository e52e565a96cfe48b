"""A line becomes exactly the words that a shell would make of it, or none."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skips import requires

from autoexec_magic.errors import PolicyRefused, UsageError
from autoexec_magic.executor.policy import split

SECONDS = 20.0
PROBING = settings(max_examples=40, deadline=None, database=None)
# What a shell acts on anywhere in a word, and what it says of it.
ANYWHERE = {
    "|": "a pipe",
    "&": "a background job or list",
    ";": "a list",
    "<": "a redirection",
    ">": "a redirection",
    "(": "a subshell",
    ")": "a subshell",
    "$": "a variable or substitution",
    "`": "a substitution",
    "*": "a glob",
    "?": "a glob",
    "[": "a glob",
    "{": "a brace expansion",
}
AT_THE_START = {"~": "a home directory", "#": "a comment", "!": "a negation"}
CONTROLS = [chr(code) for code in (*range(0x09), *range(0x0A, 0x20), 0x7F)]


def refusal(line: str) -> PolicyRefused:
    """Return how `line` is refused."""
    with pytest.raises(PolicyRefused) as caught:
        split(line)
    return caught.value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ls", ("ls",)),
        ("  ls   -l\t-a  ", ("ls", "-l", "-a")),
        ("git commit -m 'first cell'", ("git", "commit", "-m", "first cell")),
        ('git commit -m "first cell"', ("git", "commit", "-m", "first cell")),
        ("echo 'a'\"b\"c", ("echo", "abc")),
        ("echo ''", ("echo", "")),
        ('echo "" x', ("echo", "", "x")),
        ("echo a\\ b", ("echo", "a b")),
        ("echo \\\\", ("echo", "\\")),
        ("echo '\\'", ("echo", "\\")),
        ('echo "\\\\"', ("echo", "\\")),
        ('echo "a\\"b"', ("echo", 'a"b')),
        ('echo "a\\nb"', ("echo", "a\\nb")),
        ("echo \\'", ("echo", "'")),
        ('echo "it\'s"', ("echo", "it's")),
        ("echo a#b a!b a~b", ("echo", "a#b", "a!b", "a~b")),
        ("echo }", ("echo", "}")),
        ("echo ]", ("echo", "]")),
        ("echo a=b --c=d", ("echo", "a=b", "--c=d")),
        ("echo %d @x +y ^z", ("echo", "%d", "@x", "+y", "^z")),
        ("echo Grüße 🙂", ("echo", "Grüße", "🙂")),
        ("./a.out -x", ("./a.out", "-x")),
    ],
)
def test_quotes_and_backslashes_are_understood(line, words):
    """Nothing else is needed to write an argument."""
    assert split(line) == words


@pytest.mark.parametrize(("character", "meaning"), ANYWHERE.items(), ids=ANYWHERE)
@pytest.mark.parametrize("line", ["echo {}", "echo a{}", "echo {}a", "echo a{}b", "{}", "echo '' {}"])
def test_what_a_shell_acts_on_is_refused(line, character, meaning):
    """A program would get something else than the user sees; the reason names the character."""
    error = refusal(line.replace("{}", character))
    assert error.why == f"it needs a shell: `{character}` is {meaning}"
    assert "%%autoexec script --lang bash" in error.fix


@pytest.mark.parametrize("character", [*ANYWHERE, *AT_THE_START])
@pytest.mark.parametrize("line", ["echo '{}'", "echo 'a{}b'", "echo \\{}", "echo a\\{}b", "echo ''\\{}"])
def test_what_is_quoted_or_escaped_is_only_a_character(line, character):
    """A shell passes it on as it is, and so do we."""
    (_, word) = split(line.replace("{}", character))
    assert word.strip("ab") == character


@pytest.mark.parametrize("character", [*ANYWHERE, *AT_THE_START])
def test_double_quotes_keep_all_but_substitution(character):
    """Within double quotes a shell still acts on `$` and the backquote."""
    line = f'echo "a{character}b"'
    if character in "$`":
        assert ANYWHERE[character] in refusal(line).why
    else:
        assert split(line) == ("echo", f"a{character}b")


@pytest.mark.parametrize("character", "$`")
def test_a_backslash_within_double_quotes_takes_the_meaning_away(character):
    r"""In "\$5" a shell takes the backslash away; what the program gets is $5."""
    assert split(f'echo "a\\{character}b"') == ("echo", f"a{character}b")


@pytest.mark.parametrize(("character", "meaning"), AT_THE_START.items(), ids=AT_THE_START)
@pytest.mark.parametrize("line", ["{}a", "echo {}", "echo {}a", "echo  {}", "echo\t{}a", "echo a {}b"])
def test_what_a_shell_acts_on_at_a_words_start_is_refused(line, character, meaning):
    """A home, a comment, a negation: only at the beginning of a word."""
    assert refusal(line.replace("{}", character)).why == f"it needs a shell: `{character}` is {meaning}"


@pytest.mark.parametrize("line", ["make PREFIX=~/local", "dd of=~/disk", "make P=~", "make P=/a:~/b"])
def test_a_home_behind_an_equals_sign_is_refused(line):
    """Bash puts the home there, too: else a folder named `~` would be made."""
    assert "a home directory" in refusal(line).why


@pytest.mark.parametrize("line", ["A=1 env", "PYTHONPATH=. python x.py", "A=1", "A+=1 env", "_a9= env"])
def test_a_variable_before_the_command_is_refused(line):
    """A shell would set it; there is no program of that name to be looked for."""
    assert "needs a shell" in refusal(line).why


@pytest.mark.parametrize(
    "line",
    [
        "echo $(id)",
        "echo `id`",
        'echo "$(id)"',
        "echo ${HOME}",
        "echo $'a'",
        'echo $"a"',
        "cat <(id)",
        "cat <<<a",
        "cat <<E",
        "a && b",
        "a || b",
        "a; b",
        "a & b",
        "a | b",
        "a |& b",
        "echo >x",
        "echo 2>&1",
        "echo &>x",
        "(id)",
        "{ id; }",
        "ls *.py",
        "ls a?",
        "ls [ab]",
        "echo {1..3}",
        "echo +(a)",
        "for i in a; do b; done",
        "f() { id; }",
        "echo '\\' *",
        "echo '\\' $x ''",
        'echo "\\\\" *',
        "echo \\\\ *",
        "echo \\'*'\\'",
    ],
)
def test_what_a_shell_has_its_syntax_for_is_refused(line):
    """Nothing of it is run in part, and the way to run it is named."""
    assert repr(line) in refusal(line).fix


@pytest.mark.parametrize("control", CONTROLS, ids=lambda character: f"{ord(character):#04x}")
@pytest.mark.parametrize("line", ["echo a{}b", "echo 'a{}b'", 'echo "a{}b"', "echo a\\{}b"])
def test_a_control_character_is_refused_wherever_it_stands(line, control):
    """A newline is a second command, and the rest is not to be seen; the message shows it."""
    error = refusal(line.replace("{}", control))
    assert "control character" in error.why
    assert control not in error.what + error.why + error.fix


@pytest.mark.parametrize("line", ["ls\n", "\nls", " ls \t"])
def test_space_around_a_line_is_nothing(line):
    """A line that was copied has a newline at its end."""
    assert split(line) == ("ls",)


@pytest.mark.parametrize("line", ["", " ", "\n\t "])
def test_an_empty_line_is_a_usage_error(line):
    """There is nothing to be refused."""
    with pytest.raises(UsageError, match="no command"):
        split(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("echo 'a", "No closing quotation"),
        ('echo "a', "No closing quotation"),
        ("echo a'", "No closing quotation"),
        ("echo a\\", "No escaped character"),
    ],
)
def test_what_is_left_open_is_refused(line, why):
    """A shell would wait for the rest."""
    error = refusal(line)
    assert error.why == why
    assert error.fix == "close the quotation"


PIECES = [
    *("a", "b", " ", " ", "\t", "=", "~", "#", "!", ":", "%", "^", ",", ".", "-", "+", "/", "@", "]", "}"),
    *("'", '"', "\\", "''", '""', '\\"', "\\'", "\\\\", "\\$", '"\\$"', '"\\a"', "a=~", "\\ ", "é", "🙂"),
    *(f"'{character}'" for character in ANYWHERE),
    *(f"\\{character}" for character in ANYWHERE),
]
LINES = st.lists(st.sampled_from(PIECES) | st.sampled_from([*PIECES, *ANYWHERE]), max_size=8).map("".join)


def words_of_bash(lines: list[str], folder: str) -> list[list[str]]:
    """Return what bash passes to a function for each of `lines`."""
    script = 'show() { printf \'%s\\0\' "$#" "$@"; }\n' + "".join(f"show {line}\n" for line in lines)
    done = subprocess.run(
        [shutil.which("bash"), "--norc", "--noprofile"],
        input=script.encode(),
        capture_output=True,
        timeout=SECONDS,
        cwd=folder,
        env={"HOME": "/home/of/somebody", "LC_ALL": "C.UTF-8"},
        check=True,
    )
    assert not done.stderr, done.stderr
    parts = iter(done.stdout.decode().split("\0")[:-1])
    return [[next(parts) for _ in range(int(count))] for count in parts]


def test_the_words_are_those_that_bash_makes(tmp_path):
    """Of every line that is not refused, a program gets exactly what it would get from bash."""
    requires(shutil.which("bash"), "there is no bash", "apt-get install bash")
    accepted: list[int] = []

    @PROBING
    @given(st.lists(LINES, min_size=10, max_size=40))
    @example(["''#a", "a''~", "\\~ \\#a", '"\\a"', "a\\b", "%1", "-n", "a= =a", "!"])
    def check(lines: list[str]) -> None:
        words = {}
        for line in lines:
            try:
                words[line] = list(split(f"show {line}")[1:])
            except PolicyRefused:
                continue
        accepted.append(len(words))
        assert dict(zip(words, words_of_bash(list(words), str(tmp_path)), strict=True)) == words

    check()
    assert sum(accepted) > 100
