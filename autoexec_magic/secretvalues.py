"""Which values of an environment are secrets, and every form in which one may be shown."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

MIN_SECRET_CHARS = 8
_MIN_LINE_CHARS = 12  #: of one line of a secret that has several: short ones are words and brackets
_ESCAPED = "\\'\""  # a backslash and quotes: a `repr` and JSON write them otherwise
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|COOKIE|AUTHORIZATION|(?:^|_)KEY|KEY$"
    r"|(?:PASS|(?:^|_)AUTH(?!_SOCK$)|(?:^|_)DSN)(?![A-Z])|(?<!^)(?<!^OLD)PWD(?![A-Z])",
    re.IGNORECASE,
)


def secrets_in(environment: Mapping[str, str], names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the values in `environment` to mask, longest first.

    Parameters
    ----------
    environment : mapping of str to str
        Usually `os.environ`.
    names : iterable of str, optional
        Variables that are secret whatever they are called; `*`, `?` and
        `[…]` are wildcards. One that names every variable names none.

    Returns
    -------
    tuple of str
        Values of at least `MIN_SECRET_CHARS` characters, without duplicates,
        longest first; those of several lines also with carriage returns, and their
        lines, as a diff shows them; and each as a `repr`, JSON and pytest's ids
        have it, without quotes.
    """
    patterns = [name for name in names if name.strip("*?")]
    found = {
        value
        for name, value in environment.items()
        if len(value) >= MIN_SECRET_CHARS
        and (is_secret_name(name) or any(fnmatchcase(name, pattern) for pattern in patterns))
    }
    found |= {value.replace("\n", "\r\n") for value in found}
    found |= {line for value in found for line in _lines(value)}
    found |= {text for value in found for text in _quoted(value)}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def _lines(value: str) -> list[str]:
    lines = [line.strip() for line in value.splitlines()]
    lines = [line for line in lines if len(line) >= _MIN_LINE_CHARS and not line.startswith("-----")]
    return lines if "\n" in value else []


def _quoted(value: str) -> Iterator[str]:
    if not value.isascii() or not value.isprintable() or any(sign in value for sign in _ESCAPED):
        for text in (repr(value), json.dumps(value), json.dumps(value, ensure_ascii=False)):
            yield text[1:-1]
        yield value.encode("unicode_escape").decode("ascii")  # as pytest writes the id of a parameter


@functools.lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a variable with this name holds a secret, as names go."""
    return _SECRET_NAME.search(name) is not None
