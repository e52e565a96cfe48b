"""Makes `suites` importable: with importlib's mode a test's folder is not on the path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("suites", Path(__file__).with_name("suites.py"))
assert spec is not None
assert spec.loader is not None
sys.modules["suites"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
