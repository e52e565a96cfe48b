"""Tests whose failures are told and do not fail the run, for a time: `autoexec-quarantine.toml`.

    [[test]]
    nodeid = "tests/test_a.py::test_rates"
    reason = "fails when the market is closed, see #12"
    since = 2026-01-09
    until = 2026-02-09

Nothing is quarantined silently: each entry has a reason and an end, what it
covers is told in every summary, one that is over counts no more, and one that
names no test, or a test that has long been well, is said to be of no use.
A test that could not be collected is never excused: nobody knows what it is.

Functions of the file's text; the date of today is handed in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..errors import UsageError
from .cases import Case

FILE = "autoexec-quarantine.toml"
MOST_DAYS = 90  #: that an entry may last: what is put away for longer is forgotten
READY_RUNS = 10  #: that passed one after another; then a test is said to be well
_KEYS = ("nodeid", "reason", "since", "until")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One test in quarantine; without its parameters (`a.py::test_a`) it stands for all of them.

    `until` is the last day on which it counts.
    """

    nodeid: str
    reason: str
    since: date
    until: date

    def covers(self, key: str) -> bool:
        """Whether it stands for the test that is known by `key`."""
        return key == self.nodeid or key.startswith(self.nodeid + "[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the quarantine makes of a run.

    Parameters
    ----------
    excused : tuple of Case
        Failed, and do not fail the run.
    failed : tuple of Case
        Failed, and do.
    expired : tuple of Entry
        Over, and count no more.
    unknown : tuple of Entry
        Cover none of the tests that there are.
    ready : tuple of Entry
        Cover only tests that have passed often enough to leave.
    """

    excused: tuple[Case, ...] = ()
    failed: tuple[Case, ...] = ()
    expired: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    ready: tuple[Entry, ...] = ()

    def lines(self, entries: Sequence[Entry]) -> list[str]:
        """Return what is to be told of it, a line each; none if there is no quarantine."""
        told = []
        for case in self.excused:
            entry = next(entry for entry in entries if entry.covers(case.key))
            told.append(f"quarantined: {case.key} failed, until {entry.until}: {entry.reason}")
        told += [
            f"quarantine is over: {entry.nodeid}, since {entry.until}; mend the test"
            for entry in self.expired
        ]
        told += [f"quarantine of no test: {entry.nodeid}; take it out of {FILE}" for entry in self.unknown]
        told += [f"ready to leave quarantine: {entry.nodeid}; take it out of {FILE}" for entry in self.ready]
        return told


def read(text: str) -> tuple[Entry, ...]:
    """Return the entries of a quarantine file.

    Raises
    ------
    UsageError
        It is no TOML, or an entry lacks something, has too much, lasts longer than
        `MOST_DAYS` or stands twice; all of it is told by the number of the entry.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{FILE} cannot be read", why=str(error), fix=f"mend {FILE}") from error
    tests = document.get("test", [])
    others = sorted(set(document) - {"test"})
    if others or not isinstance(tests, list):
        raise _refused(f"{others[0]!r} is no part of it" if others else "`test` is no list of tables")
    entries = tuple(_entry(number, table) for number, table in enumerate(tests, 1))
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if entry.nodeid in seen:
            raise _refused(f"entry {number}: {entry.nodeid} stands there already")
        seen.add(entry.nodeid)
    return entries


def written(entries: Iterable[Entry]) -> str:
    """Return the text of a file with `entries`, by their ids; `read` gives them back."""
    parts = []
    for entry in sorted(entries, key=lambda entry: entry.nodeid):
        parts.append(
            "[[test]]\n"
            f"nodeid = {_quoted(entry.nodeid)}\n"
            f"reason = {_quoted(entry.reason)}\n"
            f"since = {entry.since.isoformat()}\n"
            f"until = {entry.until.isoformat()}\n"
        )
    return "\n".join(parts)


def added(
    entries: Iterable[Entry], nodeid: str, reason: str, *, today: date, days: int = 30
) -> tuple[Entry, ...]:
    """Return `entries` with one more, or with a new end for the one that is there.

    Parameters
    ----------
    entries : iterable of Entry
        Those there are.
    nodeid, reason : str
        Which test, and why; neither may be empty.
    today : date
        On which it begins.
    days : int, default 30
        How long, from 1 to `MOST_DAYS`.

    Raises
    ------
    UsageError
        There is no reason, or it would last too long.
    """
    until = today + timedelta(days=max(-MOST_DAYS, min(days, MOST_DAYS + 1)))
    table = {"nodeid": nodeid, "reason": reason, "since": today, "until": until}
    return (*(entry for entry in entries if entry.nodeid != nodeid), _entry(0, table))


def apply(
    entries: Sequence[Entry],
    cases: Iterable[Case],
    *,
    today: date,
    known: Iterable[str] | None = None,
    passed: Mapping[str, int] | None = None,
) -> Verdict:
    """Return what the quarantine makes of a run.

    Parameters
    ----------
    entries : sequence of Entry
        As `read` gives them.
    cases : iterable of Case
        The run's, those of files that could not be collected too.
    today : date
        From `since` to `until` an entry counts.
    known : iterable of str, optional
        Ids of all tests that there are. Without it nothing is said to be
        unknown: a run of some tests does not see the others.
    passed : mapping of str to int, optional
        How often each test passed of late, one time after another, this run included.
    """
    live = {entry.nodeid: entry for entry in entries if entry.since <= today <= entry.until}
    bad = [case for case in cases if case.is_bad]
    excused = {id(case) for case in bad if _is_test(case) and any(key in live for key in _stands(case.key))}
    there = None if known is None else {key for nodeid in known for key in _stands(nodeid)}
    fewest: dict[str, int] = {}
    for nodeid, count in (passed or {}).items():
        for key in _stands(nodeid):
            fewest[key] = min(count, fewest.get(key, count))
    return Verdict(
        excused=tuple(case for case in bad if id(case) in excused),
        failed=tuple(case for case in bad if id(case) not in excused),
        expired=tuple(entry for entry in entries if entry.until < today),
        unknown=() if there is None else tuple(entry for key, entry in live.items() if key not in there),
        ready=tuple(entry for key, entry in live.items() if fewest.get(key, 0) >= READY_RUNS),
    )


def _entry(number: int, table: object) -> Entry:
    name = f"entry {number}: " if number else ""
    if not isinstance(table, dict) or sorted(table) != sorted(_KEYS):
        raise _refused(f"{name}it needs {', '.join(_KEYS)}, and nothing else")
    for key in ("nodeid", "reason"):
        if not isinstance(table[key], str) or not table[key].strip():
            raise _refused(f"{name}`{key}` must be a text")
    for key in ("since", "until"):
        if not isinstance(table[key], date) or isinstance(table[key], datetime):
            raise _refused(f"{name}`{key}` must be a date, as 2026-01-31, without quotes")
    entry = Entry(**table)
    lasts = (entry.until - entry.since).days
    if not 0 <= lasts <= MOST_DAYS:
        raise _refused(f"{name}{entry.nodeid} would last {lasts} days, and {MOST_DAYS} are the most")
    return entry


def _refused(why: str) -> UsageError:
    return UsageError(f"{FILE} does not count", why=why, fix=f"mend {FILE}")


def _quoted(text: str) -> str:
    r"""Return a TOML string; a control character, or half of a pair, is told by its number.

    >>> _quoted('a"b\x00')
    '"a\\"b\\u0000"'
    """
    found = (_ESCAPES.get(char) or (char if char.isprintable() else _numbered(char)) for char in text)
    return f'"{"".join(found)}"'


def _numbered(char: str) -> str:
    number = ord(char)
    if 0xD800 <= number <= 0xDFFF:
        return "\\uFFFD"  # TOML has no halves of pairs
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def _is_test(case: Case) -> bool:
    return "::" in case.key or not case.key.endswith(".py")


def _stands(key: str) -> Iterator[str]:
    """Yield the ids of all entries that could stand for a test; a parameter may hold brackets itself."""
    yield key
    at = key.find("[")
    while at >= 0:
        yield key[:at]
        at = key.find("[", at + 1)
