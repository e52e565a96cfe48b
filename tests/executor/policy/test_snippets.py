"""One-line programs for awk, sed, jq and databases."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor.policy import snippets
from autoexec_magic.executor.policy.found import Found

ORDINARY_AWK = [
    "{print $1}",
    "NR % 2 == 0",
    "$3 > 5 && $4 < 6",
    'BEGIN {FS=","; OFS="\\t"} {print $1, $2}',
    "{a[$1]++} END {for (k in a) print k, a[k] / NR}",
    "/a|b/ {print} # a | comment",
    "$0 ~ /[/|]/ {n++}",
    '{gsub(/"/, "\'"); print}',
    "{print (a > b) ? 1 : 2}",
    '{printf "%s | %s\\n", $1, $2}',
    "{x = a || b; print x}",
    '{print > "/dev/stderr"}',
    "length($0) > 80",
    "{if ($1 > 2) print; else x = 3 > 4}",
]
BAD_AWK = [
    'BEGIN{system("id")}',
    "BEGIN{system ( x )}",
    'BEGIN{"id" | getline}',
    'BEGIN{print "x" | "sh; id"}',
    'BEGIN{print "x" | "s" "h"}',
    'BEGIN{print "x" | c}',
    'BEGIN{print "x" |& "sh"}',
    'BEGIN{print > ("a" "b")}',
    'BEGIN{print "x" > f}',
    'BEGIN{printf("x") > f}',
    "{print $1 >> $2}",
    '@load "x"',
    'BEGIN{f="system"; @f("id")}',
    'BEGIN{x = 1 /system("id")/ 1}',
    'BEGIN{a[1] /system("id")/ 1}',
    'BEGIN{(1) /system("id")/ 1}',
    'BEGIN{x++ /system("id")/ 1}',
    "BEGIN{/[/}",
    'BEGIN{"',
]
ORDINARY_SED = [
    "s/a/b/",
    "s|/a|/b|gI",
    "s/a/b/2p",
    "5q",
    "2,4d",
    "/a/,/b/p",
    "/a/I d",
    "\\,a,d",
    "$!N;s/\\n/ /",
    ":a;N;$!ba;s/\\n/ /g",
    "y/abc/xyz/",
    "1i\\  head",
    "/a/a e id",
    "/a/{s/b/c/;d}",
    "1~2d",
    "s/w/e/",
    "#e id",
    "s/e\\/e/w/",
    "",
]
BAD_SED = [
    "e",
    "1e id",
    "/x/e",
    "s/a/b/e",
    "s/a/id/gpe",
    "s,a,b,Ie",
    "p;e id",
    "{e id\n}",
    "a x\ne id",
    "a x\\\\\ne id",
    "#x\ne id",
    ":a\ne id",
    "y/a/b/;e id",
    "s/a\\/b/c/e",
    "\\,x,e",
    "s/a/b",
    "s",
    "w",
    "k",
    "/x",
]


@pytest.mark.parametrize("program", ORDINARY_AWK)
def test_an_ordinary_awk_program_passes(program):
    """Comparisons, regular expressions and strings hold the marks that redirections are made of."""
    found = Found()
    snippets.awk(program, found)
    assert (found.answer, found.writes, found.why) == ("allow", [], "")


@pytest.mark.parametrize("program", BAD_AWK)
def test_an_awk_program_that_leaves_its_input_is_a_question(program):
    """Commands, pipes, made-up file names, and what tries to look like a regular expression."""
    found = Found()
    snippets.awk(program, found)
    assert found.answer == "ask"


def test_a_file_that_awk_names_is_reported():
    """The next layer decides whether it may be written."""
    found = Found()
    snippets.awk('{print $1 > "a/b"; print > "c"}', found)
    assert (found.answer, found.writes) == ("allow", ["a/b", "c"])


def test_a_command_that_awk_names_is_handed_back():
    """It is judged as if it stood behind a pipe of the line's own."""
    found = Found()
    snippets.awk('{print $1 | "sort -n"} END {print 1 | "sh"}', found)
    assert (found.answer, found.commands) == ("allow", [("sort", "-n"), ("sh",)])


