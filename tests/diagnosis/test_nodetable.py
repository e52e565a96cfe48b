"""Node's tables: each code once, each with a fix."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.nodetable import ABOUT, BY_CODE, BY_TYPE, MESSAGES


@pytest.mark.parametrize("code", BY_CODE)
def test_a_code_of_node_has_its_row(code):
    """A code of the system, of OpenSSL or of Node; ours is kebab-case."""
    name, fix = BY_CODE[code]
    assert code.replace("_", "").isalnum()
    assert code.isupper()
    assert name == name.lower()
    assert fix


def test_every_message_has_a_fix():
    """A row that says nothing is none."""
    rows = [*MESSAGES, *((mark, *row) for mark, row in BY_TYPE.items())]
    assert all(mark and code and fix for mark, code, fix in rows)
    assert all(mark and fix for mark, fix in ABOUT)


def test_no_message_hides_another():
    """The first row that is found counts: a later one must not hold it."""
    marks = [mark for mark, _, _ in MESSAGES]
    assert len(set(marks)) == len(marks)
