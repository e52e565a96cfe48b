"""Which lines come in at a command's input, where that can be said at all."""

from __future__ import annotations

import shlex

import pytest

from autoexec_magic.executor.policy.fed import inner, lines_of

LINES = {
    "find src -name '*.py'": ("src/{}",),
    "find a b/": ("a/{}", "b/{}"),
    "find a -printf /etc/shadow": None,
    "find a -ls": None,
    "find a -exec ls ';'": None,
    "find a -zap": None,
    "echo a b": ("a b",),
    "echo -n a": ("a",),
    "echo a -n": ("a -n",),
    "echo 'a\\x'": None,
    'echo "\'a"': None,
    "printf '%s\\n' a b": ("a", "b"),
    "printf '%s\\0' a b": ("a\0", "b\0"),
    "printf '%s%s\\n' /etc/ shadow": None,
    "seq 3": ("1", "2", "3"),
    "seq 2 3": ("2", "3"),
    "seq 1 2 5": ("1", "3", "5"),
    "seq 0": (),
    "seq 1 9999": None,
    "seq -3 3": None,
    "seq 1 0 3": None,
    "seq -f /opt/%g 1": None,
    "seq -s ' /opt/x ' 2": None,
    "ls": ("{}",),
    "ls src": ("{}",),
    "ls -1tr src": ("{}",),
    "ls /etc": None,
    "ls ../x": None,
    "ls -m": None,
    "ls -l": None,
    "ls -a": None,
    "ls --hyperlink": None,
    "ls --quoting-style=c": None,
    "git ls-files": ("{}",),
    "git ls-files -- '*.py'": ("{}",),
    "git ls-files -s": None,
    "git diff --name-only": ("{}",),
    "git diff --name-only --line-prefix=/etc/": None,
    "git diff": None,
    "git log": None,
    "git grep -l x": ("{}",),
    "git grep x": None,
    "grep -rl x src": ("{}",),
    "grep -rl 'a b' src --include=*.py": ("{}",),
    "grep -r x src": None,
    "grep -l --label=/etc/x x": None,
    "grep -lo x src": None,
    "rg --files": ("{}",),
    "rg -l x -g '*.py'": ("{}",),
    "rg x": None,
    "rg -g -l x": None,
    "fd -e py": ("{}",),
    "fd -a x": None,
    "cat list": None,
    "sed p list": None,
}
KEEP = [
    "grep -v x",
    "grep -E 'a|b'",
    "sort",
    "sort -rn",
    "head",
    "head -n 3",
    "head -3",
    "tail -n +2",
    "uniq",
    "tac",
]
CHANGE = [
    *(
        "sed s,^,/etc/,",
        "sort list",
        "sort -o x",
        "uniq -c",
        "shuf -e a",
        "shuf -i 1-2",
        "tail -c +2",
        "head -c 3",
    ),
    *(
        "grep -o /.*",
        "grep -n x",
        "grep --label=x x",
        "grep x f",
        "grep",
        "sort -k2",
        "cut -c2-",
        "tac -s x",
        "cat",
    ),
]


@pytest.mark.parametrize(("source", "lines"), LINES.items())
def test_the_lines_of_a_source(source, lines):
    """What it says itself, `{}` for what it finds, None where nobody can say."""
    assert lines_of([shlex.split(source)]) == lines


@pytest.mark.parametrize("text", KEEP)
def test_a_filter_that_chooses_or_orders_passes_names_on(text):
    """They are below the same folder, whichever they are."""
    assert lines_of([("find", "."), ("sort",), shlex.split(text)]) == ("./{}",)


@pytest.mark.parametrize("text", CHANGE)
def test_a_filter_that_changes_lines_makes_words_of_its_own(text):
    """As one that reads a file does, and one with an option that is not known."""
    assert lines_of([("find", "."), shlex.split(text)]) is None


def test_words_that_are_chosen_from_stand_at_other_places():
    """Of `cp a b` the second is written, whichever that is then."""
    assert lines_of([("echo", "a", "b"), ("sort", "-r")]) is None


def test_what_a_line_is_started_with_is_not_known():
    """Nobody has seen it."""
    assert lines_of([]) is None


@pytest.mark.parametrize(
    ("lines", "xargs", "commands"),
    [
        (("a b",), "xargs cat", ["cat a b"]),
        (("a", "b"), "xargs cat", ["cat a b"]),
        ((), "xargs cat", ["cat"]),
        (("a b",), "xargs", ["echo a b"]),
        (("a b c",), "xargs -n 2 cp", ["cp a b", "cp c"]),
        (("a", "b"), "xargs -I{} cp {} x", ["cp a x", "cp b x"]),
        (("a b",), "xargs -I% cp % x", ["cp 'a b' x"]),
        (("a b",), "xargs -d '\\n' cat", ["cat 'a b'"]),
        (("a\0", "b\0"), "xargs -0 cat", ["cat a b"]),
        (("a", "b"), "xargs -0 cat", None),
        (("a\0",), "xargs cat", None),
        (("a",), "xargs -I% % x", None),
        (("a",), "xargs -d b cat", None),
        (("a",), "xargs cp {} x", None),
        # names that are found: they are many, and have spaces, or begin with a dash
        (("./{}",), "xargs wc -l", ["wc -l ./{} ./{}"]),
        (("{}",), "xargs wc -l", ["wc -l {} {}"]),
        (("a/{}", "b/{}"), "xargs -0 cp", ["cp a/{} b/{} a/{}", "cp a/{} b/{} b/{}"]),
        (("./{}",), "xargs rm", None),
        (("./{}",), "xargs -0 rm", ["rm ./{} ./{}"]),
        (("./{}",), "xargs -I% rm %", ["rm ./{}"]),
        (("{}",), "xargs -0 rm", None),
    ],
)
def test_the_commands_that_xargs_makes_of_lines(lines, xargs, commands):
    """With the words at their end, or in their place; none where they could be taken for others."""
    made = inner(lines, shlex.split(xargs))
    assert made == (None if commands is None else [tuple(shlex.split(command)) for command in commands])
