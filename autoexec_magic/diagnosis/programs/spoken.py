"""What the small programs of a Unix system say: their name, a colon, and what was wrong.

Their exit code is 1 or 2 for everything, so only the words tell. They are
looked up behind the names of programs that are known to speak so.
"""

from __future__ import annotations

import re

from ..shell import SAYINGS
from ..spots import Family, Saying, Seen, Spot, known, quoted, seen

#: GNU coreutils, findutils, diffutils, grep, sed, util-linux, procps, and what speaks like them.
_PROGRAMS = frozenset(
    [
        "[",
        "awk",
        "base64",
        "basename",
        "bc",
        "cat",
        "chgrp",
        "chmod",
        "chown",
        "cmp",
        "column",
        "comm",
        "cp",
        "csplit",
        "cut",
        "date",
        "dd",
        "df",
        "diff",
        "dirname",
        "du",
        "egrep",
        "env",
        "expand",
        "expr",
        "fgrep",
        "file",
        "find",
        "flock",
        "fmt",
        "fold",
        "gawk",
        "getopt",
        "grep",
        "groupadd",
        "head",
        "iconv",
        "id",
        "install",
        "join",
        "kill",
        "killall",
        "ln",
        "ls",
        "mawk",
        "md5sum",
        "mkdir",
        "mkfifo",
        "mknod",
        "mktemp",
        "mount",
        "mv",
        "nice",
        "nl",
        "nohup",
        "nproc",
        "od",
        "paste",
        "patch",
        "pgrep",
        "pidof",
        "pkill",
        "pr",
        "printf",
        "ps",
        "pwd",
        "readlink",
        "realpath",
        "rev",
        "rm",
        "rmdir",
        "sed",
        "seq",
        "setsid",
        "sha1sum",
        "sha224sum",
        "sha256sum",
        "sha384sum",
        "sha512sum",
        "shred",
        "shuf",
        "sleep",
        "sort",
        "split",
        "stat",
        "stdbuf",
        "stty",
        "su",
        "sudo",
        "sum",
        "sync",
        "tac",
        "tail",
        "tee",
        "test",
        "timeout",
        "touch",
        "tr",
        "truncate",
        "tsort",
        "umount",
        "uniq",
        "unlink",
        "useradd",
        "usermod",
        "uudecode",
        "wc",
        "whereis",
        "which",
        "xargs",
        "xxd",
        "yes",
        "zcat",
    ]
)
_LIST = "correct the option; --help lists them"
_ARGUMENT = "correct that argument; --help says what it may be"
_MISSING = "give what is missing; --help shows the order"
_PATTERN = (
    "correct the pattern at that place, or escape the sign with a backslash (grep -F takes it as it stands)"
)
_FOLDER = "name a file inside it, or take the folder with all that is in it (-r)"
#: What stands behind the program's name -> code, fix.
_WORDS: tuple[Saying, ...] = (
    ("Unmatched (", "invalid-regex", _PATTERN),
    ("Unmatched )", "invalid-regex", _PATTERN),
    ("Unmatched [", "invalid-regex", _PATTERN),
    ("Unmatched \\{", "invalid-regex", _PATTERN),
    ("unmatched [", "invalid-regex", _PATTERN),
    ("Invalid content of \\{\\}", "invalid-regex", _PATTERN),
    ("Invalid preceding regular expression", "invalid-regex", _PATTERN),
    ("Invalid range end", "invalid-regex", _PATTERN),
    ("Invalid back reference", "invalid-regex", _PATTERN),
    ("Invalid character class name", "invalid-regex", _PATTERN),
    ("Trailing backslash", "invalid-regex", _PATTERN),
    ("lookbehind assertion is not fixed length", "invalid-regex", _PATTERN),
    ("regular expression compile failed", "invalid-regex", _PATTERN),
    ("failed to compile regular expression", "invalid-regex", _PATTERN),
    ("unterminated address regex", "invalid-regex", _PATTERN),
    ("-r not specified; omitting directory", "is-a-directory", _FOLDER),
    ("is a directory -- ignored", "is-a-directory", _FOLDER),
    ("hard link not allowed for directory", "is-a-directory", "link it by name instead: ln -s"),
    ("are the same file", "file-exists", "copy it to another name"),
    ("into itself", "invalid-argument", "take a place outside that folder"),
    ("to a subdirectory of itself", "invalid-argument", "take a place outside that folder"),
    ("refusing to remove '.' or '..'", "invalid-argument", "go out of that folder, and name it"),
    ("it is dangerous to operate recursively on", "invalid-argument", "look at that path: an unset variable is the usual reason"),
    ("unmatched single quote", "syntax", "add -0 (and find -print0): names may hold quotes"),
    ("unmatched double quote", "syntax", "add -0 (and find -print0): names may hold quotes"),
    ("division by zero", "division-by-zero", "check the divisor first"),
    ("non-integer argument", "wrong-type", "look at that value: whole numbers only"),
    ("expected a numeric value", "wrong-type", "look at that value: it is no number"),
    ("syntax error: ", "syntax", "correct that expression, and put spaces between its parts"),
    ("never defined", "syntax", "define that function, or correct its name"),
    ("missing } near", "syntax", "close that bracket, and quote the program"),
    ("disorder: ", "assertion-failed", "sort the file first: that line is out of order"),
    ("computed checksum did NOT match", "hash-mismatch", "get the file again; if it stays so, find out who changed it"),
    ("computed checksums did NOT match", "hash-mismatch", "get the files again; if it stays so, find out who changed them"),
    ("no properly formatted", "invalid-argument", "name the file with the checksums, not the data"),
    ("invalid user", "invalid-name", "correct the user's name, or add that user (useradd)"),
    ("no such user", "invalid-name", "correct the user's name, or add that user (useradd)"),
    ("invalid group", "invalid-name", "correct the group's name, or add that group (groupadd)"),
    ("illegal input sequence", "cannot-encode", "name the encoding it has (-f), or add //TRANSLIT to -t"),
    ("cannot convert", "cannot-encode", "name the encoding it has (-f), or add //TRANSLIT to -t"),
    ("conversion from", "unknown-encoding", "iconv -l lists the encodings"),
    ("conversion to", "unknown-encoding", "iconv -l lists the encodings"),
    ("Only garbage was found in the patch input", "patch-failed", "look at the file: it is no patch"),
    ("option requires an argument", "missing-argument", _MISSING),
    ("requires an argument", "missing-argument", _MISSING),
    ("missing argument to", "missing-argument", _MISSING),
    ("missing operand", "missing-argument", _MISSING),
    ("missing file operand", "missing-argument", _MISSING),
    ("missing destination file operand", "missing-argument", _MISSING),
    ("you must specify a list of bytes", "missing-argument", _MISSING),
    ("extra operand", "too-many-arguments", "take one away, or quote what belongs together"),
    ("unknown predicate", "unknown-option", _LIST),
    ("unrecognized operand", "unknown-option", _LIST),
    ("unknown option", "unknown-option", _LIST),
    ("Unknown option", "unknown-option", _LIST),
    ("range-endpoints of", "invalid-argument", "turn the two around"),
    ("must be a single character", "invalid-argument", _ARGUMENT),
    ("multi-character tab", "invalid-argument", "give one character, such as -t ,"),
    ("are numbered from 1", "invalid-argument", "count from 1"),
    ("field number is zero", "invalid-argument", "count from 1"),
    ("too few X's in template", "invalid-argument", "end the name with XXXXXX"),
    ("Unknown argument to", "invalid-argument", _ARGUMENT),
    ("only one instance of synchronization", "invalid-argument", _ARGUMENT),
    ("invalid date", "invalid-argument", "give a date that there is, such as 2026-01-31"),
    ("nvalid ", "invalid-argument", _ARGUMENT),
)  # fmt: skip
#: The system's own words that some put in brackets behind theirs.
_IN_BRACKETS = (
    *("No such file or directory", "Permission denied", "No space left on device"),
    *("Connection refused", "Cannot allocate memory", "Input/output error"),
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_EXITS = (1, 2, 64, 123, 125)
_WARNS = ("warning: ", "WARNING: ")


def read(spot: Spot) -> Seen | None:
    """Explain `PROGRAM: words` of a program of the system's."""
    line = spot.line.strip()
    program, colon, words = line.partition(": ")
    if not colon or program.rpartition("/")[2] not in _PROGRAMS:
        return None
    if words.startswith(_WARNS) and "checksum" not in words:
        return None
    if words.rpartition(": ")[2] in SAYINGS:
        return None  # the system's own words, which say more
    if words.startswith("invalid date") and _DAY.match(quoted(words)):
        fix = "correct it: no calendar has that day"
        return seen(spot, "date-out-of-range", line, fix, exits=_EXITS)
    if words.rpartition("(")[2][:-1] in _IN_BRACKETS and words.endswith(")"):
        told = SAYINGS[words.rpartition("(")[2][:-1]]
        name = quoted(words) or "it"  # the system's own words, in brackets
        return seen(spot, told[0], line, told[1].replace("{name}", name), exits=_EXITS)
    found = known(spot, _WORDS, words)
    if found is None or (found.code == "invalid-argument" and _quotes_it(words)):
        return None
    return seen(spot, found.code, line, found.fix, exits=_EXITS)


def _quotes_it(words: str) -> bool:
    """Whether what was found may stand in a name: then it is nobody's word.

    >>> _quotes_it("invalid mode: ‘zz’"), _quotes_it("cannot open 'an invalid name'")
    (False, True)
    """
    at = words.find("nvalid ")
    return at > 1 and not words[: at - 1].endswith(": ") and "field specification" not in words


#: Words that many of them share, and the names of those that have words of their own.
_MARKS = (
    *("nmatched ", "nvalid ", "issing ", "nknown ", "nrecognized ", "requires an argument", "extra operand"),
    *("division by zero", "checksum"),
    *(f"({words})" for words in _IN_BRACKETS),
    *("cp: ", "rm: ", "mv: ", "ln: ", "cut: ", "sort: ", "tr: ", "sed: ", "grep: ", "gzip: ", "expr: "),
    *("awk: ", "iconv: ", "patch: ", "printf: ", "mktemp: ", "such user"),
)
FAMILIES: tuple[Family, ...] = ((_MARKS, read),)
