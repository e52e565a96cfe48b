"""What Java and Maven say."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome, diagnose_text


@pytest.mark.parametrize(
    ("name", "where", "why"),
    [
        ("index-out-of-range.java", "A.java:1", "Index 5 out of bounds"),
        ("null-dereference.java", "A.java:1", "is null"),
        ("cannot-convert.java", "A.java:1", '"x1"'),
        ("file-not-found.java-cause", "A.java:2", "data.csv"),
        ("recursion-limit.java", "A.java:2", "StackOverflowError"),
        ("class-not-found.java", "", "Nosuch"),
        ("no-pom.maven-goal", "", "no POM"),
        ("package-not-found.maven-offline", "", "nosuch:frob"),
    ],
)
def test_a_captured_failure_is_explained(name, where, why):
    """The user's frame, not the JDK's, and the last cause, not the first."""
    seen = diagnose_text((FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8"))
    assert (seen.code, seen.where) == (name.partition(".")[0], where)
    assert why in seen.why


def test_an_exception_that_was_logged_is_likely():
    """Only an uncaught one ended the thread."""
    stack = "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:3)\n"
    (seen,) = diagnose_log(f"ERROR handler\n{stack}")
    assert (seen.code, seen.confidence, seen.where) == ("wrong-state", "likely", "B.java:3")


def test_an_exception_without_a_stack_is_a_sentence():
    """Somebody wrote about it."""
    assert diagnose_log("see java.lang.NullPointerException: what it is\n") == ()


def test_the_root_of_an_exception_without_a_package_is_told():
    """Java's own words stand around it."""
    text = (
        'Exception in thread "main" Import$Failed: order 18\n\tat Import.all(Import.java:20)\n'
        "Caused by: java.lang.NullPointerException: Cannot invoke it\n\tat Import.label(Import.java:12)\n"
    )
    found = diagnose_outcome(outcome(1, text), language="bash")
    assert (found.code, found.where) == ("null-dereference", "Import.java:12")
