"""uv edits a PEP 723 block, and the code around it stays to the byte."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import PhaseError, UsageError
from autoexec_magic.installer import blocks
from autoexec_magic.installer.notebook_lock import Locked
from autoexec_magic.installer.sources import Sources
from autoexec_magic.installer.tool import Toolbox

SIX = Locked(name="six", version="1.17.0", hashes=())


@pytest.fixture
def tools(emit):
    """Return what an edit needs: nobody is asked."""
    return Toolbox(sources=Sources(indexes=()), emit=emit, ask=lambda question: False)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_marks_and_code_stay(tools, end, mark):
    """Whatever stands before and after the block; comments in it, too."""
    before = mark + b"#!/bin/env python" + end
    block = end.join([b"# /// script", b"# dependencies = [  # all", b"#   'a',", b"# ]", b"# ///"])
    after = end + b"x = '''" + end + b"  '''" + end + b"\t# \xc3\xa9"
    new = blocks.in_script(before + block + after, [SIX], tools, "x.py")
    assert new.startswith(before)
    assert new.endswith(after)
    assert b"# all" in new
    assert blocks.dependencies(new.decode("utf-8-sig"), "x") == ["a", "six==1.17.0"]
    if end == b"\r\n":
        assert new.count(b"\n") == new.count(b"\r\n")


def test_a_script_without_a_block_gets_one_below_its_head(tools):
    """Interpreter and encoding stay on their lines."""
    new = blocks.in_script(b"#!/usr/bin/python\n# coding: utf-8\nimport six\n", [SIX], tools, "x.py").decode()
    assert new.startswith("#!/usr/bin/python\n# coding: utf-8\n# /// script\n")
    assert new.endswith("# ///\nimport six\n")
    assert blocks.dependencies(new, "x") == ["six==1.17.0"]


def test_a_broken_block_is_named(tools):
    """It is left, and the message says what to correct; a list that is none names nothing."""
    with pytest.raises(UsageError, match=r"x\.py cannot be read"):
        blocks.dependencies("# /// script\n# dependencies = [\n# ///\n", "x.py")
    assert blocks.dependencies("# /// script\n# dependencies = 3\n# ///\n", "x.py") == []
    with pytest.raises(PhaseError, match=r"uv did not write x\.py"):
        blocks.in_script(b"# /// script\n# dependencies = [\n# ///\n", [SIX], tools, "x.py")
