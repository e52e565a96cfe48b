"""The one tree of verbs: what a line means, and what it says when it means nothing."""

from __future__ import annotations

import argparse

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.ui import verbs
from autoexec_magic.ui.meant import fixing_of

NAMES = [name for name in verbs.VERBS if name != "help"]


def test_the_verbs_are_those_of_the_readme():
    """A verb that is not in the README's table does not exist for a stranger."""
    assert NAMES == [
        "on",
        "off",
        "sh",
        "script",
        "diagnose",
        "install",
        "resolve",
        "fix",
        "scan",
        "index",
        "test",
        "junit",
        "build",
        "deploy",
        "rollback",
        "releases",
        "status",
        "logs",
        "why",
        "runs",
        "cancel",
        "policy",
        "ledger",
        "config",
        "doctor",
        "demo",
    ]


@pytest.mark.parametrize("verb", NAMES)
def test_every_verb_takes_json_and_help(verb):
    """`--json` and `--help` are on each verb, in every place."""
    assert verbs.parse(f"{verb} --json").is_json
    assert verbs.parse([verb, "--json"]).is_json
    shown = verbs.parse(f"{verb} --help")
    assert shown.verb == "help"
    assert f"usage: autoexec {verb}" in shown.options.text


@pytest.mark.parametrize(
    ("line", "near"),
    [("shh ls", "sh"), ("scrpt", "script"), ("instal x", "install"), ("rns", "runs"), ("docter", "doctor")],
)
def test_an_unknown_verb_names_the_nearest(line, near):
    """The usage line and the nearest verb are in the error."""
    with pytest.raises(UsageError) as caught:
        verbs.parse(line)
    assert "usage: %autoexec VERB" in caught.value.why
    assert caught.value.fix == f"%autoexec {near}"


def test_a_verb_like_no_other_leads_to_the_help():
    """Where nothing is near, the help is the next thing to type."""
    with pytest.raises(UsageError, match="there is no verb 'qqqq'") as caught:
        verbs.parse("qqqq")
    assert caught.value.fix == "%autoexec --help"


@pytest.mark.parametrize("verb", ["cell", "ok", "unless", "oof-", "-", "--timeout"])
def test_a_verb_that_is_far_from_what_was_typed_is_not_suggested(verb):
    """Least of all one that ends things: `cell` is not `cancel`."""
    with pytest.raises(UsageError, match="there is no verb") as caught:
        verbs.parse(verb)
    assert caught.value.fix == "%autoexec --help"


def test_an_option_that_is_far_from_what_was_typed_is_not_suggested():
    """The dashes that all options have make none of them near."""
    with pytest.raises(UsageError, match="knows no '--each'") as caught:
        verbs.parse("install --each x")
    assert caught.value.fix == "%autoexec install --help"


@pytest.mark.parametrize(
    ("line", "near"),
    [("sh --tmeout 3 ls", "--timeout"), ("resolve --onlin yaml", "--online"), ("install --jes x", "--yes")],
)
def test_an_unknown_option_names_the_nearest(line, near):
    """The usage line and the nearest option are in the error."""
    with pytest.raises(UsageError) as caught:
        verbs.parse(line)
    assert caught.value.why.startswith("usage: autoexec")
    assert caught.value.fix.endswith(near)


def test_an_option_is_not_abbreviated():
    """`--time` is not `--timeout`: abbreviations are how option lists were bypassed."""
    with pytest.raises(UsageError):
        verbs.parse("sh --time 3 ls")


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "x", "''"])
def test_a_time_limit_is_a_number_of_seconds(value):
    """A limit that cannot be is refused, not ignored."""
    with pytest.raises(UsageError, match="number of seconds"):
        verbs.parse(f"script --timeout {value}")


