"""What databases say."""

from __future__ import annotations

import pytest
from tablerows import holds_as_a_table

from autoexec_magic.diagnosis import python
from autoexec_magic.diagnosis.tables import databases


def test_each_row_has_a_fix_and_was_captured():
    """But for those that need what is not here; their words are below."""
    holds_as_a_table(databases, {"database-error", "proxy-failed", "row-not-found", "too-many-rows"})


@pytest.mark.parametrize(
    ("type_name", "message", "code", "confidence"),
    [
        ("sqlalchemy.exc.NoResultFound", "No row was found", "row-not-found", "certain"),
        ("sqlalchemy.exc.MultipleResultsFound", "Multiple rows were found", "too-many-rows", "certain"),
        (
            "pymysql.err.OperationalError",
            "(1045, \"Access denied for user 'shop'@'localhost'\")",
            "authentication-failed",
            "certain",
        ),
        (
            "pymysql.err.ProgrammingError",
            "(1146, \"Table 'shop.orders' doesn't exist\")",
            "table-not-found",
            "certain",
        ),
        ("OperationalError", "no such table: orders", "table-not-found", "likely"),
        ("psycopg2.OperationalError", "odd", "database-error", "likely"),
        ("psycopg.errors.SyntaxError", 'syntax error at or near "form"', "sql-syntax", "certain"),
        ("SyntaxError", 'syntax error at or near "form"', "sql-syntax", "certain"),
    ],
)
def test_words_that_were_not_captured_here(type_name, message, code, confidence):
    """As other versions, other machines and other printers write them."""
    seen = python.explain(type_name, message)
    assert (seen[0], seen[3]) == (code, confidence)
