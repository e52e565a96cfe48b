"""What of a line is pytest's, and what is ours to do."""

from __future__ import annotations

import pytest

from autoexec_magic.errors import UsageError
from autoexec_magic.testrunner.arguments import Asked, narrowed, read, split


@pytest.mark.parametrize(
    ("words", "passed", "xml"),
    [
        ([], (), ""),
        (["tests", "-k", "a and not b", "-x"], ("tests", "-k", "a and not b", "-x"), ""),
        (["--junitxml=a.xml"], (), "a.xml"),
        (["--junit-xml=a b.xml", "t"], ("t",), "a b.xml"),
        (["--junitxml", "a.xml", "t"], ("t",), "a.xml"),
        (["--junitxml=a.xml", "--junit-xml", "b.xml"], (), "b.xml"),
        (["--junitxml=a=b.xml"], (), "a=b.xml"),
        (["--junitxml"], ("--junitxml",), ""),
        (["--junit-prefix=x", "--lf"], ("--junit-prefix=x", "--lf"), ""),
        (["-k", "--junitxmlish"], ("-k", "--junitxmlish"), ""),
        (["test_a.py::test_b[x=y]", ""], ("test_a.py::test_b[x=y]", ""), ""),
    ],
)
def test_the_xml_is_ours_and_the_rest_is_pytests(words, passed, xml):
    """In either way to write it; the last one counts; a word without its value is pytest's to refuse."""
    assert read(words) == Asked(passed=passed, xml=xml)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~/o.xml", "/tmp/x/o.xml"),
        ("$REPORTS/o.xml", "a b/o.xml"),
        ("${REPORTS}.xml", "a b.xml"),
        ("$NOWHERE/o.xml", "$NOWHERE/o.xml"),
        ("~nobody-of-this-name/o.xml", "~nobody-of-this-name/o.xml"),
        ("a~/$", "a~/$"),
    ],
)
def test_the_home_and_variables_are_expanded_as_pytest_does(monkeypatch, typed, meant):
    """No shell does it: neither in `--junitxml=~/o.xml` nor in a magic's line."""
    monkeypatch.setenv("HOME", "/tmp/x")
    monkeypatch.setenv("REPORTS", "a b")
    monkeypatch.delenv("NOWHERE", raising=False)
    assert read([f"--junitxml={typed}"]).xml == read(["--junit-xml", typed]).xml == meant


@pytest.mark.parametrize("words", [["--junitxml="], ["--junit-xml", ""], ["--junitxml=$EMPTY"]])
def test_a_report_without_a_name_is_refused(monkeypatch, words):
    """Else nobody learns that there is none."""
    monkeypatch.setenv("EMPTY", "")
    with pytest.raises(UsageError, match="names no file") as caught:
        read(words)
    assert caught.value.fix == "--junitxml=report.xml"


def test_what_is_read_is_left_as_it_was():
    """The words are somebody else's."""
    words = ["--junitxml", "a.xml"]
    read(words)
    assert words == ["--junitxml", "a.xml"]


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two files of tests, one of them with an odd name."""
    (tmp_path / "tests").mkdir()
    for name in ("tests/test_a.py", "tests/test_b.py", "slow"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "options", "places"),
    [
        (["-x", "tests"], ["-x"], ["tests"]),
        (["-m", "slow", "tests/test_a.py::test[a b]"], ["-m", "slow"], ["tests/test_a.py::test[a b]"]),
        (["-k", "tests", "tests"], ["-k", "tests"], ["tests"]),
        (["--rootdir", "tests"], ["--rootdir", "tests"], []),
        (["nowhere", "tests"], ["nowhere"], ["tests"]),
        (["slow"], [], ["slow"]),
        (["-q", "slow"], ["-q"], ["slow"]),
    ],
)
def test_options_keep_their_values(folder, words, options, places):
    """Also one that is called as a file is."""
    assert split(words, folder) == (options, places)


@pytest.mark.parametrize(
    ("words", "files", "found"),
    [
        ([], ["tests/test_a.py"], ["tests/test_a.py"]),
        (["-x", "tests"], ["tests/test_a.py"], ["-x", "tests/test_a.py"]),
        (["tests/test_b.py"], ["tests/test_a.py"], None),
        (["tests/test_a.py::test_x"], ["tests/test_a.py"], ["tests/test_a.py::test_x"]),
        (["tests/test_b.py::test_x", "tests"], ["tests/test_a.py"], ["tests/test_a.py"]),
        (["./tests"], ["tests/test_a.py", "tests/test_b.py"], ["tests/test_a.py", "tests/test_b.py"]),
        (["-k", "x"], [], None),
    ],
)
def test_files_that_changed_are_taken_as_far_as_they_are_named(folder, words, files, found):
    """Nothing runs that was not asked for."""
    assert narrowed(words, files, folder) == found
