"""Every captured failure of a program, and what holds for any text."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

import pytest
from anytext import ANY_TEXT, FAILURES, is_shown_on_one_line
from hypothesis import given

from autoexec_magic.diagnosis import diagnose_log, diagnose_text, failures
from autoexec_magic.diagnosis.failures import _BY_ANCHOR, _READERS
from autoexec_magic.diagnosis.plain import make_plain

FAMILIES = ("programs", "node", "rust", "compilers", "packages")
CAPTURED = [path for family in FAMILIES for path in sorted((FAILURES / family).glob("*.txt"))]
EACH = pytest.mark.parametrize("path", CAPTURED, ids=lambda path: f"{path.parent.name}/{path.stem}")
#: Codes that the page lists under Python.
PYTHONS = {
    *(
        "address-in-use",
        "assertion-failed",
        "broken-pipe",
        "cannot-convert",
        "cannot-decode",
        "circular-import",
    ),
    *("division-by-zero", "error", "index-out-of-range", "key-not-found", "name-not-defined", "not-callable"),
    *("not-implemented", "not-iterable", "os-error", "out-of-memory", "recursion-limit", "wrong-value"),
    *("shared-library-missing", "circular-import"),
}
#: More than one thing is wrong in them: every one is told.
SEVERAL = {
    "module-not-found.tsc-many": 7,
    "no-such-member.gpp-many": 2,
    "type-mismatch.gpp-argument": 2,
    "undefined-reference.cpp": 2,
    "undefined-reference.stdcpp": 4,
    "name-not-declared.pip-gcc": 2,
    "merge-conflict.stash": 2,  # of two commands
}


@EACH
def test_a_captured_failure_has_the_code_of_its_name(path):
    """What a program really wrote is classified, in any of the shapes a cell can show."""
    seen = diagnose_text(path.read_text(encoding="utf-8"))
    assert seen.code == path.name.partition(".")[0]
    is_shown_on_one_line(seen)
    for line in seen.evidence:
        assert len(line) <= 200
        assert line.isprintable()


@EACH
def test_a_captured_failure_is_told_once_in_a_log(path):
    """The same text as a log is one failure, or as many as there are; its bytes are within it."""
    data = path.read_bytes()
    found = diagnose_log(data.decode())
    codes = [each.code for each in found]
    assert path.name.partition(".")[0] in codes
    assert len(found) <= SEVERAL.get(path.stem, 2 if path.stem.startswith(("no-pom", "patch-failed")) else 1)
    for each in found:
        start, end = each.bytes
        assert 0 <= start < end <= len(data)
        assert data[start:end].decode("utf-8", "replace").strip()


def test_there_are_enough_of_them():
    """A table without real outputs is a guess."""
    assert len(CAPTURED) >= 400
    sure = [diagnose_text(path.read_text(encoding="utf-8")).confidence for path in CAPTURED]
    assert sure.count("certain") >= 0.75 * len(sure)


def test_every_literal_stands_in_a_line_that_its_anchor_finds():
    """A literal whose anchor is not part of it would never be looked for."""
    for anchor, marks in _BY_ANCHOR.items():
        for mark, ranks in marks:
            assert anchor in mark.encode().translate(None, b"0123456789")
            assert max(ranks) < len(_READERS)


def test_anchors_are_few():
    """Each is one more search through the whole text."""
    assert len(_BY_ANCHOR) <= 159


def codes_in(module):
    """Return what stands in a module's tables where a code stands."""
    found, left = set(), [value for name, value in vars(module).items() if not name.startswith("__")]
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left += value.values()
        elif (
            isinstance(value, tuple) and len(value) in (2, 3) and all(isinstance(each, str) for each in value)
        ):
            codes = [each for each in value[:-1] if re.fullmatch("[a-z]+(-[a-z]+)+", each)]
            found |= set(codes[-1:])
        elif isinstance(value, tuple):
            left += value
    return found


