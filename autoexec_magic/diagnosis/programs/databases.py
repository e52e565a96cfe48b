"""What databases say through their command lines: psql and its kin, mysql, sqlite3."""

from __future__ import annotations

import re

from autoexec_magic.values import Confidence

from ..spots import Family, Saying, Seen, Spot, known, saying, seen

_SQL = "correct the SQL at that place"
_RULE = "look at the row: it breaks a rule of its table"
_POSTGRES: tuple[Saying, ...] = (
    ("syntax error at", "sql-syntax", _SQL),
    ("unterminated quoted", "sql-syntax", "close that quote"),
    ("no matching tables were found", "table-not-found", "correct the table's name (\\d lists them)"),
    ("password authentication failed", "authentication-failed", "correct user and password"),
    ("no pg_hba.conf entry", "authentication-failed", "pg_hba.conf of the server says who may connect"),
    ("is ambiguous", "sql-syntax", "write the table before that column: t.x"),
    ("violates ", "constraint-failed", _RULE),
    ("division by zero", "division-by-zero", "check the divisor (NULLIF(x, 0))"),
    ("date/time field value out of range", "date-out-of-range", "correct that date"),
    ("invalid input syntax for type json", "invalid-json", "look at that text: it is no JSON"),
    ("invalid input syntax for type date", "date-format", "write dates as 2026-01-31, or use to_date with a format"),
    ("invalid input syntax for type timestamp", "date-format", "write it as 2026-01-31 12:00, or use to_timestamp with a format"),
    ("invalid input syntax", "cannot-convert", "look at that text: it is no value of that type"),
    ("invalid input value for enum", "wrong-value", "take one of the enum's values"),
    ("integer out of range", "number-too-large", "take a wider type, or look at the number"),
    ("bigint out of range", "number-too-large", "take a wider type, or look at the number"),
    ("out of range for type", "number-too-large", "take a wider type, or look at the number"),
    ("value too long for type", "wrong-value", "shorten it, or widen the column"),
    ("invalid regular expression", "invalid-regex", "correct the pattern"),
    ("permission denied", "permission-denied", "GRANT that right to the role, or use another role"),
    ("must be owner of", "permission-denied", "do it as the owner, or a superuser"),
    ("must be superuser", "permission-denied", "do it as a superuser"),
    ("current transaction is aborted", "transaction-aborted", "ROLLBACK first; the error above it is the reason"),
    ("deadlock detected", "database-locked", "run it again; lock tables in one order"),
    ("canceling statement due to", "operation-timed-out", "allow more time (statement_timeout), or make it faster"),
    ("read-only transaction", "database-read-only", "connect to the primary server"),
    ("too many clients", "pool-exhausted", "close connections, or raise max_connections"),
    ("remaining connection slots", "pool-exhausted", "close connections, or raise max_connections"),
    ("operator does not exist", "unsupported-operand", "cast one side (::type)"),
    ("must appear in the GROUP BY", "sql-syntax", "add that column to GROUP BY, or aggregate it"),
    ("more expressions than target columns", "sql-parameters", "give as many values as columns"),
    ("database \"", "file-exists", "take another name, or use the one that is there"),
    ("already exists", "table-exists", "CREATE ... IF NOT EXISTS, or take another name"),
    ("out of memory", "out-of-memory", "give the server more memory, or do less at once"),
    ("contains errors", "invalid-config", "correct the line of that file that is named above"),
    ("unrecognized configuration parameter", "invalid-config", "correct the setting's name"),
    ("could not extend file", "disk-full", "free some space on the server's disk"),
)  # fmt: skip
#: What does not exist, as the first words name it -> code.
_ABSENT = (
    ("column ", "column-not-found"),
    ("relation ", "table-not-found"),
    ("table ", "table-not-found"),
    ("database ", "database-not-found"),
    ("role ", "authentication-failed"),
    ("function ", "name-not-defined"),
    ("type ", "name-not-defined"),
)
_MYSQL: dict[str, tuple[str, str]] = {
    "1045": ("authentication-failed", "correct user and password"),
    "1044": ("forbidden", "GRANT that right to the user"),
    "1142": ("permission-denied", "GRANT that right to the user"),
    "1049": ("database-not-found", "CREATE DATABASE first, or correct its name"),
    "1050": ("table-exists", "CREATE TABLE IF NOT EXISTS, or take another name"),
    "1054": ("column-not-found", "correct the column's name (DESCRIBE TABLE)"),
    "1062": ("constraint-failed", _RULE),
    "1048": ("constraint-failed", _RULE),
    "1451": ("constraint-failed", _RULE),
    "1452": ("constraint-failed", _RULE),
    "1064": ("sql-syntax", _SQL),
    "1136": ("sql-parameters", "give as many values as columns"),
    "1146": ("table-not-found", "make the table first, or correct its name"),
    "1205": ("database-locked", "run it again; look at what holds the lock"),
    "1213": ("database-locked", "run it again; lock tables in one order"),
    "2002": ("connection-refused", "start the server, or correct the socket or address"),
    "2003": ("connection-refused", "start the server, or correct the address and port"),
    "2005": ("host-not-found", "check the host's name"),
    "1040": ("pool-exhausted", "close connections, or raise max_connections"),
}
_SQLITE: tuple[Saying, ...] = (
    ("no such column", "column-not-found", "correct the column's name (.schema shows them)"),
    ("has no column named", "column-not-found", "correct the column's name (.schema shows them)"),
    ("no such table", "table-not-found", "make the table first, or correct its name (.tables lists them)"),
    ("already exists", "table-exists", "CREATE TABLE IF NOT EXISTS, or take another name"),
    ("constraint failed", "constraint-failed", _RULE),
    ("values were supplied", "sql-parameters", "give as many values as columns"),
    ("values for ", "sql-parameters", "give as many values as columns"),
    ("readonly database", "database-read-only", "check the rights of the file and its folder"),
    ("file is not a database", "database-damaged", "look at what the file is (file NAME)"),
    ("malformed", "database-damaged", "take a copy, then .recover"),
)  # fmt: skip
_POSTGRES_PROGRAMS = (
    "psql:",
    "createdb: ",
    "dropdb: ",
    "pg_dump: ",
    "pg_restore: ",
    "createuser: ",
    "vacuumdb: ",
)
_SERVER_LOG = re.compile(r"\[\d+(?:-\d+)?\](?: [\w.@-]{1,100})? (?:ERROR|FATAL|PANIC):  ")
_SEVERITIES = ("ERROR:  ", "FATAL:  ", "PANIC:  ", "FATAL: ", "error: ")


