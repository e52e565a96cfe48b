"""Makes `serviced` importable, and gives each test a proxy, upstreams and services that end with it."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("serviced", Path(__file__).with_name("serviced.py"))
assert spec is not None
assert spec.loader is not None
sys.modules["serviced"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


@pytest.fixture
def upstream():
    """Start an upstream that talks as it is told: `upstream(talk)`."""
    with contextlib.ExitStack() as stack:
        yield lambda talk: stack.enter_context(module.Upstream(talk))


@pytest.fixture
def proxy():
    """Start a proxy: `proxy(routes, **bounds)`."""
    with contextlib.ExitStack() as stack:
        yield lambda routes, **bounds: stack.enter_context(module.Proxy(routes, **bounds))


@pytest.fixture
def service(tmp_path):
    """A service in a folder of its own, which is ended with all that it started."""
    found = module.serving(tmp_path / "service")
    try:
        yield found
    finally:
        module.end_all(found)