def test_every_code_of_a_table_is_documented():
    """A code is public: whoever sees one finds it on the page."""
    page = (FAILURES.parents[2] / "docs" / "diagnoses.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    names = ["compilers", "nodetable", "npm", "pips", "rusttable", "shell", "typescript", "uvs"]
    names += [
        f"programs.{name}"
        for name in ["archives", "builds", "containers", "git", "java", "network", "system", "tools"]
    ]
    for name in names:
        module = importlib.import_module(f"autoexec_magic.diagnosis.{name}")
        assert codes_in(module) - documented <= PYTHONS
    assert {path.name.partition(".")[0] for path in CAPTURED} - documented <= PYTHONS


@given(ANY_TEXT)
def test_any_text_is_read_without_raising(text):
    """No text makes a reader raise, and what is seen lies within it, in order."""
    plain = make_plain(text).text
    ended = 0
    for seen in failures.find(plain, also_shell=True):
        assert ended <= seen.start < seen.end <= len(plain)
        ended = seen.end
        is_shown_on_one_line(seen.reading().diagnosis)


@pytest.mark.parametrize("path", CAPTURED[::9], ids=lambda path: path.stem)
def test_a_failure_cut_anywhere_is_read_without_raising(path):
    """Half a message may be unknown, but never worse than that."""
    text = path.read_text(encoding="utf-8")
    for cut in range(0, len(text), max(1, len(text) // 25)):
        for part in (text[:cut], text[cut:]):
            is_shown_on_one_line(diagnose_text(part))
            for each in diagnose_log(part):
                is_shown_on_one_line(each)


def test_an_exit_code_that_the_program_does_not_give_makes_it_likely():
    """curl's 6 explains an end with 6; of an end with 3 it may be the reason or not."""
    text = "curl: (6) Could not resolve host: a.example\n"
    assert failures.read(text, 6).diagnosis.confidence == "certain"
    assert failures.read(text, 3).diagnosis.confidence == "likely"
    assert failures.read(text).diagnosis.confidence == "certain"


def test_what_stands_far_above_the_end_is_likely_only():
    """A program that went on for long did not end by it."""
    text = "curl: (6) Could not resolve host: a.example\n"
    assert failures.read(text + "ok\n" * 30).diagnosis.confidence == "certain"
    assert failures.read(text + "ok\n" * 60).diagnosis.confidence == "likely"


def test_what_only_repeats_that_something_failed_is_no_root():
    """make's last word is not the reason where the compiler's is there."""
    text = "a.c:3:5: error: 'x' undeclared (first use in this function)\nmake: *** [Makefile:2: a] Error 1\n"
    assert failures.read(text).diagnosis.where == "a.c:3"
    assert failures.read(text.partition("\n")[2]).diagnosis.code == "make-failed"


def test_of_errors_that_follow_from_one_another_the_first_counts():
    """A compiler goes on after its first error, and the later ones are often its children."""
    one = "a.c:1:1: error: unknown type name 'frob_t'\n"
    other = "a.c:9:1: error: expected ';' before 'x'\n"
    assert failures.read(one + other).diagnosis.code == "type-not-declared"
    assert failures.read("curl: (6) Could not resolve host: a\n" + one + other).diagnosis.where == "a.c:1"


@pytest.mark.parametrize(
    "text",
    [
        "the error: nothing of that kind is known here",
        "0 errors, 0 warnings\nall tests passed\n",
        "INFO retry after error: the cache was cold",
        "fatal: not ours",
        "see also: curl: a tool",
        "12 files not found in the archive of last year",
        "Error: the user pressed no",
        "unknown option for dinner",
    ],
)
def test_words_that_only_sound_alike_are_nobody_s(text):
    """A log talks about errors all day; only a program's own form is one."""
    assert [each.code for each in failures.find(text, also_shell=True)] in ([], ["git-failed"])


def test_work_is_linear_in_the_text(monkeypatch):
    """Twice the text is at most twice the lines that are looked at, whatever it holds."""
    from autoexec_magic.diagnosis import spots

    pieces = ["error: x\n", "Error: x\n", "ERROR: x\n", "npm error x\n", "error[E0382]: x\n", "fatal: x\n"]
    pieces += [" panicked at x\n", "CMake Error at x\n", "error: subprocess-exited-with-error\n", "a: b\n"]
    pieces += [
        "thread 'a' panicked at b:1:2:\n",
        "No solution found when resolving\n",
        "Exception: x\n",
    ]
    looked = 0
    original = spots.spot_at

    def counting(text, start):
        nonlocal looked
        looked += 1
        return original(text, start)

    monkeypatch.setattr(spots, "spot_at", counting)
    monkeypatch.setattr(failures, "spot_at", counting)
    for piece in pieces:
        counts = []
        for size in (200, 400, 800):
            looked = 0
            list(failures.find(piece * size, also_shell=True))
            counts.append(looked)
        assert counts[2] <= 2.2 * counts[1] + 500
        assert counts[1] <= 2.2 * counts[0] + 500
