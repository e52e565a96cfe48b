"""The rule files' form: what is not understood is an error, not a rule that is skipped."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.executor.policy import rulefile


def write(tmp_path, text: str, name: str = "a.toml"):
    """Write a rule file and return its path."""
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]\nzap = 1", "unknown key zap"),
        ("[a.sub.b]\nzap = 1", "a.sub.b"),
        ("[a]\noptions = 1", "no str"),
        ("[a]\nordered = 'yes'", "no bool"),
        ("[a]\nanswer = 'maybe'", "unknown answer"),
        ("[a]\nstyle = 'odd'", "unknown answer or style"),
        ("[a]\noptions = '-o=zap'", "-o=zap"),
        ("[a]\noptions = '-o=a=b'", "-o=a=b"),
        ("[a]\noptions = '@zap'", "no set @zap"),
        ("[a]\noperands = 'zap'", "zap"),
        ("[a]\noperands = 'read+'", "read+"),
        ("[a]\nwith = { '-x' = 'zap' }", "zap"),
        ("[a.asks]\n'why' = '-x=zap'", "-x=zap"),
        ("a = 1", "no table"),
        ("[a", "no TOML"),
    ],
)
def test_what_is_not_understood_is_an_error(tmp_path, text, says):
    """The message names the file and the place."""
    with pytest.raises(UsageError, match=r"a\.toml") as caught:
        rulefile.load(write(tmp_path, text))
    assert says in str(caught.value)


def test_two_tables_for_one_program_are_an_error(tmp_path):
    """Otherwise the order of the files would decide."""
    files = [write(tmp_path, "[a]\n"), write(tmp_path, '["b a"]\n', "b.toml")]
    with pytest.raises(UsageError, match=r"b\.toml and a\.toml both have rules for a"):
        rulefile.index(files)


def test_a_subcommand_knows_its_parents_options(tmp_path):
    """Its own meaning of an option comes first."""
    text = "[a]\noptions = '-x -y='\n[a.sub.'b c']\noptions = '-x=write'\n[a.sub.'b c'.sub.d]\n"
    rule = rulefile.load(write(tmp_path, text))["a"]
    assert rule.options["-x"].takes == ""
    for name in "bc":
        sub = rule.subs[name]
        assert (sub.name, sub.options["-x"].kind, sub.options["-y"].takes) == (f"a {name}", "write", "=")
        assert sub.subs["d"].options["-x"].kind == "write"


def test_subcommands_may_stand_apart(tmp_path):
    """What git takes before the subcommand means something else, or nothing, after it."""
    text = "[a]\napart = true\noptions = '-x'\n[a.sub.b]\noptions = '-y'\n[a.sub.b.sub.c]\n"
    sub = rulefile.load(write(tmp_path, text))["a"].subs["b"]
    assert "-x" not in sub.options
    assert "-y" in sub.subs["c"].options


def test_a_set_stands_for_its_options(tmp_path):
    """What several tables share is written once."""
    text = "[sets]\nnet = '-4 --proxy='\n[a]\noptions = '@net -x'\n[a.asks]\n'why' = '@net'\n"
    options = rulefile.load(write(tmp_path, text))["a"].options
    assert {"-4", "--proxy", "-x"} <= set(options)
    assert options["-4"].answer == "ask"


def test_an_option_remembers_its_line(tmp_path):
    """The verdict leads to the reason's own line."""
    text = "# first\n[a]\noptions = '-x'\n[a.refuses]\n\"it is bad\" = '-y='\n"
    rule = rulefile.load(write(tmp_path, text))["a"]
    assert rule.line == 2
    assert (rule.options["-y"].line, rule.options["-y"].answer, rule.options["-y"].why) == (
        5,
        "refuse",
        "it is bad",
    )


def test_examples_are_those_of_all_tables(tmp_path):
    """Those of subcommands too, each with its line."""
    text = "[a]\nallow = ['a x']\n[a.sub.b]\nask = ['a b']\n[a.sub.b.sub.c]\nrefuse = ['a b c']\n"
    found = rulefile.examples(write(tmp_path, text))
    assert [(one.line, one.program, one.text, one.want) for one in found] == [
        (2, "a", "a x", "allow"),
        (4, "a", "a b", "ask"),
        (6, "a", "a b c", "refuse"),
    ]
