"""What small tools of the system say: option parsers, awk, sed, jq, perl, psql, sqlite3."""

from __future__ import annotations

from ..spots import Family, Saying, Seen, Spot, known, saying

_OPTION = "correct the option; --help lists them"
_DATABASE = "correct the SQL at that place"
_OTHER_KIND = "look at the kind of value there (jq 'map(type)'): the filter wants another"
_ROWS: tuple[Saying, ...] = (
    ("unrecognized option '", "unknown-option", _OPTION),
    ("invalid option -- '", "unknown-option", _OPTION),
    ("unknown option -- ", "unknown-option", _OPTION),
    ("target is busy", "file-in-use", "end what uses it (lsof, fuser), then run it again"),
    ("psql: error: connection to server on socket", "file-not-found", "start PostgreSQL, or name its host (-h)"),
    ("failed: Connection refused", "connection-refused", "start the server, or correct the address and port"),
    ("password authentication failed", "authentication-failed", "correct user and password"),
    ("could not translate host name", "host-not-found", "check the host's name, and whether this machine has a network"),
    ("Cannot iterate over", "not-iterable", "check it first (.x // [], or .x[]?): it may be null or no array"),
    ("Could not open file", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Could not open ", "file-not-found", "check the path: it is looked up from the working directory"),
    ("Division by zero", "division-by-zero", "check the divisor first"),
    ("cannot be divided because the divisor is zero", "division-by-zero", "check the divisor first"),
    ("Regex failure", "invalid-regex", "correct the pattern"),
    ("(while parsing '", "invalid-json", "look at that text: it is no JSON"),
    ("does not match format", "date-format", "give the format that the text has"),
    ("is not defined at <top-level>", "name-not-defined", "correct the name, or hand it in (--arg NAME VALUE)"),
    ("Cannot index", "wrong-type", _OTHER_KIND),
    ("Cannot check whether", "wrong-type", _OTHER_KIND),
    ("has no keys", "wrong-type", _OTHER_KIND),
    ("has no length", "wrong-type", _OTHER_KIND),
    ("only strings can be", "wrong-type", _OTHER_KIND),
    ("cannot be added", "wrong-type", _OTHER_KIND),
    ("cannot be subtracted", "wrong-type", _OTHER_KIND),
    ("cannot be multiplied", "wrong-type", _OTHER_KIND),
    ("cannot be divided", "wrong-type", _OTHER_KIND),
    ("cannot be matched", "wrong-type", _OTHER_KIND),
    ("cannot be sorted", "wrong-type", _OTHER_KIND),
    ("cannot be parsed", "wrong-type", _OTHER_KIND),
    ("as it is not a string", "wrong-type", _OTHER_KIND),
    ("Cannot use ", "wrong-type", _OTHER_KIND),
    ("jq: error", "syntax", "correct the filter, and quote it: a shell takes $ and | as its own"),
    ("parse error: ", "invalid-json", "look at the text at that place: it is no JSON"),
    ("sed: -e expression", "syntax", "correct that expression, and quote it"),
    ("regular expression compile failed", "invalid-regex", "correct the pattern at that place, or escape the sign with a backslash"),
    ("division by zero", "division-by-zero", "check the divisor first"),
    ("awk: ", "syntax", "correct the program, and quote it: a shell takes $ as its own"),
    ("Can't locate ", "module-not-found", "install that Perl module (Debian: lib…-perl), or correct its name"),
    ("syntax error at ", "syntax", "correct that line, or the end of the line before it"),
    ("unable to open database", "file-not-found", "check the path of the database, and that its folder is yours"),
    ("no such table: ", "table-not-found", "make the table first, or correct its name (.tables lists them)"),
    ("no such column: ", "column-not-found", "correct the column's name (.schema shows them)"),
    ("database is locked", "lock-held", "end what else uses that database"),
    ("Error: in prepare, near", "syntax", _DATABASE),
    ("warning: here-document at line", "syntax", "end the here-document: its last word alone on a line"),
)  # fmt: skip
_OWN = next(at for at, row in enumerate(_ROWS) if row[0] == "jq: error")  # rows above it are exact
_SPEAKS = ("psql: error", "jq: error", "parse error: ", "sed: -e expression", "awk: ", "Can't locate ", "Error: in prepare", "Error: unable to open database", "Error: stepping", "Parse error", "syntax error at ", "mawk: ", "gawk: ")  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain a line of such a tool's."""
    line = spot.line.strip()
    if "ption" in line and ("recognized option '" in line or "option -- " in line):
        program = line.partition(": ")[0]
        return known(spot, _ROWS, line, exits=(1, 2, 64, 125)) if " " not in program else None
    if line.endswith(": target is busy.") or ": warning: here-document at line" in line:
        is_warning = "warning" in line
        return known(spot, _ROWS, line, exits=(1, 32), confidence="likely" if is_warning else "certain")
    if not line.startswith(_SPEAKS) or (line.startswith("syntax error at ") and " line " not in line):
        return None
    if line.startswith("Can't locate ") and "@INC" not in line:
        return None
    if line.startswith("awk: ") and not ("line " in line or "syntax" in line):
        return None
    if line.startswith("jq: error (at") and saying(line, _ROWS[:_OWN]) is None:
        return None  # what the filter itself says: error("...")
    return known(spot, _ROWS, line, exits=(1, 2, 3, 4, 5, 255))


FAMILIES: tuple[Family, ...] = (
    (("unrecognized option '", "option -- ", "target is busy", "warning: here-document", *_SPEAKS), read),
)
