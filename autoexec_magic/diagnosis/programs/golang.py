"""What Go's compiler says: `./a.go:3:5: words`."""

from __future__ import annotations

import re

from ..spots import Family, Saying, Seen, Spot, saying, seen

_LINE = re.compile(r"(?:vet: )?((?:\.{0,2}/)?[^\s:]{1,300}\.go:[0-9]{1,7}):[0-9]{1,7}: (.+)")
_ROWS: tuple[Saying, ...] = (
    ("syntax error", "syntax", "correct that line, or the end of the line before it"),
    ("has no field or method", "no-such-member", "correct the name of the field or method"),
    ("not exported by package", "private-item", "use a name that the package exports: it begins with a capital"),
    ("is not in ", "package-not-found", "correct the import's path, or go get the module that has it"),
    ("no required module provides", "package-not-found", "go get the module that it names"),
    ("undefined: ", "name-not-declared", "declare it, or import the package that has it"),
    ("redeclared", "declared-twice", "rename one, or take one out"),
    ("missing return", "return-missing", "return a value at the end of that function"),
    ("not enough arguments", "wrong-arguments", "pass what the function wants: the message shows both"),
    ("too many arguments", "wrong-arguments", "pass what the function wants: the message shows both"),
    ("mismatched types", "type-mismatch", "convert one side first"),
    ("cannot use ", "type-mismatch", "convert the value, or change the type that is wanted"),
    ("import cycle", "circular-import", "move what both packages need to a third"),
    ("and not used", "compile-failed", "use it, or take it out"),
    ("", "compile-failed", "correct that line"),
)  # fmt: skip


def read(spot: Spot) -> Seen | None:
    """Explain an error of the compiler's; of several the first is the cause."""
    match = _LINE.fullmatch(spot.line.strip())
    found = saying(match[2], _ROWS) if match else None
    if match is None or found is None:
        return None
    code, fix = found
    return seen(spot, code, match[2], fix, where=match[1].removeprefix("./"), exits=(1, 2), cascades=True)


FAMILIES: tuple[Family, ...] = (((".go:",), read),)
