"""What a line, a body, or the words behind `%pip` mean as a command."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.orchestrator import Command
from autoexec_magic.ui import bodies

SECRET = "a-value-nobody-may-see"


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize(
    "body", ["echo a\n", "echo a\ncd /\npwd\n", "false; true\n", "ls | wc -l > n\n# why\nls\n"]
)
def test_plain_commands_run_without_a_shell(shell, body, tmp_path):
    """Their steps stand below one another; the policy sees each."""
    assert bodies.of_body((shell,), body, tmp_path) == Command(line=body)


def test_bash_runs_what_needs_a_shell_as_it_does_for_a_line(tmp_path):
    """One question, then the whole of it."""
    body = "for i in 1 2; do\n  echo $i\ndone\n"
    assert bodies.of_body(("bash",), body, tmp_path) == Command(line=body)


@pytest.mark.parametrize(
    ("words", "body", "judged_as"),
    [
        pytest.param(
            ("sh",), "if true; then echo a; fi", ("sh", "-c"), id="what needs a shell needs that one"
        ),
        pytest.param(("sh",), "echo 'a\\nb'", ("sh", "-c"), id="the echo of sh knows escapes"),
        pytest.param(
            ("bash",), "echo\nno-such-program-yet", ("bash", "-c"), id="a program that is still to come"
        ),
        pytest.param(("bash", "-e"), "echo a", ("bash", "-e", "-c"), id="options of bash"),
        pytest.param(("python",), "print(1)", ("python", "-c"), id="python"),
        pytest.param(("python3.11", "-I"), "print(1)", ("python3.11", "-I", "-c"), id="with a version"),
        pytest.param(("/usr/bin/perl",), "print 1", ("/usr/bin/perl", "-e"), id="by its path"),
    ],
)
def test_a_program_reads_the_body_and_the_policy_sees_it_as_an_argument(words, body, judged_as, tmp_path):
    """It is code: what is judged is the command that would say the same."""
    found = bodies.of_body(words, body, tmp_path)
    assert (found.argv, found.stdin, found.line) == (words, body + "\n", "")
    assert found.judged_as == (*judged_as, body)


@pytest.mark.parametrize("words", [("cat",), ("wc", "-l"), ("python", "tool.py")])
def test_a_body_that_is_no_code_is_judged_by_its_program(words, tmp_path):
    """`python tool.py` runs the file; the body is what that reads."""
    assert bodies.of_body(words, "a\n", tmp_path) == Command(argv=words, stdin="a\n")


@pytest.mark.parametrize(
    "words",
    [
        *[(program, "--") for program in ("bash", "sh", "python", "perl", "node", "ruby", "php", "julia")],
        *[("bash", "-"), ("bash", "-s"), ("bash", "-es"), ("bash", "--norc", "--"), ("sh", "-e", "-")],
        *[("python", "-P", "--"), ("python3.11", "-"), ("python", "-W", "ignore"), ("python", "-c")],
        *[("bash", "-o", "errexit"), ("bash", "--rcfile"), ("bash", "--init-file=x"), ("perl", "-n")],
        *[("node", "--require=./x.js"), ("bash", "-c"), ("bash", "-i"), ("zsh", "-b")],
    ],
)
def test_a_body_beside_an_unknown_word_is_not_judged_as_an_argument(words, tmp_path):
    """Behind `--`, `-c` is a file's name, while the program reads the body: input nobody has seen."""
    found = bodies.of_body(words, "curl -d @x http://example.com\n", tmp_path)
    assert (found.argv, found.judged_as, found.line) == (words, (), "")


def test_what_is_refused_is_refused_when_it_runs(tmp_path):
    """On the record: here nothing is raised."""
    assert bodies.of_body(("bash",), "echo 'open", tmp_path) == Command(line="echo 'open")


