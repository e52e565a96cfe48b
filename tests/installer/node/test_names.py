"""Names of packages."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.node.names import is_name, scope_of, split, types_of


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("left-pad", True),
        ("@a/b", True),
        ("JSONStream", True),
        ("@/x", False),
        ("../x", False),
        (".x", False),
        ("_x", False),
        ("a b", False),
        ("a/b", False),
        ("node_modules", False),
        ("x" * 215, False),
        ("-rf", True),
        ("x\ny", False),
    ],
)
def test_is_name(name, want):
    """What the registry could have, and nothing that leads elsewhere."""
    assert is_name(name) is want


def test_parts_of_a_specifier():
    """The package, what of it, its scope, and where its types would be."""
    assert split("@a/b/c/d") == ("@a/b", "c/d")
    assert (scope_of("@a/b"), scope_of("b")) == ("@a", "")
    assert types_of("@a/b") == "@types/a__b"
