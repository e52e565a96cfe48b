"""What is told of tests beside how each ended: why it failed, what failures share, which lines ran."""

from __future__ import annotations

from dataclasses import dataclass

from .values import Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFailure:
    """What is known of a test that did not pass.

    `cls` is what kind of fault it is (`testrunner.causes`), `confidence` how
    sure that is, and `why` and `fix` say it for people. `phase` is "collect",
    "setup", "call" or "teardown". `file`, `line` (from 1) and `source` are the place in the
    test; `op`, `left` and `right` what an assertion compared; `text` what
    pytest prints, and `stdout`, `stderr` the last that the test wrote: each
    shortened. All that failed for the same cause have the same `cause`. `past` says how
    often it failed before.
    """

    cls: str = ""
    confidence: Confidence = "unknown"
    why: str = ""
    fix: str = ""
    phase: str = "call"
    file: str = ""
    line: int = 0
    source: str = ""
    op: str = ""
    left: str = ""
    right: str = ""
    text: str = ""
    stdout: str = ""
    stderr: str = ""
    cause: str = ""
    past: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCoverage:
    """How much of a file ran: its `statements`, and the lines of those that did not run, from 1."""

    file: str
    statements: int
    missed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCause:
    """What several tests failed by: `count` of them, of which `nodeids` names the first."""

    cause: str
    cls: str
    count: int
    what: str
    where: str = ""
    fix: str = ""
    confidence: Confidence = "unknown"
    nodeids: tuple[str, ...] = ()
