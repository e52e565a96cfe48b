"""A folder to run cells in, and a function that does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from autoexec_magic.testrunner import incell


@pytest.fixture(autouse=True)
def no_running_loop() -> Iterator[None]:
    """Stand outside of any loop: a browser that other tests drive keeps one running in this thread."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(autouse=True)
def no_other_signals() -> Iterator[None]:
    """Leave the handlers of signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    after = {number: signal.getsignal(number) for number in before}
    for number, handler in before.items():
        signal.signal(number, handler)
    assert after == before


@dataclass
class Heard:
    """What one run told."""

    ids: list = field(default_factory=list)
    started: list = field(default_factory=list)
    cases: list = field(default_factory=list)
    text: list = field(default_factory=list)
    told: object = None

    @property
    def verdicts(self):
        """How each test ended, by its name."""
        return {case.said.nodeid.partition("::")[2]: case.verdict for case in self.cases}

    @property
    def spot(self):
        """Where the first problem is."""
        return next(case for case in self.cases if case.said.problems).said.problems[0].spot


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a cell in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def go(source, *arguments, names=None, **more):
        heard = Heard()
        heard.told = incell.run(
            source,
            {} if names is None else names,
            arguments=arguments,
            on_count=heard.ids.extend,
            on_start=heard.started.append,
            on_case=heard.cases.append,
            on_text=lambda voice, text: heard.text.append((voice, text)),
            **more,
        )
        return heard

    return go
