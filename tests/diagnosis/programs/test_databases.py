"""What databases say through their command lines."""

from __future__ import annotations

import pytest
from anytext import FAILURES, outcome

from autoexec_magic.diagnosis import diagnose_log, diagnose_outcome
from autoexec_magic.diagnosis.sureness import earned

CAPTURED = [
    ("cannot-convert.psql", 3),
    ("column-not-found.psql", 3),
    ("column-not-found.sqlite", 1),
    ("constraint-failed.psql", 3),
    ("constraint-failed.psql-null", 3),
    ("constraint-failed.sqlite", 1),
    ("database-not-found.psql", 3),
    ("date-format.psql", 3),
    ("date-out-of-range.psql", 3),
    ("division-by-zero.psql", 3),
    ("invalid-json.psql", 3),
    ("invalid-regex.psql", 3),
    ("name-not-defined.psql", 3),
    ("number-too-large.psql", 3),
    ("permission-denied.psql", 3),
    ("sql-parameters.psql", 3),
    ("sql-parameters.sqlite", 1),
    ("sql-syntax.psql", 3),
    ("table-exists.psql", 3),
    ("table-exists.sqlite", 1),
    ("table-not-found.psql", 3),
    ("unsupported-operand.psql", 3),
]


@pytest.mark.parametrize(("name", "returncode"), CAPTURED)
def test_a_captured_failure_is_explained(name, returncode):
    """What was really written, with the exit code it came with, names the cause."""
    text = (FAILURES / "programs" / f"{name}.txt").read_text(encoding="utf-8")
    seen = diagnose_outcome(outcome(returncode, text), language="bash")
    assert (seen.code, seen.confidence) == (name.partition(".")[0], earned(seen.code, "certain"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ERROR 1054 (42S22) at line 1: Unknown column 'x' in 'field list'", "column-not-found"),
        ("ERROR 1146 (42S02) at line 1: Table 'a.b' doesn't exist", "table-not-found"),
    ],
)
def test_mysql_is_read_by_its_numbers(line, code):
    """The numbers are listed in its manual; the words change with the language."""
    assert diagnose_outcome(outcome(1, line), language="bash").code == code


@pytest.mark.parametrize(
    "line", ["ERROR 1054 of them", "psql: a program", "ERROR:  nothing that PostgreSQL says"]
)
def test_words_that_only_sound_alike_are_left_alone(line):
    """Severity and words belong together."""
    assert diagnose_log(line) == ()


@pytest.mark.parametrize(
    ("line", "code", "confidence"),
    [
        (
            '2026-11-28 22:04:02 UTC [26423-1] app@postgres ERROR:  relation "x" does not exist',
            "table-not-found",
            "likely",
        ),
        (
            '2026-11-28 22:04:13.889 GMT [27] FATAL:  password authentication failed for user "app"',
            "authentication-failed",
            "certain",
        ),
    ],
)
def test_a_servers_log_is_read(line, code, confidence):
    """Whoever asked may have gone on after an error; the server does not after what is fatal."""
    (found,) = diagnose_log(f"{line}\n")
    assert (found.code, found.confidence) == (code, confidence)
