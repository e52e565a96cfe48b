"""What the tests of foreign tools share: captured runs, and real ones."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autoexec_magic.testrunner.foreign import TOOLS, Hearers
from autoexec_magic.testrunner.foreign.cargo import Cargotest
from autoexec_magic.testrunner.foreign.npm import Script
from autoexec_magic.testrunner.foreign.records import Records

DATA = Path(__file__).parents[2] / "data" / "foreign_tests"
MARK = "@0123456789abcdef"  # what the captured runs were given
TELLERS = {
    "npm-jest": "jest",
    "npm-mocha": "mocha",
    "npm-vitest": "vitest",
    "npm-ava": "ava",
    "npm-tape": "tape",
}


@dataclass
class Heard:
    """What a reader said while it read, and at the end."""

    started: list = field(default_factory=list)
    cases: list = field(default_factory=list)
    text: list = field(default_factory=list)
    told: object = None
    returncode: int = 0

    @property
    def hearers(self):
        return Hearers(
            on_start=self.started.append,
            on_case=self.cases.append,
            on_text=lambda stream, text: self.text.append((stream, text)),
        )

    @property
    def verdicts(self):
        """Verdicts by id."""
        return {case.said.nodeid: case.verdict for case in (*self.told.unread, *self.told.cases)}

    def case(self, nodeid):
        return next(case for case in (*self.told.unread, *self.told.cases) if case.said.nodeid == nodeid)

    def shown(self, stream="stdout"):
        return "".join(text for name, text in self.text if name == stream)


def reader(name, tool, hearers):
    """Return a reader of the tool's, with the mark of the captured runs."""
    if tool == "cargo":
        return Cargotest(hearers, MARK)
    return Script(hearers, MARK, TELLERS.get(name, "")) if tool == "npm" else Records(hearers, MARK, "node")


@pytest.fixture(scope="session")
def index():
    """Each captured run by its name: the tool and how it ended."""
    return json.loads((DATA / "index.json").read_text())


@pytest.fixture
def captured(index):
    """Return a function that reads a captured run: in what order its streams come, and in what pieces."""

    def read(name, *, order=("stderr", "stdout"), size=10**9, cut=None):
        heard = Heard()
        taken = reader(name, index[name]["tool"], heard.hearers)
        texts = {stream: (DATA / f"{name}.{stream}.txt").read_text() for stream in order}
        if cut is not None:
            texts["stdout"] = texts["stdout"][:cut]
        at = 0
        while any(at < len(text) for text in texts.values()):
            for stream in order:
                if piece := texts[stream][at : at + size]:
                    taken.feed(stream, piece)
            at += size
        heard.returncode = index[name]["returncode"]
        heard.told = taken.end(heard.returncode)
        return heard

    return read


@pytest.fixture
def really_run(tmp_path):
    """Return a function that writes files, runs a tool on them, and reads it while it runs."""

    def run(tool, files, *arguments, kill_at=""):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        launch = TOOLS[tool].launch(tmp_path, arguments)
        heard = Heard()
        taken = launch.reader(heard.hearers)
        environ = {**os.environ, **launch.environment, "RUST_BACKTRACE": "0"}
        child = subprocess.Popen(
            launch.argv,
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        with child, selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ, "stdout")
            selector.register(child.stderr, selectors.EVENT_READ, "stderr")
            while selector.get_map():
                for key, _ in selector.select():
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fileobj)
                    taken.feed(key.data, data.decode(errors="replace"))
                if kill_at and any(nodeid.endswith(kill_at) for nodeid in heard.started):
                    os.killpg(child.pid, signal.SIGKILL)
                    kill_at = ""
        heard.returncode = child.returncode
        heard.told = taken.end(child.returncode)
        return heard

    return run
