"""The tables are whole: a number each for both machines, none twice."""

from __future__ import annotations

import pytest

from autoexec_magic.executor.cage.syscalls import (
    ATTRIBUTES,
    BY_ARGUMENT,
    MODES,
    NONE,
    REFUSED,
    UNKNOWN,
    UNSUPPORTED,
)


@pytest.mark.parametrize("column", [0, 1])
def test_no_number_stands_for_two_calls(column):
    """A typing error in a table would shut another door, and leave one open."""
    tables = (BY_ARGUMENT, MODES | ATTRIBUTES, REFUSED, UNKNOWN, UNSUPPORTED)
    numbers = [entry[column] for table in tables for entry in table.values() if entry[column] != NONE]
    assert len(numbers) == len(set(numbers)) > 70
    assert all(MODES[name] == ATTRIBUTES[name] for name in MODES.keys() & ATTRIBUTES.keys())


@pytest.mark.parametrize(
    "name", ["io_uring_setup", "keyctl", "ptrace", "bpf", "unshare", "mount", "pidfd_getfd"]
)
def test_the_doors_beside_sockets_are_refused(name):
    """Those that were open when only Landlock held."""
    assert name in REFUSED
