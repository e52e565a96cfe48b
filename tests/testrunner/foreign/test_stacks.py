"""Where V8 says that something was thrown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoexec_magic.testrunner.foreign import stacks

STACK = """TypeError: no
    at check (file:///tmp/x/lib/a%20b.mjs:7:3)
    at TestContext.<anonymous> (/tmp/x/a.test.js:9:108)
    at Test.run (node:internal/test_runner/test:796:25)
    at async file:///tmp/y/c.mjs:1:2
    at new Promise (<anonymous>)
"""


def test_frames_of_files_are_told_from_the_project():
    """Node's own are left out, and a URL is a path."""
    assert stacks.places(STACK, "/tmp/x") == [("lib/a b.mjs", 7), ("a.test.js", 9), ("/tmp/y/c.mjs", 1)]


def test_the_error_of_an_output():
    """With Node's code left out."""
    text = "x\nError [ERR_MODULE_NOT_FOUND]: Cannot find module 'y'\n    at z\n"
    assert stacks.last_error(text) == ("Error", "Cannot find module 'y'")
    assert stacks.last_error("nothing of the kind") == ("", "")


@given(st.text(), st.text())
def test_any_text_is_taken(text, root):
    """Nothing raises."""
    stacks.places(f"    at {text}:1:2\n{text}", root)
    stacks.last_error(text)
