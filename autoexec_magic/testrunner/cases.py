"""One test of anybody's: what it is called, how it ended, and everything that was said about it.

pytest's words are used for verdicts, whoever wrote the record: a tool that
knows fewer just never says some of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

CaseVerdict: TypeAlias = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "not-run"]
ProblemKind: TypeAlias = Literal[
    "failure", "error", "rerun-failure", "rerun-error", "flaky-failure", "flaky-error"
]

CasePhase: TypeAlias = Literal["collect", "setup", "call", "teardown"]

_DECISIVE: tuple[ProblemKind, ...] = ("failure", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where and in what a problem showed: what only whoever ran the test knows, and no XML has room for.

    Parameters
    ----------
    phase : CasePhase
        Which phase of the test it was in.
    file, line, source : str, int, str
        The place in the test's own file, from 1, and that line without its indentation.
    origin, origin_line : str, int
        The place where the exception was raised.
    op, left, right : str
        What an assertion compared, each side shortened; "" where it compared nothing.
    """

    phase: CasePhase
    file: str = ""
    line: int = 0
    source: str = ""
    origin: str = ""
    origin_line: int = 0
    op: str = ""
    left: str = ""
    right: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that went wrong in a case, or in one of its attempts.

    Of a "flaky-…" problem a later attempt passed; of a "rerun-…" one none did.
    `text` is all that was said, often a traceback; `stdout` and `stderr` are of
    that attempt alone, and `seconds` is None where nobody measured it. `spot`
    is None in what was read from a file.
    """

    kind: ProblemKind
    type: str = ""
    message: str = ""
    text: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float | None = None
    spot: Spot | None = field(default=None, compare=False)

    @property
    def is_attempt(self) -> bool:
        """Whether it is of an attempt that was not the last one."""
        return self.kind not in _DECISIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of a case beside how it ended; of most there is nothing.

    Parameters
    ----------
    file, line : str, int
        Where it is written; "" and 0 where that is not said.
    reason : str
        Why it was skipped, or expected to fail.
    problems : tuple of Problem
        What went wrong, in order; one for setup and one for teardown, say.
    stdout, stderr : str
        What it wrote.
    properties : tuple of (str, str)
        What else is said of it.
    attachments : tuple of str
        Paths of files, as Jenkins' attachments plugin reads them out of the output.
    nodeid : str
        pytest's own id, where that is known.
    """

    file: str = ""
    line: int = 0
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    stdout: str = ""
    stderr: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    attachments: tuple[str, ...] = ()
    nodeid: str = ""


NOTHING = Said()  #: what is said of most


class Case(NamedTuple):
    """One test and how it ended.

    A tuple, and in two parts, for the sake of large reports: it takes a third
    of the time and of the memory of a dataclass with all these fields.

    Parameters
    ----------
    name, classname : str
        As the tool that ran it has them.
    verdict : CaseVerdict
        How it ended.
    suites : tuple of str
        The names of the suites around it, the outermost first.
    seconds : float, optional
        How long it took; None where nobody measured it.
    said : Said
        What else is known of it.
    """

    name: str
    classname: str = ""
    verdict: CaseVerdict = "passed"
    suites: tuple[str, ...] = ()
    seconds: float | None = None
    said: Said = NOTHING

    @property
    def is_bad(self) -> bool:
        """Whether it failed, or had an error."""
        return self.verdict in ("failed", "error")

    @property
    def is_flaky(self) -> bool:
        """Whether it passed in the end, and not at once."""
        return self.verdict == "passed" and any(problem.is_attempt for problem in self.said.problems)

    @property
    def message(self) -> str:
        """What is to be said of it in one line: the first problem's message, or why it was skipped."""
        for problem in self.said.problems:
            words = problem.message or problem.text
            if words.strip():
                return words.strip().splitlines()[0]
        return self.said.reason.strip().split("\n", 1)[0]

    @property
    def key(self) -> str:
        """What it is known by from run to run: pytest's id, else file or class, and name."""
        return self.said.nodeid or "::".join(filter(None, (self.said.file or self.classname, self.name)))
