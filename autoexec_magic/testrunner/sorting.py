"""Which row a failure belongs to: by what is said of it, else by whose code raised it, and how."""

from __future__ import annotations

import re
from typing import TypeAlias

from . import causetable as rows
from .causetable import AROUND, PLUGIN_FIXTURES, PYTEST, Row
from .compiling import SYNTAX
from .facts import Facts, Project
from .importing import import_row

Judged: TypeAlias = tuple[Row, dict[str, str]]  #: a row, and words for its sentences

_MISSING_FIXTURE = re.compile(r"fixture '(?P<name>[^']+)' not found")
_AVAILABLE = re.compile(r"available fixtures: (?P<names>[^\n]*)")
_PROGRAM = re.compile(r"No such file or directory: (?:PosixPath\()?'(?P<name>[^']+)'")
_CHILDREN = ("/subprocess.py", "/asyncio/unix_events.py", "/asyncio/base_events.py", "/pexpect/")
_TIMEOUTS = ("TimeoutError", "CancelledError", "TimeoutException", "timeout")
_ASSERTIONS = (
    "AssertionError",
    "Failed",
    "AssertionFailedError",
    "ComparisonFailure",
    "JestAssertionError",
    "DocTestFailure",
)
_FOREIGN = re.compile(r"expect\(|assertion (?:`[^`]*` )?failed|\b(?:[Ee]xpected|but was|Received)\b")
_OF_TIME = re.compile(
    r"\b(?:perf_counter|monotonic|process_time|time_ns|time\.time|elapsed|duration|latency|took)\b"
)
_ORDERED = re.compile(r"[^<>=-][<>]=?[^<>]")
_OF_THE_VALUE = ("KeyError", "IndexError", "StopIteration", "JSONDecodeError")
_UNSEEN = (
    "PytestUnraisableExceptionWarning",
    "PytestUnhandledThreadExceptionWarning",
    "PytestUnhandledCoroutineWarning",
)


def judge(facts: Facts, project: Project) -> Judged:
    """Return the row that explains a failure best, and the words that fill its sentences."""
    for found in (
        _of_pytest(facts),
        _fixture(facts),
        _unseen(facts),
        _imported(facts, project),
        _around(facts),
    ):
        if found is not None:
            return found
    for nearest in facts.causes:
        outside = _imported(nearest, project) or _around(nearest)
        if outside is not None and outside[0].cls in ("environment", "timeout"):
            return outside[0]._replace(confidence="likely"), outside[1] | {"summary": nearest.summary}
    return _syntax(facts) or _waited(facts) or _by_place(facts), {}


def _of_pytest(facts: Facts) -> Judged | None:
    for row in PYTEST:
        if match := row.match(facts.type, facts.typed, facts.words):
            return row, _groups(match)
    return None


def _fixture(facts: Facts) -> Judged | None:
    if facts.type not in ("FixtureLookupError", "", "Failed"):
        return None
    match = _MISSING_FIXTURE.search(facts.words)
    if match is None:
        return None
    name = match["name"]
    if plugin := PLUGIN_FIXTURES.get(name):
        return rows.PLUGIN_FIXTURE, {"name": name, "plugin": plugin}
    from difflib import get_close_matches

    known = _AVAILABLE.search(facts.words)
    near = get_close_matches(name, known["names"].split(", ") if known else [], n=1, cutoff=0.75)
    row = rows.NO_FIXTURE._replace(fix="did you mean `{near}`?") if near else rows.NO_FIXTURE
    return row, {"name": name, "near": near[0] if near else ""}


def _unseen(facts: Facts) -> Judged | None:
    """Explain what pytest noticed beside the test: it may be of one that ran before."""
    if facts.type not in _UNSEEN:
        return None
    root = facts.causes[-1] if facts.causes else facts
    if root.own_whose == "product":
        return rows.UNSEEN._replace(cls="product", confidence="likely"), {}
    if root is not facts and root.own_whose != "library" and "Thread" not in facts.type:
        return rows.UNSEEN._replace(cls="test-bug", confidence="likely"), {}
    return rows.UNSEEN, {}


def _imported(facts: Facts, project: Project) -> Judged | None:
    found = import_row(facts, project)
    return None if found is None else (found[0], _groups(found[1]))


