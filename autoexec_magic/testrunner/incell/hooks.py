"""The hooks through which pytest finds a cell, and nothing else, in the folder where the kernel is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .asked import Asked
from .cell import Cell, Folder
from .sink import Sink
from .spots import place_of
from .voices import Voices, held_open

_SPREADS = ("numprocesses", "tx", "distload")  # pytest-xdist's
_NO_SPREADING = "-n: the tests of a cell run in the kernel, beside its objects"


class InCell:
    """The plugin of one run.

    `is_stopped` says whether a person interrupted it, `fault` what else ended it early.
    """

    def __init__(self, asked: Asked, sink: Sink, voices: Voices) -> None:
        self.sink = sink
        self.is_stopped = False
        self.fault = ""
        self._asked, self._voices = asked, voices
        self._folder = Path.cwd()
        self._process = os.getpid()
        self._wanted: list[str] = []

    def end_if_child(self, code: int = 1) -> None:
        """End a child of a test that went on as pytest: it is no kernel, and would speak for this one."""
        if os.getpid() != self._process:
            os._exit(code)

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Know the settings of the one plugin that is left out."""
        for name in ("faulthandler_timeout", "faulthandler_exit_on_timeout"):
            parser.addini(name, "not used for the tests of a cell", default=None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self) -> Iterator[None]:
        """Let pytest capture what tests write to, and then its reporter take pytest's own voice."""
        try:
            return (yield)
        finally:
            sys.stdout = self._voices.pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Take the words that name tests; refuse what a cell cannot have."""
        title = self._asked.title
        self._wanted = [str(word) for word in config.args[1:]]
        for word in self._wanted:
            if word != title and not word.startswith(f"{title}::"):
                raise pytest.UsageError(f"{word}: with a cell, only its own tests are run ({title}::test_…)")
        if any(config.getoption(name, None) for name in _SPREADS):
            raise pytest.UsageError(_NO_SPREADING)
        config.args = ["."]  # of the working directory, whatever signs are in its name

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Let the hooks of the folder's conftest.py hold for the cell, whose path is no file."""
        sys.stdout = self._voices.tests[0]
        proxy, folder = session.gethookproxy, self._folder

        def gethookproxy(fspath: os.PathLike[str]) -> Any:
            return proxy(folder if Path(fspath).parent == folder else fspath)

        session.gethookproxy = gethookproxy  # type: ignore[method-assign]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector:
        """Return a folder in which there is nothing but the cell."""
        return Folder.from_parent(parent, path=path, goal=self._folder, asked=self._asked)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Note what pytest calls the cell."""
        if isinstance(collector, Cell):
            self.sink.node = collector.nodeid
            self.sink.files = frozenset((collector.file, str(collector.path)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str) -> list[pytest.Item] | None:
        """Collect nothing under a name that is the kernel's."""
        return [] if isinstance(collector, Cell) and name not in collector.own else None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Find out where it stands as long as nobody has changed the directory."""
        path = str(item.reportinfo()[0])
        if path in self.sink.files:
            self.sink.files |= {item.location[0]}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what is named, where something is."""
        if not self._wanted:
            return
        ids = {item: self.sink.named(item.nodeid) for item in items}
        for word in self._wanted:
            if not any(_is_in(nodeid, word) for nodeid in ids.values()):
                raise pytest.UsageError(f"{word}: there is no such test in the cell")
        kept = [item for item in items if any(_is_in(ids[item], word) for word in self._wanted)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        """Take for the tests' own what is written meanwhile."""
        with self._voices.of_tests():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        """Take for the tests' own what the cell writes; say where in it something went wrong."""
        with self._voices.of_tests():
            report = yield
        call = getattr(report, "call", None)
        if isinstance(collector, Cell) and call is not None and call.excinfo is not None:
            self._place(collector, collector.nodeid, "collect", call.excinfo.value)
        return report

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        """Keep what pytest captures with from being closed by a test."""
        with held_open(sys.stdout, sys.stderr):
            return (yield)

    pytest_runtest_call = pytest_runtest_teardown = pytest_runtest_setup

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Say where in the cell something went wrong."""
        self.end_if_child(_code_of(call.excinfo.value if call.excinfo is not None else None))
        cell = item.getparent(Cell)
        if cell is not None and call.excinfo is not None:
            self._place(cell, item.nodeid, str(call.when), call.excinfo.value)

    def _place(self, cell: Cell, nodeid: str, phase: str, error: BaseException) -> None:
        self.sink.place(nodeid, phase, place_of(error, cell.file, cell.asked.source))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what ended the run early: a person, or a test."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            return
        if isinstance(excinfo.value, KeyboardInterrupt):
            self.is_stopped = True
        else:
            self.fault = f"pytest.exit ended the run: {excinfo.value}"


def _is_in(nodeid: str, word: str) -> bool:
    """Whether a test is named by a word: itself, its class, the cell, or all its parameters."""
    return nodeid == word or nodeid.startswith((f"{word}::", f"{word}["))


def _code_of(error: BaseException | None) -> int:
    """Return the exit code of a child whose test ended so."""
    if error is None:
        return 0
    code = error.code if isinstance(error, SystemExit) else 1
    return 0 if code is None else code & 0xFF if isinstance(code, int) else 1