def read_postgres(spot: Spot) -> Seen | None:
    """Explain `psql:FILE:LINE: ERROR:  words`, or `ERROR:  words` alone."""
    line = spot.line.strip()
    its_own = line.startswith(_POSTGRES_PROGRAMS)
    severity = next((each for each in _SEVERITIES if each in line), "")
    is_servers = _SERVER_LOG.search(line) is not None
    if not severity or not (its_own or is_servers or line.startswith(("ERROR:  ", "FATAL:  "))):
        return None
    before, _, words = line.partition(severity)
    for inner in ("ERROR: ", "FATAL: "):
        words = words.partition(inner)[2].strip() or words
    place = before.removeprefix("psql:").rstrip(": ")
    where = place if place.rpartition(":")[2].isdecimal() and not is_servers else ""
    found = _postgres(words)
    # the server goes on after an ERROR, and whoever asked may, too
    sure: Confidence = "likely" if is_servers and severity.startswith("ERROR") else "certain"
    return seen(spot, found[0], words, found[1], where=where, exits=(1, 2, 3), cascades=True,
                confidence=sure, is_echo=found[0] == "transaction-aborted") if found else None  # fmt: skip


def _postgres(words: str) -> tuple[str, str] | None:
    """Return code and fix of PostgreSQL's words: first of what does not exist, then by the table."""
    if " does not exist" in words:
        first = next((code for kind, code in _ABSENT if words.startswith(kind)), "")
        if first:
            return first, "make it first, or correct its name (\\d, \\l, \\du, \\df list them)"
    return saying(words, _POSTGRES)


def read_mysql(spot: Spot) -> Seen | None:
    """Explain `ERROR 1054 (42S22) at line 3: words`."""
    line = spot.line.strip()
    number = line.removeprefix("ERROR ").partition(" ")[0]
    if not line.startswith("ERROR ") or f"ERROR {number} (" not in line or number not in _MYSQL:
        return None
    code, fix = _MYSQL[number]
    return seen(spot, code, line, fix, exits=(1,), cascades=True)


def read_sqlite(spot: Spot) -> Seen | None:
    """Explain `Runtime error near line 1: words` of sqlite3's."""
    line = spot.line.strip()
    if not line.startswith(
        ("Runtime error", "Parse error", "Error: in prepare", "Error: stepping", "Error: near line")
    ):
        return None
    return known(spot, _SQLITE, line, exits=(1, 19, 8, 26), cascades=True)


FAMILIES: tuple[Family, ...] = (
    (("ERROR:  ", "FATAL:  ", *(f"{each}error: " for each in _POSTGRES_PROGRAMS if each != "psql:"), "psql: error: "), read_postgres),
    (tuple(f"ERROR {number} (" for number in _MYSQL), read_mysql),
    (("Runtime error near", "Parse error near", "Error: in prepare", "Error: stepping", "Error: near line"), read_sqlite),
)  # fmt: skip
