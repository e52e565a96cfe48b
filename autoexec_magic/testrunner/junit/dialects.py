"""What the attributes and elements of each tool's XML mean.

There is no standard of JUnit's XML; what is read here is what the tools write:
pytest, Maven Surefire (https://maven.apache.org/surefire/, its XSD 3.0), Gradle, Jest, go-junit-report,
gotestsum, CTest (`--output-junit`), GoogleTest, PHPUnit, Bazel, NUnit's and
xUnit.net's converters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from ..cases import CaseVerdict, ProblemKind

#: Elements of a case that say what went wrong, and of which attempt.
PROBLEMS: Mapping[str, ProblemKind] = {
    "failure": "failure",
    "error": "error",
    "rerunFailure": "rerun-failure",
    "rerunError": "rerun-error",
    "flakyFailure": "flaky-failure",
    "flakyError": "flaky-error",
}
#: The same the other way round, for the writer.
ELEMENTS: Mapping[ProblemKind, str] = {kind: name for name, kind in PROBLEMS.items()}
#: PHPUnit's own two: the test ran, and something about it is odd. They fail nothing.
REMARKS = frozenset({"warning", "risky"})
#: Elements whose text is kept.
TEXTS = frozenset(
    {
        *PROBLEMS,
        *REMARKS,
        "skipped",
        "system-out",
        "system-err",
        "stackTrace",
        "property",
        "disabled",
        "ignored",
    }
)
SKIPS = frozenset({"skipped", "disabled", "ignored"})
#: Elements of their own inside a problem, as Surefire has them.
PARTS = frozenset({"stackTrace", "system-out", "system-err"})

_XFAILS = frozenset({"pytest.xfail", "xfail"})  # pytest's, and unittest-xml-reporting's
_TODO = "todo"  # node's: it may fail, and that fails nothing
_NOT_RUN = frozenset({"notrun", "not_run", "not-run", "untested"})
_SKIPPED = frozenset({"skip", "skipped", "disabled", "ignored", "pending"})
_FAILED = frozenset({"fail", "failed", "failure"})
_ERROR = frozenset({"error", "errored"})
_CHOSEN = "SKIP_"  # how CTest's reasons begin where the test itself asked to be skipped
_LONGEST_NUMBER = 400  # characters: the smallest number of 64 bits without an exponent has 326
_ATTACHMENT = re.compile(r"^[ \t]*\[\[ATTACHMENT\|([^\]\r\n]{1,4096})\]\]", re.MULTILINE)
_NUMBER = re.compile(
    r"\s*([0-9]{1,18}(?:[.,][0-9]{3})*?(?:[.,][0-9]{0,18})?(?:[eE][+-]?[0-9]{1,3})?)\s*s?\s*"
)


@functools.lru_cache(maxsize=4096)  # most of a report's times are the same few thousandths
def seconds_of(text: str) -> float | None:
    """Return the seconds that a `time` says, None where that is no number; Surefire writes `1,234.5`.

    >>> seconds_of("0.25"), seconds_of("1,234.5"), seconds_of("1.5s"), seconds_of("NaN"), seconds_of("-1")
    (0.25, 1234.5, 1.5, None, None)
    """
    if not text or len(text) > _LONGEST_NUMBER:
        return None
    try:
        value = float(text)
    except ValueError:
        if not _NUMBER.fullmatch(text):
            return None
        plain = text.strip().rstrip("s ")
        try:
            # The last sign is the decimal one if both stand there, or if three digits do not follow it.
            if "." in plain or len(plain.rpartition(",")[2]) == 3:
                return float(plain.replace(",", ""))
            return float(plain.replace(",", "."))
        except ValueError:
            return None
    return value if 0 <= value < float("inf") else None


def skip_verdict(kind: str) -> CaseVerdict:
    """Return what a `<skipped type="…">` says: pytest has one for what failed as was expected."""
    return "xfailed" if kind.lower() in _XFAILS else "skipped"


def is_todo(kind: str) -> bool:
    """Whether a `<skipped type="…">` says that the case may fail."""
    return kind.lower() == _TODO


def plain_verdict(attributes: Mapping[str, str], reason: str = "") -> CaseVerdict:
    """Return how a case ended by its attributes, which is all that some tools say.

    GoogleTest says in `status` that a case was not run at all, CTest also that
    one is disabled or failed, behave that nobody came to test it, xUnit.net's and
    NUnit's converters in `result` how it ended. `reason` is that of an element
    which says the case was skipped: CTest has that also for what it could not start.
    """
    words = {attributes.get("status", "").lower(), attributes.get("result", "").lower()}
    if words & _NOT_RUN and not reason.startswith(_CHOSEN):
        return "not-run"
    if words & _FAILED:
        return "failed"
    if words & _ERROR:
        return "error"
    return "skipped" if words & _SKIPPED else "passed"


def attachments_in(*outputs: str) -> tuple[str, ...]:
    """Return the files that outputs name for Jenkins' attachments plugin."""
    if not any(outputs):
        return ()
    return tuple(
        path for output in outputs if "[[ATTACHMENT|" in output for path in _ATTACHMENT.findall(output)
    )
