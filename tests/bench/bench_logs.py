"""What does it cost to read a log, and does it stay linear?

A megabyte of several kinds of log against the bar of the issue; the same text
with all our literals as one pattern, and as a list of patterns; what a text of
twenty frames costs; doubled sizes of what is worst. Seconds are those of the
processor: it reads a text and waits for nothing, and the machine may be shared.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import measure
from measure import Method, Note, interleaved, table

from autoexec_magic import api
from autoexec_magic.diagnosis import diagnose_log, diagnose_text
from autoexec_magic.diagnosis.failures import _BY_ANCHOR

FAILURES = Path(__file__).parents[1] / "data" / "failures"
MEGABYTE, BAR = 1_000_000, 0.100
FRAMES = 20
MARKS = sorted({mark for marks in _BY_ANCHOR.values() for mark, _ in marks})


def captured() -> list[str]:
    """Return the captured failures of programs."""
    return [
        path.read_text("utf-8")
        for family in ("programs", "node", "rust", "compilers", "packages", "python")
        for path in sorted((FAILURES / family).glob("*.txt"))
    ]


def server_log() -> str:
    """Return a megabyte in which nothing went wrong."""
    lines = (
        f"2026-01-01 00:00:{n % 60:02d},{n % 1000:03d} INFO worker.{n % 7}: request /api/v1/items/{n} "
        f"in {n % 97} ms status=200\n"
        for n in range(14_000)
    )
    return "".join(lines)[:MEGABYTE]


def ci_log() -> str:
    """Return a megabyte with a failure among every hundred lines."""
    rng, texts, lines = random.Random(1), captured(), server_log().split("\n")
    mixed: list[str] = []
    for number, line in enumerate(lines):
        mixed.append(line)
        if number % 100 == 0:
            mixed.append(rng.choice(texts).rstrip("\n"))
    return "\n".join(mixed)[:MEGABYTE]


def build_log() -> str:
    """Return a megabyte in which no two lines are alike but for numbers."""
    rng = random.Random(2)
    words = [f"{a}{b}" for a in ("alpha", "beta", "gamma", "delta", "core", "net") for b in "abcdefghij"]
    lines = (
        f"[{n}/9999] Building CXX object src/{rng.choice(words)}/{rng.choice(words)}_{rng.choice(words)}.o\n"
        for n in range(20_000)
    )
    return "".join(lines)[:MEGABYTE]


def dense_log() -> str:
    """Return failures only, each captured one again and again, with times before the lines."""
    text = "".join(captured())
    lines = (f"2026-01-01T00:00:00.000Z {line}\n" for line in (text * 3).split("\n"))
    return "".join(lines)[:MEGABYTE]


KINDS = {
    "server log, nothing wrong": server_log,
    "CI log, a failure in 100 lines": ci_log,
    "build log, all lines differ": build_log,
    "failures only, with times": dense_log,
}


def _timed(name: str, call: Callable[[], object]) -> Method:
    def method(note: Note) -> None:
        started = time.process_time()
        call()
        note(name, time.process_time() - started)

    return method


def megabytes(options: argparse.Namespace) -> None:
    """Read a megabyte of each kind."""
    texts = {name: make() for name, make in KINDS.items()}
    methods = [_timed(name, lambda text=text: diagnose_log(text)) for name, text in texts.items()]
    masked = "CI log, with its secrets masked"
    text = texts["CI log, a failure in 100 lines"]
    methods.append(_timed(masked, lambda: api.diagnose(text)))
    samples = interleaved(methods, 5 if options.quick else 15, warm_ups=1)
    bars = dict.fromkeys(list(KINDS)[:3], BAR)
    table("a log of 1 MB: diagnose_log", samples, bars=bars)


def patterns(options: argparse.Namespace) -> None:
    """Look for the same literals with patterns."""
    text = build_log()[: MEGABYTE // 4]
    one = re.compile("|".join(map(re.escape, MARKS)))
    many = [re.compile(re.escape(mark)) for mark in MARKS]
    ours = f"{len(_BY_ANCHOR)} anchors, as diagnose_log does"
    methods = [
        _timed(ours, lambda: diagnose_log(text)),
        _timed(f"{len(MARKS)} patterns", lambda: [each.search(text) for each in many]),
        _timed("one alternation of them", lambda: one.search(text)),
    ]
    table("250 kB in which nothing is found", interleaved(methods, 3, warm_ups=1), floor=ours)


def frames(options: argparse.Namespace) -> None:
    """Read a traceback of twenty frames, against a list of sixty patterns over it."""
    frame = '  File "/a/lib/python3.11/site-packages/p/m.py", line 3, in f\n    g()\n'
    text = "Traceback (most recent call last):\n" + frame * FRAMES + "KeyError: 'a'\n"
    sixty = [re.compile(rf"(?m)^.*{re.escape(mark)}.*$") for mark in MARKS[:60]]
    rounds = 50 if options.quick else 200
    ours, theirs = "diagnose_text", "a list of 60 regexes"
    methods = [
        _timed(ours, lambda: diagnose_text(text)),
        _timed(theirs, lambda: [each.search(text) for each in sixty]),
    ]
    table("a text of 20 frames", interleaved(methods, rounds), unit="µs", floor=ours)


def doubled(options: argparse.Namespace) -> None:
    """Read what is worst at doubled sizes: the ratio of each step stays near 2."""
    pieces = ["error: x\n", "Error: x\n", "npm error x\n", "Traceback (most recent call last):\n", "\n", "x"]
    print("\nworst texts at doubled sizes: seconds, and the ratio of each step")
    for piece in pieces:
        spent = []
        for size in (50_000, 100_000, 200_000):
            text = piece * (size // len(piece))
            runs = []
            for _ in range(3):
                started = time.process_time()
                diagnose_log(text)
                runs.append(time.process_time() - started)
            spent.append(statistics.median(runs))
        ratios = [later / max(earlier, 1e-9) for earlier, later in itertools.pairwise(spent)]
        shown = "  ".join(f"{each:.4f}" for each in spent)
        print(f"  {piece!r:42} {shown}   {'  '.join(f'× {each:.2f}' for each in ratios)}")


if __name__ == "__main__":
    measure.main("What does it cost to read a log?", [megabytes, patterns, frames, doubled])
