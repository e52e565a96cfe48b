"""JUnit XML from anywhere: files, folders and patterns read, counted, compared, and written as one.

Nothing is run and nothing is on record. A file that is damaged has the cases that
are there; its fault stands beside them, and so does that of a file which cannot be read.
"""

from __future__ import annotations

import dataclasses
import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UsageError
from .testrunner import junit
from .testrunner.cases import Case, CaseVerdict
from .testrunner.junit import Comparison, Fault, Suite
from .values import Verdict

if TYPE_CHECKING:
    from junitparser import JUnitXml

_PATTERN = frozenset("*?[")
_XML = ".xml"
_MOST_SAID = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one file holds; `fault` is what is wrong with it, its `line` 0 where it was not read at all."""

    path: str
    cases: tuple[Case, ...] = ()
    suites: tuple[Suite, ...] = ()
    fault: Fault | None = None

    @property
    def is_read(self) -> bool:
        """Whether it was JUnit XML, however damaged."""
        return self.fault is None or self.fault.line > 0

    @property
    def counts(self) -> Counter[CaseVerdict]:
        """How many cases ended how."""
        return Counter(case.verdict for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What several files hold.

    Parameters
    ----------
    reports : tuple of Report
        In the order in which they were named; those of a folder by their paths.
    others : tuple of str
        XML in a folder, or of a pattern, that is no JUnit XML.
    """

    reports: tuple[Report, ...]
    others: tuple[str, ...] = ()

    @property
    def cases(self) -> Iterator[Case]:
        """The cases of all files, one after the other."""
        return (case for report in self.reports for case in report.cases)

    @property
    def counts(self) -> Counter[CaseVerdict]:
        """How many cases ended how, in all files."""
        return Counter(case.verdict for case in self.cases)

    @property
    def is_damaged(self) -> bool:
        """Whether a file has a fault, so that cases may be missing."""
        return any(report.fault for report in self.reports)

    @property
    def verdict(self) -> Verdict:
        """`failed` where a case did, else `invalid` where a file is damaged; `skipped` without any case."""
        counts = self.counts
        if counts["failed"] or counts["error"]:
            return Verdict.FAILED
        if self.is_damaged:
            return Verdict.INVALID
        return Verdict.PASSED if counts.total() else Verdict.SKIPPED

    def merged(self) -> tuple[list[Case], list[Suite]]:
        """Return the cases, once what was run again (`testrunner.junit.merged`), and the suites."""
        cases = junit.merged(report.cases for report in self.reports)
        return cases, _one_each(suite for report in self.reports for suite in report.suites)

    def to_junitparser(self) -> JUnitXml:
        """Return the merged report as `junitparser`'s objects.

        Raises
        ------
        MissingTool
            The library is not installed.
        """
        from .testrunner.junit.model import to_junitparser

        return to_junitparser(*self.merged())


def read(*names: str | os.PathLike[str], cwd: Path | None = None) -> Reports:
    """Return what JUnit XML files hold.

    Parameters
    ----------
    *names : str or Path
        Files; folders, of which every `*.xml` below is read; patterns (`**` for any folders). A file
        that is named more than once is read once.
    cwd : Path, optional
        What they are relative to; the working directory by default.

    Raises
    ------
    UsageError
        There is no JUnit XML in any of them.
    """
    root = cwd or Path.cwd()
    reports: list[Report] = []
    others: list[str] = []
    seen: set[str] = set()
    for name in (os.fspath(each) for each in names):
        files, nothing = _files(name, root)
        if not files:
            reports.append(Report(path=name, fault=_unread(nothing)))
        for path in files:
            real = _real(root / path)
            if real in seen:
                continue
            seen.add(real)
            report = _read(path, root)
            if nothing and report.fault and report.fault.what == junit.NO_JUNIT:
                others.append(path)
            else:
                reports.append(report)
    if not any(report.is_read for report in reports):
        raise _nothing(reports, others)
    return Reports(reports=tuple(reports), others=tuple(others))


def merge(reports: Reports, path: str | os.PathLike[str], cwd: Path | None = None) -> list[Case]:
    """Write `reports` as one file, and return the cases in it; an old file of that name is replaced at once.

    Raises
    ------
    UsageError
        It is one of those that were read, or cannot be written.
    """
    root = cwd or Path.cwd()
    out = root / path
    for report in reports.reports:
        if _are_same(root / report.path, out):
            raise UsageError(
                f"{os.fspath(path)} is one of the files to merge",
                why="it would be replaced by what it is made of, and merged with itself the next time",
                fix="name another file, outside the folders that are read",
            )
    cases, suites = reports.merged()
    try:
        junit.write(out, cases, suites)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot write {os.fspath(path)}", why=why, fix="name a file in a folder that is there"
        ) from error
    return cases


def compare(old: Reports, new: Reports) -> Comparison:
    """Return what became of the cases of `old` in `new` (`testrunner.junit.compare`)."""
    return junit.compare(old.cases, new.cases)


def _files(name: str, root: Path) -> tuple[list[str], str]:
    """Return the files that a name means, and what to say where it means several and there is none."""
    path = root / name
    try:
        if path.is_dir():
            return _below(name, path), "it holds no *.xml file"
        if _PATTERN & set(name) and not path.exists():
            found = sorted(glob.glob(name, root_dir=root, recursive=True))  # noqa: PTH207 - takes any pattern
            return [one for one in found if not (root / one).is_dir()], "no file has such a name"
    except (OSError, ValueError):  # a name that none can have: the reader says so
        pass
    return [name], ""


def _below(name: str, folder: Path) -> list[str]:
    """Return the XML files below a folder; links to folders are not followed, which could go round."""
    return sorted(
        str(Path(name) / os.path.relpath(where, folder) / file)
        for where, _, files in os.walk(folder)
        for file in files
        if file.lower().endswith(_XML)
    )


def _read(path: str, root: Path) -> Report:
    try:
        held = junit.read(root / path)
    except UsageError as error:
        return Report(path=path, fault=_unread(error.what if error.what == junit.NO_JUNIT else error.why))
    return Report(path=path, cases=held.cases, suites=held.suites, fault=held.fault)


def _unread(what: str) -> Fault:
    return Fault(what=what, line=0, byte=0)


def _nothing(reports: Sequence[Report], others: Sequence[str]) -> UsageError:
    fix = "name the files that the test tool wrote as JUnit XML, or a folder that holds them"
    said = [f"{report.path}: {report.fault.what}" for report in reports if report.fault]
    said += [f"{path}: {junit.NO_JUNIT}" for path in others]
    return UsageError("there is no JUnit XML", why="; ".join(said[:_MOST_SAID]), fix=fix)


def _are_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return _real(one) == _real(other)


def _real(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:  # a name that no file can have
        return str(path)


def _one_each(suites: Iterable[Suite]) -> list[Suite]:
    """Return one suite a path, with the output of all; its time is that of the cases that are left."""
    found: dict[tuple[str, ...], Suite] = {}
    for suite in suites:
        known = found.get(suite.path)
        stdout, stderr = (known.stdout, known.stderr) if known else ("", "")
        found[suite.path] = dataclasses.replace(
            suite,
            seconds=None,
            properties=tuple(dict([*(known.properties if known else ()), *suite.properties]).items()),
            stdout=stdout if suite.stdout in stdout else stdout + suite.stdout,
            stderr=stderr if suite.stderr in stderr else stderr + suite.stderr,
        )
    return list(found.values())
