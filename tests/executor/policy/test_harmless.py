"""The lists of what is harmless in Python."""

from __future__ import annotations

import importlib
import sys

import pytest

from autoexec_magic.executor.policy.harmless import ALL, ATTRIBUTES, MODULES, NAMES

DANGEROUS = [
    "eval",
    "exec",
    "compile",
    "open",
    "__import__",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "breakpoint",
    "type",
    "memoryview",
    "__class__",
    "__bases__",
    "__subclasses__",
    "__globals__",
    "__code__",
    "__dict__",
    "__builtins__",
    "__reduce__",
    "__traceback__",
    "system",
    "popen",
    "spawn",
    "fork",
    "kill",
    "unlink",
    "rmtree",
    "rename",
    "chmod",
    "write_text",
    "write_bytes",
    "touch",
    "mkdir",
    "symlink_to",
    "tofile",
    "to_csv",
    "to_pickle",
    "to_sql",
    "to_json",
    "save",
    "savetxt",
    "load_module",
    "exec_module",
    "format_map",
    "format",
    "query",
    "tb_frame",
    "gi_frame",
]


def test_nothing_dangerous_is_on_the_lists():
    """Names by which code is made, files are written, or the inside of Python is reached."""
    assert not (NAMES | ATTRIBUTES) & set(DANGEROUS)
    members = {member for found in MODULES.values() for member in found} - {
        "compile",
        "system",
    }  # of `re` and `platform`
    assert not members & set(DANGEROUS)


@pytest.mark.parametrize(
    "module", sorted(name for name in MODULES if name.partition(".")[0] in sys.stdlib_module_names)
)
def test_what_is_listed_of_a_module_is_there(module):
    """A word that is not there was misspelt, and something else was meant."""
    if module in ("this", "__future__"):
        return
    found = importlib.import_module(module)
    for member in MODULES[module] - ALL:
        value = found
        for name in member.split("."):
            assert hasattr(value, name), f"{module}.{member}"
            value = getattr(value, name)
        if not isinstance(value, type):
            assert type(value).__name__ != "module", (
                f"{module}.{member} is a module, of which all could be used"
            )
