"""What other libraries' exceptions mean: Polars, Pillow, Jinja, an ORM; by their names all the rest.

Most libraries give a failure a type of its own, and the type a name that says
what it is. So a type that no table knows goes by the parts of its name
(`KINDS`), if it is a library's: one that a script makes itself means what the
script says.
"""

from __future__ import annotations

from ..naming import key
from ..rows import UNKNOWN, Entry, Row, by_message, likely, says
from . import databases, language
from .arrays import LENGTH, SHAPE
from .databases import CLOSED

_TEMPLATE = says("file-not-found", "check the template's name, and the folder of the loader")
_COLUMN = says("column-not-found", "correct the column's name: look at .columns", tell=key)
_PICTURE = likely("damaged-file", "look at the file's first bytes: it is no picture that can be read")
_DTYPES = says("dtype-mismatch", "give both columns one type first: .cast(...)")
_NO_ROWS = says("row-not-found", "check that the row is there, or ask for any number of them")
_MANY_ROWS = says("too-many-rows", "narrow what is asked for, or take all of them")

ROWS: dict[str, Entry] = {
    "polars.exceptions.ColumnNotFoundError": _COLUMN,
    "polars.exceptions.SchemaFieldNotFoundError": _COLUMN,
    "polars.exceptions.StructFieldNotFoundError": _COLUMN,
    "polars.exceptions.ShapeError": by_message(("height of column", LENGTH), otherwise=SHAPE),
    "polars.exceptions.SchemaError": by_message(
        ("not found", likely("column-not-found", "correct the column's name: look at .columns")),
        otherwise=_DTYPES,
    ),
    "polars.exceptions.DuplicateError": says("column-twice", "rename one of the columns: .alias(...)"),
    "polars.exceptions.OutOfBoundsError": says("index-out-of-range", "check the index against .height"),
    "polars.exceptions.NoDataError": says("empty-file", "write or fetch that file again: nothing is in it"),
    "polars.exceptions.NoRowsReturnedError": _NO_ROWS,
    "polars.exceptions.TooManyRowsReturnedError": _MANY_ROWS,
    "polars.exceptions.SQLSyntaxError": likely("sql-syntax", "correct the statement near what it names"),
    "polars.exceptions.InvalidOperationError": by_message(
        ("conversion from", likely("cannot-convert", "take out what does not fit, or strict=False")),
        ("not supported", likely("dtype-mismatch", "convert one side first: .cast(...)")),
        otherwise=likely("wrong-value", "look at the types of the columns on that line"),
    ),
    "polars.exceptions.ComputeError": by_message(
        ("could not parse", likely("cannot-convert", "give the column its type, or infer_schema_length=")),
        ("cannot compare", likely("dtype-mismatch", "convert one side first: .cast(...)")),
        otherwise=likely("wrong-value", "look at the values and types on that line"),
    ),
    "PIL.UnidentifiedImageError": _PICTURE,
    "jinja2.exceptions.UndefinedError": by_message(
        ("has no attribute", says("attribute-not-found", "correct the name, or give it to the template")),
        otherwise=says("name-not-defined", "give it to the template: render({name}=...)"),
    ),
    "jinja2.exceptions.TemplateNotFound": _TEMPLATE,
    "jinja2.exceptions.TemplatesNotFound": _TEMPLATE,
    "jinja2.exceptions.TemplateSyntaxError": says("syntax", "correct the template at that line"),
    "jinja2.exceptions.TemplateAssertionError": likely(
        "name-not-defined", "correct the filter's or test's name, or register it"
    ),
    "jsonschema.exceptions.ValidationError": language.ROWS["pydantic_core._pydantic_core.ValidationError"],
    "sqlalchemy.orm.exc.DetachedInstanceError": CLOSED,
    "sqlalchemy.orm.exc.NoResultFound": databases.ROWS["sqlalchemy.exc.NoResultFound"],
    "sqlalchemy.orm.exc.MultipleResultsFound": databases.ROWS["sqlalchemy.exc.MultipleResultsFound"],
    "sqlalchemy.orm.exc.StaleDataError": likely(
        "row-not-found", "load the row anew: it is not there any more"
    ),
    "sqlalchemy.exc.NoReferencedTableError": says(
        "table-not-found", "define the table that the key names first"
    ),
    "sqlalchemy.exc.NoForeignKeysError": likely("column-not-found", "add a ForeignKey, or say how to join"),
    "sqlalchemy.exc.CompileError": likely("sql-syntax", "correct the statement: it has no form in SQL"),
    "zoneinfo._common.ZoneInfoNotFoundError": likely(
        "key-not-found", "correct the zone's name (Europe/Berlin), or install tzdata"
    ),
}


def _kind(code: str, fix: str) -> Row:
    return likely(code, fix)


