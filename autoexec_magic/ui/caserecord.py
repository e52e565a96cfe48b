"""One test as a record for machines: the same from a run and from a report."""

from __future__ import annotations

from ..testrunner import Case
from ..testrunner.junit import id_of, line_of


def case_record(case: Case, cls: str = "") -> dict[str, object]:
    """Return a test as one JSON object; `cls` says what kind of fault it has, where that is known."""
    record: dict[str, object] = {
        "kind": "Case",
        "nodeid": id_of(case),
        "verdict": case.verdict,
        "seconds": case.seconds,
        "class": cls,
        "message": line_of(case),
    }
    attempts = sum(problem.is_attempt for problem in case.said.problems)
    return record | {"attempts": attempts + 1, "flaky": case.is_flaky} if attempts else record
