"""All failures of a log, from anywhere, in any state."""

from __future__ import annotations

import itertools
import json

import pytest
from anytext import ANY_TEXT, FAILURES, HEADER, MEGABYTE, is_shown_on_one_line
from hypothesis import given

from autoexec_magic.diagnosis import diagnose_log
from autoexec_magic.diagnosis.logs import MOST

CI = (FAILURES / "logs" / "ci.txt").read_text(encoding="utf-8")
CODES = [
    "host-not-found",
    "header-not-found",
    "file-not-found",
    "module-not-found",
    "name-not-declared",
    "syntax",
    "use-after-move",
    "connection-refused",
    "daemon-not-running",
    "command-not-found",
]
PREFIXES = {
    "timestamps": "2026-01-01T00:00:00.000Z ",
    "actions": "2026-01-01T00:00:00.1234567Z ##[error]",
    "compose": "web-1   | ",
    "syslog": "Jan  1 00:00:00 host app[123]: ",
    "pods": "[pod/web-6d4b75cb6d-hx2kq/web] ",
    "kubelet": "2026-01-01T00:00:00.000000000Z stderr F ",
    "jenkins": "[2026-01-01T00:00:00.000Z] ",
}


def codes(text):
    return [each.code for each in diagnose_log(text)]


def test_a_log_of_many_programs_is_told_in_order():
    """git, pip with gcc, Python, Node, gcc, Rust, curl, docker and bash: one CI run that really ran."""
    found = diagnose_log(CI)
    assert [each.code for each in found] == CODES
    starts = [each.bytes[0] for each in found]
    assert starts == sorted(starts)
    data = CI.encode()
    for each in found:
        assert data[slice(*each.bytes)].decode().strip()
    assert b"KeyError" not in data
    by_code = {each.code: each for each in found}
    assert by_code["connection-refused"].evidence == ("seen 3 times",)
    assert by_code["file-not-found"].where == "/tmp/x/app.py:4"
    assert by_code["use-after-move"].where == "src/main.rs:1"


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_what_a_log_puts_before_each_line_does_not_matter(prefix):
    """The same failures, at the bytes of the log as it was given."""
    prefixed = "".join(f"{prefix}{line}\n" for line in CI.splitlines())
    found = diagnose_log(prefixed)
    assert [each.code for each in found] == CODES
    data = prefixed.encode()
    for plain, each in zip(diagnose_log(CI), found, strict=True):
        assert (plain.why, plain.where) == (each.why, each.where)
        first = CI.encode()[slice(*plain.bytes)].decode().splitlines()[0].strip()
        assert data[slice(*each.bytes)].decode().splitlines()[0].strip().endswith(first)


def test_line_ends_of_windows_do_not_matter():
    """A log that went through a Windows machine says the same."""
    assert codes(CI.replace("\n", "\r\n")) == CODES


def test_colours_do_not_matter():
    """rustc, gcc and npm colour their words, and the bytes count the colours."""
    coloured = "".join(f"\x1b[31m{line}\x1b[0m\n" for line in CI.splitlines())
    assert codes(coloured) == CODES
    data = coloured.encode()
    assert b"Could not resolve host" in data[slice(*diagnose_log(coloured)[0].bytes)]


def test_lines_of_several_containers_are_told_apart():
    """Three programs wrote at the same time; each failure is whole."""
    text = (FAILURES / "logs" / "interleaved.txt").read_text(encoding="utf-8")
    found = {each.code: each for each in diagnose_log(text)}
    assert set(found) == {"file-not-found", "module-not-found", "name-not-declared", "syntax"}
    assert found["file-not-found"].where == "/tmp/x/app.py:4"
    assert found["module-not-found"].where == "/tmp/x/web.js:1"
    data = text.encode()
    assert data[slice(*found["file-not-found"].bytes)].startswith(b"Traceback")


def test_a_log_cut_at_either_end_tells_what_is_left():
    """Half a traceback at the beginning, half at the end: the rest is whole."""
    head = '  File "/tmp/x/a.py", line 3, in f\n    x = d["k"]\nKeyError: \'k\'\n'
    tail = 'Traceback (most recent call last):\n  File "/tmp/x/b.py", line 9, in g\n    pri'
    found = diagnose_log(f"{head}ok\n{CI}{tail}")
    assert [each.code for each in found] == ["key-not-found", *CODES]
    assert found[0].where == "/tmp/x/a.py:3"


def test_two_tracebacks_are_two_and_a_chain_is_one():
    """The root of a chain is told; what stands for itself, stands for itself."""
    chain = (FAILURES / "python" / "key-not-found.cause.txt").read_text(encoding="utf-8")
    other = (FAILURES / "python" / "name-not-defined.txt").read_text(encoding="utf-8")
    assert codes(f"{chain}step\n{other}") == ["key-not-found", "name-not-defined"]
    assert codes(f"{other}step\n{chain}") == ["name-not-defined", "key-not-found"]


