"""What the words of one command turn out to mean, gathered while they are read.

The one mutable thing in layer 3, alive for one judgement. An answer only ever
gets stricter: nothing that is read later takes back a doubt.
"""

from __future__ import annotations

from ...values import Answer

_STRICTER: dict[Answer, int] = {"allow": 0, "ask": 1, "refuse": 2}


class Found:
    """Paths, addresses and inner commands of a command, and the strictest answer so far."""

    __slots__ = (
        "answer",
        "assigned",
        "changes",
        "code",
        "commands",
        "line",
        "modules",
        "reads",
        "runs",
        "trees",
        "unseen",
        "urls",
        "where",
        "why",
        "writes",
    )

    def __init__(self) -> None:
        self.answer: Answer = "allow"
        self.why = ""
        self.where = ""  # the program and its subcommand, for people
        self.line = 0  # of the rule file
        self.reads: list[str] = []
        self.trees: list[str] = []  # read with all that is below
        self.runs: list[str] = []  # code
        self.writes: list[str] = []
        self.changes: list[str] = []  # read, and written unless an option says otherwise
        self.urls: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self.modules: list[tuple[str, ...]] = []  # of Python, with their words
        self.assigned: list[tuple[str, str]] = []  # variables of the inner command
        self.code = False
        self.unseen = False  # the inner command gets further words that nobody has seen

    def doubt(self, why: str, *, answer: Answer = "ask", line: int = 0) -> None:
        """Make the answer at least as strict as `answer`; the first reason of the strictest stays."""
        if _STRICTER[answer] > _STRICTER[self.answer]:
            self.answer, self.why = answer, why
            self.line = line or self.line
