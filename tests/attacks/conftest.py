"""Makes this folder's modules importable, and says at the end what came of each mode."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SAID: list[str] = []


def _load(name: str) -> None:
    """Import `name`.py of this folder by its path, for tests to import by `name`."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


for module in ("corpus", "listeners", "watch", "arena", "runs", "twins"):
    _load(module)


@pytest.fixture
def say() -> Callable[[str], None]:
    """Return what keeps a line for the end of the session."""
    return SAID.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write a line for each mode."""
    if SAID:
        terminalreporter.section("attacks")
        for line in SAID:
            terminalreporter.write_line(line)
