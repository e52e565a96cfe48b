"""The probe is one file of the standard library."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from autoexec_magic.executor.cage import probe


def test_it_imports_the_standard_library_only():
    """It runs where nothing else of this package can be read."""
    tree = ast.parse(Path(probe.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_each_kind_of_door_is_tried():
    """Writes, reads, networks, the kernel, other processes."""
    kinds = {name.split(":")[0] for name in probe.TRIES}
    assert kinds == {"write", "protected", "read", "net", "kernel", "process"}
