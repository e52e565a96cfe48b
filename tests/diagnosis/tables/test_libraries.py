"""What other libraries' exceptions mean."""

from __future__ import annotations

import pytest

from autoexec_magic.diagnosis.python import explain


@pytest.mark.parametrize(
    ("type_name", "message", "code"),
    [
        ("polars.exceptions.ColumnNotFoundError", 'unable to find column "b"', "column-not-found"),
        ("polars.exceptions.ShapeError", "height of column 'b' (1) does not match height", "length-mismatch"),
        ("PIL.UnidentifiedImageError", "cannot identify image file 'a.png'", "damaged-file"),
        ("jinja2.exceptions.UndefinedError", "'user' is undefined", "name-not-defined"),
        ("sqlalchemy.orm.exc.DetachedInstanceError", "Parent instance <A> is not bound", "database-closed"),
        ("zoneinfo._common.ZoneInfoNotFoundError", "'No time zone found with key X/Y'", "key-not-found"),
    ],
)
def test_a_type_of_a_library_has_its_row(type_name, message, code):
    """The whole name is the row's."""
    assert explain(type_name, message)[0] == code


@pytest.mark.parametrize(
    ("type_name", "code"),
    [
        ("openai.RateLimitError", "rate-limited"),
        ("redis.exceptions.AuthenticationError", "authentication-failed"),
        ("some.client.RequestTimeoutError", "operation-timed-out"),
        ("lib.errors.SchemaValidationError", "validation-failed"),
    ],
)
def test_a_type_that_nobody_knows_goes_by_its_name(type_name, code):
    """Most libraries call a failure what it is; that is likely, and no more."""
    assert explain(type_name, "it failed")[0::3] == (code, "likely")


def test_a_type_of_the_script_s_own_means_what_the_script_says():
    """It has no module, and nobody has agreed with its name."""
    assert explain("RateLimitReached", "it failed")[0] == "error"
