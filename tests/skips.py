"""No test is skipped unseen.

A test that lacks something says what, and which command would provide it:

    from skips import needs, requires, skip

    requires(shutil.which("docker"), "docker is not installed", "apt-get install docker.io")

At the end of a session `SkipReport` lists every skip, those of whole modules
too. Where CI is root on Debian, and so can install what it lacks, a skip that
`tests/allowed_skips.toml` does not name fails the session: else a suite that
tests less and less stays green.

conftest.py loads this file by its path under the name `skips`; it imports
nothing but the standard library and pytest.
"""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SEPARATOR = " | provide: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A test or a whole module that was not run."""

    nodeid: str
    reason: str
    provide: str = ""  # the command that would provide what is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """An entry of allowed_skips.toml."""

    match: str
    reason: str

    def covers(self, skip: Skip) -> bool:
        """Whether `match` is part of the skip's nodeid or reason, or a pattern of the whole of one."""
        return any(self.match in text or fnmatchcase(text, self.match) for text in (skip.nodeid, skip.reason))


def needs(reason: str, provide: str) -> str:
    """Return the reason for a `skipif` mark: what is missing, and the command that would provide it."""
    return f"{reason}{SEPARATOR}{provide}"


def skip(reason: str, provide: str) -> NoReturn:
    """Skip this test, or this module, for `reason`; `provide` is the command that would help."""
    __tracebackhide__ = True
    pytest.skip(needs(reason, provide), allow_module_level=True)


def requires(there: object, reason: str, provide: str) -> None:
    """Go on if `there` is true, else skip."""
    __tracebackhide__ = True
    if not there:
        skip(reason, provide)


def is_enforced(environ: Mapping[str, str], *, is_root: bool, is_debian: bool) -> bool:
    """Whether a skip needs to be allowed: on CI, where all that is missing can be installed."""
    return environ.get("CI") == "true" and is_root and is_debian


def enforced_here() -> bool:
    """Whether `is_enforced` of this process."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return is_enforced(os.environ, is_root=is_root, is_debian=Path("/etc/debian_version").exists())


def unlisted(skips: Iterable[Skip], allowed: Sequence[Allowed]) -> list[Skip]:
    """Return the skips that no entry covers, in their order.

    >>> offline = Skip(nodeid="tests/a.py::test_a", reason="no network")
    >>> unlisted([offline], [])
    [Skip(nodeid='tests/a.py::test_a', reason='no network', provide='')]
    >>> unlisted([offline], [Allowed(match="network", reason="CI is offline")])
    []
    """
    return [skip for skip in skips if not any(entry.covers(skip) for entry in allowed)]


def parse_allowed(text: str) -> list[Allowed]:
    """Return the entries of an allowed_skips.toml; a flaw in it is a ValueError that names it."""
    table = tomllib.loads(text)
    entries = table.pop("skip", [])
    if table:
        raise ValueError(f"unknown: {', '.join(table)}; entries are [[skip]] tables")
    return [_entry(fields, number) for number, fields in enumerate(entries, start=1)]


def summary(skips: Iterable[Skip]) -> list[str]:
    """Return the lines that count the skips by their reason, the most frequent first."""
    counts = Counter((skip.reason, skip.provide) for skip in skips)
    lines = []
    for (reason, provide), count in counts.most_common():
        lines.append(f"{count} x {reason}")
        lines.append(f"    to run: {provide}" if provide else "    no command given")
    return lines


class SkipReport:
    """The pytest plugin: gathers the skips, shows them, and fails the session for one that is not allowed.

    Parameters
    ----------
    path : Path
        The allowed_skips.toml; a flaw in it stops the session before the first test.
    enforced : bool
        Whether a skip needs to be allowed.
    """

    def __init__(self, path: Path, *, enforced: bool) -> None:
        try:
            self._allowed = parse_allowed(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"{path}: {error}") from error
        self._path = path
        self._enforced = enforced
        # A module is collected twice, for its tests and for its doctests: the same skip counts once.
        self._skips: dict[Skip, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's skip; an expected failure is reported as skipped and is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._keep(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a module's skip."""
        if report.skipped:
            self._keep(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a session that would have passed."""
        if self._unlisted() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the section "skipped" and, if need be, the one that says what failed."""
        if self._skips:
            terminalreporter.section("skipped")
            for line in summary(self._skips):
                terminalreporter.write_line(line)
        if forbidden := self._unlisted():
            terminalreporter.section("skips that are not allowed here", red=True, bold=True)
            for skip in forbidden:
                provide = f"run `{skip.provide}`" if skip.provide else "provide it"
                terminalreporter.write_line(f"{skip.nodeid}: {skip.reason}", red=True)
                terminalreporter.write_line(f"    {provide}, or add an entry with its reason to {self._path}")

    def _unlisted(self) -> list[Skip]:
        return unlisted(self._skips, self._allowed) if self._enforced else []

    def _keep(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        where = report.longrepr
        text = where[2] if isinstance(where, tuple) else str(where)
        reason, _, provide = text.removeprefix("Skipped: ").partition(SEPARATOR)
        self._skips[Skip(nodeid=report.nodeid, reason=reason.strip(), provide=provide.strip())] = None


def _entry(fields: object, number: int) -> Allowed:
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise ValueError(f"entry {number} is no table of strings")
    if unknown := set(fields) - {"match", "reason"}:
        raise ValueError(f"entry {number} has {', '.join(sorted(unknown))}; only match and reason are known")
    match, reason = fields.get("match", ""), fields.get("reason", "").strip()
    if not match.strip(" *?"):
        raise ValueError(f"entry {number} has no match, or one that allows everything")
    if not reason:
        raise ValueError(f"entry {number} ({match}) has no reason")
    return Allowed(match=match, reason=reason)