def _around(facts: Facts) -> Judged | None:
    """Explain what lies around the program, unless one's own `raise` only speaks of it."""
    if facts.is_raised or facts.type in _ASSERTIONS:
        return None
    if special := _program(facts) or _variable(facts):
        return special
    for row in AROUND:
        if match := row.match(facts.type, facts.message if row.types else facts.typed, facts.words):
            is_guess = facts.is_raised is None and row.confidence == "certain"
            return row._replace(confidence="likely") if is_guess else row, _groups(match)
    return None


def _program(facts: Facts) -> Judged | None:
    match = _PROGRAM.search(facts.message) if facts.type == "FileNotFoundError" else None
    if match is None or not any(part in facts.origin.file for part in _CHILDREN):
        return None
    is_bare = "/" not in match["name"]
    return rows.NO_PROGRAM if is_bare else rows.NO_PROGRAM._replace(confidence="likely"), _groups(match)


def _variable(facts: Facts) -> Judged | None:
    is_asked = "os.environ[" in facts.own.source or facts.origin.file.endswith("/os.py")
    return (rows.NO_VARIABLE, {}) if facts.type == "KeyError" and is_asked else None


def _syntax(facts: Facts) -> Row | None:
    """Explain what Python could not compile, by whose it is: a file, or a text that it was given."""
    if facts.type not in SYNTAX:
        return None
    if not facts.unread.file:
        is_given = facts.is_raised is False and facts.own_whose != "library"
        if not is_given or (facts.phase in ("setup", "teardown") and facts.own_whose != "product"):
            return None
        return rows.TEXT if facts.own_whose == "product" else rows.TEXT._replace(cls="test-bug")
    if facts.origin_whose == "library":
        fix = "install the version that is for this Python"
        return rows.UNREADABLE._replace(cls="environment", confidence="likely", fix=fix)
    row = rows.UNREADABLE if facts.is_imported else rows.UNREADABLE._replace(confidence="likely")
    return row if facts.origin_whose == "product" else row._replace(cls="test-bug")


def _waited(facts: Facts) -> Row | None:
    """Explain a time limit of the code's own, and an assertion about time."""
    if facts.type in _TIMEOUTS:
        return rows.WAITED
    if facts.type == "AssertionError" and facts.own_whose in ("test", "support"):
        source = facts.own.source
        is_ordered = facts.op in ("<", "<=", ">", ">=") or _ORDERED.search(source) is not None
        return rows.TIMED if is_ordered and _OF_TIME.search(source) else None
    return None


def _by_place(facts: Facts) -> Row:
    if facts.own_whose == "product":
        return rows.RAISED
    is_fixture = not facts.phase and facts.own.file.endswith("conftest.py")
    if facts.phase in ("setup", "teardown") or is_fixture:
        return rows.PREPARED._replace(code=facts.phase or "setup")
    if facts.type.endswith("Warning"):
        if facts.own_whose != "library":
            return rows.WARNED
        fix = "install a version that does not warn, or let `filterwarnings` pass this one"
        return rows.WARNED._replace(cls="environment", fix=fix)
    if facts.own_whose == "library":  # nothing is known of places, as in other tools' reports
        is_assertion = facts.type in _ASSERTIONS or _FOREIGN.search(facts.message)
        return rows.EXPECTED if is_assertion else rows.UNKNOWN
    if facts.phase == "collect":
        if facts.own_whose == "support":
            return rows.HELP_UNREAD
        return rows.TEST_UNREAD._replace(confidence="certain") if _is_unnamed(facts) else rows.TEST_UNREAD
    return _in_test(facts)


def _in_test(facts: Facts) -> Row:
    """Judge what was raised with nothing of the product at work."""
    if facts.type in _ASSERTIONS or not facts.type or facts.is_raised:
        return rows.EXPECTED
    if _is_unnamed(facts):
        return rows.UNNAMED
    if facts.type in _OF_THE_VALUE or (facts.type == "ValueError" and "unpack" in facts.message):
        return rows.UNUSABLE
    if facts.type in ("TypeError", "AttributeError") and "'NoneType'" in facts.message:
        return rows.UNUSABLE
    return rows.OWN_LINE


def _is_unnamed(facts: Facts) -> bool:
    return facts.type in ("NameError", "UnboundLocalError") and facts.origin_whose in ("test", "support")


def _groups(match: re.Match[str] | None) -> dict[str, str]:
    return {name: text or "" for name, text in match.groupdict().items()} if match else {}
