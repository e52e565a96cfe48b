"""Programs of one line in other languages: what only computes and prints, and the ways round the lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.executor.policy import onelines
from autoexec_magic.executor.policy.found import Found

HARMLESS = [
    ("node", "console.log([1, 2], JSON.stringify({'a': [1, 2]}), process.argv[1])"),
    ("perl", "print 1"),
    ("perl", "print $F[0]"),
    ("perl", "s/foo/bar/g"),
    ("perl", "s/foo/system(1)/g"),
    ("perl", "print if /error|exec/i"),
    ("perl", "$s += $F[1]; END { print $s }"),
    ("perl", "tr/a-z/A-Z/"),
    ("ruby", "puts [1, 2].sum"),
    ("node", "console.log(1 + 1)"),
    ("node", "process.version"),
    ("node", "require('./package.json').version"),
    ("node", "[1, 2].map(x => x * 2)"),
    ("node", "JSON.stringify({a: 'system'})"),
    ("lua", "print(math.sqrt(2))"),
    ("r", "print(mean(c(1, 2)))"),
    ("julia", "println(1 + 1)"),
    ("php", "echo strlen('abc');"),
]
DOUBTFUL = [
    ("node", "let {['con'+'structor']:s}=console.log"),
    ("node", "let {log, ['con'+'structor']:s}=console.log"),
    ("node", "let {'constructor':s}=console.log"),
    ("node", "let s={}['con'+'structor']"),
    ("node", "let s=/x/['con'+'structor']"),
    ("node", "let s=console.log//(\n['con'+'structor']"),
    ("node", "Object.entries(process)"),
    ("node", "let {version:s}=process"),
    ("perl", "system(1)"),
    ("perl", "`id`"),
    ("perl", "exec q(id)"),
    ("perl", "qx(id)"),
    ("perl", "open F, 'x'"),
    ("perl", "print <*>"),
    ("perl", "print <STDIN>"),
    ("perl", 'print "@{[system(1)]}"'),
    ("perl", 'print "${\\system(1)}"'),
    ("perl", "s/a/system(1)/e"),
    ("perl", "s/a/system(1)/gee"),
    ("perl", "s{a}{system(1)}e"),
    ("perl", "s(a)(system 1)e"),
    ("perl", "/(?{system(1)})/"),
    ("perl", "print 1 / system(1) / 1"),
    ("perl", "$x / system(1) / 1"),
    ("perl", "&{'system'}(1)"),
    ("perl", "use POSIX"),
    ("perl", "do './x'"),
    ("perl", "print $ENV{X}"),
    ("perl", "unlink 'x'"),
    ("perl", "s/a"),
    ("ruby", "system(1)"),
    ("ruby", "puts `id`"),
    ("ruby", 'puts "#{exec(1)}"'),
    ("ruby", "puts %x(id)"),
    ("ruby", "Kernel.send(:system, 1)"),
    ("ruby", "open('|id')"),
    ("ruby", "puts ENV['X']"),
    ("node", "require('child_process').execSync('id')"),
    ("node", "process.env"),
    ("node", "process.mainModule"),
    ("node", "x['constructor']"),
    ("node", "x[0 + 'constructor']"),
    ("node", "[]['map']['constructor']('x')()"),
    ("node", "`${1}`"),
    ("node", "x[y]"),
    ("node", "(()=>{}).constructor('x')()"),
    ("node", "import('fs')"),
    ("node", "require('./' + 'x')"),
    ("node", "require('../x.json')"),
    ("node", "pr\\u006fcess.env"),
    ("lua", "os.execute('id')"),
    ("lua", "io.open('x')"),
    ("lua", "_G['o' .. 's']"),
    ("lua", "load('x')()"),
    ("r", "system('id')"),
    ("r", "base::system('id')"),
    ("r", "`system`('id')"),
    ("r", "writeLines('x', 'y')"),
    ("julia", "run(`id`)"),
    ("julia", 'open("x", "w")'),
    ("julia", "ccall(1)"),
    ("php", "system('id');"),
    ("php", "('sys'.'tem')('id');"),
    ("php", "$f = 'x'; $f('id');"),
    ("php", "echo `id`;"),
    ("php", "['x'][0]('id');"),
    ("php", "include 'x';"),
    ("node", "x" * 3000),
]


def judged(language: str, text: str) -> Found:
    """Return what is found in a program."""
    found = Found()
    getattr(onelines, language)(text, found)
    return found


@pytest.mark.parametrize(("language", "text"), HARMLESS)
def test_what_only_computes_and_prints_may_run(language, text):
    """A word in a plain string, or in a pattern, is data."""
    assert judged(language, text).answer == "allow", judged(language, text).why


@pytest.mark.parametrize(("language", "text"), DOUBTFUL, ids=lambda text: repr(text[:40]))
def test_what_could_do_more_is_a_question(language, text):
    """Programs started, files opened, names made as it runs, code in strings and patterns."""
    assert judged(language, text).answer == "ask"


def test_a_file_that_node_reads_is_told():
    """Layer 4 judges it."""
    assert judged("node", "require('./package.json').name").reads == ["./package.json"]


@given(st.sampled_from(sorted({language for language, _ in HARMLESS})), st.text(max_size=40))
def test_no_text_raises(language, text):
    """Whatever is typed, there is an answer."""
    assert judged(language, text).answer in ("allow", "ask")