@pytest.mark.parametrize(
    ("text", "want"), [("", True), (" \n# a\n", True), ("# a\nls", False), ("ls # a", False)]
)
def test_a_body_of_comments_is_empty(text, want):
    """A shell passes over it."""
    assert bodies.is_empty(text) is want


def test_a_tool_may_be_piped_on():
    """`%pip list | grep x` is in many notebooks."""
    assert bodies.of_tool("pip", "python -m pip", "list | grep x 2>/dev/null").line.startswith(
        "python -m pip list"
    )


@pytest.mark.parametrize("rest", ["--version; echo PWNED", "install a && echo PWNED", "list || echo PWNED"])
def test_a_tool_runs_alone(rest):
    """What stands behind it is not more commands."""
    with pytest.raises(UsageError, match="%pip runs pip alone") as caught:
        bodies.of_tool("pip", "python -m pip", rest)
    assert caught.value.fix == "!echo PWNED"


@pytest.mark.parametrize("rest", ["install a>=1", "install 'b<3' a>=1.0"])
def test_a_version_is_not_taken_for_a_file(rest):
    """A shell would install any version and write a file called `=1`."""
    with pytest.raises(UsageError, match="needs quotes"):
        bodies.of_tool("pip", "python -m pip", rest)
    assert bodies.of_tool("pip", "python -m pip", "install 'a>=1' > log").line


BEFORE = {"DATA": "/data", "OTHER": "1", "PATH": "/bin", "SOME_TOKEN": SECRET}


@pytest.mark.parametrize(
    ("command", "changes", "want"),
    [
        pytest.param(Command(line="ls"), {}, {}, id="nothing of the kernel's"),
        pytest.param(
            Command(line="ls $DATA ${OTHER}x"), {}, {"DATA": "/data", "OTHER": "1"}, id="what it names"
        ),
        pytest.param(
            Command(line="ls"), {"NEW": "2", "OTHER": "3"}, {"NEW": "2", "OTHER": "3"}, id="what a cell set"
        ),
        pytest.param(Command(line="ls"), {"NEW_TOKEN": SECRET}, {}, id="but no secret"),
        pytest.param(Command(line="ls"), {"NEW": "ghp_" + "a1B2" * 9}, {}, id="nor what looks like one"),
        pytest.param(
            Command(line="ls"), {"LD_PRELOAD": "x.so", "PYTHONPATH": "."}, {}, id="nor what loads code"
        ),
        pytest.param(Command(line="ls $PATH $NOT_THERE"), {}, {}, id="what every run has, or nobody"),
        pytest.param(
            Command(line="SOME_TOKEN=x; ls $SOME_TOKEN"), {}, {}, id="a secret's name, of the line's own"
        ),
        pytest.param(Command(argv=("perl",), stdin="print $DATA"), {}, {}, id="a name of another language"),
        pytest.param(Command(argv=("sh",), stdin="ls $DATA"), {}, {"DATA": "/data"}, id="a body of a shell"),
    ],
)
def test_which_variables_a_command_gets(command, changes, want):
    """Those that are meant for it."""
    assert dict(bodies.with_variables(command, BEFORE, BEFORE | changes).variables) == want


def test_a_secret_that_is_named_is_an_error():
    """An empty word in its place would be another command."""
    with pytest.raises(UsageError, match=r"\$SOME_TOKEN is not passed on") as caught:
        bodies.with_variables(Command(line="tool --token $SOME_TOKEN"), BEFORE, BEFORE)
    assert caught.value.fix == "%autoexec on --env SOME_TOKEN"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "title"),
    [
        (Command(line="ls -l"), "ls -l"),
        (Command(line="\n# first\nls\n"), "# first"),
        (Command(argv=("python", "-I"), stdin="\nprint(1)\n"), "python -I: print(1)"),
    ],
)
def test_a_run_is_called_by_its_first_line(command, title):
    """With the program in front, where that is another than the shell."""
    assert bodies.title_of(command) == title
