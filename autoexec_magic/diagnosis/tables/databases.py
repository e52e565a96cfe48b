"""What databases say, through sqlite3, PostgreSQL's and MySQL's drivers and SQLAlchemy.

The types of all drivers have the same names (PEP 249), so they share one
entry, which goes by what the database itself says.
"""

from __future__ import annotations

from ..rows import Entry, by_message, likely, says
from .network import NETWORK_SAYINGS, POOL, REFUSED

SQL_SYNTAX = says("sql-syntax", "correct the statement near the word that it names")
_TABLE = says("table-not-found", "create the table, correct its name, or open the right database")
_COLUMN = says("column-not-found", "correct the column's name, or add it to the table")
_LOCKED = says("database-locked", "commit or close the other connection, or allow more time: timeout=30")
_LOGIN = says("authentication-failed", "correct user and password")
_DATABASE = says("database-not-found", "create the database, or correct its name")
_NOT_OPENED = says("database-not-opened", "check that its folder exists and may be written to")
_CONSTRAINT = says("constraint-failed", "change the row so that it keeps the rule that is named")
_ABORTED = says("transaction-aborted", "call rollback(), then correct the statement that failed first")
_PARAMETERS = says("sql-parameters", "pass one value, of a plain type, for each placeholder")
_EXISTS = says("table-exists", "write CREATE TABLE IF NOT EXISTS, or drop it first")
CLOSED = says("database-closed", "use the connection before it is closed, or connect again")
_READ_ONLY = says("database-read-only", "open it for writing, and check the rights of its file")
_DAMAGED = says("database-damaged", "check that this file is a database; else take a copy that is well")
_THREAD = says("wrong-thread", "connect in the thread that uses it")
_DRIVER = likely("database-driver-missing", "install the driver of that database, or correct the URL")
_WAIT = likely("database-locked", "run the transaction again: another one was in its way")

_SAYINGS: tuple[tuple[str, Entry], ...] = (
    ("no such table", _TABLE),
    ("no such column", _COLUMN),
    ("has no column named", _COLUMN),
    ("Unknown column", _COLUMN),
    ("database is locked", _LOCKED),
    ("database table is locked", _LOCKED),
    ("syntax error", SQL_SYNTAX),
    ("incomplete input", SQL_SYNTAX),
    ("unrecognized token", SQL_SYNTAX),
    ("error in your SQL syntax", SQL_SYNTAX),
    ("constraint failed", _CONSTRAINT),
    ("violates", _CONSTRAINT),
    ("Duplicate entry", _CONSTRAINT),
    ("foreign key constraint fails", _CONSTRAINT),
    ("cannot be null", _CONSTRAINT),
    ("unable to open database file", _NOT_OPENED),
    ("already exists", _EXISTS),
    ("readonly database", _READ_ONLY),
    ("read-only transaction", _READ_ONLY),
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("disk I/O error", _DAMAGED),
    ("database or disk is full", says("disk-full", "free some space on that disk")),
    ("closed database", CLOSED),
    ("closed cursor", CLOSED),
    ("connection is closed", CLOSED),
    ("connection already closed", CLOSED),
    ("used in that same thread", _THREAD),
    ("bindings", _PARAMETERS),
    ("binding", _PARAMETERS),
    ("placeholder", _PARAMETERS),
    ("authentication failed", _LOGIN),
    ("Access denied", _LOGIN),
    ("role ", _LOGIN),
    ('database "', _DATABASE),
    ("Unknown database", _DATABASE),
    ("relation ", _TABLE),
    ("column ", _COLUMN),
    ("doesn't exist", _TABLE),
    ("transaction is aborted", _ABORTED),
    ("rolled back", _ABORTED),
    ("deadlock", _WAIT),
    ("Deadlock", _WAIT),
    ("Lock wait timeout", _WAIT),
    ("Can't connect", REFUSED),
    ("t load plugin", _DRIVER),
    *NETWORK_SAYINGS,
)
_SAID = by_message(
    *_SAYINGS, otherwise=likely("database-error", "read what the database says, then correct the statement")
)
_TYPES = (
    "Error",
    "OperationalError",
    "ProgrammingError",
    "IntegrityError",
    "DatabaseError",
    "InternalError",
    "DataError",
    "InterfaceError",
    "NotSupportedError",
)
_DRIVERS = (
    "sqlite3",
    "psycopg",
    "psycopg2",
    "pymysql.err",
    "MySQLdb",
    "mysql.connector.errors",
    "sqlalchemy.exc",
)

ROWS: dict[str, Entry] = {
    **{f"{driver}.{name}": _SAID for driver in _DRIVERS for name in _TYPES[1:]},
    "pandas.errors.DatabaseError": _SAID,
    "psycopg.errors.UndefinedTable": _TABLE,
    "psycopg.errors.UndefinedColumn": _COLUMN,
    "psycopg.errors.UniqueViolation": _CONSTRAINT,
    "psycopg.errors.NotNullViolation": _CONSTRAINT,
    "psycopg.errors.ForeignKeyViolation": _CONSTRAINT,
    "psycopg.errors.CheckViolation": _CONSTRAINT,
    "psycopg.errors.InFailedSqlTransaction": _ABORTED,
    "psycopg.errors.DuplicateTable": _EXISTS,
    "psycopg.errors.SyntaxError": SQL_SYNTAX,
    "psycopg.errors.DeadlockDetected": _WAIT,
    "psycopg.errors.ConnectionTimeout": REFUSED,
    "sqlalchemy.exc.TimeoutError": POOL,
    "sqlalchemy.exc.NoSuchModuleError": _DRIVER,
    "sqlalchemy.exc.NoSuchTableError": _TABLE,
    "sqlalchemy.exc.ArgumentError": by_message(
        (
            "Could not parse",
            says("invalid-url", "write the whole address: dialect://user@host/name, sqlite:///file.db"),
        ),
        otherwise=likely("wrong-value", "look at the arguments on that line"),
    ),
    "sqlalchemy.exc.ObjectNotExecutableError": says(
        "sql-needs-text", "wrap the statement: sqlalchemy.text(...)"
    ),
    "sqlalchemy.exc.PendingRollbackError": _ABORTED,
    "sqlalchemy.exc.ResourceClosedError": CLOSED,
    "sqlalchemy.exc.NoResultFound": says(
        "row-not-found", "check that the row is there, or use one_or_none()"
    ),
    "sqlalchemy.exc.MultipleResultsFound": says("too-many-rows", "narrow the statement, or use all()"),
    "sqlalchemy.exc.StatementError": _PARAMETERS,
}
