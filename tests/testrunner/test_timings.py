"""Times are read from a report by the ids that pytest gives, whoever wrote the report."""

from __future__ import annotations

import subprocess
import sys

import pytest
import suites

from autoexec_magic.errors import AutoexecError, UsageError
from autoexec_magic.testrunner import Case, junit
from autoexec_magic.testrunner.timings import nodeid_of, seconds_in

FILES = {
    "Tests/test_up.py": """
        def test_up(): pass
        """,
    "tests/unit/test_a.py": """
        import pytest

        def test_plain(): pass

        @pytest.mark.parametrize("x", ["a.b", "C::d", "e/f.py", "ü", "[y]"])
        def test_param(x): pass

        class TestOuter:
            class TestInner:
                def test_deep(self): pass
        """,
    "test_root.py": "def test_root(): assert 0",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return a run of such tests."""
    return suites.go(tmp_path_factory.mktemp("timed"), FILES)


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_the_xml_of_pytest_names_each_test(ran, family):
    """Of either family: the older one has the file, the newer one the class alone."""
    xml = ran.folder / f"{family}.xml"
    argv = [sys.executable, "-m", "pytest", "-q", *suites.LEAN, "-o", f"junit_family={family}"]
    subprocess.run(
        [*argv, f"--junitxml={xml}", "-p", "no:randomly"], cwd=ran.folder, capture_output=True, check=False
    )
    assert set(seconds_in(xml)) == set(ran.verdicts)
    assert len(ran.verdicts) == 9


def test_our_own_xml_names_each_test(ran):
    """With its time."""
    xml = ran.folder / "ours.xml"
    junit.write(xml, ran.done.told.all)
    times = seconds_in(xml)
    assert times == pytest.approx({case.key: case.seconds for case in ran.done.told.all})


def test_a_report_without_times_has_none(tmp_path):
    """That is no error: each test counts alike then."""
    xml = tmp_path / "r.xml"
    xml.write_text('<testsuite><testcase classname="a" name="t"/></testsuite>')
    assert seconds_in(xml) == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("no xml", id="no-xml"),
        pytest.param('<testsuite><testcase classname="a" name="t" time="1"/>', id="cut"),
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><testsuite>&b;</testsuite>', id="an-entity"),
    ],
)
def test_a_damaged_report_is_refused(tmp_path, text):
    """With half of the times one machine would cut other shards than the next."""
    xml = tmp_path / "r.xml"
    xml.write_text(text)
    with pytest.raises(AutoexecError) as caught:
        seconds_in(xml)
    assert str(xml) in caught.value.what
    assert caught.value.why


def test_a_report_that_is_not_there_is_an_error(tmp_path):
    """Not an empty one."""
    with pytest.raises(UsageError, match=r"no\.xml"):
        seconds_in(tmp_path / "no.xml")


def test_a_module_may_be_called_like_a_class():
    """The first name is a file, whatever it looks like."""
    assert nodeid_of(Case("t", "Checks")) == "Checks.py::t"
    assert nodeid_of(Case("t", "Tests.test_a.TestB.TestC")) == "Tests/test_a.py::TestB::TestC::t"
