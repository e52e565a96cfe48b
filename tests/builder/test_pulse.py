"""A step that takes long says so while it is at work; a quick one does not."""

from __future__ import annotations

import sys

import benches
import pytest

from autoexec_magic.builder import pulse
from autoexec_magic.builder.pulse import Pulse
from autoexec_magic.events import Output, Progress, Stepped
from autoexec_magic.ui import text


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self):
        """Return the time."""
        return self.now


@pytest.fixture
def clocked():
    """Return a pulse, its clock, and what it told."""
    told, clock = [], Clock()
    return Pulse(told.append, clock), clock, told


def test_a_line_comes_after_some_seconds_and_then_ever_more_rarely(clocked):
    """However often it is asked."""
    beat, clock, told = clocked
    beat.begin("wheel")
    for second in range(600):
        clock.now = float(second)
        beat()
    assert [each.text for each in told] == [
        f"wheel · {seconds} s so far" for seconds in (5, 60, 120, 240, 480)
    ]


def test_a_quick_step_and_no_step_are_not_told(clocked):
    """There is no noise, and no step is told of when it is over."""
    beat, clock, told = clocked
    beat()
    beat.begin("one")
    clock.now = 4.9
    beat()
    beat.end()
    clock.now = 100.0
    beat()
    assert told == []


def test_a_step_within_another_is_the_one_that_is_told(clocked):
    """The outer one is told again when its own time has come, not at once."""
    beat, clock, told = clocked
    beat.begin("outer")
    beat.begin("inner")
    clock.now = 6.0
    beat()
    beat.turn_to("next")
    clock.now = 10.0
    beat()
    clock.now = 12.0
    beat()
    beat.end()
    beat()
    clock.now = 61.0
    beat()
    assert [each.text for each in told] == [
        "inner · 6 s so far",
        "next · 6 s so far",
        "outer · 61 s so far",
    ]


def test_a_silent_process_is_told_of_while_it_runs(tmp_path, monkeypatch):
    """Before it has ended, by the thread that waits for it, and as a line of text."""
    monkeypatch.setattr(pulse, "SLOW_SECONDS", 0.2)
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)
    code = "import time; time.sleep(1.5); print('end')"
    with bench.step("wheel, from the sdist"):
        bench.start((sys.executable, "-c", code), cwd=tmp_path, is_foreign=False)
    kinds = list(dict.fromkeys(map(type, events)))
    assert kinds == [Progress, Output, Stepped]
    (said,) = [line for each in events[:1] for line in text.Lines().of(each)]
    assert said.startswith("… wheel, from the sdist · 1 s so far")


def test_a_step_that_fails_is_no_longer_at_work(tmp_path):
    """What comes after it is not told under its name."""
    events = []
    bench = benches.bench(tmp_path, level="open", events=events)

    def fail():
        with bench.step("one"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert bench.pulse._steps == []
