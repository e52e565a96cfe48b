"""The system's own words for an error, wherever a program put them: the last thing that is tried.

Programs quote what the C library's strerror(3), or Go's and Rust's, say of an
errno: in brackets, in the middle of a line, in small letters. Where nobody
knows the program's own words, these are still the likeliest reason.
"""

from __future__ import annotations

import re

from .plain import Reading, compose, lines_back
from .shell import SAYINGS
from .spots import quoted

_LINES = 4  # lines from the end that may hold the reason
_LONGEST_LINE = 2000  # characters of a line that are looked at
#: The words of an errno that mean the same whoever says them.
_WORDS = (
    *("No such file or directory", "Permission denied", "Is a directory", "Not a directory", "File exists"),
    *("No space left on device", "Connection refused", "Too many open files", "Directory not empty"),
    *("Read-only file system", "Cannot allocate memory", "Address already in use", "Connection timed out"),
    *("Connection reset by peer", "No route to host", "Network is unreachable", "Name or service not known"),
    *("Temporary failure in name resolution", "Text file busy", "Exec format error", "Disk quota exceeded"),
    *("File name too long", "Too many levels of symbolic links", "Argument list too long"),
)
_ANY = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, _WORDS))}|no such host)(?![\w-])", re.IGNORECASE)
_BY_WORDS = {words.lower(): SAYINGS[words] for words in _WORDS} | {
    "no such host": SAYINGS["Name or service not known"]
}


def read(plain: str) -> Reading | None:
    """Return what the last lines of a text say in the system's words, as `likely`, or None.

    >>> read("tool: broker unavailable ([Errno 111] Connection refused)").diagnosis.code
    'connection-refused'
    """
    seen = 0
    for start, end in lines_back(plain, 0, len(plain)):
        line = plain[start:end][:_LONGEST_LINE]
        seen += any(sign.isalnum() for sign in line)
        if seen > _LINES:
            break
        if match := _ANY.search(line):
            code, fix = _BY_WORDS[match[0].lower()]
            made = compose(code, line.strip(), fix.replace("{name}", quoted(line) or "it"), "likely")
            return Reading(made, start, end)
    return None
