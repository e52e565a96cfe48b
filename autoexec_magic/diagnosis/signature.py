r"""The signature of a failure: what stays the same when the same thing goes wrong again.

A loop that fixes must know a failure when it comes back. What differs from one
run to the next without being another failure is taken out: where a folder lies,
addresses, process ids, numbers, times, identifiers made up for the run, names
of temporary files. Names that a person gave stay: a second missing module is
another failure than the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from autoexec_magic.values import Diagnosis

from .plain import make_plain

MOST_CHARS = 2_000  #: of each text: a failure is known by its beginning

# Each finds in linear time: no two repetitions that can take the same character stand side by side.
_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_ADDRESS = re.compile(r"\b0[xX][0-9a-fA-F]+\b")
_DIGEST = re.compile(r"\b(?=[0-9a-f]{0,63}[0-9])(?=[0-9a-f]{0,63}[a-f])[0-9a-f]{8,64}\b")
_TIME = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?|\b\d\d?:\d\d:\d\d\b"
)
_PATH = re.compile(
    r"(?<![\w./~\\-])(?!(?<=:)//)(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][^\s/\\:'\"<>|,;()\[\]{}]*+)++"
)
_RELATIVE = re.compile(r"(?<![\w./~\\-])[\w.@+-]++(?:/[\w.@+-]++)++/?+")
_URL = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s/:'\"<>?#]++)[^\s'\"<>]*+")
# What tempfile, mktemp, pytest, Jupyter and this package make up.
_TEMPORARY = re.compile(
    r"\btmp[a-z0-9_]{8}\b|\btmp\.\w{6,12}\b|\b(?:autoexec|pytest|pytest-of|kernel)-[\w-]++|\bipykernel_\d++"
)
_NUMBER = re.compile(
    r"(?<![\w.])[+-]?\d++(?:[_,]\d++)*+(?:\.\d++)?+(?:[eE][+-]?\d++)?+(?:\s?(?:[kKMGT]i?B?|ms|s|B|%)\b)?+(?!\w)"
)
_CELL = re.compile(r"<ipython-input-[^>]*>|In \[\d*\]")


def signature(found: Diagnosis) -> str:
    r"""Return what is the same each time that this failure happens; a line.

    Parameters
    ----------
    found : Diagnosis
        Of any reader. Its `fix`, `confidence`, `evidence` and `action` do not
        count: they say what to do, not what happened; nor does its line's
        number, which a fix above it moves.

    Examples
    --------
    >>> first = Diagnosis(code="no-file", why="/tmp/tmpab12/in.csv is not there (pid 71, 0x7f12)")
    >>> again = Diagnosis(code="no-file", why="/tmp/tmpz9/in.csv is not there (pid 9, 0x7fff)")
    >>> signature(first) == signature(again)
    True
    >>> signature(first)
    'no-file | in.csv is not there (pid #, #)'
    """
    frame = found.frame
    file = frame.file if frame else found.where.rpartition(":")[0]
    parts = (found.why, file, frame.function if frame else "", frame.source if frame else "")
    return " | ".join([found.code, *map(normalised, parts)]).rstrip(" |")


def normalised(text: str) -> str:
    r"""Return `text` without what differs between two runs that go wrong alike.

    A path leaves its last part, anything made up for the run a mark.

    Examples
    --------
    >>> normalised("at 12:01:33: /home/me/a/data.csv has 12 rows, not 10.5")
    'at #: data.csv has # rows, not #'
    >>> normalised("no column 'price2' in df1")
    "no column 'price2' in df1"
    """
    text = make_plain(text[: 2 * MOST_CHARS]).text[:MOST_CHARS]
    text = _URL.sub(r"\1", _CELL.sub("cell", text))
    for pattern in (_UUID, _TIME, _ADDRESS):
        text = pattern.sub("#", text)
    for pattern in (_PATH, _RELATIVE):
        text = pattern.sub(_named(_last_part), text)
    text = _TEMPORARY.sub("tmp", text)
    for pattern in (_DIGEST, _NUMBER):
        text = pattern.sub("#", text)
    return " ".join(text.split())


def _named(last: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
    return lambda match: last(match.group())


def _last_part(path: str) -> str:
    """Return the last part of a path; of one that ends in a separator, the one before."""
    parts = [part for part in re.split(r"[/\\]", path) if part not in ("", ".", "..", "~")]
    return parts[-1] if parts else "/"
