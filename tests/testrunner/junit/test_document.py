"""One document: what holds memory is bounded, whatever the file."""

from __future__ import annotations

import subprocess
import sys

import pytest

from autoexec_magic.testrunner import junit

MEMORY = """
import re, sys
from pathlib import Path
from autoexec_magic.testrunner import junit
def most():  # not `ru_maxrss`, which a process has from the one that started it
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = most()
count = [0]
fault = junit.stream(Path(sys.argv[1]), lambda case: count.__setitem__(0, count[0] + 1))
print(count[0], most() - before, fault is None)
"""


def added_kilobytes(path):
    """Return how many cases a process of its own streams, the kilobytes it takes, and whether it is sound."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True, timeout=120
    )
    count, added, is_sound = done.stdout.split()
    return int(count), int(added), is_sound == "True"


def test_a_document_type_gives_no_case_what_it_does_not_have():
    """A megabyte as the default of an attribute would be one for each case."""
    doctype = b'<!DOCTYPE testsuite [<!ATTLIST testcase name CDATA "' + b"x" * 1_000_000 + b'">]>'
    found = junit.read(doctype + b"<testsuite>" + b"<testcase/>" * 1000 + b"</testsuite>")
    assert {case.name for case in found.cases} == {""}


@pytest.mark.parametrize("data", [b'<testsuite><testcase name="', b"<testsuite><!--", b"<testsuite><?x "])
def test_a_tag_that_never_ends_is_refused(data):
    """Whoever parses XML holds a tag as a whole."""
    found = junit.read(data + b"x" * 36_000_000)
    assert "longer than 32 MB" in found.fault.what


def test_a_million_names_are_refused():
    """Whoever parses XML forgets none."""
    found = junit.read(b"<testsuite>" + b"".join(b"<a%d/>" % number for number in range(200_000)))
    assert "names of elements" in found.fault.what


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Ten times the cases in the same memory."""
    for number in (20_000, 200_000):
        path = tmp_path / f"{number}.xml"
        with path.open("wb") as file:
            file.write(b"<testsuite>")
            file.writelines(b'<testcase classname="m" name="t%d" time="0.1"/>' % n for n in range(number))
            file.write(b"</testsuite>")
        count, added, is_sound = added_kilobytes(path)
        assert (count, is_sound) == (number, True)
        assert added < 8_000


def test_a_gigabyte_of_nothing_is_over_at_once(tmp_path):
    """A file of zeros, as a crashed disk leaves it."""
    path = tmp_path / "sparse.xml"
    with path.open("wb") as file:
        file.truncate(2**30)
    _, added, is_sound = added_kilobytes(path)
    assert not is_sound
    assert added < 20_000
