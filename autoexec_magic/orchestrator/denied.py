"""What the cage kept tests from: their own words say no more than that it was not permitted."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..casefacts import CaseCause, CaseFailure
from ..events import CaseFinished, CausesFound, Emit, Event
from ..executor.cage import Doors, Wanted
from ..executor.cage.explain import explain_failure
from ..executor.cage.rules import Rule
from ..values import Denial

CLS: Final = "environment"  #: what kind of fault it is
MOST_WHYS = 3  #: in one sentence
# What a denial of a socket or terminal raises, at the end of a traceback as pytest prints it.
_RAISED = re.compile(
    r"^E +(?:[\w.]+\.)?(?:PermissionError|OSError|EOFError|gaierror|URLError|\w*Connect\w*Error)\b",
    re.MULTILINE,
)
_ANY_PATH = (Rule(path=os.sep, access="write"),)  # the words of tests name theirs; only doors are looked for


@dataclass(slots=True)
class Denials:
    """A sink between who tells of tests and who hears it; `found` is what was denied, by the tests' ids.

    Parameters
    ----------
    emit : callable
        Gets the events.
    level : "sealed", "workspace", "open" or "best"
        The cage.
    doors : Doors
        What was let through it.
    """

    emit: Emit
    level: Wanted
    doors: Doors
    found: dict[str, Denial] = field(default_factory=dict)

    def tell(self, event: Event) -> None:
        """Pass an event on; of what failed for the cage, with which option would allow it."""
        if isinstance(event, CaseFinished) and event.failure is not None:
            event = replace(event, failure=self._failure(event.nodeid, event.failure))
        elif isinstance(event, CausesFound) and self.found:
            event = replace(event, causes=tuple(map(self._cause, event.causes)))
        self.emit(event)

    def _failure(self, nodeid: str, failure: CaseFailure) -> CaseFailure:
        denial = self.denial(failure.text)
        if denial is None:
            return failure
        self.found[nodeid] = denial
        return replace(failure, cls=CLS, confidence="likely", why=denial.why, fix=fix_of([denial]))

    def _cause(self, cause: CaseCause) -> CaseCause:
        denials = [self.found[nodeid] for nodeid in cause.nodeids if nodeid in self.found]
        if not denials:
            return cause
        return replace(cause, cls=CLS, confidence="likely", what=why_of(denials), fix=fix_of(denials))

    def denial(self, text: str) -> Denial | None:
        """Return what the cage denied of the network, unix sockets and terminals, by what pytest prints."""
        if self.level == "open" or not _RAISED.search(text):
            return None
        return explain_failure(
            text,
            folder=Path(os.sep),
            rules=_ANY_PATH,
            shut=(),
            net=self.doors.net,
            has_unix=self.doors.unix,
        )


def why_of(denials: Collection[Denial]) -> str:
    """Return what was denied, the first few, each once."""
    return "; ".join(list(dict.fromkeys(denial.why for denial in denials))[:MOST_WHYS])


def fix_of(denials: Collection[Denial]) -> str:
    """Return what to do next: tests are given no terminal, and their ports are seldom known before."""
    if any(denial.door == "terminal" for denial in denials):
        return "add --cage open, if the tests may do all that you may"
    options = dict.fromkeys("--net all" if denial.door == "net" else denial.option for denial in denials)
    return f"add {' '.join(options)}, if the tests may have that"
