"""Reading words as programs do: one small rule for each way."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.policy import rulefile
from autoexec_magic.executor.policy.found import Found
from autoexec_magic.executor.policy.options import scan

RULES = """
[gnu]
options = "-a -b -o=write --output=write --color? --quiet --quick -#"
operands = "read*"
[gnu.refuses]
"bad" = "--evil= -E"

[exact]
style = "exact"
options = "-a -o=write --output=write --wait"
operands = "read*"

[single]
style = "single"
options = "-out=write -I~read -W~ -c~= -d==read -v"
operands = "read*"

[ordered]
ordered = true
options = "-a"
operands = "text command"

[none]
style = "none"
operands = "rest"

[bundled]
bundled = true
options = "-x -f=read -C=write"
operands = "text*"

[ends]
options = "-c=code!"
operands = "read"
needs = "it needs one"
enough = "-c"

[middle]
operands = "text read* write"

[runs]
style = "single"
options = "-exec;"
operands = "read*"
default = "."

[deep]
options = "-v -C=read"
[deep.sub.one]
options = "-x"
[deep.sub.one.sub.two]
operands = "read"

[either]
options = "-i -e="
operands = "text read*"
[either.with]
"-i + -e" = "change*"
"-i" = "text change*"
"-e" = "read*"
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """Return the rules above."""
    file = tmp_path_factory.mktemp("rules") / "small.toml"
    file.write_text(RULES, encoding="utf-8")
    return rulefile.load(file)


@pytest.mark.parametrize(
    ("line", "answer", "reads", "writes"),
    [
        ("gnu -ab x", "allow", ["x"], []),
        ("gnu -aox y", "allow", ["y"], ["x"]),
        ("gnu -o x y", "allow", ["y"], ["x"]),
        ("gnu --output=x", "allow", [], ["x"]),
        ("gnu --out x", "allow", [], ["x"]),
        ("gnu --out=x", "allow", [], ["x"]),
        ("gnu --qui", "ask", [], []),
        ("gnu --quiet=x", "ask", [], []),
        ("gnu --color always", "allow", ["always"], []),
        ("gnu --color=always", "allow", [], []),
        ("gnu -20", "allow", [], []),
        ("gnu -2x", "ask", [], []),
        ("gnu x -o", "ask", ["x"], []),
        ("gnu -z x", "ask", ["x"], []),
        ("gnu --evil=x", "refuse", [], []),
        ("gnu --ev x", "refuse", [], []),
        ("gnu -aEb", "refuse", [], []),
        ("gnu -- --evil", "refuse", ["--evil"], []),
        ("gnu -- --ev", "refuse", ["--ev"], []),
        ("gnu -o --evil", "refuse", [], ["--evil"]),
        ("gnu -- -a", "allow", ["-a"], []),
        ("gnu -", "allow", [], []),
        ("exact --out x", "ask", ["x"], []),
        ("exact --wait=true x", "allow", ["x"], []),
        ("exact -o=x", "allow", [], ["x"]),
        ("single -out x", "allow", [], ["x"]),
        ("single --out=x", "allow", [], ["x"]),
        ("single -Ix -I y", "allow", ["x", "y"], []),
        ("single -c:v x -c y z", "allow", ["z"], []),
        ("single -d x y z", "allow", ["y", "z"], []),
        ("single -d x", "ask", [], []),
        ("gnu -o -- x", "ask", ["x"], ["--"]),
        ("single -Wall", "allow", [], []),
        ("single -ou x", "ask", ["x"], []),
        ("ordered -a 5 x -z", "allow", [], []),
        ("ordered -z 5 x", "ask", [], []),
        ("none --any -x", "allow", [], []),
        ("bundled xfC a b c", "allow", ["a"], ["b"]),
        ("bundled xz a", "ask", [], []),
        ("bundled -xfa", "allow", ["a"], []),
        ("ends", "ask", [], []),
        ("ends -c x -z --zap", "allow", [], []),
        ("ends a b", "ask", ["a"], []),
        ("middle a b c d", "allow", ["b", "c"], ["d"]),
        ("middle a d", "allow", [], ["d"]),
        ("middle a", "allow", [], []),
        ("deep -v one -x two a", "allow", ["a"], []),
        ("deep -v", "ask", [], []),
        ("deep zap", "ask", [], []),
        ("deep -- one two a", "allow", ["a"], []),
        ("deep one two -x -v a", "allow", ["a"], []),
        ("either x y", "allow", ["y"], []),
        ("either -e x y", "allow", ["y"], []),
        ("either -i x y", "allow", ["y"], ["y"]),
        ("either -i -e x y", "allow", ["y"], ["y"]),
    ],
)
def test_words_are_read_as_the_program_reads_them(rules, line, answer, reads, writes):
    """Options, values, operands, and what is none of them."""
    name, *words = line.split()
    found = Found()
    scan(rules[name], words, found)
    assert (found.answer, found.reads, found.writes) == (answer, reads, writes), found.why


@pytest.mark.parametrize(
    ("line", "answer", "commands"),
    [
        ("ordered 5 x -z", "allow", [("x", "-z")]),
        ("runs -exec a {} ;", "allow", [("a", "./{}")]),
        ("runs x -exec a {} + -exec b ;", "allow", [("a", "x/{}"), ("b",)]),
        ("runs x -exec a + b ;", "allow", [("a", "+", "b")]),
        ("runs x -exec a", "ask", [("a",)]),
    ],
)
def test_commands_are_cut_out(rules, line, answer, commands):
    """Up to their end, with the places that the program will find."""
    name, *words = line.split()
    found = Found()
    scan(rules[name], words, found)
    assert (found.answer, found.commands) == (answer, commands)
