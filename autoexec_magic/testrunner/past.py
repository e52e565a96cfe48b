"""What is remembered of a project's tests: how long each takes, and how its last runs ended.

It is drawn from the runs as they end, so that nobody has to read them all again, and may be
removed at any time: then nothing is known of earlier runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from .cases import Case

FORMAT = 1
LAST = 50  #: ends of a test that are remembered
MOST_BYTES = 256 * 2**20
_WEIGHT = 0.3  # of the newest time in what is remembered of a test's times
_LETTERS: Mapping[str, str] = {
    "passed": "p",
    "failed": "f",
    "error": "e",
    "skipped": "s",
    "xfailed": "x",
    "xpassed": "X",
}


class Remembered(NamedTuple):
    """What is remembered of one test: seconds, and a letter for each of its last ends, the newest last.

    Letters are `p` passed, `f` failed, `e` error, `s` skipped, `x` xfailed,
    `X` xpassed, and `r` for one that passed at a later attempt.
    """

    seconds: float
    ends: str

    @property
    def runs(self) -> int:
        """How often it ran to an end that says something: not skipped."""
        return sum(letter in "pferxX" for letter in self.ends)

    @property
    def failures(self) -> int:
        """How often it did not pass at once."""
        return sum(letter in "fer" for letter in self.ends)


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of the tests of one project, by their ids.

    `alone` and `spread` are the seconds that all of them took in one process
    and in several, 0.0 where that was never measured.
    """

    tests: Mapping[str, Remembered] = field(default_factory=dict)
    alone: float = 0.0
    spread: float = 0.0

    def seconds_of(self, ids: Iterable[str]) -> float:
        """Return how long these tests take together; what never ran counts as the others' mean."""
        known = [self.tests[nodeid].seconds if nodeid in self.tests else None for nodeid in ids]
        times = [seconds for seconds in known if seconds is not None]
        if not times:
            return 0.0
        return sum(times) + (len(known) - len(times)) * sum(times) / len(times)

    def seconds(self) -> dict[str, float]:
        """Return how long each test takes."""
        return {nodeid: test.seconds for nodeid, test in self.tests.items()}

    def after(self, cases: Sequence[Case]) -> Past:
        """Return what is remembered when these have ended, too."""
        tests = dict(self.tests)
        for case in cases:
            letter = "r" if case.is_flaky else _LETTERS.get(case.verdict)
            if letter is None or not case.said.nodeid:
                continue
            before, seconds = tests.get(case.said.nodeid), case.seconds or 0.0
            mean = seconds if before is None else before.seconds + _WEIGHT * (seconds - before.seconds)
            ends = (before.ends if before else "") + letter
            tests[case.said.nodeid] = Remembered(round(mean, 6), ends[-LAST:])
        return replace(self, tests=tests)


def file_of(folder: Path, workspace: Path) -> Path:
    """Return where the tests of a project are remembered, below the folder for all projects."""
    name = hashlib.sha256(os.fsencode(workspace.resolve())).hexdigest()[:32]
    return folder / "tests" / f"{name}.json"


def load(path: Path) -> Past:
    """Return what is remembered; nothing where that cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Past()
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != FORMAT:
            return Past()
        rows = record["tests"].items()
        tests = {str(nodeid): Remembered(_seconds(row[0]), str(row[1])[-LAST:]) for nodeid, row in rows}
        return Past(tests, _seconds(record["alone"]), _seconds(record["spread"]))
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError):
        return Past()


def _seconds(said: float) -> float:
    seconds = float(said)
    if not 0 <= seconds < math.inf:
        raise ValueError(said)
    return seconds


def state_of(path: Path) -> int:
    """Return what is another number once somebody has saved it again; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def save(path: Path, past: Past) -> None:
    """Write it down, whole or not at all; a full disk only means that less is remembered."""
    record = {"format": FORMAT, "alone": past.alone, "spread": past.spread, "tests": past.tests}
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            part.write_text(json.dumps(record, separators=(",", ":")), "utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
