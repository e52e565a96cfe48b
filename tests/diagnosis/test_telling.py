"""What else can be said of a failure."""

from __future__ import annotations

import json

import pytest

from autoexec_magic.diagnosis import Around, diagnose_exception, python


def told(error, around=None):
    return diagnose_exception(error, is_user_frame=bool, around=around or Around())


def test_a_limit_that_was_in_force_can_be_raised():
    """Twice as much, in whole gigabytes."""
    seen = told(MemoryError(), Around(memory_bytes=2**30))
    assert seen.code == "out-of-memory"
    assert (seen.action.kind, seen.action.values) == ("limit", ("--memory", "2G"))
    assert seen.fix.endswith("or raise the limit: --memory 2G")
    assert told(MemoryError()).action is None
    assert told(MemoryError(), Around(memory_bytes=1)).action.values == ("--memory", "1G")


@pytest.mark.parametrize(
    ("text", "fix", "evidence"),
    [
        ("", "it is empty", "the text is empty"),
        ("<html>", "it is a page", "the text begins as a page does, with <"),
        ("tea", "it is no JSON", None),
    ],
)
def test_what_was_there_instead_of_json(text, fix, evidence):
    """The exception holds the text; only its kind is told."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    seen = told(caught.value)
    assert fix in seen.fix
    assert seen.evidence == ((evidence,) if evidence else ())


def test_what_the_first_bytes_look_like():
    """Their kind, not what they say."""
    with pytest.raises(UnicodeDecodeError) as caught:
        b"PK\x03\x04\xff\xfe".decode()
    assert told(caught.value).evidence == ("its first bytes are those of a zip file, such as .xlsx or .docx",)
    with pytest.raises(UnicodeDecodeError) as caught:
        b"secret \xff".decode()
    assert told(caught.value).evidence == ()


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("%matplotlib inline", "it is IPython's"),
        ("!pip install x", "it is IPython's"),
        ("```python", "take the ``` lines out"),
        (">>> print(1)", "take the prompt off"),
        ("a b", "correct that line"),
    ],
)
def test_a_line_that_python_has_no_words_for(line, fix):
    """What was pasted from somewhere else is told by how it begins."""
    assert fix in python.explain("SyntaxError", "invalid syntax", line)[2]


def test_with_what_the_code_ended_itself():
    """Its exit code, or its last words."""
    assert told(SystemExit(3)).why == "the code ended itself with 3"
    assert told(SystemExit()).why == "the code ended itself"