def test_what_is_seen_again_is_counted_once():
    """A retry that fails five times is one failure, where it was first."""
    line = "curl: (6) Could not resolve host: a.example\n"
    (found,) = diagnose_log(("trying\n" + line) * 5)
    assert found.evidence == ("seen 5 times",)
    assert found.bytes == (7, 7 + len(line) - 1)
    other = line.replace("a.example", "b.example")
    assert len(diagnose_log(line + other + line)) == 2


def test_an_echo_is_told_only_where_nothing_else_is():
    """`make: *** Error 2` behind the compiler's words adds nothing; alone it is all there is."""
    error = "a.c:1:1: error: expected ';' before 'x'\n"
    echo = "make: *** [Makefile:2: a.o] Error 1\nmake: *** [all] Error 2\n"
    echo += "##[error]Process completed with exit code 2.\n"
    assert codes(error + echo) == ["syntax"]
    assert codes("== build\n" + echo)[0] == "make-failed"


def test_nothing_wrong_is_nothing_told():
    """A log that only talks of errors has none."""
    assert diagnose_log("") == ()
    assert diagnose_log("0 errors\nINFO error rate 0.0\nall tests passed\n") == ()


def test_a_given_language_leaves_out_the_others():
    """Who says that it is Node is not told of Python's tracebacks."""
    assert "file-not-found" in codes(CI)
    found = [each.code for each in diagnose_log(CI, language="node")]
    assert "file-not-found" not in found
    assert "module-not-found" in found


def test_bytes_count_letters_of_more_than_one_byte():
    """Umlauts, emoji and lone surrogates before it move the range by what they take."""
    before = "größe ✓ 🙂 \ud800\n"
    line = "curl: (6) Could not resolve host: bücher.example\n"
    (found,) = diagnose_log(before + line)
    data = (before + line).encode("utf-8", "surrogatepass")
    assert data[slice(*found.bytes)].decode().startswith("curl: (6)")
    assert found.bytes[1] == len(data) - 1


@given(ANY_TEXT)
def test_any_text_is_read(text):
    """No log makes it raise; every range lies within it."""
    size = len(text.encode("utf-8", "surrogatepass"))
    for each in diagnose_log(text):
        is_shown_on_one_line(each)
        start, end = each.bytes
        assert 0 <= start < end <= size


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        "a\n",
        "error: x\n",
        "Error: x\n",
        "x",
        "2026-01-01T00:00:00Z \n",
        "web | x\n",
        "Traceback (most recent call last):\n",
        '  File "a.py", line 1\n',
        "Cell In[1], line 2\n",
        "error[E0382]: x\n",
        "npm error x\n",
        "\x1b[31m",
        "curl: (6) x\n",
        "SystemExit: ",
    ],
)
def test_a_megabyte_of_anything_ends(piece):
    """Quadratic work on so much text would take hours; this is here to end at all."""
    for each in diagnose_log(piece * (MEGABYTE // len(piece) // 4)):
        is_shown_on_one_line(each)


def test_a_log_with_more_than_anybody_reads_is_cut():
    """A thousand different failures are enough."""
    text = "".join(f"curl: (6) Could not resolve host: h{number}.example\n" for number in range(MOST + 50))
    assert len(diagnose_log(text)) == MOST


def test_failures_of_any_two_programs_do_not_hide_each_other():
    """Whatever stands before it, a failure is told."""
    names = ["programs/host-not-found.curl", "node/not-callable.node", "rust/use-after-move.own"]
    names += ["compilers/header-not-found.pq", "packages/version-conflict.pip", "python/key-not-found"]
    texts = {name: (FAILURES / f"{name}.txt").read_text(encoding="utf-8") for name in names}
    for one, other in itertools.permutations(texts, 2):
        expected = [name.partition("/")[2].partition(".")[0] for name in (one, other)]
        assert codes(f"{texts[one]}\nthen\n{texts[other]}") == expected


def test_a_traceback_in_a_record_of_json_is_told_with_its_bytes():
    """Where it stands in the log, escapes and all."""
    record = json.dumps(
        {"level": "error", "exc": HEADER + '  File "a.py", line 1, in f\n    g()\nKeyError: 1\n'}
    )
    text = f"{record}\n{json.dumps({'level': 'info', 'msg': 'on'})}\n"
    (found,) = diagnose_log(text)
    assert found.code == "key-not-found"
    assert text.encode()[slice(*found.bytes)].startswith(b"Traceback")
