"""Plain text: what a terminal sees of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoexec_magic.events import (
    Built,
    FixTried,
    Flowing,
    Installed,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    Removed,
    Resolved,
    RunFinished,
    RunStarted,
    Truncated,
)
from autoexec_magic.ui import text
from autoexec_magic.values import Artifact, Resolution, Verdict


@pytest.fixture
def written():
    """Return what was written, in order."""
    return []


def test_output_is_passed_on_as_it_is(written):
    """Each piece on the stream it was written to, nothing added."""
    sink = text.show(lambda stream, words: written.append((stream, words)))
    sink(Output(phase="run", stream="stderr", text="half a l"))
    sink(Output(phase="run", stream="stdout", text="ine\n"))
    assert written == [("stderr", "half a l"), ("stdout", "ine\n")]


def test_our_lines_go_where_they_are_told_to(written):
    """A command line keeps its stdout for the program."""
    sink = text.show(
        lambda stream, words: written.append((stream, words)), say="stderr", ids=["x" * 28 + "12345678"]
    )
    sink(RunStarted(verb="sh", title="t", cage="open"))
    sink(RunFinished(verdict=Verdict.PASSED, seconds=1.234))
    assert written == [("stderr", "✓ passed · sh · 1.23 s · run 12345678\n")]


def test_a_verdict_begins_a_line_of_its_own(written):
    """A program that ends without a newline does not swallow it."""
    sink = text.show(lambda stream, words: written.append(words))
    sink(Output(phase="run", stream="stdout", text="no newline"))
    sink(RunFinished(verdict=Verdict.FAILED, seconds=0))
    assert "".join(written).startswith("no newline\n✗ failed")


def test_what_was_tried_is_told_with_the_change(written):
    """So that a person can take it over; a patch that was dropped is not shown."""
    sink = text.show(lambda stream, words: written.append(words))
    tried = FixTried(
        number=1, by="replace", what="wrote a for b", outcome="passed", patch="-b\n+a", doubts=("x",)
    )
    sink(tried)
    sink(replace(tried, number=2, outcome="dropped", why="it failed", doubts=()))
    sink(FixTried(number=0, by="", what="", outcome="stopped", why="enough"))
    assert "".join(written).splitlines() == [
        *("fix 1: wrote a for b: passed", "  -b", "  +a", "  look: it x"),
        *("fix 2: wrote a for b: dropped: it failed", "  stopped: enough"),
    ]


def test_how_it_ended_can_go_another_way(written):
    """A cell shows what is left when it ends; only what comes while it runs must not wait."""
    late = []
    sink = text.show(
        lambda stream, words: written.append(words), last=lambda stream, words: late.append(words)
    )
    sink(Output(phase="run", stream="stdout", text="said"))
    sink(RunFinished(verdict=Verdict.PASSED, seconds=0))
    assert written == ["said"]
    assert "".join(late).startswith("\n✓ passed")


def test_an_installers_chatter_is_not_shown(written):
    """What came of it is: what was installed, from which bytes."""
    sink = text.show(lambda stream, words: written.append(words))
    sink(PhaseStarted(phase="install", title="yaml"))
    sink(Output(phase="install", stream="stderr", text="Resolved 1 package in 3ms\n"))
    sink(Installed(distribution="PyYAML", version="6.0.3", sha256="ab" * 32, index=""))
    assert "".join(written) == "… looking for yaml\n+ PyYAML 6.0.3 (sha256 abababababab…)\n"


def test_where_a_module_comes_from_is_said():
    """With the evidence, where its name is not the distribution's."""
    found = Resolution(
        module="yaml",
        cls="third-party",
        decision="install",
        distribution="PyYAML",
        evidence=("in the table",),
    )
    assert text.Lines().of(Resolved(resolution=found)) == [
        "  yaml comes from PyYAML",
        "    because: in the table",
    ]


def test_what_was_not_kept_is_counted():
    """A cut is marked, never silent."""
    event = Truncated(phase="run", stream="stdout", dropped_bytes=1234567)
    assert text.Lines().of(event) == ["… 1,234,567 bytes of stdout were not kept"]


def test_a_bar_is_one_line_where_nothing_can_be_taken_back(written):
    """Its last state, before our own last line; the other stream is as it comes."""
    sink = text.show(lambda stream, words: written.append((stream, words)), settled=["stdout"])
    for number in range(1000):
        sink(Output(phase="run", stream="stdout", text=f"\r{number} of 999"))
    sink(Output(phase="run", stream="stderr", text="1\r2"))
    sink(RunFinished(verdict=Verdict.PASSED, seconds=0))
    assert written[:2] == [("stderr", "1\r2"), ("stdout", "999 of 999")]
    assert written[2][1].startswith("\n✓ passed")


