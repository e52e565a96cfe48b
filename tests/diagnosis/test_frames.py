"""The frames of a traceback as text."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis import frames
from autoexec_magic.diagnosis.tracebacks import find_traceback

HEADER = "Traceback (most recent call last):\n"


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('File "a.py", line 3, in f', ("a.py", 3, "f")),
        ('File "a.py", line 3, in <module>', ("a.py", 3, "")),
        ('File "a.py", line 3', ("a.py", 3, "")),
        ('File "a, line 2", line 3, in f', ("a, line 2", 3, "f")),
        ("File ~/a.py:3, in Shop.total(self, name)", ("~/a.py", 3, "Shop.total")),
        ("Cell In[12], line 3", ("In[12]", 3, "")),
        ("Cell In[12], line 3, in f(x)", ("In[12]", 3, "f")),
        ('File "a.py", line ³, in f', None),
        (f'File "a.py", line {"9" * 5000}, in f', None),
        ("File a.py", None),
        ("File ", None),
        ("Cell In[", None),
    ],
)
def test_the_parts_of_a_place(line, place):
    """File, line and function, as each of the three writes them."""
    assert frames.place_of(line) == place
    if place:
        assert frames.raiser_of(line) == (place[0], place[2])


@pytest.mark.parametrize(
    ("filename", "library"),
    [
        ("/usr/lib/python3.11/json/decoder.py", True),
        ("pandas/_libs/hashtable.pyx", True),
        ("pandas/_libs/hashtable_class_helper.pxi", True),
        ("<sqlalchemy generated warned() wrapper>", True),
        ("<decorator-gen-12>", True),
        ('File "<string>", line 4, in __setattr__', True),
        ('File "<string>", line 4, in <module>', False),
        ('File "<string>", line 4, in f', False),
        ("<stdin>", False),
        ("mine.py", False),
    ],
)
def test_code_that_nobody_wrote_is_a_librarys(filename, library):
    """What is made, compiled or built elsewhere cannot be changed by the user."""
    assert frames.is_library(filename) is library


def test_the_frame_has_all_its_parts():
    """Of a script, and of a cell, whose number it names."""
    text = f'{HEADER}  File "a.py", line 3, in f\n    return g(1)\n           ^^^^\nKeyError: 1\n'
    frame = find_traceback(text).frame
    assert (frame.file, frame.line, frame.function, frame.source, frame.cell) == (
        "a.py",
        3,
        "f",
        "return g(1)",
        "",
    )
    text = (
        f"{HEADER}Cell In[3], line 2, in f(x)\n      1 def f(x):\n----> 2     return {{}}[x]\n\nKeyError: 1\n"
    )
    frame = find_traceback(text).frame
    assert (frame.file, frame.line, frame.function, frame.source, frame.cell) == (
        "In[3]",
        2,
        "f",
        "return {}[x]",
        "3",
    )


def test_a_raise_is_told_by_its_word():
    """Not by a name that begins so."""
    assert [frames.is_raise(line) for line in ("raise", "raise Odd", "raised = 1", "")] == [
        True,
        True,
        False,
        False,
    ]
