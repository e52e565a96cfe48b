"""What every test may rely on: a machine without settings, a time limit, and fixtures.

Imports only the standard library and pytest, so that it works before the
package does; the plugins are objects because pytest asks the hooks of a
conftest.py for its own folder only, and the package's doctests are elsewhere.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

SECONDS = 120.0  # the limit of a test without the mark
AGAIN_SECONDS = 30.0  # then it is told once more, should it have swallowed the first
# Where a cache is and whom to trust say nothing about what is installed from where.
KEPT = ("PIP_CACHE_DIR", "PIP_CERT", "UV_CACHE_DIR")
MACHINE = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Set the session up; `config` undoes it at the end."""
    config.addinivalue_line("markers", f"limit(seconds): end the test after so long, not {SECONDS:g} s")
    config.pluginmanager.register(TimeLimit(), "time-limit")
    if not hasattr(config, "workerinput"):  # pytest-xdist: the controller hears of every skip
        skips = load("skips")
        path = Path(__file__).with_name("allowed_skips.toml")
        config.pluginmanager.register(skips.SkipReport(path, enforced=skips.enforced_here()), "skip-report")
    isolate(config)
    hear_signals()


def hear_signals() -> None:
    """Let Ctrl-C be heard: in the background of a shell it is ignored, also by what a test starts."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_int = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_int else signal.SIG_DFL)


def load(name: str) -> ModuleType:
    """Import `name`.py of this folder by its path, for tests to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def isolate(config: pytest.Config) -> None:
    """Let the session see none of the machine's settings and write into a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="autoexec-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    machine = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))}
    config.stash[MACHINE] = machine
    for name in machine.keys() - set(KEPT):
        patch.delenv(name)
    patch.setenv("PIP_CONFIG_FILE", os.devnull)
    patch.setenv("UV_NO_CONFIG", "1")
    patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    patch.setenv("AUTOEXEC_DATA_DIR", str(folder / "autoexec"))
    patch.setenv("IPYTHONDIR", str(folder / "ipython"))
    for kind in ("config", "data", "runtime"):
        patch.setenv(f"JUPYTER_{kind.upper()}_DIR", str(folder / "jupyter" / kind))


class TimeLimit:
    """Ends a test that hangs: set-up, call and clean-up have the limit each."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Limit the set-up of the test's fixtures."""
        with limited(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Limit the test itself."""
        with limited(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Limit the clean-up of the test's fixtures."""
        with limited(item):
            return (yield)


@contextmanager
def limited(item: pytest.Item) -> Iterator[None]:
    """Fail what runs in it after the item's limit, where the platform has SIGALRM."""
    mark = item.get_closest_marker("limit")
    seconds = float(mark.args[0]) if mark else SECONDS
    is_main = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "SIGALRM") or not is_main or item.config.getoption("usepdb"):
        yield
        return

    def expire(*_: object) -> None:
        faulthandler.dump_traceback(file=2)  # where the other threads are; pytest shows it
        pytest.fail(f"still running after {seconds:g} s (more time: @pytest.mark.limit(seconds))")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)


class Emitted(list[Any]):
    """A sink that keeps every event, in order: pass it as `emit`, then read it as a list."""

    def __call__(self, event: object) -> None:
        """Take an event."""
        self.append(event)

    def kinds(self) -> list[str]:
        """Return the class names of the events."""
        return [type(event).__name__ for event in self]

    def text(self, stream: str | None = None) -> str:
        """Return what was written to `stream` ("stdout" or "stderr"; None: to both)."""
        outputs = [event for event in self if type(event).__name__ == "Output"]
        return "".join(output.text for output in outputs if stream in (None, output.stream))


class FakeBin:
    """A folder that is first on PATH, for stub programs; usable wherever a path is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)

    def write(self, name: str, script: str) -> Path:
        """Make the program `name`: a shell script, unless `script` starts with `#!`."""
        program = self.path / name
        program.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return program

    def write_python(self, name: str, code: str) -> Path:
        """Make the program `name` from Python code that the running interpreter runs."""
        module = self.path / f".{name}.py"
        module.write_text(code, encoding="utf-8")
        # Not a `#!` line: an interpreter's path may be too long for one, or hold a space.
        return self.write(name, f'exec "{sys.executable}" "{module}" "$@"')


@pytest.fixture
def emit() -> Emitted:
    """Return a sink that keeps every event."""
    return Emitted()


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return `tmp_path`, made the current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake_bin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> FakeBin:
    """Return a folder for stub programs, first on PATH and outside `tmp_path`."""
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return FakeBin(folder)


@pytest.fixture
def machine_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put the machine's own pip and uv settings back, for tests marked `online`; return its variables."""
    machine = request.config.stash[MACHINE]
    for name in ("PIP_CONFIG_FILE", "UV_NO_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    return dict(machine)
