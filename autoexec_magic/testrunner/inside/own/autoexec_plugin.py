"""A pytest plugin that tells of each test while it runs, as lines of JSON through a pipe.

This one file runs in the project's own Python, beside the project's own pytest
and plugins, so it imports the standard library and pytest alone, and nothing of
this package. What it writes is data to whoever reads it: a test can write into
the pipe, close it, or end the process; so each line begins with the run's key
and has its number, the last one says how many there were, and a case of which
no end was told did not run.

Lines, behind the key and each with `n` (0, 1, 2 … without gaps) and `k`:

- `begin`: `pytest` and `python` (versions), `root`, and `quiet`: whether pytest
  writes no progress of its own, as all of it is told here;
- `collected`: `count` of tests that will be run, then `items`: their `ids`, some at a time;
- `unread`: a file or class that could not be collected, or was skipped as a whole:
  `id`, `outcome` (failed, skipped), `failure` or `reason`;
- `start`: a test begins, `id`, `file`, `line` (from 1);
- `ok`: each phase of the test passed, `id`, `t`: the seconds of setup, call and teardown,
  and where there are any `out`, `err`;
- `phase`: of all other tests, `id`, `when` (setup, call, teardown), `outcome`
  (passed, failed, skipped, rerun), `seconds`, and where there are any `out`, `err` (the
  last of each), `reason`, `xfail`, `failure`, `sub` (which subtest it is of), `crash`
  (the process that ran it died);
- `fault`: pytest itself failed, `failure`;
- `covered`: which lines ran, `files`: each a path, the number of its statements, and the lines
  of those that did not run;
- `gone`: tests that were found, and taken out by somebody who did not say so, their `ids`;
- `end`: `exit`, pytest's exit code, `tests` that were begun, and `counted`: whether that code is 1
  for failures that were told here, and for nothing else: no plugin set it, nor counted some of its own.

A `failure` has `type`, `message`, `text` (what pytest prints), `file`, `line` and
`source` (the place in the test's own file), `origin` and `origin_line` (where
it was raised), and of a comparison `op`, `left`, `right`.

PYTEST_DONT_REWRITE: there is no assertion here to be explained.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

VARIABLE = "AUTOEXEC_RECORDS"  #: holds the number of the descriptor to write to
TAIL_CHARS = 4096  #: of each stream that a phase captured
TEXT_CHARS = 20_000  #: of what pytest prints of a failure; its middle is left out
LATER_CHARS = 2_000  #: … once `MANY` have failed
MANY = 200
IDS = 500  #: in one line


def _beside(name: str) -> Any:
    """Return a module from beside this file, whichever of its two names this one has."""
    return importlib.import_module(f"{__package__ or ''}.{name}".lstrip("."))


SETTINGS: dict[str, Any] = {}  #: what was asked for beside pytest's own arguments (`Choosing`)
COUNTING = "autoexec_counting"  #: beside this file
ENDING = "autoexec_ending"  #: beside this file: what SIGTERM means
QUIET = "autoexec_quiet"  #: beside this file: a reporter that writes no progress
KEY: list[str] = []  #: what each line begins with, until somebody tells
AT_END: list[Callable[[], tuple[str, dict[str, Any]]]] = []  #: each gives a record to be told before the end
_STREAMS = (("Captured stdout", "out"), ("Captured stderr", "err"))
_cutting: Any = _beside("autoexec_cutting")
_beginning: Callable[[str], str] = _cutting.beginning
_HERE = os.path.dirname(os.path.abspath(__file__))
_quoted = json.encoder.encode_basestring_ascii
_encode = json.JSONEncoder(separators=(",", ":"), default=repr).encode


class Records:
    """Writes the lines, in this process alone: a fork that goes on as pytest says nothing.

    Parameters
    ----------
    write : callable
        Takes the bytes of whole lines, and raises OSError where nobody reads them.
    key : str
        What each line begins with: who writes into the pipe without it is not this.
    """

    def __init__(self, write: Callable[[bytes], object], key: str = "") -> None:
        self._write = write
        self._key = key
        self._process = os.getpid()
        self._number = 0
        self._is_open = True
        self._held = ""

    def put(self, kind: str, **fields: Any) -> None:
        """Write one line; a pipe that was closed ends the telling and not the tests."""
        self._line(_encode({"k": kind, **fields}))

    def start(self, nodeid: str, file: str, line: int) -> None:
        """Write that a test begins; put together here, which takes a third of the time."""
        self._line(f'{{"k":"start","id":{_quoted(nodeid)},"file":{_quoted(file)},"line":{line}}}')

    def passed(self, nodeid: str, seconds: Sequence[float], *, is_held: bool) -> None:
        """Write that a test passed, or hold it back until the next line: of the next test, a moment later."""
        times = ",".join([f"{each:.6f}" for each in seconds])
        self._line(f'{{"k":"ok","id":{_quoted(nodeid)},"t":[{times}]}}', is_held=is_held)

    def _line(self, fields: str, *, is_held: bool = False) -> None:
        if not self._is_open or os.getpid() != self._process:
            return
        line = f'{self._held}{self._key}{{"n":{self._number},{fields[1:]}\n'
        self._number += 1
        self._held = line if is_held else ""
        if is_held:
            return
        try:
            self._write(line.encode("ascii"))
        except OSError:
            self._is_open = False


class Telling:
    """The hooks. With pytest-xdist it tells in the controller, of what its workers report.

    Parameters
    ----------
    records : Records, optional
        Where it tells; in a worker nowhere: there the reports get what only the exception tells.
    is_quiet : bool
        Whether pytest writes no progress of its own.
    """

    def __init__(self, records: Records | None, *, is_quiet: bool = False) -> None:
        self._records = records
        self._is_quiet = is_quiet
        self._begun = 0
        self._failed = 0
        self._exiting: Any = _beside("autoexec_exiting").Exiting()
        self._compared: tuple[str, str, str] | None = None
        self._told: set[str] = set()
        self._passed: dict[str, list[pytest.TestReport]] = {}
        self._raised: dict[tuple[str, str], dict[str, Any]] = {}
        self._is_counted = False
        self._is_spread = False  #: over workers of pytest-xdist, whose tests end in any order

    def _put(self, kind: str, **fields: Any) -> None:
        if self._records is not None:
            self._records.put(kind, **fields)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Tell who runs."""
        self._put(
            "begin",
            pytest=pytest.__version__,
            python=".".join(map(str, sys.version_info[:3])),
            root=str(session.config.rootpath),
            quiet=self._is_quiet,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell how many there will be, and which."""
        self._count([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: object, ids: list[str]) -> None:
        """Tell how many there will be, of which each worker has found all."""
        if not self._is_counted:
            self._is_counted = self._is_spread = True
            self._count(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Let each worker of pytest-xdist choose the same tests, and count what it found."""
        node.workerinput["autoexec_counts"] = COUNTING in sys.modules
        if SETTINGS:
            node.workerinput["autoexec"] = SETTINGS

    def _count(self, ids: list[str]) -> None:
        self._put("collected", count=len(ids))
        for at in range(0, len(ids), IDS):
            self._put("items", ids=[str(nodeid) for nodeid in ids[at : at + IDS]])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell what could not be collected, or was skipped as a whole."""
        if report.failed:
            self._exiting.count(report)
            failure = dict(getattr(report, "autoexec", {}))
            failure["text"] = self._shortened(str(report.longrepr))
            self._put("unread", id=report.nodeid, outcome="failed", failure=failure)
        elif report.skipped:
            self._put("unread", id=report.nodeid, outcome="skipped", reason=_reason(report))

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Tell that a test begins."""
        if nodeid not in self._told:
            self._begun += 1
            self._told.add(nodeid)
        if self._records is not None:
            self._records.start(nodeid, location[0], (location[1] or 0) + 1)

    def pytest_assertrepr_compare(self, config: pytest.Config, op: str, left: object, right: object) -> None:
        """Keep what was compared, of which the message often shows a part only."""
        self._compared = (op, _value(left), _value(right))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Keep for the report what only the exception tells; no wrapper: those cost each phase time."""
        if call.excinfo is not None:
            compared, self._compared = self._compared, None
            if not isinstance(call.excinfo.value, pytest.skip.Exception):
                self._raised[item.nodeid, call.when] = _failure(call.excinfo, str(item.path), compared)

    @pytest.hookimpl(hookwrapper=True)  # of which pluggy before 1.2 knows this kind alone
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Put on the report what pytest's text shortens."""
        outcome = yield
        report = outcome.get_result()
        excinfo = getattr(getattr(report, "call", None), "excinfo", None)
        if excinfo is not None and report.outcome == "failed":
            report.autoexec = _failure(excinfo, str(collector.path), None)

    @pytest.hookimpl(tryfirst=True)  # before a worker of pytest-xdist sends it
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell how a phase ended; a test that passed is told of once, when it is over."""
        nodeid = report.nodeid
        self.describe(report)
        if self._records is None:
            return
        before = self._passed.get(nodeid)
        is_plain = (
            report.outcome == "passed"
            and "wasxfail" not in report.__dict__
            and (type(report) is pytest.TestReport or _sub(report) is None)
        )
        if is_plain and (before is not None or report.when == "setup"):
            before = [] if before is None else before
            before.append(report)
            if report.when == "teardown":
                self._passed.pop(nodeid, None)
                self._ok(before)
            else:
                self._passed[nodeid] = before
            return
        for each in self._passed.pop(nodeid, ()):
            self._phase(each)
        self._exiting.count(report)
        self._phase(report)

    def describe(self, report: pytest.TestReport) -> None:
        """Put on a report what is known of its exception."""
        if self._raised and (found := self._raised.pop((report.nodeid, report.when), None)) is not None:
            report.autoexec = found  # type: ignore[attr-defined]

    def _ok(self, reports: list[pytest.TestReport]) -> None:
        if len(reports) != 3:
            for each in reports:
                self._phase(each)
            return
        fields: dict[str, Any] = {}
        for report in reports:
            if report.sections:
                fields.update(_written(report))
        seconds = [report.duration for report in reports]
        if fields:
            self._put("ok", id=reports[0].nodeid, t=[round(each, 6) for each in seconds], **fields)
        elif self._records is not None:
            self._records.passed(reports[0].nodeid, seconds, is_held=not self._is_spread)

    def _phase(self, report: pytest.TestReport) -> None:
        fields: dict[str, Any] = _written(report)
        if report.skipped or hasattr(report, "wasxfail"):
            fields["reason"] = _reason(report)
        if hasattr(report, "wasxfail"):
            fields["xfail"] = True
        if report.outcome not in ("passed", "skipped"):  # "rerun" is pytest-rerunfailures' own word
            failure = dict(getattr(report, "autoexec", {}))
            failure["text"] = self._shortened(str(report.longreprtext))
            fields["failure"] = failure
        if (sub := _sub(report)) is not None:
            fields["sub"] = sub
        when = report.when
        if when not in ("setup", "call", "teardown"):  # a worker of pytest-xdist died in it
            when, fields["crash"] = "call", True
            fields.get("failure", {}).setdefault("type", "Crashed")
        self._put(
            "phase",
            id=report.nodeid,
            when=when,
            outcome=report.outcome,
            seconds=round(report.duration, 6),
            **fields,
        )

    def pytest_internalerror(self, excrepr: object) -> None:
        """Tell that pytest itself failed."""
        self._put("fault", failure={"text": self._shortened(str(excrepr))})

    def pytest_keyboard_interrupt(self, excinfo: object) -> None:
        """Note that `pytest.exit` was called, which may name any code."""
        self._exiting.stop()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Any:
        """Make pytest's own code known from what plugins set; then tell what was held back."""
        if self._records is not None:
            self._exiting.mark(session, exitstatus)
        yield
        for reports in self._passed.values():
            for each in reports:
                self._phase(each)
        self._passed.clear()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Tell that it is over, and how many there were: plugins may have changed the code until now."""
        for last in AT_END:
            kind, fields = last()
            self._put(kind, **fields)
        session = config.pluginmanager.get_plugin("session")
        code = getattr(session, "exitstatus", None)
        counted = session is not None and self._exiting.is_of_tests(session)
        self._put("end", exit=-1 if code is None else int(code), tests=self._begun, counted=counted)

    def _shortened(self, text: str) -> str:
        self._failed += 1
        most = TEXT_CHARS if self._failed <= MANY else LATER_CHARS
        return str(_cutting.middle_out(text, most))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin to tell, if this is the process that was asked to: no worker, no pytest that a test starts."""
    if hasattr(config, "workerinput"):
        importlib.import_module(ENDING).end_as_interrupted()
        config.pluginmanager.register(Telling(None), "autoexec-telling")
        if config.workerinput.get("autoexec_counts"):
            config.pluginmanager.register(importlib.import_module(COUNTING).Counting(), "autoexec-counting")
        if settings := config.workerinput.get("autoexec"):
            _choose(config, settings)
    elif _descriptors:
        importlib.import_module(ENDING).end_as_interrupted()
        records = Records(_writer(_descriptors.pop()), KEY.pop() if KEY else "")
        telling = Telling(records, is_quiet=importlib.import_module(QUIET).quieten(config))
        config.pluginmanager.register(telling, "autoexec-telling")
        if SETTINGS:
            _choose(config, SETTINGS)
        if getattr(config.option, "dist", "no") != "no":
            _let_workers_find_this()


def _let_workers_find_this() -> None:
    """Put this folder last on the path of pytest-xdist's workers, which load this by its name."""
    frozen = getattr(sys.modules.get("xdist.plugin"), "_sys_path", None)  # as it was at its import
    for path in (sys.path, frozen):
        if isinstance(path, list) and _HERE not in path:
            path.append(_HERE)


def _choose(config: pytest.Config, settings: dict[str, Any]) -> None:
    choosing = importlib.import_module("autoexec_choosing")  # beside this file; most runs do without
    config.pluginmanager.register(choosing.Choosing(settings), "autoexec-choosing")


def is_cut_off() -> bool:
    """Whether the descriptor to write to was closed, or is something else by now."""
    try:
        return any(os.fstat(descriptor)[1:3] != was for descriptor, was in _told_through)
    except OSError:
        return True


def _writer(descriptor: int) -> Callable[[bytes], object]:
    _told_through.append((descriptor, os.fstat(descriptor)[1:3]))

    def write(line: bytes) -> None:
        while line:
            line = line[os.write(descriptor, line) :]

    return write


def _taken() -> list[int]:
    """Return the descriptor to write to, once: what the tests start, and import, is the project's own."""
    number = os.environ.pop(VARIABLE, "")
    if not number.isdecimal():
        return []
    os.set_inheritable(int(number), False)
    return [int(number)]


_descriptors = _taken()
_told_through: list[tuple[int, tuple[int, int]]] = []  #: and what stands behind it


def _failure(
    excinfo: pytest.ExceptionInfo[BaseException], path: str, compared: tuple[str, str, str] | None
) -> dict[str, Any]:
    """Return what is known of an exception; nothing of the test's own is called but its `__str__`."""
    cause = getattr(excinfo.value, "__cause__", None)
    if isinstance(excinfo.value, pytest.Collector.CollectError) and cause is not None:
        excinfo = pytest.ExceptionInfo.from_exception(cause)
    fields: dict[str, Any] = {"type": excinfo.typename, "message": _message(excinfo.value)}
    entries = list(excinfo.traceback)
    last = entries[-1] if entries else None
    own = next((one for one in reversed(entries) if str(one.path) == path), last)
    if own is not None and last is not None:
        line = own.lineno + 1
        fields.update(file=str(own.path), line=line)
        fields["source"] = _beginning(linecache.getline(str(own.path), line).strip())
        fields.update(origin=str(last.path), origin_line=last.lineno + 1)
    if isinstance(excinfo.value, SyntaxError) and excinfo.value.filename:  # which names its own place
        fault = excinfo.value
        fields.update(file=str(fault.filename), line=fault.lineno or 0)
        fields["source"] = _beginning(str(fault.text or "").strip())
    if compared is not None and isinstance(excinfo.value, AssertionError):
        fields["op"], fields["left"], fields["right"] = compared
    fields.update(_of_doctest(excinfo.value))
    return fields


def _of_doctest(error: BaseException) -> dict[str, Any]:
    """Return what a doctest that failed expected and got, or raised, and where; of several the first."""
    doctest = sys.modules.get("doctest")  # is loaded where one ran
    if type(error).__name__ == "MultipleDoctestFailures":
        error = next(iter(getattr(error, "failures", ())), error)
    if doctest is None or not isinstance(error, (doctest.DocTestFailure, doctest.UnexpectedException)):
        return {}
    test, example = error.test, error.example
    line = 0 if test.lineno is None else test.lineno + example.lineno + 1
    file, source = str(test.filename), example.source.split("\n", 1)[0]
    fields = {"file": file, "line": line, "source": source, "origin": file, "origin_line": line}
    if isinstance(error, doctest.UnexpectedException):
        kind, raised, _ = error.exc_info
        return dict(fields, type=kind.__name__, message=_message(raised))
    got, want = _beginning(error.got.strip()), _beginning(example.want.strip())
    shown = [" ".join(text.split()) or "nothing" for text in (want, got)]
    fields.update(type="DocTestFailure", message="expected {}, got {}".format(*shown))
    fields.update(op="==", left=got, right=want)
    return fields


def _message(error: BaseException) -> str:
    try:
        text = str(error)
        if isinstance(error, pytest.FixtureLookupError):  # whose own text are its arguments
            text = error.formatrepr().errorstring.partition("\n")[0].strip()
    except Exception as fault:  # noqa: BLE001 - a test's `__str__` may raise anything
        return f"<{type(error).__name__} whose __str__ raised {type(fault).__name__}>"
    return _beginning(text)


def _value(value: object) -> str:
    try:
        return _beginning(repr(value))
    except Exception as fault:  # noqa: BLE001 - so may its `__repr__`
        return f"<{type(value).__name__} whose __repr__ raised {type(fault).__name__}>"


def _written(report: pytest.TestReport) -> dict[str, Any]:
    """Return the last of what a phase wrote."""
    fields = {}
    for title, text in report.sections:
        for begin, name in _STREAMS:
            if text and title.startswith(begin) and title.endswith(str(report.when)):
                fields[name] = _cutting.ending(text, TAIL_CHARS)
    return fields


def _sub(report: pytest.TestReport) -> str | None:
    """Return which subtest a report is of, None for a test's own (pytest 9, and pytest-subtests)."""
    context = getattr(report, "context", None)
    if context is None or not type(report).__name__.lower().startswith("subtest"):
        return None
    message, named = getattr(context, "msg", None), getattr(context, "kwargs", {})
    words = [f"[{message}]"] if message is not None else []
    show = str if type(report).__module__ == "_pytest.subtests" else repr  # where it is its repr already
    shown = ", ".join(f"{name}={show(value)}" for name, value in dict(named).items())
    return " ".join([*words, *([f"({shown})"] if named else [])]) or "(<subtest>)"


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    reason = getattr(report, "wasxfail", None)
    if reason is None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr or "")
    return re.sub("^(Skipped: )?(reason: )?", "", str(reason))
