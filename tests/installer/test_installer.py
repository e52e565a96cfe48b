"""The installer's own names."""

from __future__ import annotations

from autoexec_magic import installer


def test_the_public_functions_are_those_listed():
    """What other parts use is in `__all__`, and is there."""
    assert all(hasattr(installer, name) for name in installer.__all__)