_LOGIN = _kind("authentication-failed", "give credentials that are valid")
_LATE = _kind("operation-timed-out", "ask again later, or allow more time on that line")
_CONNECTION = _kind("connection-failed", "check the address, and whether the server is well")
#: A part of the name of a library's exception -> row; the first that is found counts.
KINDS: tuple[tuple[str, Row], ...] = (
    ("NotAuthenticated", _LOGIN),
    ("Unauthorized", _LOGIN),
    ("Authentication", _LOGIN),
    ("NoCredentials", _LOGIN),
    ("InvalidToken", _LOGIN),
    ("ExpiredSignature", _LOGIN),
    ("InvalidSignature", _LOGIN),
    ("PermissionDenied", _kind("forbidden", "ask for the right to it, or use another account")),
    ("AccessDenied", _kind("forbidden", "ask for the right to it, or use another account")),
    ("Forbidden", _kind("forbidden", "ask for the right to it, or use another account")),
    ("RateLimit", _kind("rate-limited", "wait, and ask less often")),
    ("TooManyRequests", _kind("rate-limited", "wait, and ask less often")),
    ("ColumnNotFound", _COLUMN),
    ("TableNotFound", _kind("table-not-found", "create the table, or correct its name")),
    ("TemplateNotFound", _TEMPLATE),
    ("TemplateDoesNotExist", _TEMPLATE),
    ("FileNotFound", _kind("file-not-found", "check that the path exists and how it is spelled")),
    ("RepositoryNotFound", _kind("http-not-found", "correct the repository's name, or log in")),
    ("DoesNotExist", _NO_ROWS),
    ("NoResultFound", _NO_ROWS),
    ("MultipleObjectsReturned", _MANY_ROWS),
    ("NoSuchElement", _kind("value-not-found", "check what it is looked for by, and wait for it")),
    ("NodeNotFound", _kind("key-not-found", "look at the names that are there")),
    ("Timeout", _LATE),
    ("TimedOut", _LATE),
    ("DeadlineExceeded", _LATE),
    ("ConnectionRefused", _kind("connection-refused", "start the server, or correct the address and port")),
    ("ServerSelection", _CONNECTION),
    ("NoBrokers", _CONNECTION),
    ("ConnectionClosed", _kind("connection-lost", "look at why the other side closed the connection")),
    ("ConnectionError", _CONNECTION),
    ("ConnectError", _CONNECTION),
    ("ConnectFailed", _CONNECTION),
    ("NotFitted", _kind("not-fitted", "call .fit(...) before that line")),
    ("Validation", _kind("validation-failed", "correct each thing that it names")),
    ("ImproperlyConfigured", _kind("setting-missing", "set what it names")),
    ("OutOfMemory", _kind("out-of-memory", "work in smaller pieces, or free what is kept")),
    ("ResourceExhausted", _kind("out-of-memory", "work in smaller pieces, or free what is kept")),
    ("ShapeError", _kind("shape-mismatch", "print the shapes of each on that line, and make them fit")),
    ("DimensionMismatch", _kind("shape-mismatch", "print the shapes of each on that line")),
    ("DtypeError", _kind("dtype-mismatch", "convert one side first")),
    ("Integrity", _kind("constraint-failed", "change the row so that it keeps the rule that is named")),
    ("Undefined", _kind("name-not-defined", "define it first, or correct the spelling")),
    ("JSONDecode", _kind("invalid-json", "look at the text at that place: it is no JSON")),
    ("SyntaxError", _kind("syntax", "correct the text at the place that it names")),
    ("ParseError", _kind("syntax", "correct the text at the place that it names")),
    ("ParsingError", _kind("syntax", "correct the text at the place that it names")),
    ("Unidentified", _PICTURE),
    ("Truncated", _kind("damaged-file", "fetch or write that file again: its end is missing")),
    ("Corrupt", _kind("damaged-file", "fetch or write that file again")),
    ("InvalidFile", _kind("damaged-file", "look at the file's first bytes: it is no such file")),
    ("NotImplemented", _kind("not-implemented", "do without what it says, or look for another way")),
)


def row_by_kind(type_name: str) -> Row:
    """Return the row that the name of a library's exception speaks for, or `UNKNOWN`.

    Parameters
    ----------
    type_name : str
        With its module: a type without one is a script's own.
    """
    module, _, name = type_name.rpartition(".")
    if not module or module == "__main__":
        return UNKNOWN
    return next((row for part, row in KINDS if part in name), UNKNOWN)


SAYINGS: dict[str, tuple[tuple[str, Entry], ...]] = {
    "OSError": (
        ("cannot identify image file", _PICTURE),
        ("image file is truncated", likely("damaged-file", "fetch that file again: its end is missing")),
        ("broken data stream", likely("damaged-file", "fetch or write that file again")),
    ),
    "ValueError": (
        ("No time zone found", likely("key-not-found", "correct the zone's name, or install tzdata")),
    ),
}
