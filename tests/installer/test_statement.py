"""One import statement, with and without a parser."""

from __future__ import annotations

import pytest

from autoexec_magic.installer.scan import Needed, scan
from autoexec_magic.installer.statement import PLAIN, Unsure, logical, plain


@pytest.mark.parametrize(
    "source",
    [
        *(
            "import a",
            "import a.b as c, d",
            "from a import b",
            "from a.b import c as d, e",
            "from a import *",
        ),
        *(
            "from a import(b, c)",
            "from a import (\n    b,\n    c as d,\n)",
            "from . import a",
            "from ..a import(b)",
        ),
    ],
)
def test_the_plain_forms_are_read_without_a_parser(source):
    """As the parser reads them."""
    match = PLAIN.match(source)
    assert match is not None
    assert match.end() == len(source)
    assert plain(match, 1, required=True) == scan(source)


@pytest.mark.parametrize(
    "source", ["import a; x", "from a import (b, # c\n d)", "import ä", "from a import b, \\\n c"]
)
def test_other_forms_are_left_to_the_parser(source):
    """Up to where their logical line ends."""
    assert PLAIN.match(source) is None
    end, tree = logical(f"{source}\nimport z", 0)
    assert (end, len(tree.body)) == (len(source), 1 + source.count(";"))


def test_what_never_ends_is_not_read():
    """A bracket that is not closed."""
    with pytest.raises((Unsure, SyntaxError)):
        logical("from a import (b,\n" * 3, 0)


def test_what_follows_as_is_no_name_that_is_taken():
    """Wherever its line is broken."""
    match = PLAIN.match("from a import (b as\n  c, d\n  as e)")
    assert match is not None
    assert plain(match, 3, required=False) == [Needed(3, "a", ("b", "d"), required=False)]
