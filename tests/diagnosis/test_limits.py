"""A limit that was hit has its code, its words, and the option that raises it."""

from __future__ import annotations

import dataclasses

import pytest
from anytext import HEADER, is_shown_on_one_line, outcome

from autoexec_magic.diagnosis import diagnose_outcome
from autoexec_magic.diagnosis.limits import explain_limit
from autoexec_magic.values import Action, LimitHit

ROWS = [
    ("timeout", 30.0, "timeout", "--timeout", "100"),
    ("memory", 2**29, "memory-limit", "--memory", "1G"),
    ("cpu", 7, "cpu-limit", "--cpu", "20"),
    ("output", 10 * 2**20, "output-limit", "--output-limit", "32M"),
    ("processes", 1024, "process-limit", "--processes", "2048"),
    ("file-size", 2**20, "file-size-limit", "--file-size", "2M"),
    ("open-files", 64, "open-files-limit", "--open-files", "200"),
]


@pytest.mark.parametrize(("kind", "most", "code", "option", "more"), ROWS)
@pytest.mark.parametrize("confidence", ["certain", "likely"])
def test_each_limit_has_its_code_and_its_option(kind, most, code, option, more, confidence):
    """The fix is typed as it stands there, and is the same as the action."""
    found = explain_limit(LimitHit(kind=kind, most=most, seen="the kernel said so", confidence=confidence))
    assert (found.code, found.confidence) == (code, confidence)
    assert found.action == Action(kind="limit", values=(option, more))
    assert found.fix.endswith(f"or raise it: {option} {more}")
    assert "the kernel said so" in found.why
    is_shown_on_one_line(found)


def test_the_place_is_what_its_own_words_say():
    """A memory error in Python has a line; a process that was killed has none."""
    hit = LimitHit(kind="memory", most=2**29, seen="it says: MemoryError", confidence="likely")
    failed = dataclasses.replace(
        outcome(1, HEADER + '  File "/tmp/x/a.py", line 7, in <module>\n    f()\nMemoryError\n'), limit=hit
    )
    plain = diagnose_outcome(dataclasses.replace(failed, limit=None))
    assert (diagnose_outcome(failed).code, diagnose_outcome(failed).where) == ("memory-limit", plain.where)
    assert plain.where


def test_what_was_ended_says_what_it_said_last():
    """That is where it hung, most of the time."""
    hit = LimitHit(kind="timeout", most=1.0, seen="it still ran after 1.0 s", confidence="certain")
    seen = diagnose_outcome(dataclasses.replace(outcome(-15, "waiting\n", ended="timed-out"), limit=hit))
    assert (seen.code, seen.why) == ("timeout", "it still ran after 1.0 s; last line: waiting")
