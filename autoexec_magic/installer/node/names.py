"""Names of packages: what can be one, and what a specifier asks of which.

Pure. The grammar is the registry's (`validate-npm-package-name`): at most 214
characters, no leading `.` or `_`, nothing that an address would escape.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*")
_NEVER = frozenset({"favicon.ico", "node_modules"})
MOST_CHARS = 214


def split(specifier: str) -> tuple[str, str]:
    """Return the package that a bare specifier asks for, and what of it.

    Examples
    --------
    >>> split("lodash/fp/map"), split("@org/x/y"), split("express")
    (('lodash', 'fp/map'), ('@org/x', 'y'), ('express', ''))
    """
    count = 2 if specifier.startswith("@") else 1
    parts = specifier.split("/")
    return "/".join(parts[:count]), "/".join(parts[count:])


def is_name(name: str) -> bool:
    """Return whether the registry could have a package of this name.

    Examples
    --------
    >>> [is_name(each) for each in ("express", "@org/x", "@/x", "~", ".x", "a b", "JSONStream", "x/../y")]
    [True, True, False, True, False, False, True, False]
    """
    return len(name) <= MOST_CHARS and name not in _NEVER and bool(_NAME.fullmatch(name))


def scope_of(name: str) -> str:
    """Return `@scope` of a package's name, or ""."""
    return name.partition("/")[0] if name.startswith("@") else ""


def types_of(name: str) -> str:
    """Return the package that holds the types of `name`.

    Examples
    --------
    >>> types_of("express"), types_of("@org/x")
    ('@types/express', '@types/org__x')
    """
    return f"@types/{name.removeprefix('@').replace('/', '__')}"