def test_a_terminal_gets_what_was_written(written):
    """It knows itself what a carriage return means."""
    sink = text.show(lambda stream, words: written.append(words))
    sink(Output(phase="run", stream="stdout", text="1\r2"))
    assert written == ["1\r2"]


def test_what_passes_by_is_no_line_of_a_log():
    """It is told once a second, for those who look on."""
    event = Flowing(phase="run", stream="stdout", passed_bytes=1, last_line="x")
    assert text.Lines().of(event) == []


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_word_and_a_mark(verdict):
    """Never by a mark alone."""
    (line,) = text.Lines().of(RunFinished(verdict=verdict, seconds=0))
    assert f" {verdict} " in line
    assert not line[0].isalnum()


def test_what_was_taken_out_is_a_line():
    """And a restart is asked for once, and only where something of it is loaded."""
    ended = PhaseFinished(phase="install", verdict=Verdict.PASSED, seconds=0.5)
    gone = Removed(distribution="PyYAML", version="6.0")
    assert said("install", gone, ended) == ["- PyYAML 6.0"]
    loaded = Removed(distribution="PyYAML", version="6.0", loaded=("yaml", "_yaml"))
    assert said("install", loaded, replace(loaded, distribution="b", loaded=("b", "yaml")), ended) == [
        "- PyYAML 6.0",
        "- b 6.0",
        "! restart the kernel: it still has yaml, _yaml, b as before",
    ]


def said(verb, *events):
    """Return the lines that the events of a run are worth."""
    lines = text.Lines()
    started = RunStarted(verb=verb, title="t", cage="open")
    return [line for event in (started, *events) for line in lines.of(event)]


def test_each_distribution_is_told_once_and_the_end_counts_them():
    """One line when it begins, one each, one with the number and the time; a second heal counts anew."""
    both = [Installed(distribution=name, version="1", sha256="", index="") for name in "ab"]
    steps = [
        Progress(phase="install", text=f"installing {item.distribution} 1", number=number, total=2)
        for number, item in enumerate(both, 1)
    ]
    ended = PhaseFinished(phase="install", verdict=Verdict.PASSED, seconds=1.5)
    assert said("cell", *steps, *both, ended, both[0], ended) == [
        "… installing 2 distributions",
        "+ a 1",
        "+ b 1",
        "installed 2 distributions in 1.50 s",
        "+ a 1",
        "installed 1 distribution in 1.50 s",
    ]


def test_the_verb_that_installs_says_how_many_in_its_last_line():
    """Not in a line of its own as well."""
    done = Installed(distribution="a", version="1", sha256="", index="")
    ended = PhaseFinished(phase="install", verdict=Verdict.PASSED, seconds=1.5)
    assert said("install", done, ended, RunFinished(verdict=Verdict.PASSED, seconds=1.6)) == [
        "+ a 1",
        "✓ passed · install · 1 installed · 1.60 s",
    ]


def test_what_is_there_already_is_said():
    """A verdict `skipped` without a reason is a riddle."""
    here = Resolution(module="a", cls="installed", decision="nothing", evidence=("a 1.0 is installed",))
    assert said("install", Resolved(resolution=here)) == ["  a 1.0 is installed: nothing to do"]


def test_a_fix_says_where_a_module_comes_from_in_its_report_alone():
    """Nothing is shown twice."""
    found = Resolution(module="yaml", cls="third-party", decision="install", distribution="PyYAML")
    assert said("fix", Resolved(resolution=found)) == []
    assert said("cell", Resolved(resolution=found)) == ["  yaml comes from PyYAML"]


def test_what_is_counted_is_not_always_an_install():
    """Tests that run again are counted, too; the first says how many there may be."""
    first = Progress(phase="test", text="again, run 1 of at most 60", number=1, total=60)
    later = Progress(phase="test", text="again, run 2 of at most 60", number=2, total=60)
    lines = text.Lines()
    assert [lines.of(first), lines.of(later)] == [["… again, run 1 of at most 60"], []]


def test_a_warning_of_a_build_is_told_once(written):
    """Before it starts; what was built does not say it again, and says what came later."""
    made = Artifact(
        artifact="app",
        name="pear",
        version="1",
        reference="dist/pear",
        digest="sha256:" + "a" * 64,
        bytes=1,
        inputs_digest="",
        warnings=("no lock: %autoexec fix x.ipynb", "later"),
    )
    sink = text.show(
        lambda stream, words: written.append(words), as_typed=lambda line: line.replace("%auto", "auto")
    )
    sink(Progress(phase="build", text="! no lock: %autoexec fix x.ipynb"))
    sink(Built(artifact=made))
    assert "".join(written).splitlines() == [
        "  ! no lock: autoexec fix x.ipynb",
        "→ dist/pear · 1 B · sha256:aaaaaaaaaaaa…",
        "  ! later",
    ]
