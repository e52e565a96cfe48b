"""A name that was never set because what should set it failed: what follows from that is not the reason.

    try:
        stream = open(path)
    finally:
        stream.close()

says that `stream` is unbound; why is what `open` said, which was being handled.
"""

from __future__ import annotations

import re

UNSET = frozenset(("unbound-local", "name-not-defined"))  #: codes of a name that is read before it is set
_LONGEST_LINE = 300  # characters of a line that are looked at
_NAME = re.compile(r"(?:variable|name) '([^\W\d]\w{0,99})'")


def name_of(message: str) -> str:
    """Return the name that the message says is not set, or "".

    >>> name_of("cannot access local variable 'fh' where it is not associated with a value")
    'fh'
    """
    match = _NAME.search(message)
    return match[1] if match else ""


def sets(line: str, name: str) -> bool:
    """Return whether a line of code sets a name.

    >>> sets("fh = open(path)", "fh"), sets("with open(path) as fh:", "fh"), sets("fh.close()", "fh")
    (True, True, False)
    """
    if not name:
        return False
    line = line[:_LONGEST_LINE]
    word = rf"(?<![\w.]){re.escape(name)}(?!\w)"
    assigned = (
        rf"^\s*(?:\w+\s*=\s*|[\w\s,(*\[]*,\s*[(*]?)?{word}(?:\s*[,)\]][\w\s,)*\]]*)?(?:\s*:[^=]+)?\s*=(?!=)"
    )
    return bool(
        re.search(
            rf"{assigned}|\bas\s+\(?{word}|\bfor\s+[\w\s,(]*{word}[\w\s,)]*\bin\b|\bimport\s+.*{word}", line
        )
    )