@pytest.mark.parametrize("script", ORDINARY_SED)
def test_an_ordinary_sed_script_passes(script):
    """The letters e and w stand in texts, patterns and labels, too."""
    found = Found()
    snippets.sed(script, found)
    assert (found.answer, found.reads, found.writes) == ("allow", [], [])


@pytest.mark.parametrize("script", BAD_SED)
def test_a_sed_script_that_runs_commands_or_cannot_be_read_is_a_question(script):
    """Wherever the command stands."""
    found = Found()
    snippets.sed(script, found)
    assert found.answer == "ask"


@pytest.mark.parametrize(
    ("script", "reads", "writes"),
    [
        ("w out", [], ["out"]),
        ("/x/W out", [], ["out"]),
        ("s/a/b/gw out;e", [], ["out;e"]),
        ("r /etc/passwd", ["/etc/passwd"], []),
        ("1R a\nw b", ["a"], ["b"]),
        ("w /dev/stdout", [], []),
    ],
)
def test_files_that_sed_names_are_reported(script, reads, writes):
    """A name goes to the end of the line, whatever is in it."""
    found = Found()
    snippets.sed(script, found)
    assert (found.reads, found.writes) == (reads, writes)


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("vacuum", "allow"),
        ("select data from fsdir('.env')", "ask"),
        ("select * from zipfile('/x')", "ask"),
        ("vacuum main into '/opt/x'", "ask"),
        ("vacuum/**/into '/opt/x'", "ask"),
        ("export/**/database '/opt/x'", "ask"),
        ("create virtual table t using csv(filename='/x')", "ask"),
        ("pragma temp_store_directory='/opt'", "ask"),
        ("select * from t where a like '%x%'", "allow"),
        (".tables", "allow"),
        (".mode csv", "allow"),
        ("\\dt+", "allow"),
        ("\\l", "allow"),
        (".shell id", "ask"),
        (".mode csv\n .sh id", "ask"),
        ("select load_extension('x')", "ask"),
        ("ATTACH 'x' AS y", "ask"),
        ("copy t from program 'id'", "ask"),
        ("select 1 INTO OUTFILE 'x'", "ask"),
        ("\\! id", "ask"),
        ("\\copy t to x", "ask"),
        ("select 1 \\gexec", "ask"),
        ("system id", "ask"),
    ],
)
def test_a_statement_gets_its_answer(statement, answer):
    """Tables are ordinary; files and programs are not."""
    found = Found()
    snippets.sql(statement, found)
    assert found.answer == answer, found.why


def test_jq_loads_modules_by_asking():
    """All else works on the input."""
    for program, answer in [(".a[] | .b", "allow"), ('import "/x" as $x; $x', "ask")]:
        found = Found()
        snippets.jq(program, found)
        assert found.answer == answer


@given(
    st.sampled_from([snippets.awk, snippets.sed, snippets.sql, snippets.jq]),
    st.text(alphabet="sewaR/\\{}[]|\"'>;\n #", max_size=40),
)
def test_no_text_raises(snippet, text):
    """Broken programs are read to their end, or doubted."""
    snippet(text, Found())


@pytest.mark.parametrize("text", ["/[", '"', "/", "\\", "[^", "s/", "{print}", "'", "a\n"], ids=ascii)
@pytest.mark.parametrize("snippet", [snippets.awk, snippets.sed, snippets.sql], ids=lambda one: one.__name__)
def test_a_long_program_is_read_in_linear_time(snippet, text):
    """A hundred thousand characters take no minute: the bound is far off what a square would take."""
    start = time.monotonic()
    snippet(text * 50_000, Found())
    assert time.monotonic() - start < 20
