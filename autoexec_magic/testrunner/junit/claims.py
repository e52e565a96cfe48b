"""What a suite says that it holds, beside what it holds.

Tools count in ways of their own. Surefire and pytest-rerunfailures count
attempts, pytest counts a case twice whose teardown fails, Mocha's reporter
writes no case for a test that is pending and says so only at the root. So
nothing is held against a suite but problems that are nowhere in it, and tests
that are not there at all, attempts and what was left out on purpose taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .dialects import SKIPS

_BAD = ("failures", "errors")
_DIGITS = 10
_NAME_CHARS = 100


@dataclass(slots=True)
class Claim:
    """A suite that was begun: its attributes, and how many cases and problems there were before it."""

    attributes: Mapping[str, str]
    cases: int
    wrong: int
    is_outermost: bool  # of those that say how many tests they have

    @property
    def counts_tests(self) -> bool:
        """Whether it says how many tests it has."""
        return "tests" in self.attributes


def doubt(claim: Claim, cases: int, wrong: int) -> str:
    """Return what a suite claims and does not hold, "" where it holds what it claims.

    Parameters
    ----------
    claim : Claim
        The suite.
    cases, wrong : int
        How many cases there are at its end, and elements of problems, of earlier attempts too.
    """
    attributes = claim.attributes
    cases, wrong = cases - claim.cases, wrong - claim.wrong
    who = f"the suite {attributes.get('name', '')[:_NAME_CHARS]}".rstrip()
    bad = sum(_number(attributes, name) for name in _BAD)
    if bad > wrong:
        return f"{who} counts {bad} failures and errors, and holds {wrong}"
    tests = _number(attributes, "tests")
    left_out = sum(_number(attributes, name) for name in SKIPS)
    if claim.is_outermost and tests > cases + wrong + left_out:
        return f"{who} counts {tests} tests, and holds {cases}"
    return ""


def _number(attributes: Mapping[str, str], name: str) -> int:
    said = attributes.get(name, "").strip()
    return int(said) if said.isdecimal() and len(said) < _DIGITS else 0