@pytest.mark.parametrize(
    ("line", "rest", "timeout"),
    [
        ("sh ls -l --color", "ls -l --color", None),
        ("sh --timeout 5 ls --timeout 9", "ls --timeout 9", 5.0),
        ("sh --timeout=5   grep 'a  b' x", "grep 'a  b' x", 5.0),
        ("sh -- --odd", "--odd", None),
        ("sh", "", None),
        ('sh python -c "print(1)  # {x}"', 'python -c "print(1)  # {x}"', None),
    ],
)
def test_a_command_of_a_magic_is_kept_as_it_was_typed(line, rest, timeout):
    """Our options stand in front; quotes, blanks and the program's options are the command's."""
    call = verbs.parse(line)
    assert call.options.rest == rest
    assert call.options.timeout == timeout


def test_a_command_that_a_shell_has_split_stays_split():
    """From the command line the words are the argv."""
    call = verbs.parse(["sh", "--timeout", "5", "echo", "a  b", "--json"])
    assert call.options.rest == ["echo", "a  b", "--json"]
    assert not call.is_json


def test_options_of_pytest_pass_through():
    """What `test` does not know is pytest's, in its order."""
    call = verbs.parse("test tests/a.py -k 'x and y' --lf --timeout 9")
    assert call.options.rest == ["tests/a.py", "-k", "x and y", "--lf"]
    assert call.options.timeout == 9.0


def test_a_verb_that_takes_no_cell_says_so():
    """`%%autoexec runs` would throw the cell away without a word."""
    with pytest.raises(UsageError, match="runs takes no cell"):
        verbs.parse("runs", "print(1)")


def test_an_open_quote_is_said():
    """The user's line is in the message."""
    with pytest.raises(UsageError, match='cannot read "\'yaml"'):
        verbs.parse("resolve 'yaml")


@pytest.mark.parametrize("line", ["", "  ", "--help", "-h"])
def test_nothing_shows_the_help(line):
    """`%autoexec` alone lists the verbs."""
    assert verbs.parse(line).verb == "help"
    assert all(f"  {name} " in verbs.usage() for name in NAMES)


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("", {"timeout": None, "no_install": False, "yes": False}),
        ("--timeout 2.5 --yes", {"timeout": 2.5, "no_install": False, "yes": True}),
        ("--no-install", {"timeout": None, "no_install": True, "yes": False}),
        ("--fix", {"timeout": None, "no_install": False, "yes": False, "fix": True}),
        ("--auto --show", {"timeout": None, "no_install": False, "yes": False, "auto": True, "show": True}),
    ],
)
def test_a_cell_without_a_verb_has_options(line, want):
    """Those of `%%autoexec`: how it runs, and what to do when it fails."""
    without = {"fix": False, "auto": False, "model": False, "show": False}
    assert verbs.cell_options(line) == argparse.Namespace(**without | want)


@pytest.mark.parametrize(
    ("line", "is_auto", "asks_model", "shows"),
    [
        ("--fix", False, False, False),
        ("--auto", True, True, False),
        ("--model", False, True, False),
        ("--show", False, True, True),
    ],
)
def test_a_line_says_how_far_fixing_may_go(line, is_auto, asks_model, shows):
    """`--auto` asks the model, too; without any of them nothing is fixed."""
    assert fixing_of(verbs.cell_options("--yes")) is None
    assert fixing_of(argparse.Namespace()) is None
    for options in (verbs.cell_options(line), verbs.parse(f"script {line}", "1").options):
        fixing = fixing_of(options)
        assert (fixing.is_auto, fixing.asks_model, fixing.shows) == (is_auto, asks_model, shows)
        assert fixing.installs
    assert not fixing_of(verbs.cell_options(f"{line} --no-install")).installs


def test_a_cell_with_a_verb_is_not_a_cell_without():
    """The first word decides."""
    assert verbs.cell_options("script --timeout 3") is None


@pytest.mark.parametrize("line", ["--bogus", "--timeout", "--timeout x", "--yes stray"])
def test_wrong_options_of_a_cell_are_said(line):
    """With the usage line of the cell, not of a verb."""
    with pytest.raises(UsageError) as caught:
        verbs.cell_options(line)
    assert "%%autoexec" in caught.value.why
