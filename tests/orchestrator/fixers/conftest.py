"""The module `chat` to import: a small local server that speaks a language model's protocol."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

if "chat" not in sys.modules:
    spec = importlib.util.spec_from_file_location("chat", Path(__file__).with_name("chat.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules["chat"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


@pytest.fixture
def model():
    """Yield a server on this machine that answers as it is told to."""
    import chat

    with chat.Model() as running:
        yield running
